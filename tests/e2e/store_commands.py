#!/usr/bin/env python3
"""The commands that work on a store's file: doctor, backup, restore, audit verify; beside a running gateway and without one.

    store_commands.py --causeway build/dev/causeway
"""
import argparse
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

checks = []


def check(good, what):
    checks.append(bool(good))
    print(("ok      " if good else "FAILED  ") + what, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Store:
    """A gateway on a store in a folder of its own, and the commands on that store."""

    def __init__(self, binary, folder):
        self.binary, self.folder = os.path.abspath(binary), folder
        self.file = os.path.join(folder, "store.db")
        self.port = free_port()
        key = os.path.join(folder, "audit.key")
        with open(key, "w") as out:
            out.write("an audit key of some length\n")
        self.environment = dict(os.environ, CAUSEWAY_STORAGE__PATH=self.file, CAUSEWAY_HTTP__PORT=str(self.port),
                                CAUSEWAY_MLLP__PORT="0", CAUSEWAY_STORAGE__AUDIT_KEY_FILE=key, CAUSEWAY_LOG__LEVEL="warning")
        self.process = None

    def run(self, *arguments, **environment):
        done = subprocess.run([self.binary, *arguments], env=dict(self.environment, **environment), capture_output=True,
                              text=True, cwd=self.folder, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def start(self):
        self.process = subprocess.Popen([self.binary, "serve"], env=self.environment, cwd=self.folder)
        for _ in range(1000):
            try:
                if self.request("GET", "/health/ready")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.01)
        sys.exit("the gateway did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(30) == 0, "the gateway ends with 0")

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/fhir+json"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def patients(self):
        return json.loads(self.request("GET", "/fhir/Patient?_summary=count")[1])["total"]


def configuration_page(store, page):
    """The reference page is what the program says of its settings."""
    code, table, _ = store.run("doctor", "--settings")
    with open(page) as text:
        check(code == 0 and table.strip() in text.read(), "docs/configuration.md holds what `doctor --settings` prints")


def session(store):
    code, out, _ = store.run("doctor")
    check(code == 0 and "does not exist yet" in out, "doctor before the first start finds nothing wrong")
    check(store.run("backup", "early.db")[0] == 3, "backup without a store fails")
    store.start()
    for i in range(30):
        status, _ = store.request("POST", "/fhir/Patient", {"resourceType": "Patient", "name": [{"family": f"Store{i}"}]})
        assert status == 201, status
    code, out, errors = store.run("backup", "copy.db")
    check(code == 0 and len(json.loads(out)["sha256"]) == 64, f"backup beside the running gateway {errors}")
    check(store.run("backup", "copy.db")[0] == 3, "backup does not write over a file")
    check(os.stat(os.path.join(store.folder, "copy.db")).st_mode & 0o077 == 0, "the backup is its owner's alone")
    code, out, _ = store.run("doctor", "--full")
    check(code == 0 and "served by a running gateway" in out and "all sound" in out, "doctor --full beside the gateway")
    code, _, errors = store.run("restore", "copy.db", "--replace")
    check(code == 3 and "another process" in errors, "restore refuses beside the gateway")
    for i in range(5):
        store.request("POST", "/fhir/Patient", {"resourceType": "Patient", "name": [{"family": f"Later{i}"}]})
    check(store.patients() == 35, "35 patients before the restore")
    store.stop()
    code, _, errors = store.run("restore", "copy.db")
    check(code == 3 and "exists" in errors, "restore does not write over a store")
    check(store.run("restore", "copy.db", "--replace")[0] == 0, "restore --replace")
    store.start()
    check(store.patients() == 30, "30 patients after the restore")
    store.stop()
    check(any(".before-restore-" in name for name in os.listdir(store.folder)), "what stood there was kept")
    check(store.run("doctor", "--rebuild-index", "--full")[0] == 0, "doctor --rebuild-index --full")


def tampering(store):
    code, out, _ = store.run("audit", "verify", "copy.db")
    rows = json.loads(out)["rows"]
    check(code == 0 and rows >= 30 and json.loads(out)["keyed"], f"audit verify: {rows} rows sound")
    key = dict(CAUSEWAY_STORAGE__AUDIT_KEY_FILE="")
    check(store.run("audit", "verify", "copy.db", **key)[0] == 1, "another key does not verify")
    for what, statement in {"changed": "UPDATE audit SET event = CAST(event AS TEXT) || ' ' WHERE seq = 7",
                            "moved in time": "UPDATE audit SET at_us = at_us + 1 WHERE seq = 3",
                            "removed": "DELETE FROM audit WHERE seq = 12"}.items():
        with open(os.path.join(store.folder, "copy.db"), "rb") as source, open(os.path.join(store.folder, "bad.db"), "wb") as target:
            target.write(source.read())
        database = sqlite3.connect(os.path.join(store.folder, "bad.db"))
        with database:
            database.execute(statement)
        database.close()
        check(store.run("audit", "verify", "bad.db")[0] == 1, f"a row {what} is found")
    check(store.run("restore", "bad.db", CAUSEWAY_STORAGE__PATH=os.path.join(store.folder, "new.db"))[0] == 1,
          "a backup that does not pass is not restored")
    check(not os.path.exists(os.path.join(store.folder, "new.db")), "and nothing is left of it")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="store-commands-") as folder:
        store = Store(options.causeway, folder)
        configuration_page(store, os.path.join(os.path.dirname(__file__), "../../docs/configuration.md"))
        session(store)
        tampering(store)
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
