#!/usr/bin/env python3
"""Partners that are reached by other ways than MLLP, and what an operator does with partners, on real sockets.

    partners.py --causeway build/dev/causeway

HL7 v2 over HTTP both ways, folders, SFTP (with a stand-in for the sftp program), SCRIPT over HTTP both ways, FHIR
transactions to a second gateway that asks for a token (client assertion), partner check, a new partner without a restart, a
configuration with a fault that changes nothing, windows, alerts by webhook, a held message that a person files, replay of a
range, retention.
"""
import argparse
import base64
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
checks = []


def check(good, what, detail=""):
    checks.append(bool(good))
    print(("ok      " if good else "FAILED  ") + what + ("" if good else f"   {detail}"), flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.05)
    return what()


def ask(url, method="GET", body=None, content_type=None):
    request = urllib.request.Request(url, data=body.encode() if body is not None else None, method=method)
    if content_type:
        request.add_header("Content-Type", content_type)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Peer(http.server.BaseHTTPRequestHandler):
    """The laboratory's web service, the prescription network and the pager in one."""
    got = {"/lab": [], "/rx": [], "/pager": []}
    down = False

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.got.setdefault(self.path, []).append((dict(self.headers), body))
        if Peer.down:
            return self.answer(503, "text/plain", "later")
        if self.path == "/lab":
            msh = body.split("\r")[0].split("|")
            return self.answer(200, "application/hl7-v2+er7",
                               f"MSH|^~\\&|LAB|N|CW|C|20260302||ACK|9|P|2.5.1\rMSA|AA|{msh[9]}\r")
        if self.path == "/rx":
            return self.answer(200, "application/xml", "<Message><Header><RelatesToMessageID>1</RelatesToMessageID></Header>"
                                                       "<Body><Status><Code>010</Code></Status></Body></Message>")
        self.answer(200, "application/json", "{}")

    do_OPTIONS = do_POST

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Gateway:
    def __init__(self, binary, folder, name, environment=None):
        self.binary, self.folder, self.name = binary, folder, name
        self.port, self.mllp = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.config = folder / f"{name}.toml"
        self.environment = {**os.environ, **(environment or {})}

    def write(self, text):
        self.config.write_text(f'[http]\nport = {self.port}\n[mllp]\nport = {self.mllp}\n[storage]\n'
                               f'path = "{self.folder}/{self.name}.db"\n' + text)

    def start(self):
        self.log = open(self.folder / f"{self.name}.log", "ab")
        self.process = subprocess.Popen([self.binary, "serve", "--config", str(self.config)], stderr=self.log,
                                        env=self.environment)

        def ready():
            try:
                return ask(self.base + "/health/ready")[0] == 200
            except OSError:
                return False
        if not wait_for(ready, 60):
            sys.exit("the gateway did not become ready: " + (self.folder / f"{self.name}.log").read_text()[-2000:])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

    def run(self, *arguments):
        done = subprocess.run([self.binary, *arguments, "--config", str(self.config)], capture_output=True, text=True,
                              env=self.environment, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def outbox(self, query):
        return json.loads(ask(f"{self.base}/admin/outbox?{query}")[1])["outbox"]


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True).stdout


def key_set(folder):
    key = folder / "push.pem"
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    modulus = bytes.fromhex(openssl("rsa", "-in", key, "-noout", "-modulus").decode().strip().split("=")[1])
    keys = folder / "push.jwks.json"
    keys.write_text(json.dumps({"keys": [{"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS384", "e": "AQAB",
                                          "n": base64.urlsafe_b64encode(modulus).rstrip(b"=").decode()}]}))
    return key, keys


def adt(control_id, application="DESK", number="7"):
    return (f"MSH|^~\\&|{application}|N|CW|C|20260302080500||ADT^A04^ADT_A01|{control_id}|P|2.5.1\rEVN|A04|20260302080500\r"
            f"PID|1||{number}^^^NORTH&1.2.3&ISO^MR||DOE^JANE{number}||19800101|F\rPV1|1|O\r")


def oru(control_id, patient):
    return (f"MSH|^~\\&|LAB|N|CW|C|20260302090000||ORU^R01^ORU_R01|{control_id}|P|2.5.1\r"
            f"PID|1||{patient}^^^NORTH&1.2.3&ISO^MR||DOE^JANE{patient}||19800101|F\r"
            f"ORC|RE|E1^EMR|F1^LAB\rOBR|1|E1^EMR|F1^LAB|2093-3^Cholesterol^LN|||20260302080000|||||||||||||||20260302090000|||F\r"
            f"OBX|1|NM|2093-3^Cholesterol^LN||180|mg/dL|||||F\r")


class Scenario:
    def __init__(self, binary, folder):
        self.folder = folder
        for name in ("drop/out", "drop/in", "sftp/in", "sftp/out"):
            (folder / name).mkdir(parents=True)
        (folder / "known_hosts").write_text("")
        self.key, keys = key_set(folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.peer = f"http://127.0.0.1:{self.server.server_port}"
        self.cloud = Gateway(binary, folder, "cloud")
        self.cloud.write('[security]\nrequire_token = true\n[client.pusher]\n'
                         f'keys = "{keys}"\nscopes = "system/*.cruds"\n')
        self.us = Gateway(binary, folder, "us", {"FAKE_SFTP_ROOT": str(folder / "sftp")})
        self.us.write(self.settings())

    def settings(self, more=""):
        return f'''
[alerts]
webhook = "{self.peer}/pager"
every_s = 1
[exchange]
retry_first_ms = 100
retry_max_ms = 400
[partner.weblab]
kind = "lab"
application = "WEBLAB"
http = {{ url = "{self.peer}/lab" }}
[partner.lab]
kind = "lab"
application = "LAB"
[partner.network]
kind = "pharmacy"
application = "7701630"
http = {{ url = "{self.peer}/rx", format = "script" }}
[partner.drop]
application = "DROP"
directory = {{ in = "{self.folder}/drop/in", out = "{self.folder}/drop/out", every_ms = 100 }}
[partner.remote]
application = "REMOTE"
sftp = {{ host = "localhost", user = "x", known_hosts = "{self.folder}/known_hosts", in = "in", out = "out", every_ms = 1000, program = "{HERE}/fake_sftp.py" }}
[partner.cloud]
kind = "emr"
fhir = {{ base = "{self.cloud.base}/fhir", token_url = "{self.cloud.base}/oauth/token", client_id = "pusher", key_file = "{self.key}", key_id = "k1" }}
[[route]]
name = "to the web service"
messages = ["ADT^A04"]
to = "weblab"
[[route]]
name = "to the folder"
messages = ["ADT^A04"]
to = "drop"
[[route]]
name = "by SFTP"
messages = ["ADT^A04"]
to = "remote"
[[route]]
name = "prescriptions"
resource = "MedicationRequest"
on = ["create"]
criteria = "status=active&intent=order"
to = "network"
as = "NewRx"
[[route]]
name = "results to the cloud"
resource = "DiagnosticReport"
to = "cloud"
as = "transaction"
''' + more

    def post(self, body):
        return ask(self.us.base + "/hl7", "POST", body, "application/hl7-v2+er7")

    def carriers(self):
        status, answer = self.post(adt("M1"))
        check(status == 200 and "MSA|AA|M1" in answer, "HL7 v2 over HTTP in: 200 and the acknowledgement", (status, answer))
        status, answer = self.post("MSH|^~\\&|DESK|N|CW|C|20260302||ZZZ^Z99|M2|P|2.5.1\r")
        check(status == 400 and "MSA|AR|M2" in answer, "a message no map takes: 400 and AR", (status, answer))
        check(ask(self.us.base + "/hl7", "POST", "{}", "application/json")[0] == 415, "another type of body: 415")
        got = wait_for(lambda: Peer.got["/lab"])
        check(got and got[0][0].get("Content-Type", "").startswith("application/hl7-v2+er7") and "|WEBLAB|" in got[0][1],
              "HL7 v2 over HTTP out: POSTed, addressed anew")
        check(wait_for(lambda: self.us.outbox("partner=weblab&state=delivered")), "the acknowledgement in the answer settles it")
        out = self.folder / "drop" / "out"
        files = wait_for(lambda: sorted(p for p in out.iterdir() if not p.name.startswith(".")))
        check(files and files[0].read_bytes().startswith(b"MSH|") and not list(out.glob(".*")), "folder out: one whole file, no part")
        remote = self.folder / "sftp" / "out"
        files = wait_for(lambda: [p for p in remote.iterdir() if not p.name.startswith(".")])
        check(files and files[0].read_bytes().startswith(b"MSH|"), "SFTP out: the file was renamed into place")

        inn = self.folder / "drop" / "in"
        (inn / ".part").write_text(adt("D1", "DROP", "8"))
        (inn / ".part").rename(inn / "one.hl7")
        check(wait_for(lambda: (inn / "done" / "one.hl7").exists()), "folder in: picked up and moved to done/")
        check("MSA|AA|D1" in (inn / "one.hl7.ack").read_text(), "its acknowledgement lies beside it")
        (inn / "two.hl7").write_text("no message at all")
        check(wait_for(lambda: (inn / "failed" / "two.hl7").exists()), "what is no message goes to failed/")
        (self.folder / "sftp" / "in" / "three.hl7").write_text(adt("S1", "REMOTE", "9"))
        check(wait_for(lambda: (self.folder / "sftp" / "in" / "done" / "three.hl7").exists()), "SFTP in: fetched, taken in, moved to done/")
        messages = json.loads(ask(self.us.base + "/admin/messages?channel=remote")[1])["messages"]
        check(len(messages) == 1 and messages[0]["controlId"] == "S1", "it stands in the inbox as that partner's")

    def script(self):
        status, answer = ask(self.us.base + "/fhir/Patient", "POST", json.dumps(
            {"resourceType": "Patient", "id": "x", "name": [{"family": "Nguyen", "given": ["Maria"]}], "birthDate": "1984-03-12"}),
            "application/fhir+json")
        patient = json.loads(answer)["id"]
        status, _ = ask(self.us.base + "/fhir/MedicationRequest", "POST", json.dumps(
            {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": {"reference": "Patient/" + patient},
             "identifier": [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]},
                             "system": "urn:causeway:authority:EMR", "value": "RX-1"}],
             "medicationCodeableConcept": {"text": "Atorvastatin 20 mg tablet", "coding": [
                 {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "617318"}]},
             "dispenseRequest": {"quantity": {"value": 30, "unit": "tablet"}, "numberOfRepeatsAllowed": 3}}), "application/fhir+json")
        got = wait_for(lambda: Peer.got["/rx"])
        check(got and "<NewRx>" in got[0][1] and "<PrescriberOrderNumber>RX-1</PrescriberOrderNumber>" in got[0][1],
              "SCRIPT out: a MedicationRequest became a NewRx", got[:1])
        check(wait_for(lambda: self.us.outbox("partner=network&state=delivered")), "Status 010 settles it")
        fill = ('<Message TransactionVersion="20170715"><Header><To Qualifier="D">CW</To><From Qualifier="P">7701630</From>'
                '<MessageID>F-1</MessageID><SentTime>2026-03-03T16:00:00Z</SentTime><RxReferenceNumber>D-1</RxReferenceNumber>'
                '<PrescriberOrderNumber>RX-1</PrescriberOrderNumber></Header><Body><RxFill><FillStatus><Dispensed/></FillStatus>'
                '<Patient><HumanPatient><Name><LastName>Nguyen</LastName><FirstName>Maria</FirstName></Name></HumanPatient></Patient>'
                '<MedicationDispensed><DrugDescription>Atorvastatin 20 mg tablet</DrugDescription><Quantity><Value>30</Value>'
                '<QuantityUnitOfMeasure><Code>C48542</Code></QuantityUnitOfMeasure></Quantity></MedicationDispensed></RxFill></Body></Message>')
        status, answer = ask(self.us.base + "/script", "POST", fill, "application/xml")
        check(status == 200 and "<Code>010</Code>" in answer and "<RelatesToMessageID>F-1</RelatesToMessageID>" in answer,
              "SCRIPT in: RxFill is answered Status 010", (status, answer))
        found = json.loads(ask(self.us.base + "/fhir/MedicationDispense")[1]).get("entry", [])
        check(len(found) == 1 and found[0]["resource"]["quantity"]["value"] == 30, "it became a MedicationDispense", found)
        status, answer = ask(self.us.base + "/script", "POST", fill.replace("RxFill", "RxHistoryRequest"), "application/xml")
        check("<Error>" in answer and "<Code>900</Code>" in answer, "a transaction we do not have: Error 900", answer)

    def push(self):
        status, answer = self.post(oru("R1", "7"))
        check(status == 200, "a result comes in")
        check(wait_for(lambda: self.us.outbox("partner=cloud&state=delivered")),
              "FHIR push: the transaction was taken, with a token from a signed assertion", self.us.outbox("partner=cloud"))

    def checks(self):
        for name, probe, words in (("weblab", True, ("AA",)), ("drop", False, ("can be written and removed",)),
                                   ("remote", False, ("was listed",)), ("cloud", False, ("FHIR 4.0", "given in"))):
            code, text = self.us.run("partner", "check", name, *(["--probe"] if probe else []))
            check(code == 0 and all(word in text for word in words), f"partner check {name}", text)
        code, text = self.us.run("partner", "check", "nobody")
        check(code == 1 and "FAULT" in text, "partner check of one that is not there is a fault", text)

    def reload(self):
        port = free_port()
        late = f'''
[partner.late]
application = "LATE"
mllp = {{ host = "127.0.0.1", port = {port} }}
[[route]]
name = "to the newcomer"
messages = ["ADT^A04"]
to = "late"
'''
        self.us.write(self.settings(late.replace('application = "LATE"', 'aplication = "LATE"')))
        code, text = self.us.run("partner", "reload")
        check(code == 2, "the command itself refuses a file with a fault", (code, text))
        status, answer = ask(self.us.base + "/admin/partners/reload", "POST", "")
        check(status == 422 and "aplication" in answer and "late" not in ask(self.us.base + "/admin/partners")[1],
              "a reload of it says what is wrong and changes nothing", (status, answer))
        inbox = self.folder / "late"
        inbox.mkdir()
        stand_in = subprocess.Popen([self.us.binary, "listen", "--port", str(port), "--out", str(inbox)],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.us.write(self.settings(late))
            pid = self.us.process.pid
            self.us.process.send_signal(signal.SIGHUP)
            check(wait_for(lambda: '"late"' in ask(self.us.base + "/admin/partners")[1]), "SIGHUP brings a new partner into force")
            self.post(adt("M3"))
            check(wait_for(lambda: list(inbox.rglob("*.hl7"))), "it is sent to at once, in the same process")
            check(self.us.process.poll() is None and self.us.process.pid == pid, "without a restart")
            code, text = self.us.run("partner", "check", "late", "--probe")
            check(code == 0 and "NMQ^N01 was answered" in text, "partner check over MLLP with a probe", text)
        finally:
            stand_in.terminate()
            stand_in.wait(10)

    def windows(self):
        hour = time.gmtime().tm_hour
        closed = f'windows = ["{(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00"]\n'
        text = self.settings().replace('application = "WEBLAB"\n', 'application = "WEBLAB"\n' + closed)
        self.us.write(text)
        check(self.us.run("partner", "reload")[0] == 0, "a window is set by a reload")
        before = len(Peer.got["/lab"])
        self.post(adt("M4"))
        time.sleep(1)
        check(len(Peer.got["/lab"]) == before and self.us.outbox("partner=weblab&state=pending"), "outside of it nothing goes")
        self.us.write(self.settings())
        self.us.run("partner", "reload")
        check(wait_for(lambda: len(Peer.got["/lab"]) == before + 1), "without it the message goes")

    def alerts(self):
        Peer.got["/pager"].clear()
        ask(self.us.base + "/admin/outbox/weblab/pause", "POST", "")
        self.post(adt("M5"))
        raised = wait_for(lambda: [b for _, b in Peer.got["/pager"] if '"paused"' in b and '"raised"' in b])
        check(raised and json.loads(raised[0])["partner"] == "weblab", "a halted queue that has work is told to the webhook")
        check("paused" in self.us.run("partner", "alerts")[1], "it stands in `partner alerts`")
        ask(self.us.base + "/admin/outbox/weblab/resume", "POST", "")
        check(wait_for(lambda: [b for _, b in Peer.got["/pager"] if '"paused"' in b and '"over"' in b]), "and so does its end")
        check("DOE" not in json.dumps(Peer.got["/pager"]), "no alert holds anything of a message")

    def held(self):
        status, answer = ask(self.us.base + "/fhir/ServiceRequest", "POST", json.dumps(
            {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "code": {"text": "Cholesterol"},
             "subject": {"reference": "Patient/" + self.patient("8")},
             "identifier": [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]},
                             "system": "urn:causeway:authority:EMR", "value": "E2"}]}), "application/fhir+json")
        check(status == 201, "an order for one patient", answer)
        message = oru("R2", "7").replace("E1^EMR", "E2^EMR").replace("F1^LAB", "F2^LAB")
        self.post(message)
        held = [m for m in json.loads(ask(self.us.base + "/admin/messages?state=received")[1])["messages"] if "held" in m.get("note", "")]
        check(len(held) == 1, "a result for it that names another patient is held", held)
        number = held[0]["id"]
        reports = len(json.loads(ask(self.us.base + "/fhir/DiagnosticReport")[1]).get("entry", []))
        status, answer = ask(f"{self.us.base}/admin/messages/{number}/release?patient=Patient/none", "POST", "")
        check(status == 422, "it cannot be filed under nobody", (status, answer))
        status, answer = ask(f"{self.us.base}/admin/messages/{number}/release?patient=Patient/{self.patient('8')}", "POST", "")
        check(status == 200 and json.loads(answer)["outcome"] == "processed", "a person files it as the order's patient's", answer)
        entries = json.loads(ask(self.us.base + "/fhir/DiagnosticReport")[1]).get("entry", [])
        filed = [e["resource"] for e in entries if e["resource"]["subject"]["reference"] == "Patient/" + self.patient("8")]
        check(len(entries) == reports + 1 and len(filed) == 1 and filed[0].get("basedOn"), "the report is that patient's, based on the order")
        row = json.loads(ask(f"{self.us.base}/admin/messages/{number}")[1])
        check(row["state"] == "processed" and "released as message" in row["note"] and row["raw"] == message,
              "the original stands as it came and says what became of it", row.get("note"))
        check(ask(f"{self.us.base}/admin/messages/{number}/release", "POST", "")[0] == 409, "it cannot be released twice")
        status, answer = ask(f"{self.us.base}/admin/messages/{number}/replay", "POST", message.replace("|180|", "|181|").replace("R2|P", "R3|P"))
        check(status == 200, "edited bytes are processed as a message of their own", answer)

    def patient(self, number):
        found = json.loads(ask(f"{self.us.base}/fhir/Patient?identifier={number}")[1])["entry"]
        return found[0]["resource"]["id"]

    def range_replay(self):
        sent = self.us.outbox("partner=drop&state=delivered")
        url = self.us.base + "/admin/outbox/replay?partner=drop&state=delivered&limit=2"
        dry = json.loads(ask(url + "&dry-run=true", "POST", "")[1])["outbox"]
        check(len(dry) == 2 and len(self.us.outbox("partner=drop")) == len(sent), "a dry run lists and does nothing")
        done = json.loads(ask(url, "POST", "")[1])["outbox"]
        check([r["replayOf"] for r in done] == [r["id"] for r in dry], "a range is replayed, oldest first", done)
        check(wait_for(lambda: len(self.us.outbox("partner=drop&state=delivered")) == len(sent) + 2), "and delivered again")
        check(ask(self.us.base + "/admin/outbox/replay?state=dead", "POST", "")[0] == 400, "a range without a partner is refused")

    def run(self):
        self.cloud.start()
        self.us.start()
        try:
            for part in (self.carriers, self.script, self.push, self.checks, self.reload, self.windows, self.alerts, self.held,
                         self.range_replay):
                print(part.__name__, flush=True)
                part()
        finally:
            code = self.us.stop()
            self.cloud.stop()
        check(code == 0, "the gateway drains and ends with 0", code)
        log = (self.folder / "us.log").read_text(errors="replace")
        check("DOE" not in log and "Nguyen" not in log, "no line of the log holds a name")


def main(scenario):
    """Plays the scenario in a folder of its own and says how many of its checks failed."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--causeway", required=True)
    arguments.add_argument("--keep", action="store_true")
    options = arguments.parse_args()
    if not shutil.which("openssl"):
        print("skipped: there is no openssl program")
        sys.exit(77)
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        scenario(os.path.abspath(options.causeway), folder).run()
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(folder)
    failed = checks.count(False)
    print(f"{len(checks)} checks, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(Scenario)
