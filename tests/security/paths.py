#!/usr/bin/env python3
"""Ids and paths that climb: dots, slashes in all their spellings, NULs, long names; FHIR, bulk files, operators' pages."""
import json
import pathlib
import sys
import time

import harness


def attack(gateway):
    folder = pathlib.Path(gateway.folder)
    canary = folder / "canary.txt"
    canary.write_text("the canary sings")
    files = {each.name for each in folder.rglob("*")}
    began = time.monotonic()
    climbs = ["..", "../canary.txt", "..%2fcanary.txt", "%2e%2e%2fcanary.txt", "%2e%2e/canary.txt", "..%5ccanary.txt", "....//canary.txt",
              "%252e%252e%252fcanary.txt", "..;/canary.txt", "%c0%ae%c0%ae/canary.txt", "canary.txt%00.ndjson", "/etc/passwd", "//etc/passwd",
              "." * 5000, "a" * 5000, "%ff%fe", "C:%5Cwindows", "~root", "$(id)", "`id`", "';--", "%0d%0aX-Injected:1"]
    roots = ["/fhir/Patient/{}", "/fhir/Patient/{}/_history/1", "/fhir/Binary/{}", "/fhir/{}", "/bulk/{}", "/bulk/x/{}", "/admin/messages/{}",
             "/admin/patients/{}", "/health/{}", "/metrics/{}", "/{}", "/fhir/AuditEvent/{}", "/fhir/Patient/{}/$everything"]
    asked = 0
    bad = []
    for root in roots:
        for climb in climbs:
            answer = gateway.raw(b"GET " + root.format(climb).encode("latin-1") + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            asked += 1
            status = answer.split(b" ", 2)[1:2]
            if b"canary sings" in answer or b"root:x" in answer or b"X-Injected" in answer.split(b"\r\n\r\n")[0] or status == [b"500"]:
                bad.append((root, climb, answer[:60]))
    harness.check(not bad, f"{asked} paths, nothing of a file in an answer, no 500: {bad[:3]}")
    # FHIR permits ids of dots: they are names like others, and no file
    for name in (".", "..", "...", "-", "con", "a" * 64):
        body = json.dumps({"resourceType": "Basic", "id": name, "code": {"text": "x"}})
        status = gateway.request("PUT", f"/fhir/Basic/{name.replace('.', '%2e')}", body)[0]
        harness.check(status in (201, 404), f"PUT Basic/{name[:8]}: {status}")
    status = gateway.request("PUT", "/fhir/Basic/" + "a" * 65, json.dumps({"resourceType": "Basic", "id": "a" * 65, "code": {}}))[0]
    harness.check(status in (400, 404), f"an id of 65 characters: {status}")
    new = {each.name for each in folder.rglob("*")} - files
    harness.check(not [each for each in new if not each.startswith("store.db")], f"no file came into being: {new}")
    harness.check(canary.read_text() == "the canary sings", "none was changed")
    return f"{asked + 7} requests in {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack))
