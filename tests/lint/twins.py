#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each gateway/<folder>/<file>.cc has its tests/unit/<folder>/<file>_test.cc, or a line in without_twin.txt that
says which suite covers it instead. The list only shrinks: a line whose twin exists, or whose file is gone, fails.
"""
import tree

EXCEPTIONS = "tests/lint/without_twin.txt"


def twin_of(source):
    return "tests/unit/" + source[len("gateway/"):-len(".cc")] + "_test.cc"


def read_exceptions(text):
    """{source: reason} of lines `gateway/x/y.cc: reason`."""
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    return {name.strip(): reason.strip() for name, _, reason in (line.partition(":") for line in lines)}


def breaches_of(sources, tests, exceptions):
    for source in sources:
        if twin_of(source) in tests:
            if source in exceptions:
                yield f"{EXCEPTIONS}: {source} has its test now; take the line out"
        elif source not in exceptions:
            yield f"{source}: no {twin_of(source)}"
    for source, reason in exceptions.items():
        if source not in sources:
            yield f"{EXCEPTIONS}: {source} does not exist; take the line out"
        elif not reason:
            yield f"{EXCEPTIONS}: {source}: say which suite covers it"


def main():
    sources = tree.files(".cc", under="gateway")
    exceptions = read_exceptions(tree.text(EXCEPTIONS))
    breaches = list(breaches_of(set(sources), set(tree.files("_test.cc", under="tests/unit")), exceptions))
    print(f"twins: {len(sources)} sources, {len(exceptions)} excepted, {len(breaches)} breaches")
    tree.finish(sorted(breaches))


if __name__ == "__main__":
    main()
