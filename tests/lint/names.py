#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Types, aliases, constants and functions that a .cc of gateway/ keeps to itself have names that no other .cc of its layer
has: cmake/layers.cmake compiles several files as one (SLUICE_JOINED), where the compiler would find what slips through here.

Usage: names.py         Exit 1 and one line per name that two files have. Functions with other parameters may share one.
"""
import collections
import re
import sys

import functions
import tree

NAMESPACE = re.compile(r"namespace(?: ([\w:]+))? \{$")
TYPE = re.compile(r"(?:template <.*> )?(?:class|struct|union|enum class|enum) (?:alignas\(\w+\) )?(\w+)(?: final)?(?: :[^:]|\s*\{)")
ALIAS = re.compile(r"(?:template <.*> )?using (\w+) = (.*)")
CONSTANT = re.compile(r"(?:inline |static |thread_local |constinit )*(?:constexpr|const) .*?\b(k[A-Z]\w*)(?:\[[^]]*\])*(?: =|\{)")
FUNCTION = re.compile(r"(?:[\w:<>,*&]+ )+[*&]*(\w+)\((.*)\)(?: noexcept)? \{")


def types_of(parameters):
    return re.sub(r"\s*\b\w+(?: = [^,]*)?(?=,|$)", "", parameters)


def names_of(source):
    """(namespace, name, line number, alias of what) of all outside classes and functions; the unnamed namespace adds nothing."""
    inside, depth, found = [], 0, []
    for number, line in enumerate(functions.blank(source).split("\n"), 1):
        if depth == len(inside):
            where = "::".join(filter(None, inside))
            if opened := NAMESPACE.match(line.rstrip()):
                inside.append(opened.group(1) or "")
            elif match := TYPE.match(line) or CONSTANT.match(line):
                found.append((where, match.group(1), number, None))
            elif match := ALIAS.match(line):
                found.append((where, match.group(1), number, match.group(2)))
            elif match := FUNCTION.match(line):
                found.append((where, f"{match.group(1)}({types_of(match.group(2))})", number, None))
        depth += line.count("{") - line.count("}")
        del inside[depth:]
    return found


def breaches_of(texts):
    """`texts`: those of one layer, by path from the root."""
    breaches, first = [], {}
    for path, source in texts.items():
        for namespace, name, number, of in names_of(source):
            where, what = first.setdefault((namespace, name), (path, of))
            if where != path and (of is None or of != what):
                breaches.append(f"{path}:{number}: {where} has a `{name}` of its own too; files of a layer are compiled as one")
    return breaches


def main():
    layers = collections.defaultdict(dict)
    for path in tree.files(".cc", under="gateway"):
        layers[path.split("/")[1]][path] = tree.text(path)
    breaches = [b for texts in layers.values() for b in breaches_of(texts)]
    print(f"names: {sum(map(len, layers.values()))} files, {len(breaches)} breaches")
    tree.finish(breaches)


if __name__ == "__main__":
    sys.exit(main())
