# SPDX-License-Identifier: Apache-2.0
"""Reads the fenced samples of a Markdown file.

    ```yaml            a configuration, or some of its top-level keys; `sluice check` must accept it
    ```yaml FILE       the same, and stored as FILE for the commands that follow
    ```sh              commands, run line by line; a line that fails fails the document
    ```output          what the commands just before it print; ... stands for anything
    ```console         commands that are shown but not run here (they need root, or another machine)

Other languages are only text.
"""
import re
from typing import NamedTuple

FENCE = re.compile(r"^```(\w+)?[ \t]*([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


class Sample(NamedTuple):
    language: str
    file: str
    text: str
    line: int


def samples_of(markdown):
    return [Sample(m.group(1) or "", m.group(2).strip(), m.group(3), markdown.count("\n", 0, m.start()) + 1)
            for m in FENCE.finditer(markdown)]


def commands_of(text):
    """The commands of an `sh` sample: lines, joined where they go on; comments and blank lines left out."""
    joined = re.sub(r"\\\n\s*", " ", text)
    return [line for line in joined.split("\n") if line.strip() and not line.lstrip().startswith("#")]


def matches(expected, printed):
    """Whether the output is the expected one; `...` stands for anything, white space at line ends for nothing."""
    def tidy(text):
        return "\n".join(line.rstrip() for line in text.strip().split("\n"))

    pattern = "(?s:.*?)".join(re.escape(part) for part in tidy(expected).split("..."))
    return re.fullmatch(pattern, tidy(printed)) is not None


REQUIRED = {
    "listeners": 'listeners: {web: {bind: "127.0.0.1:0"}}',
    "upstreams": 'upstreams: {hello: {targets: ["http://127.0.0.1:9001"]}, '
                 'users: {targets: ["http://127.0.0.1:9002"]}, '
                 'orders: {targets: ["http://127.0.0.1:9003"]}}',
    "routes": "routes: [{name: sample, match: {path: /**}, to: hello}]",
}


def completed(text):
    """The sample with the top-level keys that every configuration needs and this one does not show."""
    shown = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    return text + "".join(value + "\n" for key, value in REQUIRED.items() if key not in shown)
