#!/usr/bin/env python3
"""The clinic's day, and then mistakes of every kind, with names, addresses, numbers and dates that are known; afterwards everything that was
written is searched for them: the logs of the gateway and of the stand-ins, what the programs print, metrics, health, and the answers to what
was wrong (outcomes, acknowledgements). The store, the files of messages and the answers that are asked for hold them: that is their purpose.

    canary.py --causeway build/dev/causeway [--tls]
"""
import argparse
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "examples" / "clinic"))
import day as clinic  # noqa: E402
from wire import Mllp  # noqa: E402

checks = []
# Words of the day that are not about anyone, and so short or usual that they stand in our own texts.
USUAL = {"front desk", "unknown", "patient", "resource", "emergency", "hospital", "springfield", "standard"}


def check(good, what):
    checks.append(bool(good))
    print(("ok      " if good else "FAILED  ") + what, flush=True)


def words_of_the_day():
    """Names, streets, telephone numbers, birth dates and record numbers of the day's messages, in every spelling we know them in."""
    found = set()
    for path in sorted((ROOT / "examples/clinic/messages").iterdir()):
        text = path.read_bytes().decode("latin-1")
        for segment in re.split(r"[\r\n]+", text):
            if len(segment) < 8 or segment[:3] not in ("PID", "NK1"):
                continue
            separator = segment[3]
            fields = segment.split(separator)
            for number in ((3, 5, 7, 11, 13) if segment[:3] == "PID" else (2, 4, 5)):
                if number < len(fields):
                    for part in re.split(r"[\^&~:$!\\]", fields[number])[: 3 if number != 3 else 1]:
                        found.add(part.strip())
    found = {each for each in found if len(each) >= 5 and each.lower() not in USUAL and not each.startswith("${")}
    for each in list(found):
        if re.fullmatch(r"\d{8}", each):
            found.add(f"{each[:4]}-{each[4:6]}-{each[6:]}")
        try:
            found.add(each.encode("latin-1").decode("utf-8"))
        except UnicodeError:
            pass
    return found


MARK = "ZZCANARYNAME"
SECRET = ["Zzcanaryname", "Zzcanarystreet 17", "1907-03-14", "19070314", "ZZ-4711-CANARY", "zzcanary@example.org"]


def patient(**change):
    out = {"resourceType": "Patient", "identifier": [{"system": "urn:zz", "value": SECRET[4]}], "name": [{"family": SECRET[0]}],
           "birthDate": SECRET[2], "address": [{"line": [SECRET[1]]}], "telecom": [{"system": "email", "value": SECRET[5]}]}
    out.update(change)
    return out


def mistakes(day):
    """Everything wrong that we can think of, about somebody who is known; returns the answers."""
    answers = []

    def ask(method, target, body=None, **headers):
        connection = day.fhir.connect()
        all_headers = {"Content-Type": "application/fhir+json", **headers}
        connection.request(method, target, body if isinstance(body, (str, bytes)) or body is None else json.dumps(body).encode(), all_headers)
        answer = connection.getresponse()
        data = answer.read().decode(errors="replace")
        connection.close()
        answers.append((f"{method} {(target.split('?')[0] + '/').split('/')[2]} {answer.status}", answer.status, data))

    for change in ({"birthDate": SECRET[0]}, {"gender": SECRET[0]}, {"nonsense": SECRET[0]}, {"name": SECRET[0]}, {"id": "../" + SECRET[0]},
                   {"active": SECRET[0]}, {"contact": [{"gender": SECRET[0]}]}, {"link": [{"other": {"reference": SECRET[0]}}]},
                   {"extension": [{"url": SECRET[0]}]}, {"deceasedDateTime": SECRET[1]}, {"photo": [{"data": SECRET[1]}]},
                   {"multipleBirthInteger": SECRET[4]}, {"text": {"status": "generated", "div": f"<div>{SECRET[0]}"}},
                   {"meta": {"profile": [SECRET[0]]}}):
        ask("POST", "/fhir/Patient", patient(**change))
        ask("POST", "/fhir/Patient/$validate", patient(**change))
    ask("PUT", "/fhir/Patient/zz1", patient(id="zz1"))
    ask("PUT", "/fhir/Patient/zz1", patient(id="zz2"))
    ask("PUT", "/fhir/Patient/zz1", patient(id="zz1"), **{"If-Match": f'W/"{SECRET[4]}"'})
    ask("POST", "/fhir/Patient", json.dumps(patient())[:-20])
    ask("POST", "/fhir/Patient", json.dumps(patient()).replace('"birthDate"', '"name":1,"birthDate"'))
    ask("POST", "/fhir/Patient", f"<Patient><name value='{SECRET[0]}'", **{"Content-Type": "application/fhir+xml"})
    ask("POST", "/fhir/Patient", patient(), **{"If-None-Exist": f"nonsense={SECRET[0]}"})
    ask("POST", "/fhir/Patient", patient(), **{"Content-Type": SECRET[0]})
    for query in (f"nonsense={SECRET[0]}", f"birthdate={SECRET[0]}", f"name:nonsense={SECRET[0]}", 
                  f"_filter=name%20eq%20{SECRET[0]}%20and", f"identifier=a|{SECRET[4]}|c", f"_count={SECRET[0]}", f"_page={SECRET[0]}",
                  f"name=%zz{SECRET[0]}"):
        ask("GET", "/fhir/Patient?" + query)
    ask("PATCH", "/fhir/Patient/zz1", [{"op": "test", "path": "/name/0/family", "value": SECRET[0] + "x"}], **{"Content-Type": "application/json-patch+json"})
    ask("PATCH", "/fhir/Patient/zz1", [{"op": "replace", "path": "/name/5/family", "value": SECRET[0]}], **{"Content-Type": "application/json-patch+json"})
    ask("PATCH", "/fhir/Patient/zz1", {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": f"Patient.name.where(family = '{SECRET[0]}' and"}]}]})
    ask("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": f"urn:x:{SECRET[0]}", "resource": patient(birthDate=SECRET[0]), "request": {"method": "POST", "url": "Patient"}}]})
    ask("POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": f"Patient?nonsense={SECRET[0]}"}}]})
    ask("POST", "/fhir/Patient/$match", {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient(birthDate=SECRET[0])}]})
    ask("GET", f"/fhir/Patient/{SECRET[4]}")
    ask("GET", f"/admin/messages?state={SECRET[0]}")
    ask("POST", "/admin/reviews/1", {"same": SECRET[0]})
    head = "MSH|^~\\&|REGDESK|NORTHGATE|CAUSEWAY|NORTHGATE|20260301080000||{}|{}|P|2.3\r"
    pid = f"PID|1||{SECRET[4]}^^^NORTHGATE^MR||{SECRET[0]}^X||{SECRET[3]}|F|||{SECRET[1]}\r"
    wrong = [head.format("ADT^A04", "ZZ1") + "EVN|A04|nonsense\r" + pid.replace(SECRET[3], SECRET[0]) + "PV1|1|O\r",
             head.format("ADT^Z99", "ZZ2") + pid, head.format("XYZ^A01", "ZZ3") + pid, head.format("ORU^R01", "ZZ4") + pid + f"OBX|1|NM|x||{SECRET[0]}\r",
             head.format("ADT^A40", "ZZ5") + pid, head.format("ORU^R01", "ZZ6") + pid + f"OBX|1|XX|{SECRET[0]}\r",
             head.format("ADT^A04", "ZZ7").replace("2.3", "9.9") + pid, head.format("ADT^A04", "ZZ8") + "pid" + pid[3:], head.format("ADT^A04", "ZZ9") + SECRET[0] + "\r",
             SECRET[0] + "|no message at all\r", head.format("ADT^A04", "ZZ10") + pid.replace("^", "\\X4\\")]
    connection = Mllp(day.mllp_port, day.desk)
    for i, text in enumerate(wrong):
        try:
            answers.append((f"message {i + 1}", 400, connection.send(text.encode())))
        except OSError:
            connection = Mllp(day.mllp_port, day.desk)
    connection.close()
    if not day.tls:
        with socket.create_connection(("127.0.0.1", day.mllp_port), timeout=5) as raw:
            raw.sendall(SECRET[0].encode() * 50 + b"\x0b" + pid.encode())
    return answers


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--causeway", required=True)
    arguments.add_argument("--tls", action="store_true")
    options = arguments.parse_args()
    words = words_of_the_day() | set(SECRET)
    check(len(words) > 25, f"{len(words)} words to look for: {', '.join(sorted(words)[:6])} …")
    with tempfile.TemporaryDirectory(prefix="canary-") as folder:
        os.environ["CAUSEWAY_LOG__LEVEL"] = "debug"
        playing = argparse.Namespace(causeway=options.causeway, once=True, free_ports=True, tls=options.tls, quiet=True, folder=folder)
        day = clinic.Day(playing)
        written = {}
        try:
            day.play()
            answers = mistakes(day)
            for page in ("/metrics", "/health/ready", "/health/live", "/fhir/metadata"):
                connection = day.fhir.connect()
                connection.request("GET", page)
                written[page] = connection.getresponse().read().decode(errors="replace")
                connection.close()
        finally:
            day.end()
        check(day.failed == 0, f"the day itself: {day.checked} checks")
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file() and path.suffix == ".log":
                written[path.name] = path.read_bytes().decode(errors="replace")
        config = str(pathlib.Path(folder, "causeway.toml"))
        for command in (["doctor", "--full", "--config", config], ["audit", "verify", "--config", config], ["doctor", "--config", config]):
            done = subprocess.run([options.causeway, *command], capture_output=True, text=True, cwd=ROOT)
            written["causeway " + " ".join(command[:2])] = done.stdout + done.stderr
        bad_answers = [each for each in answers if each[1] >= 400]
        for what, _, text in bad_answers:
            written.setdefault("answers to mistakes", "")
            written["answers to mistakes"] += f"{what}: {text}\n"
        check(len(bad_answers) > 40, f"{len(answers)} mistakes made, {len(bad_answers)} answered as such")
        total = 0
        for name, text in sorted(written.items()):
            total += len(text)
            folded = unicodedata.normalize("NFC", text).lower()
            hits = {}
            for word in words:
                for line in folded.splitlines():
                    if word.lower() in line:
                        hits.setdefault(word, line.strip()[:220])
                        break
            check(not hits, f"{name}: {len(text.splitlines())} lines, {len(text)} bytes, none of the words")
            for word, line in list(hits.items())[:12]:
                print(f"          {word}: {line}")
        print(f"        {len(words)} words looked for in {total} bytes")
    print(f"{sum(checks)} passed, {len(checks) - sum(checks)} failed")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
