#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No temporary is awaited inside a condition, or as a part of &&, || or ?:. g++ 12 destroys it there at the wrong
time, or for a branch that was not taken. The result gets a name first; what has a name may be awaited anywhere, and
so may what only initialises a variable of the condition, as in `if (auto end = co_await room())`."""
import re

import functions
import tree

AWAIT = re.compile(r"\bco_await\b")
# What is called after co_await makes a temporary: `f(`, `a.b->c(`, `x<T>(`, `std::move(x).in(`.
CALL = re.compile(r"\s*[\w:.*]+(?:->[\w.]+|<[\w:, ]*>)*\s*[({]")
CONDITION = re.compile(r"\b(?:if|while|for|switch)\s*(?:constexpr\s*)?$")
DECLARED = re.compile(r"^\s*(?:const\s+)?[\w:]+(?:<.*>)?[\s&*]+\w+\s*=\s*$", re.DOTALL)
BRANCHES = re.compile(r"(?<!auto)&&|\|\||\?")
OPENING, CLOSING = "([", ")]"


def levels(source, at):
    """The texts before `at` at each level of brackets, innermost first, with what stands before the bracket."""
    depth, end, begin, statement = 0, at, at, False
    while begin > 0:
        char = source[begin - 1]
        if char in CLOSING:
            depth += 1
        elif char in OPENING and depth:
            depth -= 1
        elif char in OPENING:
            yield source[begin:end], source[max(0, begin - 40):begin - 1]
            end, statement = begin - 1, False
        elif char in "{}" and depth == 0:
            break
        elif char == ";" and depth == 0 and not statement:
            # The end of the statement before, or a part of `for (a; b; c)` and `if (a; b)`.
            statement = True
        begin -= 1
    yield source[begin:end], ""


def flat(text):
    """`text` without what stands in brackets."""
    return functions.without_nested(functions.without_nested(text, "(", ")"), "[", "]")


def rest_of_expression(source, at):
    depth = 0
    for end in range(at, len(source)):
        char = source[end]
        depth += char in OPENING
        if char in CLOSING:
            depth -= 1
        if depth < 0 or (depth == 0 and char in ",;{}"):
            return source[at:end]
    return source[at:]


def is_temporary_in_a_condition(source, at, end):
    if not CALL.match(source, end):
        return False
    after = rest_of_expression(source, end)
    for before, opened_by in levels(source, at):
        part = re.split(r"[;]", before)[-1]
        if CONDITION.search(opened_by):
            return not DECLARED.match(part) or bool(BRANCHES.search(flat(after)))
        part = re.split(r"[;{}]|\breturn\b", flat(part))[-1]
        if BRANCHES.search(part) or BRANCHES.search(flat(after)):
            return True
        if not opened_by:
            return False
        after = ""
    return False


def breaches_of(name, text):
    source = functions.blank(text)
    for match in AWAIT.finditer(source):
        if is_temporary_in_a_condition(source, match.start(), match.end()):
            line = source.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: name the result of co_await before the condition that looks at it"


def main():
    names = tree.files(*tree.CPP)
    breaches = [b for n in names for b in breaches_of(n, tree.text(n))]
    print(f"awaits: {len(names)} files, {len(breaches)} breaches")
    tree.finish(breaches)


if __name__ == "__main__":
    main()
