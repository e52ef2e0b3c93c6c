#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file of gateway/ may include its own layer and those above it in gateway/layers.txt, nothing else.

Usage: layers.py        Exit 1 and one line per breach: file:line, what was included, and why it may not.
"""
import re
import sys

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def read_order(text):
    return [line for line in text.split("\n") if re.match(r"[a-z]", line)]


def breaches_of(name, text, order):
    """Every #include "..." of one file that its layer forbids. `name` is the path from the root."""
    layer = name.split("/")[1]
    if layer not in order:
        return [f"{name}: folder {layer} is not in gateway/layers.txt"]
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if match:
            why = objection(layer, match.group(1), order)
            if why:
                found.append(f'{name}:{number}: "{match.group(1)}": {why}')
    return found


def objection(layer, included, order):
    parts = included.split("/")
    if parts[0] == "tests":
        return "the gateway never includes a test"
    if parts[0] != "gateway" or len(parts) < 3:
        return "" if included == "sluice_version.h" else 'write includes of ours from the root: "gateway/..."'
    if parts[1] not in order:
        return f"there is no layer {parts[1]}"
    if order.index(parts[1]) > order.index(layer):
        return f"{layer} comes before {parts[1]} in gateway/layers.txt"
    return ""


def main():
    order = read_order(tree.text("gateway/layers.txt"))
    breaches = []
    names = [n for n in tree.files(*tree.CPP, ".def", under="gateway") if n.count("/") >= 2]
    for name in names:
        breaches += breaches_of(name, tree.text(name), order)
    print(f"layers: {len(names)} files, {len(order)} layers, {len(breaches)} breaches")
    tree.finish(breaches)


if __name__ == "__main__":
    sys.exit(main())
