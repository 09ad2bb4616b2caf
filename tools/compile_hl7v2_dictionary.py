#!/usr/bin/env python3
"""Turns hl7v2/dictionary/*.tsv into the arrays that hl7v2/dictionary/rows.hpp declares.

    compile_hl7v2_dictionary.py TSV_FOLDER OUT_CPP OUT_PATHS_HPP

OUT_PATHS_HPP is what compile-time paths are checked against: for each segment, how many fields any version gives it, and
for each field how many components.
"""
import pathlib
import sys

VERSIONS = ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"]
USAGES = {"O": 0, "R": 1, "C": 2, "B": 3, "X": 4}
KINDS = {"segment": 0, "group": 1, "choice": 2, "any": 3}


def read(folder, name):
    with open(folder / f"{name}.tsv", encoding="utf-8") as source:
        return [line.rstrip("\n").split("\t") for line in source if not line.startswith("#")]


def expand(ranges):
    """"2.3-2.5,2.7" -> version indexes"""
    out = []
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        out.extend(range(VERSIONS.index(first), VERSIONS.index(last or first) + 1))
    return out


def mask(ranges):
    return sum(1 << index for index in expand(ranges))


def pack(name):
    return ord(name[0]) << 16 | ord(name[1]) << 8 | ord(name[2]) if len(name) == 3 else 0


class Pool:
    def __init__(self):
        self.offsets, self.parts, self.size = {}, [], 0

    def text(self, value):
        data = value.encode("utf-8")[:255]
        while data and (data[-1] & 0xC0) == 0x80 and len(data) == 255:
            data = data[:-1]
        if data not in self.offsets:
            self.offsets[data] = self.size
            self.parts.append(data)
            self.size += len(data)
        return f"{{{self.offsets[data] << 8 | len(data)}}}"

    def literal(self):
        out = []
        for part in self.parts:
            text = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in part)
            if text:
                out.append(f'"{text}"')
        return "\n".join(out)


class Definitions:
    """Segments or data types: equal lists of elements are one row, whatever versions have them."""

    def __init__(self, pool, elements, titles, parts, owner):
        self.rows, known = [], {}
        self.versions = [{} for _ in VERSIONS]
        by_owner = {}
        for name, number, versions, *element in parts:
            for version in expand(versions):
                by_owner.setdefault((name, version), {})[int(number)] = tuple(element)
        for name, versions, title in titles:
            for version in expand(versions):
                fields = by_owner.get((name, version), {})
                key = (name, title, tuple(fields.get(n, ("O", "1", "0", "0", "ST", "reserved"))
                                          for n in range(1, max(fields, default=0) + 1)))
                if key not in known:
                    known[key] = len(self.rows)
                    first = elements.add_list(key[2])
                    self.rows.append(f"{{{pool.text(name)},{pool.text(title)},{first},{len(key[2])}}}")
                self.versions[version][name] = known[key]
        self.by_owner = by_owner
        self.owner = owner


class Elements:
    def __init__(self, pool):
        self.pool, self.known, self.rows, self.list = pool, {}, [], []

    def add_list(self, parts):
        first = len(self.list)
        for part in parts:
            if part not in self.known:
                self.known[part] = len(self.rows)
                usage, repetitions, length, table, datatype, name = part
                self.rows.append(f"{{{self.pool.text(name)},{self.pool.text(datatype)},{length},{repetitions},{table},"
                                 f"{USAGES[usage]}}}")
            self.list.append(self.known[part])
        return first


class StructureParser:
    """The notation of structures.tsv: NAME, [x] optional, {x} repeating, NAME(x y) group, <x|y> choice, * any segment."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def sequence(self, stop):
        out = []
        while self.at < len(self.text) and self.text[self.at] not in stop:
            if self.text[self.at] in " |":
                self.at += 1
                continue
            out.append(self.item())
        return out

    def take(self, char):
        if self.text[self.at] != char:
            raise ValueError(f"{char} expected at {self.at} of {self.text}")
        self.at += 1

    def item(self, required=1, repeats=0):
        char = self.text[self.at]
        if char == "[":
            self.at += 1
            item = self.item(0, repeats)
            self.take("]")
            return item
        if char == "{":
            self.at += 1
            item = self.item(required, 1)
            self.take("}")
            return item
        flags = required | repeats << 1
        if char == "<":
            self.at += 1
            children = self.sequence(">")
            self.take(">")
            return ("choice", "", flags, tuple(children))
        if char == "*":
            self.at += 1
            return ("any", "*", flags, ())
        start = self.at
        while self.at < len(self.text) and (self.text[self.at].isalnum() or self.text[self.at] in "_-"):
            self.at += 1
        name = self.text[start:self.at]
        if self.at < len(self.text) and self.text[self.at] == "(":
            self.at += 1
            children = self.sequence(")")
            self.take(")")
            return ("group", name, flags, tuple(children))
        if len(name) != 3:
            raise ValueError(f"no segment name at {start} of {self.text}")
        return ("segment", name, flags, ())


def compile_structures(pool, rows):
    items, roots = [], [{} for _ in VERSIONS]

    def emit(item, index):
        kind, name, flags, children = item
        first = len(items)
        items.extend([None] * len(children))
        items[index] = f"{{{pool.text(name)},{pack(name) if kind == 'segment' else 0},{first},{len(children)}," \
                       f"{KINDS[kind]},{flags}}}"
        for offset, child in enumerate(children):
            emit(child, first + offset)

    for name, versions, text in rows:
        parser = StructureParser(text)
        root = ("group", name, 1, tuple(parser.sequence("")))
        index = len(items)
        items.append(None)
        emit(root, index)
        for version in expand(versions):
            roots[version][name] = index
    return items, roots


def per_version(name, versions):
    flat, ranges = [], [0]
    for rows in versions:
        flat.extend(rows[key] for key in sorted(rows))
        ranges.append(len(flat))
    return (f"constexpr std::uint32_t {name}_list[] = {{{','.join(map(str, flat))}}};\n"
            f"constexpr std::uint32_t {name}_ranges[] = {{{','.join(map(str, ranges))}}};\n",
            f"const PerVersion {name}_of{{{name}_list, {name}_ranges}};\n")


def path_table(segments, datatypes):
    """One line per segment: the number of components of each of its fields, at most 94, as printable characters."""
    components = {}
    for (name, _), parts in datatypes.by_owner.items():
        components[name] = max(components.get(name, 0), len(parts))
    fields = {}
    for (name, _), parts in segments.by_owner.items():
        counts = fields.setdefault(name, {})
        for number, part in parts.items():
            free = part[4] in ("varies", "WD") or part[4].startswith("CM")
            count = 94 if free else max(components.get(part[4], 0), 1)
            counts[number] = max(counts.get(number, 0), count)
    out = []
    for name in sorted(fields):
        text = "".join(chr(32 + fields[name].get(n, 94)) for n in range(1, max(fields[name]) + 1))
        text = text.replace("\\", "\\\\").replace('"', '\\"').replace("??", "?\\?")
        out.append(f'    {{"{name}", "{text}"}},\n')
    return "".join(out), len(out)


def main():
    folder, out_cpp, out_paths = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    pool = Pool()
    elements = Elements(pool)
    segments = Definitions(pool, elements, read(folder, "segments"), read(folder, "fields"), "segment")
    datatypes = Definitions(pool, elements, read(folder, "datatypes"), read(folder, "components"), "datatype")
    items, roots = compile_structures(pool, read(folder, "structures"))
    events = sorted((pack(kind), pack(event), mask(versions), structure)
                    for kind, event, versions, structure in read(folder, "events"))
    event_rows = [f"{{{kind},{event},{pool.text(structure)},{versions}}}" for kind, event, versions, structure in events]
    codes = {}
    for number, code, versions, display in read(folder, "codes"):
        codes.setdefault(int(number), []).append((code, mask(versions), display))
    table_rows, code_rows = [], []
    for number, kind, title in read(folder, "tables"):
        own = sorted(codes.get(int(number), []), key=lambda row: row[0].encode("utf-8"))
        table_rows.append(f"{{{pool.text(title)},{len(code_rows)},{number},{len(own)},{1 if kind == 'hl7' else 0}}}")
        code_rows.extend(f"{{{pool.text(code)},{pool.text(display)},{versions}}}" for code, versions, display in own)
    lists = [per_version("segments", segments.versions), per_version("datatypes", datatypes.versions),
             per_version("structures", roots)]
    arrays = (("ElementRow", "elements", elements.rows), ("std::uint16_t", "element_list", map(str, elements.list)),
              ("DefinitionRow", "segments", segments.rows), ("DefinitionRow", "datatypes", datatypes.rows),
              ("ItemRow", "items", items), ("EventRow", "events", event_rows), ("TableRow", "tables", table_rows),
              ("CodeRow", "codes", code_rows))
    out_cpp.parent.mkdir(parents=True, exist_ok=True)
    with open(out_cpp, "w", encoding="utf-8") as out:
        out.write('#include "hl7v2/dictionary/rows.hpp"\n\nnamespace causeway::hl7v2::dictionary::rows {\nnamespace {\n')
        for kind, name, rows in arrays:
            out.write(f"constexpr {kind} {name}_data[] = {{\n" + ",\n".join(rows) + "};\n")
        for data, _ in lists:
            out.write(data)
        out.write("}  // namespace\n")
        for kind, name, _ in arrays:
            out.write(f"const std::span<const {kind}> {name}{{{name}_data}};\n")
        for _, variable in lists:
            out.write(variable)
        out.write(f"const char pool[] =\n{pool.literal()};\n}}  // namespace causeway::hl7v2::dictionary::rows\n")
    table, count = path_table(segments, datatypes)
    with open(out_paths, "w", encoding="utf-8") as out:
        out.write("#pragma once\n#include <string_view>\n\nnamespace causeway::hl7v2::detail {\n\n"
                  "struct SegmentShape {\n    std::string_view name;\n    std::string_view components;\n};\n\n"
                  f"inline constexpr SegmentShape segment_shapes[{count}] = {{\n{table}}};\n\n"
                  "}  // namespace causeway::hl7v2::detail\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
