#!/usr/bin/env python3
"""The ways around: may what a grant does not show be had through a chain, `_has`, `_include`, `_revinclude`, a compartment, `$everything`,
a history, an entry of a batch, the page of somebody else's search, or an export? Every type that lies in a patient's compartment x way it
lies there x path x level of scope x actions, over sockets. Counts leaks and wrong refusals, as access_matrix.py does.

    access_paths.py --causeway build/dev/causeway --resources build/dev/matrix_resources [--sample N]
"""
import json
import sys
import time
import urllib.parse

import access_matrix
from access_matrix import ACTIONS, LEVELS, key_of

GRANTS = [(level, actions) for level in LEVELS for actions in (ACTIONS, "s", "r", ACTIONS.replace("s", ""))]


def names_in(status, data):
    """Type/id of every resource an answer holds."""
    if status != 200:
        return set()
    document = json.loads(data)
    out = set()
    for entry in document.get("entry", []):
        resource = entry.get("resource") or {}
        if resource.get("resourceType") == "Bundle":  # of an entry of a batch, or one that was stored
            out |= {f"{e['resource']['resourceType']}/{e['resource'].get('id')}" for e in resource.get("entry", []) if "resource" in e}
        if "id" in resource:
            out.add(f"{resource['resourceType']}/{resource['id']}")
        out.add("/".join((entry.get("fullUrl") or "").split("/_history")[0].rsplit("/", 2)[-2:]))
    return out


class Paths(access_matrix.Matrix):
    def see(self, target, key):
        status, data = self.client.ask("GET", "/fhir" + target, key)
        return status, names_in(status, data)

    def judge_names(self, described, path, level, actions, target, wanted, allowed):
        status, names = self.see(target, key_of(level, actions))
        self.judge((*described, path, level, actions, status), allowed, wanted in names, wanted not in names)

    def by_reference(self, kind, name, whose, way):
        """What a search may be bent to show, for a resource of this patient."""
        me, patient = f"{kind}/{name}", f"Patient/{whose}"
        described = (kind, f"{whose} by {way}")
        for level, actions in GRANTS:
            mine = level != "patient" or whose == "mine"
            searches = "s" in actions
            for path, target, wanted in (
                    ("chain", f"/{kind}?{way}:Patient._id={whose}", me), ("_has", f"/Patient?_has:{kind}:{way}:_id={name}", patient),
                    ("_include", f"/{kind}?_id={name}&_include={kind}:{way}", patient), ("_include of all", f"/{kind}?_id={name}&_include=*", patient),
                    ("_revinclude", f"/Patient?_id={whose}&_revinclude={kind}:{way}", me),
                    ("compartment", f"/Patient/{whose}/{kind}?_count=500", me)):
                self.judge_names(described, path, level, actions, target, wanted, searches and mine)
            self.judge_names(described, "$everything", level, actions, f"/Patient/{whose}/$everything?_type={kind}&_count=500", me,
                             "r" in actions and searches and mine)

    def histories_and_batches(self, kind, name, whose, way):
        me, described = f"{kind}/{name}", (kind, f"{whose} by {way}")
        for level, actions in GRANTS:
            visible, key = self.visible(level, kind, whose), key_of(level, actions)
            for path, target, needs in (("system history", "/_history?_count=1000", "s"), ("type history", f"/{kind}/_history?_count=1000", "s")):
                status, names = self.see(target, key)
                # It may be on a later page: only what is shown and must not be counts there.
                self.judge((*described, path, level, actions, status), needs in actions and visible, True, me not in names)
            for path, url, needs in (("batch read", me, "r"), ("batch search", f"{kind}?_id={name}", "s"),
                                     ("batch history", f"{me}/_history", "r")):
                bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": url}}]}
                status, data = self.client.ask("POST", "/fhir", key, bundle)
                self.judge((*described, path, level, actions, status), needs in actions and visible, me in names_in(status, data),
                           me not in names_in(status, data))

    def foreign_pages(self, kind):
        """The next page of a search that one grant made, asked for with another."""
        for maker in ("system", "user"):
            status, data = self.client.ask("GET", f"/fhir/{kind}?_count=1", key_of(maker, ACTIONS))
            links = {each["relation"]: each["url"] for each in json.loads(data).get("link", [])} if status == 200 else {}
            if "next" not in links:
                continue
            parts = urllib.parse.urlsplit(links["next"])
            target = f"{parts.path}?{parts.query}"
            own, _ = self.client.ask("GET", target, key_of(maker, ACTIONS))
            self.judge((kind, maker, "own page", maker, ACTIONS, own), True, own == 200, True)
            for level, actions in GRANTS:
                if (level, actions) == (maker, ACTIONS):
                    continue
                status, data = self.client.ask("GET", target, key_of(level, actions))
                names = {each for each in names_in(status, data) if each.startswith(kind + "/")}
                shown = {each for each in names if not self.visible(level, kind, self.owners.get(each, "nobody's"))}
                self.judge((kind, f"of {maker}", "foreign page", level, actions, status), "s" in actions, True,
                           not names if "s" not in actions else True)
                self.judge((kind, f"of {maker}", "foreign page", level, actions, status), not shown, True, not shown)

    def across(self):
        """A resource of mine names somebody else: the other does not come with it."""
        self.owners["Observation/both"] = "mine"
        self.put("Observation", "both", {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                                         "subject": {"reference": "Patient/mine"}, "performer": [{"reference": "Patient/theirs"}]})
        for target in ("/Observation?_id=both&_include=Observation:performer", "/Observation?_id=both&_include=*",
                       "/Observation?_id=both&_include:iterate=Observation:performer", "/Observation?performer:Patient._id=theirs",
                       "/Patient?_has:Observation:performer:_id=both", "/Patient/theirs/Observation", "/Patient/theirs/$everything",
                       "/Patient/theirs/_history", "/Patient?_id=theirs&_summary=count", "/?_type=Patient,Observation&_id=theirs"):
            status, data = self.client.ask("GET", "/fhir" + target, key_of("patient", ACTIONS))
            names = names_in(status, data)
            counted = status == 200 and "_summary" in target and json.loads(data).get("total") != 0
            self.judge(("Patient", "theirs through mine", target.split("?")[0], "patient", ACTIONS, status), False, False,
                       "Patient/theirs" not in names and not counted)

    def exports(self):
        """Who may read and find gets a job; what it writes is what its starter may see, and nobody else has its files."""
        for target in ("/$export", "/Patient/$export", "/$export?_type=Patient,Observation"):
            for level, actions in GRANTS:
                key, both = key_of(level, actions), "r" in actions and "s" in actions
                status, place = self.start_export(target, key)
                self.judge(("all", "export", target, level, actions, status), both, status == 202, status in (401, 403))
                if status != 202:
                    continue
                names, urls = self.exported(place, key)
                shown = {each for each in names if not self.visible(level, each.split("/")[0], self.owners.get(each, "nobody's"))}
                self.judge(("all", "export", "what it holds", level, actions, sorted(shown)[:3]), not shown, "Patient/mine" in names, not shown)
                foreign = key_of("user" if level == "system" else "system", "s")
                for url in [place, *urls[:2]]:
                    self.judge(("all", "export", "somebody else's files", level, actions, url[-20:]), False, False,
                               self.client.ask("GET", url, foreign)[0] in (401, 403, 404))
                self.client.ask("DELETE", place, key)

    def start_export(self, target, key):
        for _ in range(200):
            status, place = self.client.ask("GET", "/fhir" + target, key, None, {"Prefer": "respond-async"}, "Content-Location")
            if status not in (429, 503):
                return status, urllib.parse.urlsplit(place or "").path
            time.sleep(0.05)
        return status, ""

    def exported(self, place, key):
        for _ in range(400):
            status, data = self.client.ask("GET", place, key)
            if status != 202:
                break
            time.sleep(0.02)
        urls = [urllib.parse.urlsplit(each["url"]).path for each in json.loads(data).get("output", [])] if status == 200 else []
        names = set()
        for url in urls:
            for line in self.client.ask("GET", url, key)[1].decode().splitlines():
                resource = json.loads(line)
                names.add(f"{resource['resourceType']}/{resource['id']}")
        return names, urls

    def play(self):
        self.owners = {"Patient/mine": "mine", "Patient/theirs": "theirs"}
        for name in ("mine", "theirs"):
            self.put("Patient", name, {"resourceType": "Patient"})
        self.across()
        for one in self.resources:
            kind = one["type"]
            if kind in ("Parameters", "OperationOutcome", "Patient"):
                continue
            for number, (whose, way, resource) in enumerate(self.members(kind, one)):
                name = f"{kind[:40]}-{number}"
                self.put(kind, name, resource)
                self.owners[f"{kind}/{name}"] = whose
                if whose != "nobody's" and kind in self.table:
                    self.by_reference(kind, name, whose, way)
                self.histories_and_batches(kind, name, whose, way)
            self.foreign_pages(kind)
        self.exports()


if __name__ == "__main__":
    sys.exit(access_matrix.main(Paths, __doc__))
