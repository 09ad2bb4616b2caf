#!/usr/bin/env python3
"""400 connections that send their request a byte at a time: half never end the header, half never end the body."""
import selectors
import socket
import sys
import time

import harness


def attack(gateway):
    selector = selectors.DefaultSelector()
    closed = 0
    began = time.monotonic()
    sockets = []
    for i in range(400):
        one = socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
        if i % 2 == 0:
            one.sendall(b"GET /fhir/Patient/honest HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        else:
            one.sendall(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 1000000\r\n\r\n{")
        one.setblocking(False)
        sockets.append(one)
    opened = time.monotonic() - began
    alive = set(sockets)
    statuses = {}
    while alive and time.monotonic() - began < 20:
        for one in list(alive):
            try:
                one.send(b"a")
            except BlockingIOError:
                pass
            except OSError:
                alive.discard(one)
                closed += 1
                continue
            try:
                data = one.recv(4096)
                if data:
                    code = data.split(b" ", 2)[1].decode()
                    statuses[code] = statuses.get(code, 0) + 1
                alive.discard(one)
                closed += 1
            except BlockingIOError:
                pass
            except OSError:
                alive.discard(one)
                closed += 1
        time.sleep(0.2)
    lasted = time.monotonic() - began
    for one in sockets:
        one.close()
    selector.close()
    harness.check(not alive, f"each slow connection is ended, the last after {lasted:.1f} s (header 2 s, body 4 s, lingering 2 s)")
    harness.check(set(statuses) <= {"408"}, f"those that are answered get 408: {statuses}")
    return f"400 connections opened in {opened:.1f} s, {closed} ended by the gateway"


if __name__ == "__main__":
    sys.exit(harness.run(__doc__, attack))
