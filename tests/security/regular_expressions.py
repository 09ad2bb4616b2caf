#!/usr/bin/env python3
"""Patterns that make backtracking engines work for ever, wherever a client can bring a pattern (FHIRPath in a patch) or an input that a
pattern of ours reads."""
import json
import sys
import threading
import time

import harness


def patch(path):
    return json.dumps({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": path}]}]})


def attack(gateway):
    began = time.monotonic()
    patterns = ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){25}", "([a-zA-Z]+)*$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "a{1,1000}{1,1000}", "(" * 5000]
    text = "a" * 60 + "!"
    slowest = [0]

    def send(path):
        start = time.monotonic()
        status = gateway.request("PATCH", "/fhir/Patient/honest", patch(path), timeout=30)[0]
        slowest[0] = max(slowest[0], time.monotonic() - start)
        if status not in (200, 400, 422):
            harness.check(False, f"{path[:60]}: {status}")

    threads = [threading.Thread(target=send, args=(f"Patient.name.where('{text}'.{function}('{pattern}'))",))
               for pattern in patterns for function in ("matches", "matchesFull")]
    threads += [threading.Thread(target=send, args=(f"Patient.name.where('{text}'.replaceMatches('{pattern}', 'x') = 'y')",)) for pattern in patterns]
    for deep in ("(" * 20_000 + "1" + ")" * 20_000, "Patient" + ".name" * 20_000, "1" + "+1" * 50_000, "name.repeat(name)" * 5, "'" + "\\u0041" * 10_000 + "'"):
        threads.append(threading.Thread(target=send, args=(deep,)))
    [one.start() for one in threads]
    [one.join() for one in threads]
    # inputs for our own readers of dates, ids, URLs, XHTML
    values = {"birthDate": "1" * 100_000, "language": "a-" * 100_000, "implicitRules": "urn:" + "%" * 100_000, "id": "." * 100_000}
    for name, value in values.items():
        start = time.monotonic()
        gateway.request("POST", "/fhir/Patient", json.dumps({"resourceType": "Patient", name: value}))
        slowest[0] = max(slowest[0], time.monotonic() - start)
    harness.check(slowest[0] < 5, f"the slowest took {slowest[0]:.2f} s")
    return f"{len(threads)} expressions at once and {len(values)} long values in {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack, memory_mb_max=128, floor_ms=60))
