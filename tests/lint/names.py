#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Types, aliases, constants and functions that a .cc of gateway/ keeps to itself have names that no other .cc of its layer
has: cmake/layers.cmake compiles several files as one (SLUICE_JOINED), and its part of them grows and shrinks as files come and go.
A test has a namespace of its own for that, which ends in the name of its file.

Usage: names.py         Exit 1 and one line per name that two files have, or test without a namespace of its own.
"""
import collections
import re
import sys
from pathlib import Path

import functions
import tree

NAMESPACE = re.compile(r"namespace(?: ([\w:]+))? \{$")
TYPE = re.compile(r"(?:template <.*> )?(?:class|struct|union|enum class|enum) (?:alignas\(\w+\) )?(\w+)(?: final)?(?: :[^:]|\s*\{)")
ALIAS = re.compile(r"(?:template <.*> )?(?:using|namespace) (\w+) = (.*);")
IMPORT = re.compile(r"using ([\w:]+::(\w+));")
VARIABLE = re.compile(r"(?:inline |static |thread_local |constinit |constexpr |const )+[^(]*?\b([kt]_?[A-Za-z]\w*)(?:\[[^]]*\])*(?: =|\{|;)")
FURTHER = re.compile(r"[,}\]] (k[A-Z]\w*)(?:\[[^]]*\])* =")


def names_of(source):
    """(namespace, name, line number, alias of what) of all outside classes and functions; the unnamed namespace adds nothing
    to the first. Of functions those in an unnamed namespace: overloads of others may be called in place of one's own."""
    bare = functions.blank(source)
    starts = {f.line: f.name for f in functions.functions(source) if "::" not in f.name and " " not in f.name}
    inside, depth, found = [], 0, []
    for number, line in enumerate(bare.split("\n"), 1):
        if depth == len(inside):
            where = "::".join(filter(None, inside))
            if opened := NAMESPACE.match(line.rstrip()):
                inside.append(opened.group(1) or "")
            elif match := TYPE.match(line):
                found.append((where, match.group(1), number, None))
            elif match := ALIAS.match(line):
                found.append((where, match.group(1), number, match.group(2)))
            elif match := IMPORT.match(line):
                found.append((where, match.group(2), number, match.group(1)))
            elif number in starts and "" in inside:
                found.append((where, starts[number], number, None))
            elif number not in starts and (match := VARIABLE.match(line)):
                found += [(where, name, number, None) for name in (match.group(1), *FURTHER.findall(line, match.end(1)))]
        depth += line.count("{") - line.count("}")
        del inside[depth:]
    return found


def breaches_of(texts):
    """`texts`: those of one layer, by path from the root. What a header has, another may have in an inner namespace only."""
    breaches, first = [], {}
    for path, source in sorted(texts.items(), key=lambda t: (not t[0].endswith(".h"), t[0])):
        for namespace, name, number, of in names_of(source):
            where, what = first.setdefault((namespace, name), (path, of))
            if where != path and (of is None or of != what) and not path.endswith(".h"):
                breaches.append(f"{path}:{number}: {where} has a `{name}` of its own too; files of a layer are compiled as one")
    return breaches


def breaches_of_test(path, source):
    own, found = Path(path).stem, re.findall(r"^namespace ([\w:]+) \{$", source, re.M)
    if found and all(name.endswith(f"::{own}") for name in found):
        return []
    return [f"{path}:1: needs a namespace of its own, sluice::...::{own}, for all that is in it; tests are compiled as one"]


def main():
    layers = collections.defaultdict(dict)
    for path in tree.files(*tree.CPP, under="gateway"):
        layers[path.split("/")[1]][path] = tree.text(path)
    breaches = [b for texts in layers.values() for b in breaches_of(texts)]
    tests = [path for path in tree.files("_test.cc") if path.startswith(("plugins/", "tests/"))]
    breaches += [b for path in tests for b in breaches_of_test(path, tree.text(path))]
    print(f"names: {sum(map(len, layers.values())) + len(tests)} files, {len(breaches)} breaches")
    tree.finish(breaches)


if __name__ == "__main__":
    sys.exit(main())
