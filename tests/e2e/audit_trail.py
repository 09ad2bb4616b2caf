#!/usr/bin/env python3
"""The audit trail from outside: what a day leaves in it, anchors, verification against them, a cut end, retention.

    audit_trail.py --causeway build/dev/causeway

Without the openssl program it says so and ends with 77.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import ssl
import tempfile
import threading
import time
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent.parent / "examples" / "clinic"))
from throwaway_ca import Authority  # noqa: E402
from tokens import check, checks, free_port, openssl  # noqa: E402

ADT = ("MSH|^~\\&|WARD|HOSP|CAUSEWAY|CAUSEWAY|20260101080000||ADT^A01^ADT_A01|TRAIL1|P|2.5.1\r"
       "EVN|A01|20260101080000\rPID|1||TRAIL-1^^^HOSP^MR||Trail^Adam||19700101|M\rPV1|1|I|W^1^1\r")


class Gateway:
    def __init__(self, binary, folder, config):
        self.binary, self.folder, self.config = binary, folder, config
        self.port, self.mllp = free_port(), free_port()

    def __enter__(self):
        environment = dict(os.environ, CAUSEWAY_HTTP__PORT=str(self.port), CAUSEWAY_MLLP__PORT=str(self.mllp))
        self.process = subprocess.Popen([self.binary, "serve", "--config", self.config], env=environment, stderr=subprocess.DEVNULL)
        for _ in range(1000):
            try:
                if self.request("GET", "/health/ready")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.01)
        sys.exit("the gateway did not start")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(30) == 0, "the gateway ends with 0")

    def request(self, method, path, body=None, kind="application/fhir+json"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, {"Content-Type": kind} if body else {})
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data[:1] in (b"{", b"[") else data

    def events(self, query=""):
        time.sleep(0.1)
        found, target = [], "/fhir/AuditEvent?_count=100" + query
        while target:
            _, bundle = self.request("GET", target)
            found += [entry["resource"] for entry in bundle.get("entry", [])]
            links = {link["relation"]: link["url"] for link in bundle["link"]}
            target = "/fhir" + links["next"].split("/fhir", 1)[1] if "next" in links else None
        return found

    def mllp_message(self, text):
        with socket.create_connection(("127.0.0.1", self.mllp), timeout=10) as connection:
            connection.sendall(b"\x0b" + text.encode() + b"\x1c\r")
            data = b""
            while not data.endswith(b"\x1c\r"):
                data += connection.recv(4096)
        return data.decode()


def verify(binary, config, *more):
    done = subprocess.run([binary, "audit", "verify", "--config", config, *more], capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}, done.stderr


class Repository:
    """An audit repository that keeps what it gets: syslog over TLS, with the count of octets before each message."""

    def __init__(self, folder):
        authority = Authority(os.path.join(folder, "ca"))
        self.ca, self.messages, self.connections = authority.ca, [], 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, authority.issue("repository")))
        self.socket = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                continue
            self.connections += 1
            data = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                data += piece
                while b" " in data[:12]:
                    size = int(data.split(b" ", 1)[0])
                    start = data.index(b" ") + 1
                    if len(data) < start + size:
                        break
                    self.messages.append(data[start:start + size].decode())
                    data = data[start + size:]
                if len(self.messages) == 3 and self.connections == 1:
                    break  # it goes away in the middle
            connection.close()


def play(binary, folder):
    repository = Repository(folder)
    config, store = os.path.join(folder, "causeway.toml"), os.path.join(folder, "store.db")
    pathlib.Path(folder, "audit.key").write_text("a key for the audit chain\n")
    openssl("genpkey", "-algorithm", "ed25519", "-out", os.path.join(folder, "anchor.pem"))
    openssl("pkey", "-in", os.path.join(folder, "anchor.pem"), "-pubout", "-out", os.path.join(folder, "anchor.pub"))
    pathlib.Path(config).write_text(
        f'[storage]\npath = "{store}"\naudit_key_file = "{folder}/audit.key"\n[audit]\nanchor_key_file = "{folder}/anchor.pem"\n'
        f'anchor_file = "{folder}/anchors"\nanchor_rows = 5\nsyslog = "localhost:{repository.port}"\nsyslog_ca = "{repository.ca}"\n[log]\nlevel = "error"\n')
    with Gateway(binary, folder, config) as gateway:
        check("|AA|" in gateway.mllp_message(ADT), "a message over MLLP")
        patient = gateway.request("GET", "/fhir/Patient?identifier=TRAIL-1")[1]["entry"][0]["resource"]["id"]
        gateway.request("GET", f"/fhir/Patient/{patient}/$everything")
        gateway.request("GET", "/admin/messages/1")
        trace = subprocess.run([binary, "trace", "1", "--config", config], capture_output=True, text=True,
                               env=dict(os.environ, CAUSEWAY_HTTP__PORT=str(gateway.port)))
        check(trace.returncode == 0, "the command line asks for the message")
        events = gateway.events("&_sort=date")
        kinds = [(event["type"]["code"], event["action"]) for event in events]
        check(("110107", "C") in kinds, "the message is an import")
        created = [event for event in events if event["action"] == "C" and event["type"]["code"] == "rest"]
        check(any(any(e.get("what", {}).get("reference") == f"Patient/{patient}" for e in event["entity"]) for event in created),
              "what it wrote is about its patient, in the name of its sender")
        searches = [event for event in events if any(s["code"] == "search-type" for s in event.get("subtype", []))]
        check(any(e.get("what", {}).get("reference") == f"Patient/{patient}" for e in searches[0]["entity"]),
              "a search is about the patient it found")
        admin = [event for event in events if event["type"]["code"] == "110100"]
        check(len(admin) == 2 and all(event["agent"][-1]["requestor"] for event in admin),
              "a look at the message's content, over HTTP and by the command line")
        about = gateway.events(f"&patient={patient}")
        check(2 <= len(about) < len(events) and gateway.events("&patient=nobody") == [], "the patient's own trail")
        for _ in range(20):
            gateway.request("GET", f"/fhir/Patient/{patient}")
        deadline = time.monotonic() + 10
        backup = subprocess.run([binary, "backup", os.path.join(folder, "running.db"), "--config", config], capture_output=True, text=True,
                                env=dict(os.environ, CAUSEWAY_HTTP__PORT=str(gateway.port)))
        check(backup.returncode == 0 and backup.stderr == "", "a backup beside the running gateway")
        check(len(gateway.events("&subtype=backup")) == 1, "is in the trail")
        check(gateway.request("POST", "/admin/audit?operation=anything&user=x")[0] == 400, "which takes no other notes")
        anchors = pathlib.Path(folder, "anchors")
        while time.monotonic() < deadline and not anchors.exists():
            time.sleep(0.1)
        check(anchors.exists(), "anchors are written")
    texts = [message.split("\ufeff", 1) for message in repository.messages]
    check(len(texts) > 20 and all(head.startswith("<85>1 20") and "IHE+RFC-3881" in head for head, _ in texts), f"{len(texts)} syslog messages")
    roots = [xml.etree.ElementTree.fromstring(text) for _, text in texts]
    check({"110107", "rest", "110100"} <= {root.find("EventIdentification/EventID").get("csd-code") for root in roots}
          and all(len(root.findall("ActiveParticipant")) >= 2 for root in roots), "each an audit message of DICOM")
    check(any(each.get("ParticipantObjectID") == f"Patient/{patient}" for root in roots for each in root.findall("ParticipantObjectIdentification")),
          "about whom it is")
    code, said, _ = verify(binary, config)
    check(code == 0 and said["faults"] == 0 and said["keyed"] and said["anchors"] >= 1, f"the chain fits, and so do {said.get('anchors')} anchors")
    code, said, _ = verify(binary, config, "--anchor-key", os.path.join(folder, "anchor.pub"))
    check(code == 0, "the public key is enough to check")
    lines = pathlib.Path(folder, "anchors").read_text().splitlines()
    forged = pathlib.Path(folder, "forged")
    forged.write_text("\n".join(lines).replace('"sequence":', '"sequence":1') + "\n")
    check(verify(binary, config, "--anchors", str(forged))[0] == 1, "a changed anchor is no anchor")
    copy = os.path.join(folder, "cut.db")
    shutil.copy(store, copy)
    with sqlite3.connect(copy) as connection:
        last = connection.execute("SELECT MAX(seq) FROM audit").fetchone()[0]
        connection.execute("DELETE FROM audit WHERE seq > ?", (last - 3,))
    code, _, complaint = verify(binary, config, copy)
    check(code == 1 and "cut off" in complaint, "a cut end is found against the anchors")
    bare = os.path.join(folder, "bare.toml")
    pathlib.Path(bare).write_text(f'[storage]\naudit_key_file = "{folder}/audit.key"\n')
    check(verify(binary, bare, copy)[0] == 0, "and not without them: the guide says so")
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE audit SET event = replace(event, 'read', 'vrea') WHERE seq = ?", (last - 10,))
    check(verify(binary, config, copy)[0] == 1, "a changed row is found")
    backup = os.path.join(folder, "backup.db")
    done = subprocess.run([binary, "backup", backup, "--config", config], capture_output=True, text=True)
    check(done.returncode == 0 and verify(binary, config, backup)[0] == 0, "a backup's chain fits the same anchors")
    code, said, _ = verify(binary, config)
    check(code == 0, "the backup of a store that nobody has open wrote its own row, and the chain still fits")
    purged = subprocess.run([binary, "audit", "purge", "--older-than-days", "1", "--config", config], capture_output=True, text=True)
    check(purged.returncode == 0 and json.loads(purged.stdout)["rows"] == 0, "a purge takes only what is old enough")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    options = arguments.parse_args()
    if not shutil.which("openssl"):
        print("skipped: the openssl program is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        play(os.path.abspath(options.causeway), folder)
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
