#!/usr/bin/env python3
"""JSON that is deep, wide, doubled, huge or broken; as a resource, in a Bundle, in a patch and in Parameters."""
import json
import sys
import threading
import time

import harness

JSON = {"Content-Type": "application/fhir+json"}


def attack(gateway):
    deep = b"[" * 500_000
    extension = b'{"url":"u","extension":[' * 50_000
    deep_object = b'{"resourceType":"Patient","extension":[' + extension
    doubled = b'{"resourceType":"Patient",' + b",".join(b'"gender":"male"' for _ in range(1000)) + b"}"
    wide = b'{"resourceType":"Patient","x":[' + b"0," * 3_000_000 + b"0]}"
    names = b'{"resourceType":"Patient"' + b"".join(b',"a%d":1' % i for i in range(200_000)) + b"}"
    number = b'{"resourceType":"Observation","valueQuantity":{"value":1e' + b"9" * 100_000 + b"}}"
    text = b'{"resourceType":"Patient","language":"' + b"x" * 20_000_000 + b'"}'
    entries = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Patient/1"}}] * 20_000}).encode()
    nul = b'{"resourceType":"Patient","language":"a\\u0000b"}'
    surrogate = b'{"resourceType":"Patient","language":"\\ud800"}'
    latin = '{"resourceType":"Patient","language":"é"}'.encode("latin-1")
    cases = [("deep arrays", deep, "/fhir/Patient"), ("deep objects", deep_object, "/fhir/Patient"), ("doubled names", doubled, "/fhir/Patient"),
             ("3,000,000 numbers", wide, "/fhir/Patient"), ("200,000 names", names, "/fhir/Patient"), ("a number of 100,000 digits", number, "/fhir/Observation"),
             ("20 MB of language", text, "/fhir/Patient"), ("20,000 entries", entries, "/fhir"), ("deep Parameters", deep, "/fhir/Patient/$validate"),
             ("U+0000", nul, "/fhir/Patient"), ("a lone surrogate", surrogate, "/fhir/Patient"), ("bytes that are no UTF-8", latin, "/fhir/Patient")]
    began = time.monotonic()

    def send():
        for what, body, target in cases:
            try:
                status, _, answer = gateway.request("POST", target, body, JSON, timeout=60)
            except OSError:
                status, answer = "closed", b""
            wanted = (200, 400, 413) if target.endswith("$validate") else (400, 413, 422)  # $validate answers with what is wrong
            if status not in wanted:
                harness.check(False, f"{what} is refused: {status}")
            if len(answer) > 100_000:
                harness.check(False, f"{what} has a short answer: {len(answer)} bytes")

    threads = [threading.Thread(target=send) for _ in range(2)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    patch = b'[{"op":"add","path":"' + b"/a" * 100_000 + b'","value":1}]'
    status = gateway.request("PATCH", "/fhir/Patient/honest", patch, {"Content-Type": "application/json-patch+json"})[0]
    harness.check(status in (400, 413, 422), f"a patch with a path of 100,000 steps: {status}")
    return f"{2 * len(cases) + 1} documents in {time.monotonic() - began:.1f} s, all refused"


if __name__ == "__main__":
    # The budget of 64 MB, its reserve for small requests of 16, and what of one body was copied before it was counted.
    sys.exit(harness.run(__doc__, attack, memory_mb_max=96, floor_ms=60))
