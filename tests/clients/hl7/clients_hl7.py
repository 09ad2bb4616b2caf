#!/usr/bin/env python3
"""Other people's HL7 v2 libraries on the wire, both ways, in plain text and, where they can, over TLS.

    clients_hl7.py --causeway build/dev/causeway

Installs the pinned npm packages beside this file into a folder of its own, lets each client send to a gateway, and lets
`causeway send` send to each server. Skips, with a line that says so and exit code 77, if node or npm is missing or the packages
cannot be had.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(ROOT / "examples" / "clinic"))
from throwaway_ca import Authority  # noqa: E402

COUNT = 25
SKIP = 77


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIP)


def install(folder):
    if not shutil.which("node") or not shutil.which("npm"):
        skip("node and npm are not installed")
    for name in ("package.json", "package-lock.json", "peer.js"):
        shutil.copy(HERE / name, folder)
    shutil.copy(ROOT / ".npmrc", folder)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        skip("npm could not install the packages: " + done.stderr.strip()[-300:])


class Gateway:
    def __init__(self, binary, folder, authority):
        self.http, self.port = free_port(), free_port()
        lines = [f'[http]\nport = {self.http}\n[mllp]\nport = {self.port}']
        if authority:
            certificate, key = authority.issue("gateway")
            lines.append(f'tls_certificate = "{certificate}"\ntls_key = "{key}"\ntls_client_ca = "{authority.ca}"\ntls_clients = "required"')
        lines.append(f'[storage]\npath = "{folder}/store{self.port}.db"\n')
        config = folder / f"gateway{self.port}.toml"
        config.write_text("\n".join(lines))
        self.log = open(folder / f"gateway{self.port}.log", "wb")
        self.process = subprocess.Popen([binary, "serve", "--config", str(config)], stderr=self.log)
        for _ in range(600):
            try:
                if urllib.request.urlopen(f"http://127.0.0.1:{self.http}/health/ready", timeout=5).status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        sys.exit("the gateway did not become ready: " + (folder / f"gateway{self.port}.log").read_text()[-2000:])

    def close(self):
        self.process.terminate()
        self.process.wait(30)


class Checks:
    failed = 0

    def check(self, holds, what, detail=""):
        print(("ok      " if holds else "FAILED  ") + what + ("" if holds else f": {detail}"), flush=True)
        self.failed += not holds


def client_sends(checks, folder, gateway, library, tls=()):
    done = subprocess.run(["node", "peer.js", "send", library, str(gateway.port), str(COUNT), *map(str, tls)], cwd=folder,
                          capture_output=True, text=True, timeout=120)
    answers = json.loads(done.stdout) if done.returncode == 0 else []
    good = len(answers) == COUNT and all(code == "AA" for code, _ in answers)
    matched = [identifier.rsplit("-", 1)[-1] for _, identifier in answers] == [str(i) for i in range(COUNT)]
    checks.check(good and matched, f"{library} sends to the gateway" + (" over TLS" if tls else ""), done.stderr[-300:] or answers[:3])


def server_receives(checks, folder, binary, library, files=(), options=()):
    port = free_port()
    peer = subprocess.Popen(["node", "peer.js", "serve", library, str(port), *map(str, files)], cwd=folder, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        peer.stdout.readline()
        message = folder / "one.hl7"
        message.write_text("MSH|^~\\&|CAUSEWAY|C|PEER|P|${now}||ADT^A04^ADT_A01|${control_id}|P|2.5.1\nEVN|A04|${now}\nPID|1||7^^^X^MR||Doe^Jane\nPV1|1|O\n")
        done = subprocess.run([binary, "send", "--to", f"localhost:{port}" if files else f"127.0.0.1:{port}", "--repeat", str(COUNT), "--timeout", "10", "--quiet",
                               *map(str, options), str(message)], capture_output=True, text=True, timeout=120)
        report = json.loads(done.stdout) if done.stdout else {}
        checks.check(report.get("positive") == COUNT, f"causeway sends to {library}" + (" over TLS" if files else ""),
                     done.stdout + done.stderr[-300:])
    finally:
        peer.stdin.close()
        peer.terminate()
        peer.wait(10)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--causeway", required=True)
    binary = os.path.abspath(arguments.parse_args().causeway)
    checks = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        install(folder)
        authority = Authority(folder / "tls")
        plain, secure = Gateway(binary, folder, None), Gateway(binary, folder, authority)
        try:
            for library in ("node-hl7-client", "simple-hl7", "medplum"):
                client_sends(checks, folder, plain, library)
            client_sends(checks, folder, secure, "node-hl7-client", (authority.ca, *authority.issue("peer")))
            for library in ("node-hl7-server", "simple-hl7", "medplum"):
                server_receives(checks, folder, binary, library)
            server_receives(checks, folder, binary, "node-hl7-server", authority.issue("peer-server"), ("--tls-ca", authority.ca))
        finally:
            plain.close()
            secure.close()
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
