#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the cases of tests/wire/cases/ into seeds for the fuzzers: what clients send into OUT/request_head/, what
upstreams answer into OUT/response_head/, what follows the head of a chunked request into OUT/chunked/.

Usage: seeds.py OUT
"""
import re
import sys
from pathlib import Path

CASES = Path(__file__).resolve().parent / "cases"
PLAIN = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def unescaped(text):
    """The bytes of a text with the escapes of tests/support/wire_case.h."""
    out, at = b"", 0
    for match in re.finditer(r"\\(x[0-9a-fA-F]{2}|\{(.*?)\*(\d+)\}|.)", text):
        out += text[at:match.start()].encode("latin-1")
        at = match.end()
        escape, inside, times = match.groups()
        if inside is not None:
            out += unescaped(inside) * int(times)
        elif escape[0] == "x":
            out += bytes([int(escape[1:], 16)])
        else:
            out += PLAIN[escape]
    return out + text[at:].encode("latin-1")


def side(lines, mark):
    """What the lines `mark text` and `mark> text` stand for."""
    out = b""
    for line in lines:
        first, _, text = line.partition(" ")
        if first == mark:
            out += unescaped(text) + b"\r\n"
        elif first == mark + ">":
            out += unescaped(text)
    return out


def seeds_of(lines):
    """(target, bytes) of each fuzz target that the case can feed."""
    sent, answered = side(lines, ">"), side(lines, "$")
    yield "request_head", sent
    yield "response_head", answered
    head, _, body = sent.partition(b"\r\n\r\n")
    if b"\r\ntransfer-encoding: chunked" in head.lower():
        yield "chunked", body


def main():
    out = Path(sys.argv[1])
    for path in sorted(CASES.rglob("*.wire")):
        for target, data in seeds_of(path.read_text(encoding="latin-1").split("\n")):
            if data:
                (out / target).mkdir(parents=True, exist_ok=True)
                (out / target / "_".join(path.relative_to(CASES).with_suffix("").parts)).write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
