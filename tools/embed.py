#!/usr/bin/env python3
"""Turns files into C++ data: embed.py SYMBOL HEADER OUT_HPP OUT_CPP ROOT FILE...

The header declares `std::span<const causeway::embedded::File> SYMBOL()`; each File has the path relative to
ROOT (with forward slashes) and the bytes. Output depends on the input alone, so builds are reproducible.
"""
import os
import sys


def literal(data: bytes) -> str:
    rows, row = [], []
    for byte in data:
        row.append(f"{byte}")
        if len(row) == 40:
            rows.append(",".join(row))
            row = []
    if row:
        rows.append(",".join(row))
    return ",\n".join(rows)


def main() -> int:
    symbol, header, out_hpp, out_cpp, root, *files = sys.argv[1:]
    os.makedirs(os.path.dirname(out_hpp), exist_ok=True)
    with open(out_hpp, "w", encoding="utf-8") as out:
        out.write("#pragma once\n#include <span>\n#include \"tools/embedded_file.hpp\"\n"
                  f"namespace causeway::embedded {{\nstd::span<const File> {symbol}();\n}}\n")
    with open(out_cpp, "w", encoding="utf-8") as out:
        out.write(f"#include \"{header}\"\n#include <array>\nnamespace causeway::embedded {{\nnamespace {{\n")
        rows = []
        for index, path in enumerate(sorted(files)):
            with open(path, "rb") as source:
                data = source.read()
            name = os.path.relpath(path, root).replace(os.sep, "/")
            out.write(f"constexpr unsigned char bytes_{index}[] = {{{literal(data + bytes(1))}}};\n")
            rows.append(f"    File{{\"{name}\", {{reinterpret_cast<const char*>(bytes_{index}), {len(data)}}}}}")
        out.write("}\nstd::span<const File> " + symbol + "() {\n    static const std::array<File, "
                  + str(len(files)) + "> files = {\n" + ",\n".join(rows) + "};\n    return files;\n}\n}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
