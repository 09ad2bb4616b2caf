#!/usr/bin/env python3
"""The clinic's day: five systems, one gateway, real sockets.

    day.py --causeway build/release/causeway [--once] [--free-ports] [--tls] [--quiet]

Starts the gateway on causeway.toml beside this file and plays a day against it: registrations, duplicates, a merge, an
order to the laboratory and its results, a laboratory that is down, a gateway that is killed, a prescription, a referral, a
vaccination, an exchange that listens and asks, a decision support service, questions to the registry and the exchange, and a
queue that drains. Each step says what went in, what came out, and what was checked. Then
the gateway goes on serving until Ctrl-C; with --once the day ends with exit code 0 if every check held, else 1.
--free-ports and a folder of its own let the tests run it anywhere.
--tls makes a throw-away certificate authority and plays the same day over HTTPS and MLLP with certificates on both sides.
"""
import argparse
import glob
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from partners import Partners
from services import Services
from throwaway_ca import Authority
from wire import Mllp, fields, message

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# The partners that `causeway listen` plays, with the ports of causeway.toml. Each has a script of its name, if it needs one.
# The advisor is played by services.py.
STAND_INS = {"lab": 2576, "pharmacy": 2577, "cardiology": 2578, "registry": 2579, "hie": 2580, "advisor": 2581}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Fhir:
    def __init__(self, port, tls=None):
        self.port = port
        self.tls = tls

    def connect(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def request(self, method, path, body=None, headers=None):
        connection = self.connect()
        all_headers = {"Accept": "application/fhir+json"}
        if body is not None:
            all_headers["Content-Type"] = "application/fhir+json"
        all_headers.update(headers or {})
        target = path if path.startswith("/") else "/fhir/" + path
        connection.request(method, target, json.dumps(body) if body is not None else None, all_headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        try:
            document = json.loads(data) if data else None
        except ValueError:
            document = None
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), document

    def search(self, query):
        status, _, bundle = self.request("GET", query)
        if status != 200:
            raise RuntimeError(f"GET {query} answered {status}: {json.dumps(bundle)[:400]}")
        entries = bundle.get("entry", [])
        return [e["resource"] for e in entries if e.get("search", {}).get("mode") == "match"], \
               [e["resource"] for e in entries if e.get("search", {}).get("mode") == "include"]


class Day(Partners, Services):
    def __init__(self, options):
        self.options = options
        self.failed = 0
        self.checked = 0
        self.gateway = None
        self.stand_ins = {}
        self.folder = pathlib.Path(options.folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.http_port, self.mllp_port = (free_port(), free_port()) if options.free_ports else (8080, 2575)
        self.ports = {name: free_port() if options.free_ports else port for name, port in STAND_INS.items()}
        self.tls = Authority(self.folder / "tls") if options.tls else None
        desk = self.tls.client("front-desk") if self.tls else None
        self.desk = desk
        self.fhir = Fhir(self.http_port, desk)
        self.binary = os.path.abspath(options.causeway)

    # ---- telling

    def say(self, text=""):
        if not self.options.quiet:
            print(text, flush=True)

    def step(self, title):
        self.say(f"\n\033[1m{title}\033[0m")

    def check(self, holds, text):
        self.checked += 1
        if holds:
            self.say(f"   ok      {text}")
        else:
            self.failed += 1
            print(f"   FAILED  {text}", flush=True)
        return holds

    # ---- machines

    def configuration(self):
        text = (HERE / "causeway.toml").read_text(encoding="utf-8")
        ports = {8080: self.http_port, 2575: self.mllp_port, **{STAND_INS[name]: port for name, port in self.ports.items()}}
        text = re.sub(r"port = (\d+)", lambda found: f"port = {ports[int(found.group(1))]}", text)
        text = text.replace("127.0.0.1:2581/", f"127.0.0.1:{self.ports['advisor']}/")
        text = text.replace('"var/causeway.db"', json.dumps(str(self.folder / "causeway.db")))
        if self.tls:
            text = self.with_tls(text)
        path = self.folder / "causeway.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def with_tls(self, text):
        """The gateway and the laboratory get certificates; only the front desk may bring messages."""
        certificate, key = map(str, self.tls.issue("gateway"))
        ca = str(self.tls.ca)
        own = f"tls_certificate = {json.dumps(certificate)}\ntls_key = {json.dumps(key)}\ntls_client_ca = {json.dumps(ca)}\n"
        text = text.replace("[http]\n", "[http]\n" + own + 'tls_clients = "optional"\n')
        text = text.replace("[mllp]\n", "[mllp]\n" + own + 'tls_clients = "required"\n')
        to_lab = f', tls = true, tls_ca = {json.dumps(ca)}, tls_certificate = {json.dumps(certificate)}, tls_key = {json.dumps(key)} }}'
        return re.sub(r"(mllp = \{ host = \"127.0.0.1\", port = \d+) \}", lambda found: found.group(1) + to_lab, text)

    def start_gateway(self, fresh):
        if fresh:
            for old in glob.glob(str(self.folder / "causeway.db*")):
                os.remove(old)
        config = self.configuration() if self.options.free_ports or self.tls else HERE / "causeway.toml"
        started = time.monotonic()
        self.log = open(self.folder / "gateway.log", "ab")
        self.gateway = subprocess.Popen([self.binary, "serve", "--config", str(config)], stderr=self.log, cwd=ROOT)
        while time.monotonic() - started < 60:
            try:
                if self.fhir.request("GET", "/health/ready")[0] == 200:
                    self.say(f"   gateway  ready after {1000 * (time.monotonic() - started):.0f} ms, log in {self.folder / 'gateway.log'}")
                    return
            except OSError:
                pass
            if self.gateway.poll() is not None:
                break
            time.sleep(0.02)
        print(open(self.folder / "gateway.log", errors="replace").read()[-3000:])
        sys.exit("the gateway did not become ready")

    def start_partner(self, name):
        inbox = self.folder / "received" / name
        inbox.mkdir(parents=True, exist_ok=True)
        script = HERE / f"{name}.script"
        options = ["--script", str(script)] if script.exists() else []
        if self.tls:
            certificate, key = map(str, self.tls.issue(name))
            options += ["--tls-certificate", certificate, "--tls-key", key, "--tls-client-ca", str(self.tls.ca),
                        "--tls-client-pin", "subject:CN=gateway,O=Throw-away"]
        self.stand_ins[name] = subprocess.Popen(
            [self.binary, "listen", "--port", str(self.ports[name]), "--out", str(inbox), *options],
            stdout=subprocess.DEVNULL, stderr=open(self.folder / f"{name}.log", "ab"))
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.ports[name]), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"the stand-in {name} did not start")

    def stop_partner(self, name):
        process = self.stand_ins.pop(name)
        process.terminate()
        process.wait(10)

    def received(self, name):
        found = []
        for path in sorted((self.folder / "received" / name).rglob("*.hl7"), key=lambda p: (p.stat().st_mtime_ns, p.name)):
            found.append(path.read_bytes().decode("utf-8", "replace"))
        return found

    def wait_for(self, what, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = what()
            if value:
                return value
            time.sleep(0.05)
        return what()

    # ---- messages

    def send(self, name):
        """Over a connection of its own, told on one line: what went in, what came back."""
        data = message(name)
        text = data.decode("latin-1")
        msh = fields(text, "MSH")
        # enhanced mode (MSH-15 is AL): the accept acknowledgement CA; original mode: AA
        expect = "CA" if len(msh) > 15 and msh[15] == "AL" else "AA"
        connection = Mllp(self.mllp_port, self.desk)
        try:
            answer = connection.send(data)
        finally:
            connection.close()
        msa = fields(answer, "MSA")
        code = msa[1] if len(msa) > 1 else "none"
        self.say(f"   in       {msh[9].replace(text[4], '^'):<17} {msh[3]:<11} v{msh[12]:<6} {len(data):>5} bytes   out  {code} for {msa[2] if len(msa) > 2 else '?'}")
        self.check(code == expect and msa[2] == msh[10], f"{name} is acknowledged with {expect}")
        return answer

    def patient(self, value):
        found, _ = self.fhir.search("Patient?identifier=" + urllib.parse.quote(value))
        return found[0] if len(found) == 1 else None

    def decisions(self, patient_id):
        """What the patient index thinks of one record: its person, and why."""
        status, _, document = self.fhir.request("GET", f"/admin/patients/{patient_id}")
        if status != 200:
            raise RuntimeError(f"GET /admin/patients/{patient_id} answered {status}")
        return document

    # ---- the day

    def registrations(self):
        self.step("08:05  The front desk registers three patients (HL7 v2.3) and corrects one")
        for name in ("01_desk_A04_nunez.hl7", "02_desk_A04_whitfield.hl7", "03_desk_A04_bergstrom.hl7", "04_desk_A08_bergstrom.hl7"):
            self.send(name)
        bergstrom = self.patient("10233")
        self.check(bergstrom is not None and bergstrom["meta"]["versionId"] == "2",
                   "the A08 made version 2 of the same Patient")
        phones = [t.get("value", "") for t in (bergstrom or {}).get("telecom", [])]
        self.check(any("0170" in p for p in phones) and not any("0107" in p for p in phones), "the corrected phone number took the old one's place")

        self.step("10:15  The hospital knows them too: other spelling, married name, day and month swapped (v2.5.1, ISO 8859-1)")
        for name in ("05_hospital_A04_nunez.hl7", "06_hospital_A31_osborne.hl7", "07_hospital_A04_bergstrom.hl7", "08_hospital_A04_nunes.hl7"):
            self.send(name)
        nunez = self.patient("H-20041")
        family = [n.get("family") for n in (nunez or {}).get("name", [])]
        self.check("Núñez Ortega" in family, "Latin-1 letters arrived as UTF-8: Núñez Ortega")

        self.step("11:30  Urgent care registers twins (v2.3, its own delimiters)")
        for name in ("09_urgent_A04_twin_ella.hl7", "10_urgent_A04_twin_emma.hl7"):
            self.send(name)

    def identities(self):
        self.step("12:00  What the patient index made of nine records")
        people = {}
        for label, value in (("front desk 10231", "10231"), ("hospital H-20041", "H-20041"), ("hospital H-20077", "H-20077"),
                             ("front desk 10232", "10232"), ("hospital H-20055", "H-20055"),
                             ("front desk 10233", "10233"), ("hospital H-20061", "H-20061"),
                             ("urgent care U900", "U900"), ("urgent care U901", "U901")):
            found = self.patient(value)
            if not self.check(found is not None, f"{label} is one Patient"):
                continue
            view = self.decisions(found["id"])
            people[value] = view
            last = view["decisions"][-1] if view["decisions"] else {}
            why = f"{last.get('rule', '')}; {last.get('evidence', '')}" if last.get("evidence") else last.get("rule", "")
            self.say(f"   index    {label:<17} person {view['person']}: {last.get('what', '?')}{', ' + why if why else ''}")
            for review in view["reviews"]:
                self.say(f"            {'':<17} in review: {review.get('rule', '')}; {review.get('evidence', '')}")
        if len(people) < 9:
            return

        def joined(a, b):
            return people[a]["person"] == people[b]["person"]

        def linked_or_flagged(a, b):
            pair = {people[a]["person"], people[b]["person"]}
            return joined(a, b) or any({each["person"], each["otherPerson"]} == pair for view in (people[a], people[b]) for each in view["reviews"])

        self.check(linked_or_flagged("10231", "H-20041"), "accents and spelling: 10231 and H-20041 are linked or in review")
        self.check(linked_or_flagged("10232", "H-20055"), "married name: 10232 and H-20055 are linked or in review")
        self.check(linked_or_flagged("10233", "H-20061"), "day and month swapped: 10233 and H-20061 are linked or in review")
        self.check(not joined("U900", "U901"), "the twins Ella and Emma stay two persons")

        self.step("14:02  The exchange merges the hospital's two records of one patient (ADT^A40, v2.8)")
        self.send("11_hie_A40_nunez.hl7")
        old = self.patient("H-20077")
        self.check(old is not None and old.get("active") is False and
                   any(l.get("type") == "replaced-by" for l in old.get("link", [])),
                   "H-20077 is inactive and points to the record that replaced it")
        survivor = self.patient("H-20041")
        view_old, view_new = self.decisions(old["id"]), self.decisions(survivor["id"])
        self.check(view_old["person"] == view_new["person"], "both are one person now")

        status, _, bundle = self.fhir.request("POST", "Patient/$match", {
            "resourceType": "Parameters", "parameter": [
                {"name": "resource", "resource": {"resourceType": "Patient", "name": [{"family": "Nunez Ortega", "given": ["Maria Jose"]}],
                                                  "birthDate": "1984-03-12", "telecom": [{"system": "phone", "value": "(217) 544-0148"}],
                                                  "address": [{"line": ["48 Alder Ct"], "postalCode": "62704"}]}},
                {"name": "count", "valueInteger": 3}]})
        grades = [ext["valueCode"] for e in (bundle or {}).get("entry", []) for ext in e["search"].get("extension", [])
                  if ext["url"].endswith("match-grade")]
        self.say(f"   $match   {len((bundle or {}).get('entry', []))} candidates, grades {grades}")
        self.check(status == 200 and grades and grades[0] in ("certain", "probable"), "Patient/$match finds her with a grade")

    def order(self, number, patient):
        status, headers, created = self.fhir.request("POST", "ServiceRequest", {
            "resourceType": "ServiceRequest", "status": "active", "intent": "order", "priority": "routine",
            "identifier": [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]},
                            "system": "urn:causeway:authority:NORTHGATE_EMR", "value": number}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "24331-1", "display": "Lipid 1996 panel - Serum or Plasma"}],
                     "text": "Lipid panel"},
            "subject": {"reference": f"Patient/{patient}"}, "authoredOn": "2026-03-02T14:50:00-06:00",
            "occurrenceDateTime": "2026-03-02T15:00:00-06:00",
            "requester": {"reference": "Practitioner/" + self.practitioner},
            "note": [{"text": "Fasting since midnight | call if > 300"}]}, {"Prefer": "return=representation"})
        return status, (created or {}).get("id")

    def laboratory(self):
        self.step("14:50  The EMR orders a lipid panel: FHIR in, OML^O21 out to the laboratory")
        self.start_partner("lab")
        status, _, doctor = self.fhir.request("PUT", "Practitioner/northgate-halvorsen", {
            "resourceType": "Practitioner", "id": "northgate-halvorsen",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1740283947"}],
            "name": [{"family": "Halvorsen", "given": ["Ingrid"], "prefix": ["Dr"]}]})
        self.check(status in (200, 201), "the EMR keeps its Practitioner here")
        self.practitioner = "northgate-halvorsen"
        self.nunez = self.patient("10231")["id"]
        status, self.order_id = self.order("EMR-77001", self.nunez)
        self.check(status == 201, "ServiceRequest created: 201")
        received = self.wait_for(lambda: self.received("lab"))
        if not self.check(bool(received), "the laboratory received a message"):
            return
        oml = received[0]
        msh, pid, orc, obr = (fields(oml, s) for s in ("MSH", "PID", "ORC", "OBR"))
        for line in oml.replace("\n", "\r").split("\r"):
            if line:
                self.say("   out      " + line[:150])
        self.check(msh[9].startswith("OML^O21"), "it is an OML^O21")
        self.check(orc[1] == "NW" and orc[2].startswith("EMR-77001"), "ORC-1 is NW, ORC-2 the placer's number")
        self.check(obr[4].startswith("24331-1^"), "OBR-4 is the LOINC code of the order")
        self.check("10231" in pid[3], "PID-3 has the front desk's number")
        self.check(r"\F\ call" in oml, "the bar in the note was escaped")

        self.step("15:45  Results: preliminary, final, and the next morning a correction (ORU^R01, $ and * as delimiters)")
        self.send("12_lab_ORU_preliminary.hl7")
        reports, _ = self.fhir.search(f"DiagnosticReport?patient={self.nunez}")
        self.check(len(reports) == 1 and reports[0]["status"] == "preliminary", "one DiagnosticReport, preliminary")
        self.send("13_lab_ORU_final.hl7")
        reports, included = self.fhir.search(f"DiagnosticReport?patient={self.nunez}&_include=DiagnosticReport:result")
        if not self.check(len(reports) == 1 and reports[0]["status"] == "final", "the same DiagnosticReport, final"):
            return
        report = reports[0]
        self.say(f"   EMR      GET DiagnosticReport?patient=…&_include=DiagnosticReport:result: 1 report, {len(included)} observations")
        self.check(report.get("subject", {}).get("reference") == f"Patient/{self.nunez}", "it is the right patient's")
        self.check([r.get("reference") for r in report.get("basedOn", [])] == [f"ServiceRequest/{self.order_id}"], "it is based on the EMR's order")
        self.check(len(included) >= 5, "numeric, structured numeric, coded, and text results came along")
        kinds = sorted({key for o in included for key in o if key.startswith("value")})
        self.check(set(kinds) >= {"valueCodeableConcept", "valueQuantity", "valueString"}, f"each as its FHIR type: {', '.join(kinds)}")
        esr = [o for o in included if any(c.get("code") == "30341-2" for c in o["code"].get("coding", []))]
        self.check(bool(esr) and esr[0].get("valueQuantity", {}).get("comparator") == "<", "SN |<^5| became a Quantity with comparator")
        text = [o for o in included if any(c.get("code") == "8251-1" for c in o["code"].get("coding", []))]
        self.check(bool(text) and all(c in text[0].get("valueString", "") for c in "\n@|"),
                   "escapes in text became a line break, an at sign (the lab's subcomponent separator) and a bar")
        pdf = json.dumps(report) + "".join(json.dumps(o) for o in included)
        documents, _ = self.fhir.search(f"DocumentReference?patient={self.nunez}")
        self.check("application/pdf" in pdf or any("application/pdf" in json.dumps(d) for d in documents), "the PDF is there as an attachment")
        self.check(bool(report.get("specimen")), "the specimen is linked")
        self.check(self.fhir.search("Practitioner?identifier=1093817465")[0] != [], "the pathologist became a Practitioner")
        self.check(self.fhir.search("Organization?name=CAPITOL")[0] != [], "the laboratory became an Organization")
        found, _ = self.fhir.search(f"Observation?patient={self.nunez}&code=http://loinc.org|2093-3&date=ge2026-03-01")
        self.check(len(found) == 1 and found[0]["valueQuantity"]["value"] == 182, "Observation?patient&code&date=ge finds the cholesterol: 182 mg/dL")
        raw = self.raw(f"Observation?patient={self.nunez}&code=http://loinc.org|2571-8")
        self.check(b'"value":150.0' in raw.replace(b" ", b""), "150.0 kept its digit")
        before = found[0]["meta"]["versionId"]
        self.send("13_lab_ORU_final.hl7")
        again, _ = self.fhir.search(f"Observation?patient={self.nunez}&code=http://loinc.org|2093-3")
        self.check(len(again) == 1 and again[0]["meta"]["versionId"] == before, "the message sent twice had no second effect")
        self.send("14_lab_ORU_corrected.hl7")
        after, _ = self.fhir.search(f"Observation?patient={self.nunez}&code=http://loinc.org|2093-3")
        self.check(len(after) == 1 and after[0]["id"] == found[0]["id"] and after[0]["status"] == "corrected" and after[0]["valueQuantity"]["value"] == 128,
                   "the correction is a new version of the same Observation: 128 mg/dL")
        status, _, old = self.fhir.request("GET", f"Observation/{found[0]['id']}/_history/{before}")
        self.check(status == 200 and old["valueQuantity"]["value"] == 182, "the old value is in its history")

    def raw(self, path):
        connection = self.fhir.connect()
        connection.request("GET", "/fhir/" + path)
        data = connection.getresponse().read()
        connection.close()
        return data

    def outage(self):
        self.step("16:30  The laboratory is down; orders wait; the gateway is killed in the middle (SIGKILL)")
        had = len(self.received("lab"))
        self.stop_partner("lab")
        acknowledged, registered = [], []
        stop = threading.Event()

        def orders():
            number = 77002
            while not stop.is_set() and number < 77060:
                try:
                    status, identity = self.order(f"EMR-{number}", self.nunez)
                except OSError:
                    return
                except http.client.HTTPException:
                    return
                if status == 201:
                    acknowledged.append((f"EMR-{number}", identity))
                number += 1

        def registrations():
            template = message("02_desk_A04_whitfield.hl7").decode()
            number = 0
            while not stop.is_set() and number < 500:
                number += 1
                text = template.replace("FD000102", f"FD9{number:05}").replace("10232", f"5{number:04}").replace("WHITFIELD", f"LOAD{number:04}")
                try:
                    connection = Mllp(self.mllp_port, self.desk)
                    answer = connection.send(text.encode())
                    connection.close()
                except OSError:
                    return
                if fields(answer, "MSA")[1] == "AA":
                    registered.append(f"5{number:04}")

        workers = [threading.Thread(target=orders), threading.Thread(target=registrations)]
        for worker in workers:
            worker.start()
        self.wait_for(lambda: len(acknowledged) >= 3 and len(registered) >= 3)
        self.gateway.send_signal(signal.SIGKILL)
        self.gateway.wait()
        stop.set()
        for worker in workers:
            worker.join()
        self.say(f"   killed   after {len(acknowledged)} orders (201) and {len(registered)} registrations (AA)")
        self.start_gateway(fresh=False)
        missing = [i for _, i in acknowledged if self.fhir.request("GET", f"ServiceRequest/{i}")[0] != 200]
        missing += [v for v in registered if self.patient(v) is None]
        self.check(not missing, f"nothing that was acknowledged is missing ({len(acknowledged) + len(registered)} looked up)")
        self.start_partner("lab")
        expected = [number for number, _ in acknowledged]
        self.wait_for(lambda: len(self.received("lab")) >= had + len(expected), 40)
        time.sleep(0.5)
        got = [fields(m, "ORC")[2].split("^")[0] for m in self.received("lab")[had:]]
        # an order that was stored but whose 201 the kill swallowed may follow the acknowledged ones
        extra = [n for n in got if n not in expected]
        self.check(got[:len(expected)] == expected and len(extra) <= 1 and len(set(got)) == len(got),
                   f"the laboratory got every waiting order once and in order: {', '.join(got[:3])} … {got[-1] if got else ''}")

    def evening(self):
        self.step("17:00  What the operators see")
        status, _, listing = self.fhir.request("GET", "/admin/messages?limit=5")
        self.check(status == 200, "GET /admin/messages lists what came and what it became")
        status, _, capability = self.fhir.request("GET", "metadata")
        self.check(status == 200 and capability["fhirVersion"] == "4.0.1", "GET /fhir/metadata tells what the server does")
        connection = self.fhir.connect()
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
        connection.close()
        self.say("   metrics  " + f"{len(metrics.splitlines())} lines")
        self.check("causeway_" in metrics, "GET /metrics counts it")
        log = (self.folder / "gateway.log").read_text(errors="replace")
        named = [word for word in ("NUNEZ", "Núñez", "WHITFIELD", "Osborne", "BERGSTROM", "FAIRCHILD", "19840312", "1984-03-12") if word in log]
        self.check(not named, "no patient's name or birth date is in the log")

    def play(self):
        self.say("Causeway, the clinic's day. FHIR on %s://127.0.0.1:%d/fhir, MLLP on 127.0.0.1:%d, store %s" % (
            "https" if self.tls else "http", self.http_port, self.mllp_port, self.folder / "causeway.db"))
        shutil.rmtree(self.folder / "received", ignore_errors=True)
        self.start_advisor()
        self.start_gateway(fresh=True)
        for part in (self.registrations, self.identities, self.laboratory, self.outage, self.evening, self.pharmacy,
                     self.advice, self.referral, self.registry, self.history, self.exchange, self.references, self.renewal,
                     self.draining):
            try:
                part()
            except (RuntimeError, OSError, KeyError, TypeError, IndexError, http.client.HTTPException) as error:
                self.check(False, f"{part.__name__}: {error!r}")

    def end(self):
        for name in list(self.stand_ins):
            self.stop_partner(name)
        if self.gateway and self.gateway.poll() is None:
            self.gateway.send_signal(signal.SIGTERM)
            try:
                code = self.gateway.wait(30)
            except subprocess.TimeoutExpired:
                self.gateway.kill()
                code = "killed after 30 s"
            self.check(code == 0, f"SIGTERM: drained and ended with exit code {code}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True, help="the program")
    arguments.add_argument("--once", action="store_true", help="end after the day")
    arguments.add_argument("--free-ports", action="store_true", help="not 8080, 2575 and 2576 but any")
    arguments.add_argument("--tls", action="store_true", help="HTTPS and MLLP over TLS, with certificates made for the run")
    arguments.add_argument("--quiet", action="store_true", help="print only what failed")
    arguments.add_argument("--folder", help="where the store and the logs go (default: ./var; with --free-ports a temporary one)")
    options = arguments.parse_args()
    temporary = None
    if not options.folder:
        if options.free_ports:
            temporary = tempfile.TemporaryDirectory(prefix="clinic-")
            options.folder = temporary.name
        else:
            options.folder = str(ROOT / "var")
    day = Day(options)
    try:
        day.play()
        if not options.once:
            day.say(f"\n{day.checked - day.failed} of {day.checked} checks held. The gateway goes on serving; Ctrl-C ends it.")
            try:
                day.gateway.wait()
            except KeyboardInterrupt:
                pass
    finally:
        day.end()
        if temporary:
            temporary.cleanup()
    print(f"{day.checked - day.failed} passed, {day.failed} failed")
    return 1 if day.failed else 0


if __name__ == "__main__":
    sys.exit(main())
