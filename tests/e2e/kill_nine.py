#!/usr/bin/env python3
"""kill -9 at random moments under MLLP and REST load: what was acknowledged is there after the restart, and nothing twice.

    kill_nine.py --causeway build/release/causeway [--runs 50] [--seed N] [--clients 4]

Each run starts the gateway on the same store, lets `clients` MLLP senders and as many REST clients work, kills it after a
random time, starts it again and looks up everything that this run sent:
  * every message that got AA or CA, and every create that got 201, is there exactly once;
  * what was sent and not answered is there once or not at all, and a message that is sent again then (as its sender
    would do) is there exactly once afterwards.
This says nothing about power loss: the page cache survives a kill.
"""
import argparse
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def adt(control_id, value):
    return ("MSH|^~\\&|LOAD|KILL|CAUSEWAY|NORTHGATE|20260302080000||ADT^A04^ADT_A01|" + control_id + "|P|2.5.1\r"
            "EVN|A04|20260302080000\r"
            "PID|1||" + value + "^^^KILL&2.16.840.1.113883.19.99&ISO^MR||Load" + value + "^Test||1980"
            + f"{1 + hash(value) % 12:02}{1 + hash(value) % 28:02}" + "|F\rPV1|1|O\r").encode()


class Journal:
    """What the clients of one run know. A value is unique over all runs."""

    def __init__(self):
        self.lock = threading.Lock()
        self.messages = {}   # value -> (bytes, acknowledged)
        self.creates = {}    # value -> acknowledged

    def note(self, table, value, content):
        with self.lock:
            table[value] = content


def mllp_client(port, journal, prefix, stop):
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    except OSError:
        return
    number, buffer = 0, b""
    while not stop.is_set():
        number += 1
        value = f"{prefix}M{number}"
        data = adt(value, value)
        journal.note(journal.messages, value, (data, False))
        try:
            connection.sendall(b"\x0b" + data + b"\x1c\r")
            while b"\x1c\r" not in buffer:
                read = connection.recv(65536)
                if not read:
                    return
                buffer += read
        except OSError:
            return
        answer, buffer = buffer.split(b"\x1c\r", 1)
        if b"MSA|AA|" in answer or b"MSA|CA|" in answer:
            journal.note(journal.messages, value, (data, True))
        else:
            raise SystemExit(f"an unexpected answer: {answer[:300]!r}")


def rest_client(port, journal, prefix, stop):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    number = 0
    while not stop.is_set():
        number += 1
        value = f"{prefix}R{number}"
        journal.note(journal.creates, value, False)
        body = json.dumps({"resourceType": "Basic", "code": {"text": "load"},
                           "identifier": [{"system": "urn:kill", "value": value}]})
        try:
            connection.request("POST", "/fhir/Basic", body, {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return
        if answer.status == 201:
            journal.note(journal.creates, value, True)
        else:
            raise SystemExit(f"an unexpected status: {answer.status}")


class Gateway:
    def __init__(self, binary, folder):
        self.binary, self.folder = os.path.abspath(binary), folder
        self.http, self.mllp = free_port(), free_port()
        self.process = None

    def start(self):
        environment = dict(os.environ, CAUSEWAY_HTTP__PORT=str(self.http), CAUSEWAY_MLLP__PORT=str(self.mllp),
                           CAUSEWAY_STORAGE__PATH=os.path.join(self.folder, "kill.db"), CAUSEWAY_LOG__LEVEL="warning")
        self.process = subprocess.Popen([self.binary, "serve"], env=environment, cwd=self.folder,
                                        stderr=open(os.path.join(self.folder, "log"), "ab"))
        for _ in range(1200):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=5)
                connection.request("GET", "/health/ready")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        sys.exit("the gateway did not start again:\n" + open(os.path.join(self.folder, "log"), errors="replace").read()[-2000:])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def count(self, connection, kind, value):
        system = "urn:kill" if kind == "Basic" else "urn:oid:2.16.840.1.113883.19.99"
        token = urllib.parse.quote(f"{system}|{value}") if kind == "Basic" else urllib.parse.quote(value)
        connection.request("GET", f"/fhir/{kind}?identifier={token}&_summary=count")
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            sys.exit(f"search answered {answer.status}: {data[:300]!r}")
        return json.loads(data)["total"]

    def resend(self, data):
        with socket.create_connection(("127.0.0.1", self.mllp), timeout=10) as connection:
            connection.sendall(b"\x0b" + data + b"\x1c\r")
            buffer = b""
            while b"\x1c\r" not in buffer:
                read = connection.recv(65536)
                if not read:
                    break
                buffer += read
            return b"MSA|AA|" in buffer or b"MSA|CA|" in buffer


def verify(gateway, journal, resend_max):
    """The faults found, and how many acknowledged things were looked up."""
    faults, acknowledged = [], 0
    connection = http.client.HTTPConnection("127.0.0.1", gateway.http, timeout=30)
    resent = 0
    for value, (data, positive) in journal.messages.items():
        count = gateway.count(connection, "Patient", value)
        acknowledged += positive
        if positive and count != 1:
            faults.append(f"message {value} was acknowledged and its Patient is there {count} times")
        if not positive:
            if count > 1:
                faults.append(f"message {value} was not answered and its Patient is there {count} times")
            if resent < resend_max:
                resent += 1
                if not gateway.resend(data):
                    faults.append(f"message {value} sent again was not accepted")
                elif gateway.count(connection, "Patient", value) != 1:
                    faults.append(f"message {value} sent again is there {gateway.count(connection, 'Patient', value)} times")
    for value, positive in journal.creates.items():
        count = gateway.count(connection, "Basic", value)
        acknowledged += positive
        if (positive and count != 1) or count > 1:
            faults.append(f"create {value} ({'201' if positive else 'no answer'}) is there {count} times")
    connection.close()
    return faults, acknowledged


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    arguments.add_argument("--runs", type=int, default=50)
    arguments.add_argument("--clients", type=int, default=4)
    arguments.add_argument("--seed", type=int, default=None)
    options = arguments.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    total, bad = 0, 0
    with tempfile.TemporaryDirectory(prefix="kill-nine-") as folder:
        gateway = Gateway(options.causeway, folder)
        gateway.start()
        for run in range(options.runs):
            journal, stop = Journal(), threading.Event()
            workers = [threading.Thread(target=mllp_client, args=(gateway.mllp, journal, f"{run}C{i}", stop)) for i in range(options.clients)]
            workers += [threading.Thread(target=rest_client, args=(gateway.http, journal, f"{run}C{i}", stop)) for i in range(options.clients)]
            for worker in workers:
                worker.start()
            time.sleep(rng.uniform(0.005, 0.25))
            gateway.kill()
            stop.set()
            for worker in workers:
                worker.join()
            gateway.start()
            faults, acknowledged = verify(gateway, journal, resend_max=8)
            total += acknowledged
            bad += len(faults)
            for fault in faults:
                print(f"run {run}: {fault}", flush=True)
            if (run + 1) % 50 == 0:
                print(f"{run + 1} kills, {total} acknowledged, {bad} faults", flush=True)
        gateway.process.terminate()
        gateway.process.wait(30)
    print(f"{options.runs} kills, {total} acknowledged things looked up, {bad} faults")
    print(f"{options.runs - (1 if bad else 0)} passed, {1 if bad else 0} failed")
    return 1 if bad or not total else 0


if __name__ == "__main__":
    sys.exit(main())
