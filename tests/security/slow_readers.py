#!/usr/bin/env python3
"""40 clients that ask for large pages and do not read them."""
import json
import socket
import sys
import time

import harness


def attack(gateway):
    for i in range(60):
        body = json.dumps({"resourceType": "Basic", "code": {"text": "x" * 60000}, "id": f"b{i}"})
        gateway.request("PUT", f"/fhir/Basic/b{i}", body)
        time.sleep(0.01)
    sockets = []
    for _ in range(40):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", gateway.port))
        one.sendall(b"GET /fhir/Basic?_count=60 HTTP/1.1\r\nHost: x\r\n\r\n")
        sockets.append(one)
        time.sleep(0.1)
    time.sleep(2)
    for one in sockets:
        one.close()
    return "40 answers of 3.6 MB each that nobody reads"


if __name__ == "__main__":
    # large answers have a quarter of http.memory_bytes_max; what finds no room in it is a 503
    sys.exit(harness.run(__doc__, attack, memory_mb_max=80, floor_ms=60))
