#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every text file of the tree keeps to: a licence line, no path of somebody's machine, the glossary's
names, no stray white space, and headers that say first what they are for."""
import re

import tree

LICENCE = "SPDX-License-Identifier: Apache-2.0"
LICENSED = (".h", ".cc", ".def", ".py", ".sh", ".cmake", "CMakeLists.txt", ".service", "Dockerfile")
SCRIPTS = ("dev", ".ci/run")
TEXTS = LICENSED + (".md", ".yaml", ".yml", ".json", ".txt", ".js", ".in")
# The rules themselves name what they forbid.
RULES = ("tests/lint/text.py", "tests/lint/lint_test.py")

SOMEBODYS_PATH = re.compile(r"(?<![\w.])/(?:home|Users)/[A-Za-z]|(?<![\w./])/root/")
VAGUE_TYPE = re.compile(r"^\s*(?:template <.*>\s*)?(?:class|struct)\s+(\w*(?:Manager|Helper|Util|Utils|Impl|Base|Data|Info))\b")
VAGUE_FOLDER = re.compile(r"(?:^|/)(?:utils?|common|helpers?|core|misc)/")
BARE_TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))")


def line_breaches(line):
    if SOMEBODYS_PATH.search(line) or str(tree.ROOT) in line:
        yield "a path of one machine"
    if BARE_TODO.search(line):
        yield "a to-do names its issue, as in TODO(#12), or is not written"
    if line != line.rstrip():
        yield "white space at the end of the line"


def cpp_breaches(name, lines):
    for number, line in enumerate(lines, 1):
        match = VAGUE_TYPE.match(line)
        if match:
            yield f"{name}:{number}: {match.group(1)} says nothing; name what it is"
    if name.endswith(".h"):
        if len(lines) < 2 or not lines[1].startswith("//"):
            yield f"{name}:2: a header says first what it is for, who uses it and what it must not do"
        if "#pragma once" not in lines:
            yield f"{name}: no #pragma once"


def breaches_of(name, text):
    lines = text.split("\n")
    if name.endswith(LICENSED) or name in SCRIPTS:
        if not any(LICENCE in line for line in lines[:2]):
            yield f"{name}:1: the first line is the licence: {LICENCE}"
    if VAGUE_FOLDER.search(name):
        yield f"{name}: a folder is named for what is in it"
    if text and not text.endswith("\n"):
        yield f"{name}: no line break at the end"
    for number, line in enumerate(lines, 1):
        for why in line_breaches(line):
            yield f"{name}:{number}: {why}"
    if name.endswith(tree.CPP):
        yield from cpp_breaches(name, lines)


def main():
    names = [n for n in tree.files() if n.endswith(TEXTS) or n in SCRIPTS]
    # Inputs of tests hold what a peer or an operator might send, and that may be anything.
    names = [n for n in names if "/corpus/" not in n and "/golden/" not in n and n not in RULES]
    breaches = [b for n in names for b in breaches_of(n, tree.text(n))]
    print(f"text: {len(names)} files, {len(breaches)} breaches")
    tree.finish(breaches)


if __name__ == "__main__":
    main()
