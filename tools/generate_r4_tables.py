#!/usr/bin/env python3
"""Writes the R4 tables as C++: generate_r4_tables.py FOLDER_WITH_TSV OUT_CPP. See fhir/r4/generated.hpp."""
import pathlib
import sys

PRIMITIVES = {
    "base64Binary": "base64_binary", "boolean": "boolean", "canonical": "canonical", "code": "code", "date": "date",
    "dateTime": "date_time", "decimal": "decimal", "id": "id", "instant": "instant", "integer": "integer",
    "markdown": "markdown", "oid": "oid", "positiveInt": "positive_int", "string": "string", "time": "time",
    "unsignedInt": "unsigned_int", "uri": "uri", "url": "url", "uuid": "uuid", "xhtml": "xhtml"}


def rows(folder, name):
    with open(folder / name, encoding="utf-8") as source:
        return [line.rstrip("\n").split("\t") for line in source if not line.startswith("#")]


def name_hash(name):
    value = 2166136261
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value ^ (value >> 15)


def hash_slots(names):
    """Open addressing at no more than half full; a slot holds the row's number + 1."""
    size = 2
    while size < 2 * len(names) + 1:
        size *= 2
    slots = [0] * size
    for number, name in enumerate(names):
        at = name_hash(name) & (size - 1)
        while slots[at]:
            at = (at + 1) & (size - 1)
        slots[at] = number + 1
    return slots


def view(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return f'{{"{escaped}", {len(text.encode())}}}'


class Pool:
    """Lists of values laid into one array; equal lists are stored once."""

    def __init__(self, name, kind):
        self.name, self.kind, self.cells, self.at = name, kind, [], {}

    def span(self, values):
        if not values:
            return "{}"
        key = tuple(values)
        if key not in self.at:
            self.at[key] = len(self.cells)
            self.cells += values
        return f"{{{self.name} + {self.at[key]}, {len(values)}}}"

    def text(self):
        return f"constexpr {self.kind} {self.name}[] = {{{','.join(self.cells) or '{}'}}};\n"


def upper_first(name):
    return name[:1].upper() + name[1:]


class Generator:
    def __init__(self, folder):
        self.types = rows(folder, "types.tsv")
        self.index = {row[0]: number for number, row in enumerate(self.types)}
        self.elements = {row[0]: [] for row in self.types}
        for row in rows(folder, "elements.tsv"):
            self.elements[row[0].rsplit(".", 1)[0]].append(row)
        self.parameters = rows(folder, "search_parameters.tsv") + rows(folder, "extension_search_parameters.tsv")
        self.compartments = rows(folder, "compartments.tsv")
        self.constraints = rows(folder, "constraints.tsv")
        self.strings = Pool("strings", "std::string_view")
        self.type_lists = Pool("type_lists", "const TypeDef*")

    def type_pointer(self, name):
        return f"&type_rows[{self.index[name]}]"

    def element_rows(self):
        out, members, slots, self.element_at, self.slots_at = [], [], [], {}, {}
        for type_row in self.types:
            name = type_row[0]
            self.element_at[name] = len(out)
            own = []
            for order, row in enumerate(self.elements[name]):
                path, low, high, kinds, targets, flags, strength, value_set, _ = row
                leaf = path.rsplit(".", 1)[1]
                choice = leaf.endswith("[x]")
                leaf = leaf.removesuffix("[x]")
                reference = kinds.startswith("#")
                kinds = kinds.lstrip("#").split("|")
                json_names = [leaf + upper_first(kind) for kind in kinds] if choice else [leaf]
                for kind, json_name in zip(kinds, json_names):
                    own.append((json_name, len(out), kind, order))
                flag = lambda letter: "true" if letter in flags else "false"
                out.append(
                    f"{{{view(leaf)},{low},{'0' if high == '*' else high},{'true' if choice else 'false'},{flag('s')},"
                    f"{flag('m')},{flag('a')},{'true' if reference else 'false'},BindingStrength::{strength or 'none'},"
                    f"{view(value_set)},{self.type_lists.span([self.type_pointer(k) for k in kinds])},"
                    f"{self.strings.span([view(t) for t in targets.split('|') if t])},"
                    f"{self.strings.span([view(n) for n in json_names])}}}")
            table = hash_slots([member[0] for member in own])
            self.slots_at[name] = (len(slots), len(table) - 1)
            slots += [slot and slot + len(members) for slot in table]
            members += [f"{{{view(n)},&element_rows[{e}],{self.type_pointer(k)},{o}}}" for n, e, k, o in own]
        return out, members, slots

    def type_rows(self):
        out = []
        for number, (name, kind, abstract, base, _) in enumerate(self.types):
            first, mask = self.slots_at[name]
            assert len(self.elements[name]) <= 64, name
            required = sum(1 << order for order, row in enumerate(self.elements[name]) if int(row[1]) > 0)
            out.append(
                f"{{{view(name)},TypeKind::{kind},Primitive::{PRIMITIVES.get(name, 'none')},"
                f"{'true' if abstract else 'false'},{self.type_pointer(base) if base in self.index else 'nullptr'},"
                f"{{element_rows + {self.element_at[name]}, {len(self.elements[name])}}},{number},{first},{mask},{required}ULL}}")
        return out

    def parameter_rows(self, components):
        bases = {row[0]: row[3] for row in self.types}
        by_type = {}
        for row in self.parameters:
            by_type.setdefault(row[0], {})[row[1]] = row
        out, ranges = [], []
        for name in self.resources:
            found = dict(by_type["Resource"])
            if bases[name] == "DomainResource":
                found |= by_type["DomainResource"]
            found |= by_type.get(name, {})
            ranges.append(f"{{{view(name)},{len(out)},{len(found)}}}")
            for code in sorted(found, key=lambda c: c.encode()):
                _, _, identity, kind, expression, targets, parts, _, url = found[code]
                cells = [part.split("=", 1) for part in parts.split(";;") if part]
                out.append(
                    f"{{{len(out)},{view(name)},{view(code)},{view(identity)},SearchType::{kind},{view(expression)},"
                    f"{self.strings.span([view(t) for t in targets.split('|') if t])},"
                    f"{components.span([f'{{{view(a)},{view(b)}}}' for a, b in cells])},{view(url)}}}")
        return out, ranges

    def write(self, path):
        self.resources = sorted(row[0] for row in self.types if row[1] == "resource" and not row[2])
        elements, members, member_slots = self.element_rows()
        types = self.type_rows()
        components = Pool("components", "SearchComponentDef")
        parameters, ranges = self.parameter_rows(components)
        owners, compartment_rows = {}, []
        for owner, kind, names in self.compartments:
            owners.setdefault(owner, []).append(
                f"{{{view(kind)},{self.strings.span([view(n) for n in names.split('|')])}}}")
        owner_rows = []
        for owner, found in owners.items():
            owner_rows.append(f"{{{view(owner)},{{compartment_rows + {len(compartment_rows)}, {len(found)}}}}}")
            compartment_rows += found
        constraints = [f"{{{view(p)},{view(k)},{'true' if s == 'error' else 'false'},{view(e)},{view(h)}}}"
                       for p, k, s, e, h in self.constraints]

        def array(kind, name, cells):
            return f"constexpr {kind} {name}[] = {{\n" + ",\n".join(cells) + "};\n"

        with open(path, "w", encoding="utf-8") as out:
            out.write('#include "fhir/r4/generated.hpp"\nnamespace causeway::fhir::r4::generated {\nnamespace {\n')
            out.write(f"extern const TypeDef type_rows[{len(types)}];\n")
            out.write(self.strings.text() + self.type_lists.text() + components.text())
            out.write(array("ElementDef", "element_rows", elements))
            out.write("constexpr TypeDef type_rows[] = {\n" + ",\n".join(types) + "};\n")
            out.write(array("MemberDef", "member_rows", members))
            out.write(array("std::uint16_t", "type_slots", [str(s) for s in hash_slots([t[0] for t in self.types])]))
            out.write(array("std::uint16_t", "member_slots", [str(s) for s in member_slots]))
            out.write(array("std::string_view", "resource_names", [view(n) for n in self.resources]))
            out.write(array("SearchParameterDef", "parameter_rows", parameters))
            out.write(array("Tables::Range", "parameter_ranges", ranges))
            out.write(array("CompartmentDef", "compartment_rows", compartment_rows))
            out.write(array("Tables::Compartment", "compartment_owners", owner_rows))
            out.write(array("ConstraintDef", "constraint_rows", constraints))
            out.write("}\nconst Tables tables = {type_rows, member_rows, type_slots, member_slots, resource_names, "
                      "parameter_rows, parameter_ranges, compartment_owners, constraint_rows};\n}\n")


def main():
    path = pathlib.Path(sys.argv[2])
    path.parent.mkdir(parents=True, exist_ok=True)
    Generator(pathlib.Path(sys.argv[1])).write(path)


if __name__ == "__main__":
    main()
