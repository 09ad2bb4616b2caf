#!/usr/bin/env python3
"""Makes clinical records as NDJSON: records.py COUNT [SEED] > file. Of a hundred resources 10 are patients, 10 encounters,
50 observations, 10 conditions, 10 medication requests, 5 reports and 5 procedures; codes are Zipf-distributed, dates lie in ten
years. The same count and seed give the same bytes."""
import bisect
import itertools
import random
import sys

FAMILIES = [a + b for a in ("Al", "Bar", "Cor", "Dun", "Ess", "Far", "Gol", "Har", "Ive", "Jor", "Kel", "Lam", "Mor", "Nor", "Ost",
                            "Pra", "Quin", "Ros", "Sal", "Tor") for b in ("den", "mont", "ley", "ski", "son", "ford", "berg", "ier", "ado", "ini")]
GIVEN = ["Ana", "Ben", "Cleo", "Dov", "Ema", "Finn", "Gita", "Hugo", "Ida", "Jon", "Kai", "Lea", "Mia", "Noor", "Olu", "Pia"]


class Zipf:
    def __init__(self, names):
        self.names = names
        self.sums = list(itertools.accumulate(1 / rank for rank in range(1, len(names) + 1)))

    def pick(self, random_):
        return self.names[bisect.bisect_left(self.sums, random_.random() * self.sums[-1])]


LOINC = Zipf([f"{n}-{n % 10}" for n in range(2000, 2500)])
SNOMED = Zipf([str(100000 + 37 * n) for n in range(400)])
DRUGS = Zipf([str(300000 + 11 * n) for n in range(300)])


def day(random_):
    return f"{random_.randint(2015, 2024)}-{random_.randint(1, 12):02}-{random_.randint(1, 28):02}"


def concept(system, code):
    return f'{{"coding":[{{"system":"{system}","code":"{code}","display":"Display of {code}"}}],"text":"Text of {code}"}}'


def patient(n, r):
    return (f'{{"resourceType":"Patient","id":"p{n:08}","identifier":[{{"system":"urn:oid:1.2.36.146.595.217.0.1","value":"MRN{n:08}"}}],'
            f'"active":true,"name":[{{"use":"official","family":"{r.choice(FAMILIES)}","given":["{r.choice(GIVEN)}","{r.choice(GIVEN)}"]}}],'
            f'"telecom":[{{"system":"phone","value":"555-{r.randint(1000, 9999)}"}}],"gender":"{r.choice(("male", "female"))}",'
            f'"birthDate":"{r.randint(1930, 2020)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}",'
            f'"address":[{{"line":["{r.randint(1, 900)} Long St"],"city":"{r.choice(FAMILIES)}ville","postalCode":"{r.randint(10000, 99999)}"}}]}}')


def main():
    count = int(sys.argv[1])
    r = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    loinc, snomed, drug = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"
    patients, encounters = 0, 0
    write = sys.stdout.write
    for n in range(count):
        kind = n % 20
        if kind in (0, 10):
            write(patient(patients, r) + "\n")
            patients += 1
            continue
        who = f"Patient/p{r.randrange(patients):08}"
        when = day(r)
        if kind in (1, 11):
            write(f'{{"resourceType":"Encounter","id":"e{encounters:08}","status":"{"finished" if r.random() < .98 else "in-progress"}",'
                  f'"class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}},'
                  f'"subject":{{"reference":"{who}"}},"period":{{"start":"{when}T08:00:00Z","end":"{when}T09:30:00Z"}}}}\n')
            encounters += 1
            continue
        visit = f"Encounter/e{r.randrange(encounters):08}" if encounters else ""
        common = f'"subject":{{"reference":"{who}"}},"encounter":{{"reference":"{visit}"}}'
        if kind in (2, 12):
            write(f'{{"resourceType":"Condition","id":"c{n:08}","clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical",'
                  f'"code":"active"}}]}},"code":{concept(snomed, SNOMED.pick(r))},{common},"onsetDateTime":"{when}"}}\n')
        elif kind in (3, 13):
            write(f'{{"resourceType":"MedicationRequest","id":"m{n:08}","status":"active","intent":"order",'
                  f'"medicationCodeableConcept":{concept(drug, DRUGS.pick(r))},{common},"authoredOn":"{when}"}}\n')
        elif kind == 4:
            write(f'{{"resourceType":"DiagnosticReport","id":"d{n:08}","status":"final","code":{concept(loinc, LOINC.pick(r))},{common},'
                  f'"effectiveDateTime":"{when}T10:00:00Z"}}\n')
        elif kind == 14:
            write(f'{{"resourceType":"Procedure","id":"r{n:08}","status":"completed","code":{concept(snomed, SNOMED.pick(r))},{common},'
                  f'"performedDateTime":"{when}T11:00:00Z"}}\n')
        else:
            write(f'{{"resourceType":"Observation","id":"o{n:08}","status":"{"final" if r.random() < .98 else "preliminary"}",'
                  f'"category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}}]}}],'
                  f'"code":{concept(loinc, LOINC.pick(r))},{common},"effectiveDateTime":"{when}T{r.randint(0, 23):02}:{r.randint(0, 59):02}:00Z",'
                  f'"valueQuantity":{{"value":{r.gauss(100, 25):.1f},"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}}}\n')


if __name__ == "__main__":
    main()
