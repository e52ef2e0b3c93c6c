# SPDX-License-Identifier: Apache-2.0
"""Puts the tables of a run of some cases into RESULTS.md, beside those of the last run of all: rows that are there are
replaced, others are added, and the head says what was measured when."""


def parts_of(text):
    """The head, and {title: lines} of the sections."""
    head, sections, lines = [], {}, None
    for line in text.split("\n"):
        if line.startswith("## "):
            lines = sections[line[3:]] = []
        elif lines is None:
            head.append(line)
        else:
            lines.append(line)
    return head, sections


def key_of(row):
    """What a row is about: its cells before the first that is a number or nothing."""
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    count = next((n for n, cell in enumerate(cells) if n and (cell == "-" or cell[:1] in "+-0123456789")), len(cells))
    return tuple(cells[:count])


def merged_table(old, new):
    """Lines of the section `old`, with the rows of `new`; what stands around the table is that of `new`."""
    rows = {key_of(line): line for line in old if line.startswith("| ")}
    rows.update((key_of(line), line) for line in new if line.startswith("| "))
    first = next(n for n, line in enumerate(new) if line.startswith("| "))
    head = new[first:first + 2]
    rows.pop(key_of(head[0]))
    return new[:first] + head + list(rows.values()) + [""]


def merge(text, lines, note):
    """RESULTS.md with the sections `lines` of a run, and `note` in its head."""
    head, sections = parts_of(text)
    _, fresh = parts_of("\n".join(lines))
    for title, part in fresh.items():
        same = title in sections and part and any(line in sections[title] for line in part if line.startswith("|---"))
        sections[title] = merged_table(sections[title], part) if same else part
    about = note.split(":")[0] + ":"
    head = [line for line in head if not line.startswith(about)]
    at = 1 + max(n for n, line in enumerate(head) if line.startswith("- "))
    head.insert(at, note)
    out = list(head)
    for title, part in sections.items():
        out += [f"## {title}", *part]
    return "\n".join(out).rstrip("\n") + "\n"
