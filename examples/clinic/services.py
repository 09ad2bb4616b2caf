"""The end of the clinic's day: a decision support service, questions to the registry and to the exchange, a queue that drains."""
import http.server
import json
import threading

from wire import fields


class Advisor(http.server.BaseHTTPRequestHandler):
    """A decision support service (CDS Hooks): one card for each order of a statin."""
    asked = []

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.asked.append(question)
        text = json.dumps(question["context"]["draftOrders"])
        cards = [{"summary": "Statin: check liver enzymes before the first dose", "indicator": "warning",
                  "source": {"label": "Prairie Decision Support"}}] if "statin" in text.lower() else []
        answer = json.dumps({"cards": cards}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Services:
    """Steps of the day. Uses the day's checks, gateway and stand-ins."""

    def start_advisor(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.ports["advisor"]), Advisor)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask_partner(self, name, kind, patient):
        """Has the gateway ask, and waits: the outbox row with the partner's answer."""
        status, _, row = self.fhir.request("POST", f"/admin/outbox/{name}/ask?kind={kind}&patient=Patient/{patient}")
        if not self.check(status == 200, f"POST /admin/outbox/{name}/ask?kind={kind}: queued"):
            return {}

        def answered():
            now = self.fhir.request("GET", f"/admin/outbox/{row['id']}")[2]
            return now if now["state"] != "pending" else None
        return self.wait_for(answered) or {}

    def advice(self):
        self.step("Tue 09:11  The decision support service was asked about the prescription, beside the pharmacy: its card stands on the Task")
        def cards():
            tasks, _ = self.fhir.search(f"Task?focus=MedicationRequest/{self.prescription}")
            return [i for i in (tasks[0] if tasks else {}).get("input", []) if i["type"]["coding"][0]["code"].startswith("cds-")]
        found = self.wait_for(cards)
        for each in found or []:
            self.say(f"   card     {each['type']['coding'][0]['code']}: {each['valueString']}")
        self.check(bool(found) and found[0]["type"]["coding"][0]["code"] == "cds-warning" and "liver" in found[0]["valueString"],
                   "the card is an input of the Task, cds-warning")
        asked = Advisor.asked[0] if Advisor.asked else {}
        self.check(asked.get("hook") == "order-sign" and asked["prefetch"]["patient"]["id"] == self.nunez,
                   "it was asked by the hook order-sign, with the patient")

    def history(self):
        self.step("Tue 11:30  What has the registry? QBP^Q11 (Z34) out, RSP^K11 (Z32) taken in")
        row = self.ask_partner("registry", "history", self.nunez)
        self.check(row.get("state") == "delivered" and "RSP^K11" in row.get("acknowledgement", ""), "the registry answered with RSP^K11")
        asked = [m for m in self.received("registry") if fields(m, "MSH")[9].startswith("QBP^Q11")]
        if self.check(len(asked) == 1, "it was asked once"):
            qpd = fields(asked[0], "QPD")
            self.say("   out      " + "|".join(qpd)[:100])
            self.check(qpd[1].startswith("Z34^") and "NUNEZ" in qpd[4].upper().replace("Ú", "U").replace("Ñ", "N"), "QPD names the query and the patient")

        def given():
            found, _ = self.fhir.search(f"Immunization?patient={self.nunez}")
            return found if len(found) == 2 else None
        found = self.wait_for(given) or []
        codes = sorted(i["vaccineCode"]["coding"][0]["code"] for i in found)
        self.check(codes == ["115", "207"], f"the Tdap of 2019 is the patient's now, beside the vaccination of this morning: {codes}")

    def references(self):
        self.step("Tue 15:30  By which number does the exchange know the patient? QBP^Q23 out; it is trusted, so the number becomes the patient's")
        row = self.ask_partner("hie", "pix", self.nunez)
        self.check(row.get("state") == "delivered" and "RSP^K23" in row.get("acknowledgement", ""), "the exchange answered with RSP^K23")
        found = self.wait_for(lambda: self.fhir.search("Patient?identifier=PH-900311")[0])
        self.check(len(found or []) == 1 and found[0]["id"] == self.nunez, "PH-900311 finds our patient")
        names = [n.get("family") for n in (found or [{}])[0].get("name", [])]
        self.check(bool(names) and all(names), f"whose name is what it was: {names[0] if names else None}")

    def draining(self):
        self.step("June 1 18:00  The pharmacy closes for the night: its queue drains, what is prescribed later waits until the morning")
        had = len(self.received("pharmacy"))
        status, _, answer = self.fhir.request("POST", "/admin/outbox/pharmacy/drain")
        self.check(status == 200 and answer == {"draining": True}, "POST /admin/outbox/pharmacy/drain")

        def state():
            return next(p for p in self.fhir.request("GET", "/admin/partners")[2]["partners"] if p["name"] == "pharmacy")
        self.check(bool(self.wait_for(lambda: state()["paused"])), "nothing is left: the queue is paused")
        _, _, old = self.fhir.request("GET", f"MedicationRequest/{self.prescription}")
        late = {name: old[name] for name in ("resourceType", "intent", "medicationCodeableConcept", "subject", "requester",
                                             "dosageInstruction", "dispenseRequest")}
        late["status"] = "active"
        late["identifier"] = [dict(old["identifier"][0], value="RX-5003")]
        late["medicationCodeableConcept"] = {"text": "Cetirizine 10 mg tablet"}
        self.created(late)
        self.check(state()["pending"] == 1 and len(self.received("pharmacy")) == had, "a prescription of the evening waits")
        self.fhir.request("POST", "/admin/outbox/pharmacy/resume")
        self.check(bool(self.wait_for(lambda: len(self.received("pharmacy")) == had + 1)), "and goes in the morning, when the queue runs again")
