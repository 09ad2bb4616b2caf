#!/usr/bin/env python3
"""Compares the content of bundles made from HL7 v2 messages with bundles somebody else made of the same messages.

    tools/compare_bundles.py --causeway build/dev/causeway MESSAGES EXPECTED [--by path|file|value] [--only PREFIX]

MESSAGES is a folder of *.hl7 (searched recursively), EXPECTED a folder of *.json whose names begin with a message's name.
Compared are the values of elements, by resource type and path, as bags. Ids, references, extensions, narrative and order are left out;
times are compared to the minute, in UTC.
Prints per path how many values are the same, only in theirs, only in ours, with examples of each; then the totals.
"""
import argparse
import collections
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile

LEFT_OUT = {"id", "reference", "extension", "modifierExtension", "fullUrl", "versionId", "lastUpdated", "resourceType", "contained"}
INSTANT = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$")


def plain_time(match):
    """To the minute, in UTC where there is an offset."""
    time = datetime.datetime.fromisoformat(match.group(1))
    offset = match.group(4) or "Z"
    if offset != "Z":
        minutes = int(offset[1:3]) * 60 + int(offset[4:6])
        time -= datetime.timedelta(minutes=minutes if offset[0] == "+" else -minutes)
    return time.isoformat(timespec="minutes")


def leaves(value, path):
    if isinstance(value, dict):
        for name, inner in value.items():
            narrative = name == "text" and isinstance(inner, dict)
            if name not in LEFT_OUT and not name.startswith("_") and not narrative:
                yield from leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    elif value is not None:
        text = json.dumps(value) if isinstance(value, bool) else str(value)
        time = INSTANT.match(text)
        yield path, (plain_time(time) if time else text)


def bag(bundle):
    found = collections.Counter()
    for entry in bundle.get("entry", []):
        resource = entry.get("resource") or {}
        found.update(leaves(resource, resource.get("resourceType", "?")))
    return found


def read(path):
    with open(path, encoding="utf-8-sig") as file:
        return json.load(file)


def pairs(messages, expected):
    wanted = {}
    for folder, _, names in os.walk(expected):
        for name in names:
            if name.endswith(".json"):
                wanted[re.sub(r"(-expected)?\.json$", "", name)] = os.path.join(folder, name)
    for folder, _, names in sorted(os.walk(messages)):
        for name in sorted(names):
            stem = re.sub(r"\.(hl7|txt)$", "", name)
            if stem in wanted and stem != name:
                yield os.path.join(folder, name), wanted[stem]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("messages")
    options.add_argument("expected")
    options.add_argument("--causeway", default="build/dev/causeway")
    options.add_argument("--by", choices=("path", "file", "value"), default="path")
    options.add_argument("--only", default="", help="paths that begin so")
    options.add_argument("--file", default="", help="messages whose path contains this")
    options.add_argument("--options", default="", help="further options of causeway convert")
    args = options.parse_args()
    rows = collections.defaultdict(lambda: [0, 0, 0, collections.Counter(), collections.Counter()])
    totals, failed, count = [0, 0, 0], [], 0
    found = [pair for pair in pairs(args.messages, args.expected) if args.file in pair[0]]
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, f"{i}.hl7") for i in range(len(found))]
        for name, (message, _) in zip(names, found):
            os.symlink(os.path.abspath(message), name)
        subprocess.run([args.causeway, "convert", *args.options.split(), "--out", folder, *names],
                       capture_output=True, check=False)
        made = [read(name[:-4] + ".json") if os.path.exists(name[:-4] + ".json") else None for name in names]
    for (message, theirs), bundle in zip(found, made):
        try:
            ours, expected = bag(bundle), bag(read(theirs))
        except (AttributeError, ValueError):  # no bundle was made, or the other file is none
            failed.append(message)
            continue
        count += 1
        for key in ours.keys() | expected.keys():
            path, value = key
            if not path.startswith(args.only):
                continue
            same = min(ours[key], expected[key])
            name = {"path": path, "file": os.path.basename(message), "value": f"{path} = {value}"}[args.by]
            row = rows[name]
            for i, number in enumerate((same, expected[key] - same, ours[key] - same)):
                row[i] += number
                totals[i] += number
                if i and number:
                    row[i + 2][value] += number
    for name, row in sorted(rows.items(), key=lambda item: -item[1][1]):
        if row[1] or row[2]:
            print(f"{row[0]:6} same {row[1]:6} theirs {row[2]:6} ours  {name}")
            if args.by == "path":
                for who, examples in (("theirs", row[3]), ("ours", row[4])):
                    if examples:
                        print("         ", who + ":", "; ".join(f"{v!r} {n}" for v, n in examples.most_common(4)))
    for line in failed:
        print("failed:", line)
    print(f"{count} pairs: {totals[0]} values the same, {totals[1]} only in theirs, {totals[2]} only in ours; {len(failed)} failed")


if __name__ == "__main__":
    sys.exit(main())
