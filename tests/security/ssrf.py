#!/usr/bin/env python3
"""Every URL that a client can make the gateway call, or that the configuration names: subscriptions' endpoints, attachments, canonical
references, headers. The gateway here serves more than loopback, so private addresses are nobody's business."""
import json
import socket
import sys
import threading
import time

import harness


def attack(gateway):
    began = time.monotonic()
    hits = []
    listener = socket.create_server(("0.0.0.0", 0))
    listener.settimeout(0.2)
    port = listener.getsockname()[1]
    stop = threading.Event()

    def listen():
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
                connection.settimeout(1)
                try:
                    hits.append(connection.recv(300))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                except OSError:
                    pass
                connection.close()
            except socket.timeout:
                pass

    thread = threading.Thread(target=listen)
    thread.start()
    hosts = ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::]",
             "169.254.169.254", "[fe80::1]", "10.0.0.1", "192.168.0.1", "172.16.0.1", "[fd00::1]", "100.64.0.1", "[64:ff9b::7f00:1]",
             "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255"]
    made = 0
    for i, host in enumerate(hosts):
        body = {"resourceType": "Subscription", "id": f"s{i}", "status": "requested", "reason": "x", "criteria": "Observation?status=final",
                "channel": {"type": "rest-hook", "endpoint": f"http://{host}:{port}/hook", "payload": "application/fhir+json"}}
        status = gateway.request("PUT", f"/fhir/Subscription/s{i}", json.dumps(body))[0]
        made += status == 201
    for scheme in ("file:///etc/passwd", "gopher://127.0.0.1:1/", "ftp://127.0.0.1/", f"http://user:secret@127.0.0.1:{port}/", "http:///x",
                   f"http://127.0.0.1:{port}/\r\nX-Injected: 1", "//127.0.0.1/x"):
        body = {"resourceType": "Subscription", "status": "requested", "reason": "x", "criteria": "Observation?status=final",
                "channel": {"type": "rest-hook", "endpoint": scheme}}
        status = gateway.request("POST", "/fhir/Subscription", json.dumps(body))[0]
        harness.check(status in (400, 422), f"an endpoint {scheme[:30]!r}: {status}")
    listed = {"resourceType": "Subscription", "id": "listed", "status": "requested", "reason": "x", "criteria": "Observation?status=final",
              "channel": {"type": "rest-hook", "endpoint": f"http://127.0.0.1:{harness.listed_port}/hook"}}
    gateway.request("PUT", "/fhir/Subscription/listed", json.dumps(listed))
    names = ["listed"] + [f"s{i}" for i in range(len(hosts))]
    until = time.monotonic() + 10
    while time.monotonic() < until and any(json.loads(gateway.request("GET", f"/fhir/Subscription/{name}")[2]).get("status") == "requested" for name in names):
        time.sleep(0.1)
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    gateway.request("POST", "/fhir/Observation", json.dumps(observation))
    # what is named in resources and requests is never fetched
    url = f"http://127.0.0.1:{port}/fetched"
    media = {"resourceType": "Media", "status": "completed", "content": {"contentType": "image/png", "url": url}}
    patient = {"resourceType": "Patient", "meta": {"profile": [url]}, "photo": [{"url": url}], "managingOrganization": {"reference": url},
               "implicitRules": url}
    value_set = {"resourceType": "ValueSet", "status": "active", "url": url, "compose": {"include": [{"system": url, "valueSet": [url]}]}}
    for target, body in (("/fhir/Media", media), ("/fhir/Patient", patient), ("/fhir/ValueSet", value_set), ("/fhir/Patient/$validate", patient)):
        gateway.request("POST", target, json.dumps(body))
    gateway.request("GET", f"/fhir/ValueSet/$expand?url={url}")
    gateway.request("GET", f"/fhir/Patient?_profile={url}&_format=json")
    gateway.raw(f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Forwarded-Host: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
    time.sleep(3)
    stop.set()
    thread.join()
    listener.close()
    harness.check(not hits, f"nothing was called: {hits[:1]}")
    harness.check(harness.listed_hits, "but the one endpoint that the configuration names was")
    return f"{made} subscriptions to private addresses and {len(hosts) - made} refused, in {time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    harness.listed_hits = []
    server = socket.create_server(("127.0.0.1", 0))
    harness.listed_port = server.getsockname()[1]

    def serve():
        while True:
            connection, _ = server.accept()
            harness.listed_hits.append(connection.recv(300))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    sys.exit(harness.run(__doc__, attack, sections={
        "http": {"address": "0.0.0.0", "allow_plaintext": True},
        "subscriptions": {"private_endpoints": f"http://127.0.0.1:{harness.listed_port}", "retry_first_ms": 200}}))
