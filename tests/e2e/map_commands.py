#!/usr/bin/env python3
"""The commands on maps: the tutorial's, as its page has them, and what an interface analyst does with them all day.

    map_commands.py --causeway build/dev/causeway
"""
import argparse
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

checks = []
here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))


def check(good, what, detail=""):
    checks.append(bool(good))
    print(("ok      " if good else "FAILED  ") + what + ("" if good else "\n" + detail), flush=True)


class Shell:
    def __init__(self, binary, folder):
        self.binary, self.folder, self.environment = os.path.abspath(binary), folder, {}

    def variables(self):
        return {name: value for name, value in os.environ.items() if not name.startswith("CAUSEWAY_")} | self.environment

    def run(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env=self.variables(), capture_output=True, cwd=self.folder, timeout=120)
        return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()


def tutorial(shell):
    """Every `$ causeway ..` of the page but preview, which wants a store; in a copy of the folders it names."""
    shutil.copytree(os.path.join(root, "examples", "maps"), os.path.join(shell.folder, "examples", "maps"))
    with open(os.path.join(root, "docs", "maps-tutorial.md")) as page:
        commands = [line.strip()[2:] for line in page if line.startswith("    $ causeway ")]
    ran = 0
    for command in commands:
        words = shlex.split(command)[1:]
        if words[:2] == ["maps", "preview"]:
            continue
        code, out, err = shell.run(*words)
        check(code == 0, "tutorial: " + command, out + err)
        ran += 1
        if "--trace" in words:
            check("ZLB[1]-1[1].1.1" in out.split("-- not read")[1], "tutorial: what is not read is listed", out[-500:])
        if "--partner" in words:
            codes = json.dumps(json.loads(out))
            check('"mmol/L"' in codes and "HABN" not in codes and "bench 4" in codes, "tutorial: the unit, the flag and the bench")
    check(ran >= 5, "tutorial: its commands were found")


def faults(shell):
    shell.write("bad/north.map", """module north
site north on base {
  setting timezone = "Europe/Olso"
  extend map PID_Patient : PID <-> Patient {
    PID-8 <-> gendre via AdministrativeSex
    PID-99 <-> birthDate
    PID-5[] <-> name[] as XPM
    ZPI-1 <-> extension:petNam
    drop PID-31
  }
  extend table AdministrativSex { X -> other }
  extend message ADT_A02 { after PIDD ZPI? keep }
}
map ZPI_Patient : ZPI <-> Patient {
  ZPI-2 <-> contact.name.famly
  ZPI-3 contact.name
}
""")
    code, out, err = shell.run("maps", "check", "--maps", "bad", "--quiet")
    said = [line.split(": ") for line in out.splitlines() if line.startswith("bad/north.map:")]
    places = [(int(words[0].split(":")[1]), words[1]) for words in said]
    check(code == 1 and places == sorted(places), "faults: all in one run, in the order of the file", out)
    for line, name in [(3, "E124"), (5, "E160"), (6, "E162"), (7, "E132"), (8, "E121"), (9, "W104"), (11, "E101"), (12, "E102"),
                       (15, "E160"), (16, "E031")]:
        check((line, name) in places, f"faults: {name} in line {line}", out)
    for near in ["gender", "AdministrativeSex", "PID?", "family"]:
        check("did you mean " + near in out, "faults: the nearest name, " + near, out)


def questions(shell):
    code, out, err = shell.run("maps", "explain", "PID-8")
    check(code == 0 and "AdministrativeSex" in out and "ADT_A01" in out, "explain: a field, its table and its messages")
    code, out, err = shell.run("maps", "explain", "Patient.identifer")
    check(code == 1 and "did you mean Patient.identifier?" in err, "explain: the nearest place", err)
    code, out, err = shell.run("maps", "explain", "--site", "acme_lab", "--diff", "base")
    check(code == 0 and "+ ZPI-3 <-> extension:petName" in out and "PID-10" in out, "explain: what a site does differently", out)
    code, out, err = shell.run("maps", "explain", "--site", "base")
    check(code == 0 and "map PID_Patient" in out, "explain: the library by name")


MESSAGE = ("MSH|^~\\&|A|B|C|D|20240305||ADT^A31^ADT_A05|1|P|2.5.1||||||8859/1\r"
           "EVN|A31|20240305120000\rPID|1||7^^^A^MR||M\xfcller^Ren\xe9||19700101|M\rZPI|1|Rex\rPV1|1|N\r").encode("latin-1")


def there_and_back(shell):
    shell.write("latin.hl7", MESSAGE)
    code, out, err = shell.run("convert", "latin.hl7")
    check(code == 0 and "Müller" in out, "convert: a message in Latin-1 is JSON in UTF-8", err)
    shell.write("latin.json", out)
    os.makedirs(os.path.join(shell.folder, "out"), exist_ok=True)
    code, _, err = shell.run("convert", "--onto", "latin.hl7", "--out", "out", "latin.json")
    check(code == 0 and shell.read("out/latin.hl7") == MESSAGE, "convert --onto: without an edit, byte for byte", err)
    bundle = json.loads(out)
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"]["birthDate"] = "1971-02-03"
    shell.write("latin.json", json.dumps(bundle))
    code, _, err = shell.run("convert", "--onto", "latin.hl7", "--out", "out", "latin.json")
    check(code == 0 and shell.read("out/latin.hl7") == MESSAGE.replace(b"19700101", b"19710203"),
          "convert --onto: an edit changes its field, in the message's own character set", err)
    check("PID[1]-7[1]" in err, "convert --onto: it says what it changed", err)
    code, out, err = shell.run("convert", "--provenance", "latin.hl7")
    check(code == 0 and "urn:causeway:lineage" in out, "convert --provenance")


def expectations(shell):
    shell.write("cases/one.hl7", MESSAGE.decode("latin-1").replace("8859/1", "UNICODE UTF-8"))
    code, out, err = shell.run("maps", "test", "cases")
    check(code == 1 and "--update makes it" in out, "test: without an expectation, it says how to make one", out)
    check(shell.run("maps", "test", "cases", "--update")[0] == 0 and shell.run("maps", "test", "cases")[0] == 0,
          "test: made, then met")
    shell.write("cases/one.json", shell.read("cases/one.json").replace(b'"male"', b'"female"'))
    shell.write("cases/one.back", shell.read("cases/one.back").replace(b"|19700101|M", b"|19700102|M") + b"NK1|1\n")
    code, out, err = shell.run("maps", "test", "cases")
    check(code == 1 and "Patient[1].gender\n    expected female\n    is       male" in out and "31_patient.map:" in out,
          "test: a difference by element, with the line that made it", out)
    check("PID-7 (segment 3)\n    expected 19700102\n    is       19700101" in out and "  - NK1|1" in out,
          "test: a difference by field, and a segment too few", out)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(http_port):
    for _ in range(1000):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/health/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.02)


def send(mllp_port, message):
    """The acknowledgement."""
    with socket.create_connection(("127.0.0.1", mllp_port), timeout=20) as line:
        line.sendall(b"\x0b" + message + b"\x1c\r")
        answer = b""
        while b"\x1c\r" not in answer:
            answer += line.recv(65536)
        return answer


def stored_messages(shell):
    """A message that came in: its lineage, asked both ways, and what other maps would have made of it."""
    http_port, mllp_port = free_port(), free_port()
    store = os.path.join(shell.folder, "store.db")
    shell.environment = {"CAUSEWAY_STORAGE__PATH": store, "CAUSEWAY_HTTP__PORT": str(http_port),
                         "CAUSEWAY_MLLP__PORT": str(mllp_port), "CAUSEWAY_LOG__LEVEL": "warning"}
    server = subprocess.Popen([shell.binary, "serve"], env=shell.variables(), cwd=shell.folder)
    try:
        wait_until_ready(http_port)
        answer = send(mllp_port, MESSAGE)
        check(b"MSA|AA" in answer, "gateway: the message is accepted", answer.decode("latin-1"))

        def ask(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/admin/messages{path}", timeout=20) as reply:
                return json.load(reply)

        number = ask("")["messages"][0]["id"]
        born = ask(f"/{number}/lineage?element=Patient.birthDate")["lineage"]
        check([(e["source"], e["offset"], e["length"]) for e in born] == [("PID[1]-7[1].1.1", MESSAGE.decode("latin-1").encode()
              .index(b"19700101"), 8)] and "31_patient.map" in born[0]["line"] and born[0]["resource"].startswith("Patient/"),
              "gateway: where an element came from", json.dumps(born))
        check(ask(f"/{number}/lineage?place=PID-7")["lineage"] == born, "gateway: what a field became")
        check("ZPI[1]-2[1].1.1" in ask(f"/{number}/lineage")["residue"], "gateway: what no line read")
        check(ask(f"/{number}/provenance")["entry"][0]["resource"]["resourceType"] == "Provenance", "gateway: as Provenance")
        code, out, err = shell.run("trace", str(number), "--lineage")
        check(code == 0 and json.loads(out)["lineage"], "trace --lineage", err)
    finally:
        server.terminate()
        server.wait(timeout=60)
    shell.write("candidate/candidate.map", """module candidate
use patient
extension pet = "urn:pet" : string
extend map PID_Patient : PID <-> Patient { ZPI-2 <-> extension:pet }
extend table AdministrativeSex { M -> other }
""")
    stored = {name: shell.read(name) for name in ("store.db", "store.db-wal") if os.path.exists(os.path.join(shell.folder, name))}
    code, out, err = shell.run("maps", "preview", "candidate", "--since", "1d")
    check(code == 0 and "Patient.gender changed: 1 times in 1 messages" in out and "1 messages read, 1 would change" in out,
          "preview: what candidate maps would change, by line", out + err)
    check(re.search(r"candidate\.map:4.*\n(  .*\n)*  .*Patient\.extension", out) is not None, "preview: grouped by the line that does it", out)
    check(all(shell.read(name) == content for name, content in stored.items()),
          "preview: nothing is written")


def changing_maps(shell):
    """Maps that change while the gateway runs: faulty ones change nothing, good ones are taken up without a restart."""
    http_port, mllp_port = free_port(), free_port()
    os.makedirs(os.path.join(shell.folder, "maps"))
    shell.environment = {"CAUSEWAY_STORAGE__PATH": os.path.join(shell.folder, "store.db"), "CAUSEWAY_HTTP__PORT": str(http_port),
                         "CAUSEWAY_MLLP__PORT": str(mllp_port), "CAUSEWAY_EXCHANGE__MAPS": os.path.join(shell.folder, "maps")}
    log = os.path.join(shell.folder, "gateway.log")

    def wait_for(event, times):
        for _ in range(500):
            with open(log, encoding="utf-8") as text:
                if text.read().count(event) >= times:
                    return True
            time.sleep(0.02)
        return False

    def lineage_of_pet(number):
        """What ZPI-2 of the message with this control id became."""
        answer = send(mllp_port, MESSAGE.replace(b"|1|P|", b"|1-%d|P|" % number))
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/admin/messages", timeout=20) as reply:
            newest = json.load(reply)["messages"][0]["id"]
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/admin/messages/{newest}/lineage?place=ZPI-2", timeout=20) as reply:
            return b"MSA|AA" in answer, json.load(reply)["lineage"]

    with open(log, "wb") as output:
        server = subprocess.Popen([shell.binary, "serve"], env=shell.variables(), cwd=shell.folder, stdout=output, stderr=output)
    try:
        wait_until_ready(http_port)
        check(lineage_of_pet(1) == (True, []), "reload: before, nothing reads ZPI-2")
        shell.write("maps/live.map", "module live\nuse patient\nextend map PID_Patient : PID <-> Patient { ZPI-2 <-> extension:pet }\n")
        check(wait_for("maps.kept", 1), "reload: faulty maps are refused, and the log says so")
        check(lineage_of_pet(2) == (True, []), "reload: the old maps stay in force")
        shell.write("maps/live.map", "module live\nuse patient\nextension pet = \"urn:pet\" : string\n"
                    "extend map PID_Patient : PID <-> Patient { ZPI-2 <-> extension:pet }\n")
        check(wait_for("maps.reloaded", 1), "reload: good maps are taken up")
        accepted, lineage = lineage_of_pet(3)
        check(accepted and len(lineage) == 1 and "live.map:4" in lineage[0]["line"], "reload: the next message goes by them",
              json.dumps(lineage))
        server.send_signal(signal.SIGHUP)
        check(wait_for("maps.reloaded", 2), "reload: SIGHUP reads them again")
    finally:
        server.terminate()
        check(server.wait(timeout=60) == 0, "reload: the gateway ends well")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--causeway", required=True)
    binary = parser.parse_args().causeway
    for part in (tutorial, faults, questions, there_and_back, expectations, stored_messages, changing_maps):
        with tempfile.TemporaryDirectory() as folder:
            part(Shell(binary, folder))
    print(f"{sum(checks)} of {len(checks)} good")
    sys.exit(0 if all(checks) else 1)


main()
