#!/usr/bin/env python3
"""Subscriptions through the built gateway: by criteria and by topic, an endpoint that fails for a while, and a kill -9 of
the gateway between the change and the delivery. Nothing may be lost, and the order must hold."""
import argparse
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "conformance"))
from run import free_port, start_gateway  # noqa: E402


class Endpoint:
    """Keeps what it is sent; answers with `status`."""

    def __init__(self):
        self.received, self.status = [], 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.received.append((outer.status, self.path, dict(self.headers), body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self, path):
        return [json.loads(body) if body else None for status, where, _, body in self.received
                if where == path and status == 200]


class WebSocket:
    """Just enough of RFC 6455 to hear what the gateway says."""

    def __init__(self, base, origin=None, token=None):
        parts = urllib.parse.urlsplit(base)
        self.socket = socket.create_connection((parts.hostname, parts.port), 20)
        fields = (f"Origin: {origin}\r\n" if origin else "") + (f"Authorization: Bearer {token}\r\n" if token else "")
        self.socket.sendall((f"GET /ws HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def say(self, text, opcode=1):
        mask, data = os.urandom(4), text.encode()
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(data)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def hear(self):
        """The next text; None at the end."""
        while True:
            head = self.file.read(2)
            if len(head) < 2:
                return None
            size = head[1] & 0x7f
            if size >= 126:
                size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
            data = self.file.read(size)
            if head[0] & 0x0f == 1:
                return data.decode()
            if head[0] & 0x0f == 8:
                return None


def kind_of(bundle):
    return next(p["valueCode"] for p in json.loads(bundle)["entry"][0]["resource"]["parameter"] if p["name"] == "type")


def web_sockets(causeway):
    """R4's bind and ping, the backport's token and Bundles; what happens while nobody listens, or the gateway is killed,
    waits for whoever comes back."""
    def of(identifier, criteria):
        made = subscription(identifier, criteria, "http://x/", "id-only")
        made["channel"]["type"] = "websocket"
        return made

    with tempfile.TemporaryDirectory(prefix="sockets-") as folder:
        process, base = start_gateway(causeway, folder)
        try:
            call(base, "PUT", "/Subscription/r4", of("r4", "Observation?code=yes"))
            call(base, "PUT", "/Subscription/topic", of("topic", "urn:causeway:topic:Observation"))
            wait_until("active", lambda: all(call(base, "GET", f"/Subscription/{one}")["status"] == "active"
                                             for one in ("r4", "topic")))
            assert WebSocket(base, "https://elsewhere.example").status == 403
            r4 = WebSocket(base)
            assert r4.status == 101
            r4.say("bind nothing")
            assert r4.hear() == "error nothing not-found"
            r4.say("bind r4")
            assert r4.hear() == "bound r4"
            call(base, "PUT", "/Observation/o1", observation(1))
            assert r4.hear() == "ping r4"
            token = next(p["valueString"] for p in call(base, "GET", "/Subscription/topic/$get-ws-binding-token")["parameter"]
                         if p["name"] == "token")
            topic = WebSocket(base)
            topic.say("bind-with-token " + token)
            assert topic.hear() == "bound topic"
            assert kind_of(topic.hear()) == "handshake"
            heard = json.loads(topic.hear())
            assert heard["entry"][1]["request"]["url"] in ("Observation", "Observation/o1"), heard["entry"][1]
            again = WebSocket(base)
            again.say("bind-with-token " + token)
            assert again.hear() == "error  expired"
            r4.say("", opcode=8)
            assert r4.hear() is None
            for number in range(2, 7):
                call(base, "PUT", f"/Observation/o{number}", observation(number))
                assert kind_of(topic.hear()) == "event-notification"
            process.send_signal(signal.SIGKILL)
            process.wait(20)
            process, base = start_gateway(causeway, folder)
            call(base, "PUT", "/Observation/o7", observation(7))
            r4 = WebSocket(base)
            r4.say("bind r4")
            assert [r4.hear() for _ in range(7)] == ["bound r4"] + ["ping r4"] * 6
            topic = WebSocket(base)
            topic.say("bind topic")
            assert topic.hear() == "bound topic"
            assert kind_of(topic.hear()) == "handshake"
            heard = json.loads(topic.hear())
            numbers = [part["valueString"] for one in heard["entry"][0]["resource"]["parameter"]
                       if one["name"] == "notification-event" for part in one["part"] if part["name"] == "event-number"]
            assert numbers[-1] == "7" or numbers[-1] == "6", numbers  # the last may be told twice, none is left out
        finally:
            process.terminate()
            process.wait(20)


def sockets_with_tokens(causeway):
    """Where tokens are required, a socket binds by the token of its handshake or by one made for it, and not otherwise."""
    key = "the portal has a long key"
    with tempfile.TemporaryDirectory(prefix="sockets-") as folder:
        config, port = os.path.join(folder, "causeway.toml"), free_port()
        with open(config, "w", encoding="utf-8") as out:
            out.write(f'[http]\nport = {port}\n[mllp]\nenabled = false\n[storage]\npath = "{folder}/sockets.db"\n'
                      f'[log]\nlevel = "warning"\n[security]\nrequire_token = true\n'
                      f'[client.portal]\napi_key_sha256 = "{hashlib.sha256(key.encode()).hexdigest()}"\n'
                      f'scopes = "system/Observation.cruds system/Subscription.cruds"\n')
        process = subprocess.Popen([os.path.abspath(causeway), "serve", "--config", config])
        base = f"http://127.0.0.1:{port}/fhir"
        try:
            def ready():
                try:
                    return http.client.HTTPConnection("127.0.0.1", port, timeout=2).request("GET", "/health/ready") is None
                except OSError:
                    return False
            wait_until("the gateway", ready)
            made = subscription("s", "Observation?code=yes", "http://x/")
            made["channel"]["type"] = "websocket"
            call(base, "PUT", "/Subscription/s", made, key)
            wait_until("active", lambda: call(base, "GET", "/Subscription/s", token=key)["status"] == "active")
            nobody = WebSocket(base)
            nobody.say("bind s")
            assert nobody.hear() == "error s login"
            assert WebSocket(base, token="wrong").status == 401
            token = next(p["valueString"] for p in call(base, "GET", "/Subscription/s/$get-ws-binding-token", token=key)["parameter"]
                         if p["name"] == "token")
            nobody.say("bind-with-token " + token)
            assert nobody.hear() == "bound s"
            portal = WebSocket(base, token=key)
            portal.say("bind s")
            assert portal.hear() == "bound s"
            call(base, "PUT", "/Observation/o1", observation(1), key)
            assert [nobody.hear(), portal.hear()] == ["ping s", "ping s"]
        finally:
            process.terminate()
            process.wait(20)


def call(base, method, path, body=None, token=None):
    parts = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    fields = {"Content-Type": "application/fhir+json"} if body else {}
    if token:
        fields["Authorization"] = "Bearer " + token
    connection.request(method, parts.path + path, json.dumps(body) if body else None, fields)
    answer = connection.getresponse()
    data = answer.read()
    assert answer.status < 300, (method, path, answer.status, data[:300])
    return json.loads(data) if data else None


def wait_until(what, condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited in vain: {what}"
        time.sleep(0.05)


def subscription(identifier, criteria, endpoint, payload=None):
    channel = {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json"}
    if payload:
        channel["_payload"] = {"extension": [{"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
                                                     "backport-payload-content", "valueCode": payload}]}
    return {"resourceType": "Subscription", "id": identifier, "status": "requested", "reason": "test",
            "criteria": criteria, "channel": channel}


def observation(number):
    return {"resourceType": "Observation", "id": f"o{number}", "status": "final", "code": {"coding": [{"code": "yes"}]}}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    os.environ["CAUSEWAY_SUBSCRIPTIONS__RETRY_FIRST_MS"] = "50"
    os.environ["CAUSEWAY_SUBSCRIPTIONS__RETRY_MAX_MS"] = "200"
    endpoint = Endpoint()
    with tempfile.TemporaryDirectory(prefix="subscriptions-") as folder:
        process, base = start_gateway(options.causeway, folder)
        try:
            call(base, "PUT", "/Subscription/s", subscription("s", "Observation?code=yes", endpoint.url + "/criteria"))
            call(base, "PUT", "/Subscription/t",
                 subscription("t", "urn:causeway:topic:Observation", endpoint.url + "/topic", "id-only"))
            wait_until("active", lambda: all(call(base, "GET", f"/Subscription/{one}")["status"] == "active" for one in "st"))
            call(base, "PUT", "/Observation/o0", observation(0))
            wait_until("the first", lambda: len(endpoint.taken("/criteria")) == 1 and len(endpoint.taken("/topic")) == 2)
            assert endpoint.taken("/criteria")[0]["id"] == "o0"
            kinds = [next(p["valueCode"] for p in one["entry"][0]["resource"]["parameter"] if p["name"] == "type")
                     for one in endpoint.taken("/topic")]
            assert kinds == ["handshake", "event-notification"], kinds
            endpoint.status = 503
            for number in range(1, 11):
                call(base, "PUT", f"/Observation/o{number}", observation(number))
            wait_until("attempts", lambda: any(status == 503 for status, *_ in endpoint.received))
            process.send_signal(signal.SIGKILL)
            process.wait(20)
            endpoint.status = 200
            process, base = start_gateway(options.causeway, folder)
            wait_until("the rest", lambda: len(endpoint.taken("/criteria")) >= 11 and len(endpoint.taken("/topic")) >= 12)
            seen = list(dict.fromkeys(one["id"] for one in endpoint.taken("/criteria")))
            assert seen == [f"o{number}" for number in range(11)], seen
            events = call(base, "GET", "/Subscription/t/$events?eventsSinceNumber=3&eventsUntilNumber=5")
            numbers = [part["valueString"] for one in events["entry"][0]["resource"]["parameter"]
                       if one["name"] == "notification-event" for part in one["part"] if part["name"] == "event-number"]
            assert numbers == ["3", "4", "5"], numbers
        finally:
            process.terminate()
            process.wait(20)
    web_sockets(options.causeway)
    sockets_with_tokens(options.causeway)
    print("subscriptions hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
