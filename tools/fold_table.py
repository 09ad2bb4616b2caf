#!/usr/bin/env python3
"""The table behind fhir/search/normalise.hpp.

  fold_table.py derive            prints fold.tsv from Python's unicodedata: code point, what it becomes (UTF-8 as hex)
  fold_table.py cpp IN OUT        turns fold.tsv into C++
"""
import sys
import unicodedata

# Letters that have no canonical decomposition but that people type without the stroke or as two letters.
WRITTEN_OUT = {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ß": "ss",
               "ĸ": "k", "ŋ": "n", "ǥ": "g", "ƀ": "b", "ɨ": "i", "ʉ": "u", "ɖ": "d"}


def fold(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] in "PZ" or category in ("Cc", "Sk"):
        return " "
    if category in ("Mn", "Me", "Cf"):
        return ""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFD", char).casefold())
    out = []
    for part in text:
        if unicodedata.category(part) in ("Mn", "Me"):
            continue
        out.append(WRITTEN_OUT.get(part, part))
    return "".join(out)


def derive() -> None:
    print(f"# Unicode {unicodedata.unidata_version}, Python unicodedata; code point, replacement as UTF-8 hex (empty: dropped)")
    for code in range(0x80, 0x110000):
        if 0xD800 <= code < 0xE000 or 0xAC00 <= code < 0xD7A4:  # surrogates; Hangul syllables fold by rule
            continue
        char = chr(code)
        if unicodedata.category(char) == "Cn":
            continue
        folded = fold(char)
        if folded != char:
            print(f"{code:04X}\t{folded.encode().hex()}")


def cpp(source: str, target: str) -> None:
    rows, pool, offsets = [], b"", {}
    for line in open(source, encoding="utf-8"):
        if line.startswith("#"):
            continue
        code, _, text = line.rstrip("\n").partition("\t")
        data = bytes.fromhex(text)
        if data not in offsets:
            offsets[data] = len(pool)
            pool += data
        rows.append((int(code, 16), offsets[data], len(data)))
    with open(target, "w", encoding="utf-8") as out:
        out.write('#include "fhir/search/fold.hpp"\nnamespace causeway::fhir::search {\n')
        out.write(f"const Fold folds[] = {{\n")
        out.writelines(f"{{{code},{offset},{size}}},\n" for code, offset, size in sorted(rows))
        out.write("};\nconst std::size_t fold_count = sizeof folds / sizeof folds[0];\nconst char fold_pool[] =\n")
        for start in range(0, len(pool), 32):
            out.write('"' + "".join(f"\\x{byte:02x}" for byte in pool[start:start + 32]) + '"\n')
        out.write(";\n}\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["derive"]:
        derive()
    else:
        cpp(sys.argv[2], sys.argv[3])
