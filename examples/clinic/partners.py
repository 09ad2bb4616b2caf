"""The second half of the clinic's day: the pharmacy, the heart center, the immunization registry and the exchange."""
import json

from wire import fields

SCT = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"


def placer(value):
    return [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]},
             "system": "urn:causeway:authority:NORTHGATE_EMR", "value": value}]


def identifier(resource, kind):
    """The value of the identifier of that kind (PLAC, FILL)."""
    for each in resource.get("identifier", []):
        if any(c.get("code") == kind for c in each.get("type", {}).get("coding", [])):
            return each.get("value")
    return None


class Partners:
    """Steps of the day. Uses the day's checks, gateway and stand-ins."""

    def created(self, resource):
        status, _, made = self.fhir.request("POST", resource["resourceType"], resource, {"Prefer": "return=representation"})
        self.check(status == 201, f"{resource['resourceType']} created: 201")
        return (made or {}).get("id")

    def task_of(self, reference, status):
        """The Task that follows an order, once it has come so far."""
        def look():
            found, _ = self.fhir.search("Task?focus=" + reference)
            return found if len(found) == 1 and found[0]["status"] == status else None
        found = self.wait_for(look) or self.fhir.search("Task?focus=" + reference)[0]
        task = found[0] if found else {}
        self.say(f"   Task     {task.get('owner', {}).get('display', '?')}: {task.get('status')}"
                 f"{', ' + task['businessStatus']['text'] if 'businessStatus' in task else ''}")
        self.check(len(found) == 1 and task.get("status") == status, f"its Task is {status}")
        return task

    def first_message(self, partner):
        """The first message that a stand-in got, told line by line."""
        received = self.wait_for(lambda: self.received(partner))
        if not self.check(bool(received), f"{partner} received a message"):
            return None
        for line in received[0].replace("\n", "\r").split("\r"):
            if line:
                self.say("   out      " + line[:150])
        return received[0]

    def pharmacy(self):
        self.step("Tue 09:10  A prescription: MedicationRequest in, RDE^O11 out; the pharmacy takes it, then dispenses")
        self.start_partner("pharmacy")
        self.prescription = self.created({
            "resourceType": "MedicationRequest", "status": "active", "intent": "order", "identifier": placer("RX-5001"),
            "medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "617318",
                                                      "display": "atorvastatin 20 MG Oral Tablet"}],
                                          "text": "Atorvastatin 20 mg tablet"},
            "subject": {"reference": f"Patient/{self.nunez}"}, "authoredOn": "2026-03-03T09:10:00-06:00",
            "requester": {"reference": "Practitioner/" + self.practitioner},
            "dosageInstruction": [{"text": "1 tablet by mouth every evening",
                                   "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                                   "route": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0162", "code": "PO", "display": "Oral"}]},
                                   "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet", "system": UCUM, "code": "{tbl}"}}]}],
            "dispenseRequest": {"numberOfRepeatsAllowed": 3, "quantity": {"value": 30, "unit": "tablet", "system": UCUM, "code": "{tbl}"}}})
        rde = self.first_message("pharmacy")
        if rde is None:
            return
        orc, rxe, rxr = fields(rde, "ORC"), fields(rde, "RXE"), fields(rde, "RXR")
        self.check(fields(rde, "MSH")[9].startswith("RDE^O11"), "it is an RDE^O11")
        self.check(orc[1] == "NW" and orc[2].startswith("RX-5001"), "ORC-1 is NW, ORC-2 the prescriber's number")
        self.check(rxe[2].startswith("617318^") and rxe[10] == "30" and rxe[12] == "3", "the drug's RxNorm code, 30 tablets, 3 refills")
        self.check(rxr[1].startswith("PO^"), "by mouth")
        self.check("1 tablet by mouth every evening" in rde, "the instruction as it was written")
        self.task_of(f"MedicationRequest/{self.prescription}", "accepted")
        _, _, prescription = self.fhir.request("GET", f"MedicationRequest/{self.prescription}")
        self.check(identifier(prescription, "FILL") == "D-778812", "the pharmacy's number came with its answer (RRE^O12)")
        self.send("21_pharmacy_RDS_dispense.hl7")
        found, _ = self.fhir.search(f"MedicationDispense?prescription=MedicationRequest/{self.prescription}")
        if self.check(len(found) == 1, "the dispense is found by its prescription"):
            dispense = found[0]
            self.check(dispense["quantity"]["value"] == 30 and dispense["whenHandedOver"].startswith("2026-03-03"), "30 tablets, handed over that day")
            self.check(dispense.get("substitution", {}).get("wasSubstituted") is True, "a generic took the place of what was ordered (RXD-11)")
        task = self.task_of(f"MedicationRequest/{self.prescription}", "completed")
        self.check(any("MedicationDispense/" in json.dumps(o) for o in task.get("output", [])), "the dispense is the Task's output")
        _, _, after = self.fhir.request("GET", f"MedicationRequest/{self.prescription}")
        self.check(after["medicationCodeableConcept"]["text"] == "Atorvastatin 20 mg tablet", "what was ordered stayed as it was ordered")

    def renewal(self):
        self.step("June 1 10:00  The refills are used up: the pharmacy asks for a renewal (RDE^O11, ORC-1 RF); the prescriber approves")
        before = len(self.received("pharmacy"))
        _, _, ordered = self.fhir.request("GET", f"MedicationRequest/{self.prescription}")
        self.send("26_pharmacy_RDE_renewal.hl7")
        proposals, _ = self.fhir.search(f"MedicationRequest?patient={self.nunez}&intent=proposal")
        if not self.check(len(proposals) == 1 and proposals[0]["status"] == "draft", "the request is a proposal, draft"):
            return
        proposal = "MedicationRequest/" + proposals[0]["id"]
        self.check(proposals[0].get("priorPrescription", {}).get("reference") == f"MedicationRequest/{self.prescription}",
                   "its priorPrescription is the one of March")
        _, _, old = self.fhir.request("GET", f"MedicationRequest/{self.prescription}")
        self.check(old["meta"]["versionId"] == ordered["meta"]["versionId"], "which the request left as it was")
        self.task_of(proposal, "requested")
        renewed = self.created({
            "resourceType": "MedicationRequest", "status": "active", "intent": "order", "identifier": placer("RX-5002"),
            "basedOn": [{"reference": proposal}], "medicationCodeableConcept": old["medicationCodeableConcept"],
            "subject": {"reference": f"Patient/{self.nunez}"}, "authoredOn": "2026-06-01T11:20:00-05:00",
            "requester": {"reference": "Practitioner/" + self.practitioner}, "dosageInstruction": old["dosageInstruction"],
            "dispenseRequest": {"numberOfRepeatsAllowed": 3, "quantity": {"value": 30, "unit": "tablet", "system": UCUM, "code": "{tbl}"}}})
        answers = self.wait_for(lambda: self.received("pharmacy")[before:])
        if self.check(bool(answers), "the pharmacy got the answer"):
            orc = fields(answers[0], "ORC")
            self.say("   out      " + "|".join(orc)[:100])
            self.check(orc[1] == "AF" and orc[2].startswith("RX-5002"), "ORC-1 is AF (refill authorized), with the new order's number")
        task = self.task_of(proposal, "completed")
        self.check(any(f"MedicationRequest/{renewed}" in json.dumps(o) for o in task.get("output", [])), "the new order is its output")

    def referral(self):
        self.step("Tue 10:00  A referral: ServiceRequest in, REF^I12 out; accepted, appointed, and answered by a consult note")
        self.start_partner("cardiology")
        referral = self.created({
            "resourceType": "ServiceRequest", "status": "active", "intent": "order", "priority": "urgent", "identifier": placer("REF-310"),
            "category": [{"coding": [{"system": SCT, "code": "3457005", "display": "Patient referral"}]}],
            "code": {"coding": [{"system": SCT, "code": "183519002", "display": "Referral to cardiology service"}], "text": "Cardiology consultation"},
            "subject": {"reference": f"Patient/{self.nunez}"}, "authoredOn": "2026-03-03T10:00:00-06:00",
            "requester": {"reference": "Practitioner/" + self.practitioner},
            "reasonCode": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "R07.9", "display": "Chest pain, unspecified"}]}],
            "note": [{"text": "Two weeks of exertional chest pain"}]})
        ref = self.first_message("cardiology")
        if ref is None:
            return
        rf1, prd = fields(ref, "RF1"), fields(ref, "PRD")
        self.check(fields(ref, "MSH")[9].startswith("REF^I12"), "it is a REF^I12")
        self.check(rf1[6].startswith("REF-310"), "RF1-6 is the EMR's number of the referral")
        self.check(bool(prd) and prd[1].startswith("RP") and "Halvorsen" in prd[2], "PRD names the referring provider (RP)")
        reference = f"ServiceRequest/{referral}"
        self.task_of(reference, "accepted")
        self.send("23_cardiology_SIU_booked.hl7")
        found, _ = self.fhir.search(f"Appointment?patient={self.nunez}")
        if self.check(len(found) == 1 and found[0]["status"] == "booked", "SIU^S12 became an Appointment, booked"):
            self.check(found[0].get("basedOn", [{}])[0].get("reference") == reference, "it is based on the referral")
        self.task_of(reference, "accepted")
        self.send("24_cardiology_MDM_note.hl7")
        notes, _ = self.fhir.search(f"DocumentReference?patient={self.nunez}&related={reference}")
        self.check(len(notes) == 1, "MDM^T02 became a DocumentReference of the referral")
        task = self.task_of(reference, "completed")
        self.check(any("DocumentReference/" in json.dumps(o) for o in task.get("output", [])), "the consult note is the Task's output")
        _, _, after = self.fhir.request("GET", reference)
        self.check(after["code"]["text"] == "Cardiology consultation", "the note's own code did not replace what was asked for")

    def registry(self):
        self.step("Tue 11:00  A vaccination goes to the state's registry: Immunization in, VXU^V04 out")
        self.start_partner("registry")
        self.created({
            "resourceType": "Immunization", "status": "completed", "identifier": placer("IMM-88"),
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "207", "display": "COVID-19, mRNA, LNP-S, PF, 100 mcg/0.5 mL dose"}]},
            "patient": {"reference": f"Patient/{self.nunez}"}, "occurrenceDateTime": "2026-03-03T11:00:00-06:00", "primarySource": True,
            "lotNumber": "039K20A", "expirationDate": "2026-12-31", "doseQuantity": {"value": 0.5, "unit": "mL", "system": UCUM, "code": "mL"},
            "route": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "code": "IM"}]},
            "site": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActSite", "code": "LA"}]},
            "performer": [{"function": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0443", "code": "AP"}]},
                           "actor": {"reference": "Practitioner/" + self.practitioner}}]})
        vxu = self.first_message("registry")
        if vxu is None:
            return
        rxa = fields(vxu, "RXA")
        self.check(fields(vxu, "MSH")[9].startswith("VXU^V04"), "it is a VXU^V04")
        self.check(rxa[5].startswith("207^") and rxa[15] == "039K20A", "CVX code and lot number are in RXA-5 and RXA-15")
        self.check(rxa[6] == "0.5" and rxa[20] == "CP", "0.5 mL, complete")
        self.check("Halvorsen" in rxa[10], "RXA-10 names who gave it")

    def exchange(self):
        self.step("Tue 15:00  The exchange heard of the registrations, and asks by which numbers a patient goes (QBP^Q23)")
        self.start_partner("hie")
        received = self.wait_for(lambda: self.received("hie") if len(self.received("hie")) >= 4 else None)
        kinds = [fields(m, "MSH")[9] for m in received or []]
        self.say(f"   out      {len(kinds)} notifications: {', '.join(kinds[:4])} …")
        self.check(len(kinds) >= 4 and all(k.startswith("ADT") for k in kinds), "the front desk's registrations were waiting for it")
        self.check(all(fields(m, "MSH")[5].startswith("PRAIRIEHIE") for m in received or []), "each is addressed to the exchange")
        rsp = self.send("25_hie_QBP_identity.hl7")
        pid = fields(rsp, "PID")
        self.say("   out      " + "|".join(pid[:6]))
        self.check(fields(rsp, "QAK")[2] == "OK" and "H-20041" in pid[3], "RSP^K23 names the hospital's number of the same person")
