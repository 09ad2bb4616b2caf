#!/usr/bin/env python3
"""Bodies of a few hundred kilobytes that unpack to hundreds of megabytes, eight at a time."""
import gzip
import sys
import threading
import time
import zlib

import harness


def bomb(megabytes):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = packer.compress(b'{"resourceType":"Patient","text":"')
    block = b" " * (1 << 20)
    for _ in range(megabytes):
        out += packer.compress(block)
    return out + packer.flush()


DATA = bomb(300)


def attack(gateway):
    data = DATA
    headers = {"Content-Type": "application/fhir+json", "Content-Encoding": "gzip"}
    statuses = []

    def send():
        for _ in range(4):
            try:
                statuses.append(gateway.request("POST", "/fhir/Patient", data, headers)[0])
            except OSError:
                statuses.append("closed")

    began = time.monotonic()
    threads = [threading.Thread(target=send) for _ in range(8)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    harness.check(set(statuses) == {413}, f"each bomb is a 413: {sorted(set(map(str, statuses)))}")
    twice = gzip.compress(gzip.compress(b"{}" * 1000))
    harness.check(gateway.request("POST", "/fhir/Patient", twice, headers)[0] == 400, "packed twice is not unpacked twice")
    harness.check(gateway.request("POST", "/fhir/Patient", data[:1000], headers)[0] == 400, "a cut one is a 400")
    harness.check(gateway.request("POST", "/fhir/Patient", b"{}", {**headers, "Content-Encoding": "br"})[0] == 415, "another coding is a 415")
    return f"{len(statuses)} bombs of {len(data) // 1024} KB for 300 MB each in {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack, memory_mb_max=128))
