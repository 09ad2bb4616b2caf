#!/usr/bin/env python3
"""Who may do what, generated: every resource type x every way it lies in a patient's compartment x interaction x level of scope x
whether the scope has the action, asked over sockets of a running gateway. Counts leaks (something is shown or changed that must not be)
and wrong refusals.

    access_matrix.py --causeway build/dev/causeway --resources build/dev/matrix_resources [--sample N]

The compartment is read from the table of the specification (fhir/r4/compartments.tsv), not from the program. --sample takes every Nth type.
"""
import argparse
import collections
import hashlib
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import harness

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LEVELS = ("patient", "user", "system")
ACTIONS = "cruds"
# Outside the compartment, and about patients or able to hold anything about anyone: never shown at the level of a patient.
HIDDEN = {"Binary", "BiologicallyDerivedProduct", "Bundle", "Contract", "EnrollmentResponse", "GuidanceResponse", "Linkage", "MessageHeader",
          "OperationOutcome", "Parameters", "PaymentNotice", "PaymentReconciliation", "Subscription", "Task", "TestReport", "VerificationResult"}
# A Device belongs to the patient it names; one that names none is everybody's.
OF_THE_PATIENT_IT_NAMES = {"Device": {"resourceType": "Device", "patient": {"reference": "Patient/@patient@"}}}


def compartment():
    out = collections.defaultdict(list)
    for line in (ROOT / "fhir/r4/compartments.tsv").read_text().splitlines():
        if line.startswith("Patient\t"):
            _, kind, codes = line.split("\t")
            out[kind] = re.split(r"[ ,]+", codes.strip())
    return out


class Client:
    def __init__(self, port):
        self.port, self.connection, self.sent = port, None, 0

    def ask(self, method, target, key, body=None, headers=None, told=None):
        """(status, body), or the header `told` in place of the body"""
        for attempt in (1, 2):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                all_headers = {"Authorization": "Bearer " + key, "Accept": "application/fhir+json", **(headers or {})}
                if body is not None:
                    all_headers.setdefault("Content-Type", "application/fhir+json")
                self.connection.request(method, target, json.dumps(body) if body is not None else None, all_headers)
                answer = self.connection.getresponse()
                data = answer.read()
                self.sent += 1
                return answer.status, answer.getheader(told) if told else data
            except (OSError, http.client.HTTPException):
                self.connection = None
                if attempt == 2:
                    raise


def key_of(level, actions):
    return f"a key for {level} and {actions}, long enough"


def clients():
    """For each level and action: one that has it alone and one that has all the others."""
    text = ""
    for level in LEVELS:
        for actions in sorted({each for action in ACTIONS for each in (action, ACTIONS.replace(action, ""))} | {ACTIONS}):
            text += (f"[client.{level}-{actions}]\napi_key_sha256 = \"{hashlib.sha256(key_of(level, actions).encode()).hexdigest()}\"\n"
                     f"scopes = \"{level}/*.{actions}\"\n" + ('patient = "mine"\n' if level == "patient" else ""))
    return text


class Matrix:
    def __init__(self, port, resources):
        self.client, self.admin = Client(port), Client(port)
        self.resources = resources
        self.table = compartment()
        self.cases, self.leaks, self.refusals, self.unclear = 0, [], [], []
        self.count = collections.Counter()
        self.serial = 0

    def put(self, kind, name, resource):
        status, data = self.admin.ask("PUT", f"/fhir/{kind}/{name}", key_of("system", ACTIONS), {**resource, "id": name})
        if status not in (200, 201):
            raise SystemExit(f"{kind}/{name} cannot be written: {status} {data[:300]}")

    def version(self, kind, name):
        status, data = self.admin.ask("GET", f"/fhir/{kind}/{name}", key_of("system", ACTIONS))
        return json.loads(data)["meta"]["versionId"] if status == 200 else status

    def members(self, kind, one):
        """(whose, way, resource): of mine, of theirs, of nobody."""
        def of(resource, patient):
            return json.loads(json.dumps(resource).replace("@patient@", patient))
        if kind == "Patient":
            return [("mine", "itself", None), ("theirs", "itself", None)]
        ways = [(way["code"], way["resource"]) for way in one["ways"]]
        if kind in OF_THE_PATIENT_IT_NAMES:
            ways.append(("patient", OF_THE_PATIENT_IT_NAMES[kind]))
        out = [(whose, code, of(resource, whose)) for code, resource in ways for whose in ("mine", "theirs")]
        return out + [("nobody's", "plain", one["plain"])]

    def visible(self, level, kind, whose):
        if level != "patient":
            return True
        if kind in self.table or kind == "Patient":
            return whose == "mine"
        if kind in OF_THE_PATIENT_IT_NAMES:
            return whose != "theirs"
        return kind not in HIDDEN

    def judge(self, what, allowed, good, harmless):
        """`good`: it was done or shown; `harmless`: it was refused and nothing came of it."""
        self.cases += 1
        self.count[what[2]] += 1
        if allowed and not good:
            self.refusals.append(what)
        if not allowed and not harmless:
            self.leaks.append(what)

    def reads(self, kind, name, whose, way, level, actions, key):
        visible = self.visible(level, kind, whose)
        for what, needs, target in (("read", "r", f"{kind}/{name}"), ("vread", "r", f"{kind}/{name}/_history/1"),
                                    ("history", "r", f"{kind}/{name}/_history"), ("search", "s", f"{kind}?_id={name}"),
                                    ("count", "s", f"{kind}?_id={name}&_summary=count"), ("history-type", "s", f"{kind}/_history?_count=1000"),
                                    ("search-system", "s", f"?_type={kind}&_id={name}")):
            status, data = self.client.ask("GET", "/fhir/" + target if not target.startswith("?") else "/fhir" + target, key)
            allowed = needs in actions and visible
            if what == "count":
                good = status == 200 and json.loads(data)["total"] == 1
                harmless = status in (403, 404) or json.loads(data).get("total") == 0
            elif what in ("search", "history-type", "search-system"):
                ids = {(e.get("fullUrl") or "").rsplit("/", 1)[-1] for e in json.loads(data).get("entry", [])} if status == 200 else set()
                good = name in ids
                harmless = name not in ids
            else:
                good = status == 200
                harmless = status in (403, 404)
            self.judge((kind, f"{whose} by {way}", what, level, actions, status), allowed, good, harmless)

    def writes(self, kind, whose, way, resource, level, actions, key):
        visible = self.visible(level, kind, whose)
        body = resource or {"resourceType": "Patient"}
        described = (kind, f"{whose} by {way}")
        self.serial += 1
        if kind != "Patient":  # a patient of one's own cannot be created: its id is given here
            status, data = self.client.ask("POST", f"/fhir/{kind}", key, body)
            made = status == 201
            self.judge((*described, "create", level, actions, status), "c" in actions and visible, made, not made)
            status, _ = self.client.ask("POST", f"/fhir/{kind}", key, body, {"If-None-Exist": f"_id=no-such-{self.serial}"})
            self.judge((*described, "conditional create", level, actions, status), False if "s" not in actions and "c" not in actions else
                       "c" in actions and visible and "s" in actions, status == 201 or "s" not in actions, status != 201 or ("c" in actions and visible))
        name = whose if kind == "Patient" else f"w-{self.serial}"
        if kind != "Patient":
            self.put(kind, name, body)
        for what, method, needs in (("update", "PUT", "u"), ("patch", "PATCH", "u"), ("delete", "DELETE", "d")):
            if kind == "Patient" and what == "delete":
                continue
            if kind == "Binary" and what == "patch":
                continue
            before = self.version(kind, name)
            changed = {**body, "id": name, "language": f"x-{self.serial}"}
            patch = [{"op": "add", "path": "/language", "value": f"x-{self.serial}-p"}]
            headers = {"Content-Type": "application/json-patch+json"} if what == "patch" else {}
            status, _ = self.client.ask(method, f"/fhir/{kind}/{name}", key, changed if what == "update" else patch if what == "patch" else None,
                                        headers)
            after = self.version(kind, name)
            self.judge((*described, what, level, actions, status), needs in actions and visible, before != after, before == after)
            if after in (404, 410):
                return

    def batch(self, kind, name, whose, way, level, actions, key):
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": f"{kind}/{name}"}}]}
        status, data = self.client.ask("POST", "/fhir", key, bundle)
        entry = json.loads(data).get("entry", [{}])[0].get("response", {}).get("status", "") if status == 200 else ""
        allowed = "r" in actions and self.visible(level, kind, whose)
        self.judge((kind, f"{whose} by {way}", "batch read", level, actions, entry or status), allowed, entry.startswith("200"),
                   not entry.startswith("200"))

    def play(self):
        for name in ("mine", "theirs"):
            self.put("Patient", name, {"resourceType": "Patient"})
        for one in self.resources:
            kind = one["type"]
            # a write or a search of these is no interaction of a server
            if kind in ("Parameters", "OperationOutcome"):
                continue
            for number, (whose, way, resource) in enumerate(self.members(kind, one)):
                name = whose if kind == "Patient" else f"{kind[:40]}-{number}"
                if kind != "Patient":
                    self.put(kind, name, resource)
                for level in LEVELS:
                    for needs in ("r", "s"):
                        for actions in (needs, ACTIONS.replace(needs, "")):
                            self.reads(kind, name, whose, way, level, actions, key_of(level, actions))
                    self.batch(kind, name, whose, way, level, ACTIONS, key_of(level, ACTIONS))
                    for actions in (ACTIONS, "c", "u", "d", "ruds", "crds", "crus"):
                        self.writes(kind, whose, way, resource, level, actions, key_of(level, actions))


def main(played=Matrix, description=__doc__):
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    arguments.add_argument("--resources", required=True)
    arguments.add_argument("--sample", type=int, default=1)
    options = arguments.parse_args()
    lines = subprocess.run([options.resources], capture_output=True, text=True, check=True).stdout.splitlines()
    resources = [json.loads(line) for line in lines]
    kept = [one for i, one in enumerate(resources) if i % options.sample == 0 or (options.sample > 1 and one["type"] in ("Patient", "Task"))]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        gateway = harness.Gateway(os.path.abspath(options.causeway), folder, {"security": {"require_token": True}, "mllp": {"enabled": False},
                                                                              "http": {"idle_timeout_ms": 60000}, "log": {"level": "error"}}, clients())
        matrix = played(gateway.port, kept)
        try:
            matrix.play()
        finally:
            harness.check(gateway.stop() == 0, "the gateway ends with 0")
    seconds = time.monotonic() - began
    print(f"        {len(kept)} types, {matrix.cases} cases, {matrix.client.sent + matrix.admin.sent} requests in {seconds:.0f} s")
    print("        " + ", ".join(f"{name} {count}" for name, count in sorted(matrix.count.items())))
    for name, found in (("leak", matrix.leaks), ("wrong refusal", matrix.refusals)):
        for (kind, what), cases in sorted(collections.Counter((each[0], each[2]) for each in found).items())[:40]:
            example = next(each for each in found if (each[0], each[2]) == (kind, what))
            print(f"        {name}: {kind} {what} ({cases}): {example}")
    harness.check(not matrix.leaks, f"0 leaks: {len(matrix.leaks)}")
    harness.check(not matrix.refusals, f"0 wrong refusals: {len(matrix.refusals)}")
    return 0 if all(harness.checks) else 1


if __name__ == "__main__":
    sys.exit(main())
