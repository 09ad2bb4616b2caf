#!/usr/bin/env python3
"""Heads that are too long, too many, doubled or ambiguous, and more connections than there is room for."""
import socket
import sys
import time

import harness


def first_line(answer):
    return answer.split(b"\r\n", 1)[0].decode(errors="replace")


def attack(gateway):
    began = time.monotonic()
    get = b"GET /fhir/Patient/honest HTTP/1.1\r\nHost: x\r\n"
    post = b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
    cases = [
        ("10,000 fields", get + b"".join(b"X-%d: 1\r\n" % i for i in range(10_000)) + b"\r\n", ("431",)),
        ("a field of 1 MB", get + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", ("431",)),
        ("a target of 1 MB", b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", ("431", "414")),
        ("an endless first line", b"G" * 1_000_000, ("431", "400")),
        ("two lengths", post + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", ("400",)),
        ("a length and chunks", post + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ("400",)),
        ("chunks of another coding", post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ("400", "501")),
        ("a negative length", post + b"Content-Length: -1\r\n\r\n", ("400",)),
        ("a length beyond all", post + b"Content-Length: 99999999999999999999\r\n\r\n", ("400", "413")),
        ("a length that is too large", post + b"Content-Length: 9999999999\r\n\r\n", ("413",)),
        ("a folded field", get + b"X: a\r\n b\r\n\r\n", ("400",)), ("a blank before the colon", get + b"X : a\r\n\r\n", ("400",)),
        ("bare line feeds", b"GET /fhir/Patient/honest HTTP/1.1\nHost: x\n\n", ("400", "505")),
        ("no host", b"GET /fhir/Patient/honest HTTP/1.1\r\n\r\n", ("400", "200")),
        ("a NUL", get + b"X: a\x00b\r\n\r\n", ("400",)), ("another protocol", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ("400", "505")),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500, ("400",))]
    for what, data, wanted in cases:
        answer = first_line(gateway.raw(data, timeout=4))
        harness.check(answer == "" or any(f" {code}" in answer for code in wanted), f"{what}: {answer or 'closed'}")
    sockets = []
    for _ in range(1500):  # the limit is 300 here
        try:
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", gateway.port))
            sockets.append(one)
        except OSError:
            break
    time.sleep(2.5)
    for one in sockets:
        one.close()
    return f"{len(cases)} heads and {len(sockets)} connections where 300 are allowed, in {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack, sections={"http": {"connections_max": 300, "idle_timeout_ms": 60000}}))
