#!/usr/bin/env python3
"""Line breaks and control characters in everything that could come back in a header or stand in a log line."""
import json
import sys
import time
import urllib.parse

import harness


def attack(gateway):
    began = time.monotonic()
    evil = ["%0d%0aX-Injected:%201", "%0aX-Injected:%201", "%0d%0a%0d%0a<script>", "%e5%98%8a%e5%98%8dX-Injected:1", "%00", "%1b[2J", "\x1b[2J",
            "{\"level\":\"error\"}", "%22,%22forged%22:%22yes", "a\tb"]
    asked = 0
    bad = []
    for value in evil:
        for target in (f"/fhir/Patient/{value}", f"/fhir/Patient?_id={value}", f"/fhir/Patient?{value}=1", f"/fhir/{value}", f"/{value}",
                       f"/fhir/Patient?_format={value}", f"/fhir/Patient/honest?_pretty={value}", f"/bulk/{value}", f"/admin/outbox?partner={value}",
                       f"/fhir/AuditEvent?agent-name={value}"):
            for headers in (b"", b"X-Request-Id: " + value.encode() + b"\r\n", b"X-Correlation-Id: " + value.encode() + b"\r\n",
                            b"Accept: " + value.encode() + b"\r\n", b"X-Forwarded-Host: " + value.encode() + b"\r\n", b"Prefer: " + value.encode() + b"\r\n",
                            b"Authorization: Bearer " + value.encode() + b"\r\n", b"Origin: " + value.encode() + b"\r\n"):
                answer = gateway.raw(b"GET " + target.encode() + b" HTTP/1.1\r\nHost: x\r\n" + headers + b"Connection: close\r\n\r\n")
                asked += 1
                head = answer.split(b"\r\n\r\n")[0]
                if any(line.lower().startswith(b"x-injected") for line in head.split(b"\n")) or b"\x1b" in head or answer[9:12] == b"500":
                    bad.append((target, headers, head[:80]))
    harness.check(not bad, f"{asked} requests, no header of theirs in an answer, no 500: {bad[:2]}")
    host = gateway.raw(b"GET /fhir/Patient?_count=1 HTTP/1.1\r\nHost: evil.example/x\"y\r\nConnection: close\r\n\r\n")
    harness.check(b"evil.example/x" not in host, "a Host that is none does not come back in links")
    for i, name in enumerate(("x\ry", "x\ny", "MSH|^~\\&|forged", "\u2028")):
        body = json.dumps({"resourceType": "Patient", "name": [{"family": name}], "identifier": [{"system": "urn:x", "value": name}]})
        gateway.request("POST", "/fhir/Patient?_nonsense=" + urllib.parse.quote(name), body)
    time.sleep(0.3)
    lines = gateway.log_path.read_bytes().decode(errors="replace").splitlines()
    broken = []
    for line in lines:
        try:
            if not isinstance(json.loads(line), dict):
                broken.append(line)
        except ValueError:
            broken.append(line)
    harness.check(not broken, f"each of {len(lines)} lines of the log is one JSON object: {broken[:2]}")
    harness.check(not any("forged" in line or "\x1b" in line for line in lines), "none holds what was sent")
    return f"{asked} requests in {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack))
