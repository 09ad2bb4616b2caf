#!/usr/bin/env python3
"""One client that asks as fast as it can, with bad tokens and with a good one, where each client has 50 requests a second."""
import hashlib
import http.client
import sys
import threading
import time

import harness

KEY = "a key of the greedy client"


def attack(gateway):
    began = time.monotonic()
    counts = {}

    def flood(token):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
        while time.monotonic() - began < 4:
            connection.request("GET", "/fhir/Patient/honest", headers={"Authorization": "Bearer " + token})
            answer = connection.getresponse()
            answer.read()
            key = (token == KEY, answer.status)
            counts[key] = counts.get(key, 0) + 1
            if answer.status == 429 and not answer.getheader("Retry-After"):
                harness.check(False, "429 says when to come back")

    threads = [threading.Thread(target=flood, args=(KEY if i % 2 == 0 else f"bad token {i}",)) for i in range(8)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    seconds = time.monotonic() - began
    served = counts.get((True, 200), 0)
    harness.check(served <= 100 + 50 * (seconds + 1), f"the greedy client is served {served} times in {seconds:.1f} s: its burst of 100 and 50 a second")
    harness.check(counts.get((True, 429), 0) > 0, f"and told 429 {counts.get((True, 429), 0)} times")
    harness.check((False, 200) not in counts, "bad tokens are never served")
    rows = gateway.request("GET", "/fhir/AuditEvent?subtype=authenticate&_summary=count", headers={"Authorization": "Bearer " + KEY + " of audit"})
    harness.check(rows[0] == 200 and int(__import__("json").loads(rows[2])["total"]) <= 10 * (seconds + 12),
                  "failed attempts leave some audit rows, not all of them")
    return f"{sum(counts.values())} requests over 8 connections: {counts}"


def digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack, sections={"security": {"requests_burst": 100}}, more=f"""
[client.greedy]
api_key_sha256 = "{digest(KEY)}"
scopes = "system/*.rs"
requests_per_second = 50
[client.audit]
api_key_sha256 = "{digest(KEY + ' of audit')}"
scopes = "system/AuditEvent.rs"
"""))
