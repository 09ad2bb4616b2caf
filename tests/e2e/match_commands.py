#!/usr/bin/env python3
"""The commands on files of patients: dedupe, link, pairs, train, explain; CSV and NDJSON, truth, refusals.

    match_commands.py --causeway build/dev/causeway
"""
import argparse
import csv
import io
import json
import os
import random
import re
import subprocess
import sys
import tempfile

checks = []


def check(good, what, detail=""):
    checks.append(bool(good))
    print(("ok      " if good else "FAILED  ") + what + ("" if good else "\n" + detail), flush=True)


GIVEN = ("Mary James Linda Robert Barbara Michael Susan William Karen David Nancy Richard Lisa Joseph Betty Thomas Helen Charles Sandra "
         "Daniel Donna Matthew Carol Anthony Ruth Mark Sharon Donald Laura Steven Sarah Paul Kimberly Andrew Deborah Joshua").split()
STEMS = "Hart Lind Berg Quack Thor Aber Ecke Marl Wood Stan Fair Gold Brook Hill Moss Clay Rain North Kings Ash".split()
ENDS = "ley son mann field ford stein over wick ham berry worth low".split()
COLUMNS = ["id", "given", "family", "birth_date", "sex", "street", "city", "zip", "phone", "ssn", "person"]


def people(count, dice):
    for number in range(1, count + 1):
        yield {"given": dice.choice(GIVEN), "family": dice.choice(STEMS) + dice.choice(ENDS),
               "birth_date": "%d-%02d-%02d" % (dice.randint(1930, 2010), dice.randint(1, 12), dice.randint(1, 28)), "sex": dice.choice("MF"),
               "street": "%d %s Street" % (dice.randint(1, 900), dice.choice(STEMS)), "city": dice.choice(STEMS) + "ville",
               "zip": str(dice.randint(10000, 99999)), "phone": "248%07d" % dice.randint(2000000, 9999999),
               "ssn": "%03d%02d%04d" % (dice.randint(100, 600), dice.randint(10, 99), dice.randint(1000, 9999)), "person": "p%d" % number}


def again(person, dice):
    """The person at another desk: sometimes a letter is lost, the family has moved, the number was not asked for."""
    out = dict(person)
    if dice.random() < .2:
        out["given"] = out["given"][:-1]
    if dice.random() < .3:
        out["street"], out["zip"] = "%d Other Road" % dice.randint(1, 900), str(dice.randint(10000, 99999))
    if dice.random() < .5:
        out["ssn"] = ""
    if dice.random() < .3:
        out["phone"] = ""
    return out


def table(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def fhir(row):
    return json.dumps({"resourceType": "Patient", "id": row["id"], "name": [{"family": row["family"], "given": [row["given"]]}],
                       "birthDate": row["birth_date"], "gender": "male" if row["sex"] == "M" else "female",
                       "telecom": [{"system": "phone", "value": row["phone"]}] if row["phone"] else [],
                       "address": [{"line": [row["street"]], "city": row["city"], "postalCode": row["zip"]}]})


class Shell:
    def __init__(self, binary, folder):
        self.binary, self.folder = os.path.abspath(binary), folder

    def run(self, *arguments):
        done = subprocess.run([self.binary, "match", *arguments], capture_output=True, cwd=self.folder, timeout=300)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def write(self, name, content):
        with open(os.path.join(self.folder, name), "w") as out:
            out.write(content)

    def rows(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return list(csv.DictReader(file))


def measured(text, line):
    found = re.search(r"%s +precision ([0-9.]+)  recall ([0-9.]+)" % re.escape(line), text)
    return (float(found.group(1)), float(found.group(2))) if found else (0, 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--causeway", required=True)
    options = parser.parse_args()
    dice = random.Random(7)
    first, second = [], []
    for person in people(1500, dice):
        first.append(dict(person, id="a%d" % len(first)))
        if dice.random() < .6:
            second.append(dict(again(person, dice), id="b%d" % len(second)))
    truth = {row["id"]: row["person"] for row in first + second}
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(options.causeway, folder)
        both = first + second
        dice.shuffle(both)
        shell.write("both.csv", table(both))
        shell.write("first.csv", table(first))
        shell.write("second.csv", table(second))

        code, out, err = shell.run("dedupe", "both.csv", "--truth", "person", "--out", "pairs.csv", "--quiet")
        check(code == 0, "dedupe reads CSV by the usual column names", out + err)
        check("training: %d records" % len(both) in out and "converged" in out, "dedupe trains on the file and says how it went", out)
        precision, recall = measured(out, "automatic links")
        check(precision == 1 and recall > .5, "what is linked is right", out)
        precision, recall = measured(out, "probability .5")
        check(precision > .99 and recall > .97, "at probability one half", out)
        check("best threshold" in out and "review queue" in out, "three levels and the queue are reported", out)
        pairs = shell.rows("pairs.csv")
        check(pairs and set(pairs[0]) >= {"id_a", "id_b", "weight", "probability", "decision", "rule"}, "pairs are written with what decided them", str(pairs[:1]))
        check(all(truth[row["id_a"]] == truth[row["id_b"]] for row in pairs if row["decision"] == "automatic"), "the automatic ones are one person each")
        check(all(row["decision"] in ("automatic", "review") for row in pairs), "what is no match is not written")
        code, again_out, _ = shell.run("dedupe", "both.csv", "--truth", "person", "--quiet", "--threads", "1")
        same = [line for line in out.splitlines() if line.startswith(("automatic", "probability", "best", "review"))]
        check(all(line in again_out for line in same), "one thread finds what two find", again_out)

        code, out, err = shell.run("link", "first.csv", "second.csv", "--truth", "person", "--out", "links.csv", "--quiet")
        check(code == 0 and measured(out, "automatic links")[0] == 1, "link joins two files", out + err)
        check(all(row["id_a"][0] != row["id_b"][0] for row in shell.rows("links.csv")), "link pairs no two records of one file")

        shell.write("both.ndjson", "\n".join(fhir(row) for row in both) + "\n")
        code, out, err = shell.run("dedupe", "both.ndjson", "--quiet", "--out", "fhir.csv")
        check(code == 0 and any(row["decision"] == "automatic" for row in shell.rows("fhir.csv")), "dedupe reads FHIR Patients as NDJSON", out + err)

        renamed = table(both).replace("given,family", "vorname,nachname", 1)
        shell.write("renamed.csv", renamed)
        shell.write("columns.txt", "id = id\ngiven = vorname\nfamily = nachname\nbirth_date = birth_date\nphone = phone\nssn = ssn\n")
        code, out, err = shell.run("dedupe", "renamed.csv", "--columns", "columns.txt", "--quiet")
        check(code == 0 and "automatic links" in out, "other columns are mapped by a file", out + err)

        code, out, err = shell.run("train", "both.csv", "--out", "own.model", "--quiet")
        check(code == 0 and os.path.exists(os.path.join(folder, "own.model")), "train writes a model that can be read", out + err)
        code, out, err = shell.run("dedupe", "both.csv", "--model", "own.model", "--quiet")
        check(code == 0 and "training:" not in out and "model trained-" in out, "dedupe judges with a given model", out + err)
        # a file in which nobody comes twice: there is nothing to learn from
        shell.write("singles.csv", table([dict(person, id=str(i)) for i, person in enumerate(people(600, random.Random(3)))]))
        code, out, err = shell.run("train", "singles.csv", "--out", "none.model", "--quiet")
        check(code != 0 and "refused" in out and not os.path.exists(os.path.join(folder, "none.model")), "a degenerate model is refused and not written", out + err)
        shell.write("few.csv", table(first[:50]))
        code, out, err = shell.run("train", "few.csv", "--quiet")
        check(code != 0 and "fewer than 200 records" in out, "so is one of too few records", out + err)

        pair = next(row for row in pairs if row["decision"] == "automatic")
        code, out, err = shell.run("explain", "both.csv", pair["id_a"], pair["id_b"])
        check(code == 0 and "decision automatic" in out and "birth_date" in out and "model " in out, "explain shows field, bits, rule and model", out + err)
        check("combination 0" in out, "and the combinations that hold", out)
        code, out, err = shell.run("explain", "both.csv", pair["id_a"], "nobody")
        check(code != 0 and "nobody" in err, "explain says which id is unknown", out + err)

        one = "nameFirst=Mary,nameLast=Hillenbrand,birthDate=19840719,ssn=219098765,gender=F,phone=2484333532"
        twin = one.replace("Mary", "Martha").replace("219098765", "219098766")
        other = "nameFirst=Zelda,nameLast=Quackenbush,birthDate=19511130,gender=F,phone=9062261000"
        shell.write("pairs.txt", "".join("TEST: %d\nEXPECT: %s\nPATIENT A: %s\nPATIENT B: %s\n\n" % (number, expected, one, second)
                                         for number, (expected, second) in enumerate([("Match", one), ("Possible Match", twin), ("Not a Match", other)])))
        code, out, err = shell.run("pairs", "pairs.txt", "--out", "judged.csv", "--quiet")
        judged = [row["decision"] for row in shell.rows("judged.csv")]
        check(code == 0 and judged == ["automatic", "review", "no_match"], "pairs judges three classes, twins are asked about", out + err + str(judged))
        code, out, err = shell.run("pairs", "missing.txt")
        check(code != 0 and "missing.txt" in err, "a file that is not there is said to be so", out + err)
    print("%d checks, %d failed" % (len(checks), checks.count(False)))
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
