#!/usr/bin/env python3
"""What partners do beside taking messages, on real sockets.

    partner_services.py --causeway build/dev/causeway

A decision support service (CDS Hooks) whose cards come to the order's Task, away first and then there; a FHIR server that wants
a token for a client secret; a document recipient (MHD ITI-65); reports to public health by a list of codes and a profile; another
patient index and an immunization registry that are asked; a queue that drains; lanes that go side by side; partner check over
TLS with certificates on both sides; route explain for a resource.
"""
import base64
import hashlib
import http.server
import json
import pathlib
import subprocess
import sys
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent.parent / "examples" / "clinic"))

from partners import Gateway, adt, ask, check, free_port, main, wait_for
from throwaway_ca import Authority

SECRET = "s3cret-of-the-client"
PLACER = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]}


class Services(http.server.BaseHTTPRequestHandler):
    """A decision support service at /cds, a FHIR server at /fhir behind a token endpoint at /token."""
    cards, transactions, tokens = [], [], []
    away = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/cds":
            if Services.away:
                return self.answer(503, {})
            self.cards.append(json.loads(body))
            return self.answer(200, {"cards": [{"summary": "Interacts with warfarin", "indicator": "critical",
                                                "source": {"label": "DrugBase"}}]})
        if self.path == "/token":
            shown = base64.b64decode(self.headers.get("Authorization", "Basic ").split(" ", 1)[1]).decode()
            form = dict(urllib.parse.parse_qsl(body))
            self.tokens.append((shown, form))
            good = shown == "pusher:" + SECRET and form.get("grant_type") == "client_credentials"
            return self.answer(200 if good else 401, {"access_token": "T-1", "token_type": "Bearer", "expires_in": 300} if good
                               else {"error": "invalid_client"})
        if self.headers.get("Authorization") != "Bearer T-1":
            return self.answer(401, {"resourceType": "OperationOutcome", "issue": []})
        bundle = json.loads(body)
        self.transactions.append(bundle)
        self.answer(200, {"resourceType": "Bundle", "type": "transaction-response",
                          "entry": [{"response": {"status": "201"}} for _ in bundle["entry"]]})

    def do_GET(self):
        self.answer(200, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def oru(control_id, code):
    return (f"MSH|^~\\&|LAB|N|CW|C|20260302090000||ORU^R01^ORU_R01|{control_id}|P|2.5.1\r"
            f"PID|1||7^^^NORTH&1.2.3&ISO^MR||DOE^JANE7||19800101|F\r"
            f"OBR|1||F{control_id}^LAB|{code}^Test^LN|||20260302080000|||||||||||||||20260302090000|||F\r"
            f"OBX|1|ST|{code}^Test^LN||Detected||||||F\r")


INDEX = "on QBP^Q23: answer file pix.hl7\non QBP^Q22: answer file pdq.hl7\non QBP^Q11: answer file history.hl7\non *: answer AA\n"
HEAD = "MSH|^~\\&|PIXMGR|HIE|CAUSEWAY||${now}||RSP^%s|R${control_id}|P|2.5.1%s\nMSA|AA|${MSH-10}\nQAK|${QPD-2}|OK\n"
ANSWERS = {
    "pix.hl7": HEAD % ("K23^RSP_K23", "") + "QPD|IHE PIX Query|${QPD-2}\nPID|||H-77^^^PRAIRIE&1.2.9&ISO^PI||^^^^^^S\n",
    "pdq.hl7": HEAD % ("K22^RSP_K21", "") + "QPD|IHE PDQ Query|${QPD-2}\nPID|1||H-77^^^PRAIRIE&1.2.9&ISO^PI||DOE^JANE7||19800101|F\n",
    "history.hl7": HEAD % ("K11^RSP_K11", "|||||||||Z32^CDCPHINVS") + "QPD|Z34^Request Immunization History^CDCPHINVS|${QPD-2}\n"
                   "PID|1||7^^^NORTH&1.2.3&ISO^MR||DOE^JANE7||19800101|F\n"
                   "ORC|RE||65^IIS\nRXA|0|1|20200301||207^COVID-19 mRNA^CVX|0.5|mL^milliliter^UCUM||01^Historical^NIP001\n"}


class Scenario:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Services)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.services = f"http://127.0.0.1:{self.server.server_port}"
        (folder / "secret").write_text(SECRET + "\n")
        (folder / "reportable").write_text("# what this state wants to know\nLN|94500-6 SARS-CoV-2 RNA\n")
        (folder / "index.script").write_text(INDEX)
        for name, text in ANSWERS.items():
            (folder / name).write_text(text)
        self.authority = Authority(folder / "tls")
        self.ports = {name: free_port() for name in ("index", "health", "wards")}
        self.stand_ins = {}
        self.recipient = Gateway(binary, folder, "recipient")
        self.recipient.write("")
        self.us = Gateway(binary, folder, "us")
        self.us.write(self.settings())

    def settings(self):
        certificate, key = self.authority.issue("gateway")
        tls = f'tls = true, tls_ca = "{self.authority.ca}", tls_certificate = "{certificate}", tls_key = "{key}"'
        return f'''
[exchange]
retry_first_ms = 100
retry_max_ms = 400
[partner.pharmacy]
application = "RXDESK"
mllp = {{ host = "127.0.0.1", port = {self.ports["wards"]} }}
[partner.advisor]
http = {{ url = "{self.services}/cds", format = "cds-hooks" }}
[partner.cloud]
fhir = {{ base = "{self.services}/fhir", token_url = "{self.services}/token", client_id = "pusher", secret_file = "{self.folder}/secret" }}
[partner.documents]
kind = "hie"
fhir = {{ base = "{self.recipient.base}/fhir" }}
[partner.health]
kind = "registry"
application = "ELR"
profiles = ["elr-2.5.1"]
mllp = {{ host = "localhost", port = {self.ports["health"]}, {tls} }}
[partner.index]
kind = "hie"
application = "PIXMGR"
facility = "HIE"
cross_references = true
mllp = {{ host = "127.0.0.1", port = {self.ports["index"]} }}
[[partner.index.authority]]
namespace = "NORTH"
oid = "1.2.3"
system = "urn:oid:1.2.3"
[partner.wards]
application = "WARDS"
lanes = 4
mllp = {{ host = "127.0.0.1", port = {self.ports["wards"]} }}
[[route]]
name = "prescriptions"
resource = "MedicationRequest"
on = ["create"]
to = "pharmacy"
as = "RDE^O11^RDE_O11"
[[route]]
name = "advice"
resource = "MedicationRequest"
on = ["create"]
where = "intent = 'order' and subject.resolve().name.exists()"
to = "advisor"
as = "order-sign"
[[route]]
name = "visits to the cloud"
resource = "Encounter"
to = "cloud"
as = "transaction"
[[route]]
name = "documents"
resource = "DocumentReference"
on = ["create"]
to = "documents"
as = "ITI-65"
[[route]]
name = "reportable"
messages = ["ORU^R01"]
codes = "{self.folder}/reportable"
to = "health"
[[route]]
name = "wards"
messages = ["ADT^A08"]
to = "wards"
ordering_key = "patient"
'''

    def listen(self, name, *arguments):
        out = self.folder / name
        out.mkdir(exist_ok=True)
        self.stand_ins[name] = subprocess.Popen(
            [self.binary, "listen", "--port", str(self.ports[name]), "--out", str(out), *map(str, arguments)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def received(self, name):
        return [p.read_bytes().decode() for p in sorted((self.folder / name).rglob("*.hl7"))]

    def post(self, body):
        return ask(self.us.base + "/hl7", "POST", body, "application/hl7-v2+er7")

    def create(self, resource):
        status, answer = ask(f"{self.us.base}/fhir/{resource['resourceType']}", "POST", json.dumps(resource), "application/fhir+json")
        check(status == 201, f"a {resource['resourceType']} is created", answer)
        return json.loads(answer)["id"]

    def search(self, query, base=None):
        return [e["resource"] for e in json.loads(ask(f"{base or self.us.base}/fhir/{query}")[1]).get("entry", [])]

    def queue(self, name):
        return next(p for p in json.loads(ask(self.us.base + "/admin/partners")[1])["partners"] if p["name"] == name)

    # ---- parts

    def advice(self):
        self.patient = self.create({"resourceType": "Patient", "name": [{"family": "Doe", "given": ["Jane7"]}], "birthDate": "1980-01-01",
                                    "gender": "female", "identifier": [{"system": "urn:oid:1.2.3", "value": "7"}]})
        order = self.create({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
                             "identifier": [{"type": PLACER, "system": "urn:causeway:authority:EMR", "value": "RX-1"}],
                             "medicationCodeableConcept": {"text": "Amoxicillin 500 mg"},
                             "subject": {"reference": "Patient/" + self.patient}})

        def inputs():
            tasks = self.search(f"Task?focus=MedicationRequest/{order}")
            return [(i["type"]["coding"][0]["code"], i.get("valueString")) for t in tasks for i in t.get("input", [])]
        check(wait_for(lambda: ("cds-unanswered", "HTTP 503") in inputs()), "CDS Hooks: that the service is away is noted on the Task", inputs())
        check(wait_for(lambda: self.received("wards")), "the pharmacy has got the order meanwhile")
        Services.away = False
        check(wait_for(lambda: inputs() == [("cds-critical", "Interacts with warfarin")]), "its card takes the note's place when it is back", inputs())
        asked = Services.cards[0]
        check(asked["hook"] == "order-sign" and asked["context"]["patientId"] == self.patient
              and asked["prefetch"]["patient"]["id"] == self.patient, "it was asked with the patient at hand")

    def explain(self):
        file = self.folder / "order.json"
        file.write_text(json.dumps({"resourceType": "MedicationRequest", "intent": "proposal"}))
        code, text = self.us.run("route", "explain", str(file))
        check(code == 0 and "prescriptions -> pharmacy: fires" in text and "advice -> advisor: no, where intent = 'order'" in text
              and "reportable -> health: no, it looks at HL7 v2 messages" in text, "route explain says it for a resource", text)

    def secret(self):
        self.create({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                     "identifier": [{"system": "urn:oid:1.2.8", "value": "V1"}], "subject": {"reference": "Patient/" + self.patient}})
        got = wait_for(lambda: Services.transactions)
        check(got and got[0]["type"] == "transaction", "FHIR push with a client secret: the transaction came with the token")
        check(Services.tokens and Services.tokens[0][0] == "pusher:" + SECRET, "the token was asked for by HTTP Basic", Services.tokens)
        code, text = self.us.run("partner", "check", "cloud")
        check(code == 0 and "given in" in text, "partner check gets a token the same way", text)
        check(SECRET not in (self.folder / "us.log").read_text(), "the secret is in no log")

    def documents(self):
        text = b"Discharge summary of a throw-away patient"
        self.create({"resourceType": "DocumentReference", "status": "current", "type": {"text": "Discharge summary"},
                     "subject": {"reference": "Patient/" + self.patient},
                     "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(text).decode()}}]})
        there = self.recipient.base
        found = wait_for(lambda: self.search("DocumentReference", there))
        check(len(found) == 1, "MHD ITI-65: the recipient has the DocumentReference", self.us.outbox("partner=documents"))
        if not found:
            return
        attachment = found[0]["content"][0]["attachment"]
        check(attachment["size"] == len(text) and attachment["hash"] == base64.b64encode(hashlib.sha1(text).digest()).decode(),
              "its size and hash are true", attachment)
        status, binary = ask(f"{there}/fhir/{attachment['url']}")
        check(status == 200 and text.decode() in (binary if "resourceType" not in binary else base64.b64decode(json.loads(binary)["data"]).decode()),
              "the document itself is there", (status, attachment))
        lists = self.search("List", there)
        check(len(lists) == 1 and lists[0]["code"]["coding"][0]["code"] == "submissionset"
              and lists[0]["entry"][0]["item"]["reference"] == "DocumentReference/" + found[0]["id"], "a SubmissionSet holds it", lists)
        patients = self.search("Patient", there)
        check(len(patients) == 1 and found[0]["subject"]["reference"] == "Patient/" + patients[0]["id"], "it is that patient's")

    def reports(self):
        certificate, key = self.authority.issue("health")
        self.listen("health", "--tls-certificate", certificate, "--tls-key", key, "--tls-client-ca", self.authority.ca)
        self.post(oru("L1", "2093-3"))
        self.post(oru("L2", "94500-6"))
        got = wait_for(lambda: self.received("health"))
        time.sleep(0.3)
        got = self.received("health")
        check(len(got) == 1 and "94500-6" in got[0], "only what is reportable goes to public health, over TLS", len(got))
        row = self.us.outbox("partner=health")[0]
        report = json.loads(ask(f"{self.us.base}/admin/outbox/{row['id']}")[1]).get("conformance", {})
        check(report.get("profiles") == ["elr-2.5.1"] and report["errors"] > 0 and "DOE" not in json.dumps(report),
              "what it lacks by the ELR profile stands with it, without a value", report)
        code, text = self.us.run("partner", "check", "health", "--probe")
        check(code == 0 and "with TLS" in text and "certificate    ours: " in text and "NMQ^N01 was answered" in text,
              "partner check over TLS, with our certificate", text)

    def questions(self):
        self.listen("index", "--script", self.folder / "index.script")
        code, text = self.us.run("partner", "query", "index", "pdq", "Patient/" + self.patient)
        check(code == 0 and "patient DOE JANE7" in text and "identifier H-77 PRAIRIE PI" in text, "partner query pdq shows who the index knows", text)
        check(len(self.search("Patient?family=Doe")) == 1, "and makes nobody of it")
        code, text = self.us.run("partner", "query", "index", "pix", "Patient/" + self.patient)
        check(code == 0 and "identifier H-77 PRAIRIE PI" in text, "partner query pix shows the identifiers", text)
        asked = [m for m in self.received("index") if "|QBP^Q23" in m]
        check(asked and "QPD|IHE PIX Query|" in asked[0] and "|7^^^" in asked[0], "it was asked by the number that it knows", asked)
        found = self.search("Patient?identifier=H-77")
        check(len(found) == 1 and found[0]["id"] == self.patient, "the index is trusted: the identifier is now our patient's", found)
        code, text = self.us.run("partner", "query", "index", "history", "Patient/" + self.patient)
        check(code == 0 and "immunization 20200301 207" in text, "partner query history shows the immunizations", text)
        given = self.search("Immunization")
        check(len(given) == 1 and given[0]["patient"]["reference"] == "Patient/" + self.patient, "they are our patient's now", given)
        code, text = self.us.run("partner", "query", "index", "pix", "Patient/nobody")
        check(code == 1 and "no such patient" in text, "a question about nobody is refused", (code, text))

    def drains(self):
        self.stand_ins.pop("wards").terminate()
        time.sleep(0.2)
        for i in range(6):
            self.post(adt(f"W{i}", number=str(10 + i % 3)).replace("ADT^A04^ADT_A01", "ADT^A08^ADT_A01").replace("EVN|A04", "EVN|A08"))
        code, text = self.us.run("partner", "drain", "wards")
        check(code == 0 and '"draining":true' in text, "partner drain", text)
        self.post(adt("W9", number="10").replace("ADT^A04^ADT_A01", "ADT^A08^ADT_A01").replace("EVN|A04", "EVN|A08"))
        check(self.queue("wards").get("draining") is True, "the queue says that it drains")
        before = len(self.received("wards"))
        self.listen("wards")
        check(wait_for(lambda: self.queue("wards")["paused"]), "when what was queued has gone it is paused", self.queue("wards"))
        got = self.received("wards")[before:]
        check(len(got) == 6, "what was queued has gone, over four lanes", len(got))
        numbers = [m.split("\r")[2].split("|")[3].split("^")[0] for m in got]
        ids = {r["controlId"]: r["id"] for r in self.us.outbox("partner=wards&limit=100")}
        order = {}
        for m, number in zip(got, numbers):
            order.setdefault(number, []).append(ids[m.split("\r")[0].split("|")[9]])
        check(all(rows == sorted(rows) for rows in order.values()) and len(order) == 3, "each patient's in their order", order)
        check(len(self.us.outbox("partner=wards&state=pending")) == 1, "what came later waits")
        check(self.us.stop() == 0, "the gateway stops")
        self.us.start()
        check(wait_for(lambda: self.queue("wards")["paused"]) and len(self.us.outbox("partner=wards&state=pending")) == 1,
              "after a restart the queue is still paused", self.queue("wards"))
        code, text = self.us.run("partner", "resume", "wards")
        check(code == 0 and wait_for(lambda: len(self.received("wards")) == before + 7), "and goes when the queue runs again", text)

    def run(self):
        self.recipient.start()
        self.us.start()
        self.listen("wards")
        try:
            for part in (self.advice, self.explain, self.secret, self.documents, self.reports, self.questions, self.drains):
                print(part.__name__, flush=True)
                part()
        finally:
            for process in self.stand_ins.values():
                process.terminate()
            code = self.us.stop()
            self.recipient.stop()
        check(code == 0, "the gateway drains and ends with 0", code)
        log = (self.folder / "us.log").read_text(errors="replace")
        check("DOE" not in log and "warfarin" not in log, "no line of the log holds a name or an advice")


if __name__ == "__main__":
    main(Scenario)
