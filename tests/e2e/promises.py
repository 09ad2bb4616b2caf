#!/usr/bin/env python3
"""What is promised to many clients at once, over sockets, while the gateway is killed (-9) and started again in the middle, and
every client tries again what was not answered: 200 conditional creates, and 200 conditional updates, of one condition make one
resource; 200 transactions that need the same patient make one patient and an observation each; and of 200 raises of a counter
with If-Match none that was answered is lost."""
import argparse
import http.client
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "conformance"))
from run import start_gateway  # noqa: E402

CLIENTS, REQUESTS = 16, 200


class Server:
    """A gateway that can be killed and comes back at the same address."""

    def __init__(self, causeway, folder):
        self.causeway, self.folder = causeway, folder
        self.lock = threading.Lock()
        self.start()

    def start(self):
        self.process, base = start_gateway(self.causeway, self.folder)
        self.base = base

    def kill_and_restart(self):
        with self.lock:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)
            self.start()

    def call(self, method, path, body=None, headers=None):
        """Until somebody answers; 503 means not yet."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with self.lock:
                parts = urllib.parse.urlsplit(self.base)
            try:
                connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
                connection.request(method, parts.path + path, json.dumps(body) if body else None,
                                   {"Content-Type": "application/fhir+json", **(headers or {})})
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                if answer.status != 503:
                    return answer.status, dict(answer.getheaders()), json.loads(data) if data else None
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(random.random() / 20)
        raise AssertionError("nobody answers")


def all_at_once(server, work):
    """work(number) for all numbers by all clients; the server dies twice meanwhile."""
    numbers, lock, failures = iter(range(REQUESTS)), threading.Lock(), []

    def client():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                work(number)
            except Exception as error:  # noqa: BLE001
                failures.append(f"{number}: {error!r}")
                return

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(0.05)
        server.kill_and_restart()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]


def patient(number, name):
    return {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": name}], "name": [{"given": [f"g{number}"]}]}


def total(server, query):
    return server.call("GET", f"/{query}&_summary=count")[2]["total"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="promises-") as folder:
        server = Server(options.causeway, folder)
        try:
            def create(number):
                status, _, _ = server.call("POST", "/Patient", patient(number, "one"), {"If-None-Exist": "identifier=urn:mrn|one"})
                assert status in (200, 201), status
            all_at_once(server, create)
            assert total(server, "Patient?identifier=urn:mrn|one") == 1

            def update(number):
                status, _, _ = server.call("PUT", "/Patient?identifier=urn:mrn|two", patient(number, "two"))
                assert status in (200, 201), status
            all_at_once(server, update)
            assert total(server, "Patient?identifier=urn:mrn|two") == 1

            def transaction(number):
                mine = {"resourceType": "Observation", "identifier": [{"system": "urn:n", "value": str(number)}], "status": "final",
                        "code": {"text": "x"}, "subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"}}
                status, _, _ = server.call("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": [
                    {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": patient(0, "three"),
                     "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=urn:mrn|three"}},
                    {"resource": mine, "request": {"method": "POST", "url": "Observation",
                                                   "ifNoneExist": f"identifier=urn:n|{number}"}}]})
                assert status == 200, status
            all_at_once(server, transaction)
            assert total(server, "Patient?identifier=urn:mrn|three") == 1
            found = server.call("GET", "/Patient?identifier=urn:mrn|three")[2]["entry"][0]["resource"]["id"]
            assert total(server, f"Observation?patient={found}") == REQUESTS

            counter = {"resourceType": "Basic", "id": "c", "code": {"text": "begin"}}
            assert server.call("PUT", "/Basic/c", counter)[0] == 201

            def raise_it(number):
                """Each writes its own number behind the others'; one that was answered must stand there for ever."""
                while True:
                    _, headers, stored = server.call("GET", "/Basic/c")
                    text = stored["code"].get("text", "")
                    if f" {number} " in text:
                        return  # it was taken, and the answer was lost
                    status, _, _ = server.call("PUT", "/Basic/c", {**counter, "code": {"text": f"{text} {number} "}},
                                               {"If-Match": headers["ETag"]})
                    if status == 200:
                        return
                    assert status == 412, status
            all_at_once(server, raise_it)
            stored = server.call("GET", "/Basic/c")[2]["code"]["text"].split()
            assert sorted(stored[1:], key=int) == [str(number) for number in range(REQUESTS)], stored
        finally:
            server.process.terminate()
            server.process.wait(20)
    print("promises hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
