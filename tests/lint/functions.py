# SPDX-License-Identifier: Apache-2.0
"""Finds the functions of a C++ source and their lengths by its braces alone: no compiler, so it is quick and
runs anywhere. It relies on clang-format's spacing (a body's brace has a space before it, an initialiser's has
none)."""
import re
from typing import NamedTuple


class Function(NamedTuple):
    name: str
    line: int
    length: int


SKIPPED = re.compile(
    r'''//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'
        |^[ \t]*\#(?:\\\n|[^\n])*''', re.DOTALL | re.MULTILINE | re.VERBOSE)
ACCESS = ("public", "protected", "private")
TYPE = re.compile(r"^(?:(?:export|typedef|static|inline|const|constexpr|alignas\s*)\s+)*(?:class|struct|union|enum)\b")


def blank(source):
    """The source with comments, literals and preprocessor lines made blank; line breaks stay."""
    return SKIPPED.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), source)


def without_nested(text, opening, closing):
    """`text` less everything between the brackets, nested ones too."""
    depth, kept = 0, []
    for char in text:
        depth += char == opening
        if depth == 0:
            kept.append(char)
        depth -= char == closing and depth > 0
    return "".join(kept)


def past_template(header):
    """The header less its leading `template <...>`."""
    while re.match(r"template\s*<", header):
        depth = 0
        for at, char in enumerate(header):
            depth += (char == "<") - (char == ">")
            if char == ">" and depth == 0:
                break
        header = header[at + 1:].lstrip()
    return header


def kind_of(header, before):
    """What a brace opens, told by the text since the last statement and the character before the brace."""
    if before and (before.isalnum() or before in "_>"):
        return "initialiser"
    header = past_template(header.strip())
    if re.search(r"\bnamespace\b|^extern\s*$", header):
        return "namespace"
    if TYPE.match(header):
        return "type"
    bare = without_nested(header, "(", ")")
    if "(" not in header or ("=" in bare and "operator" not in bare):
        return "other"
    return "function"


def name_of(header):
    match = re.search(r"((?:\w+::)*operator\s*(?:\(\)|[^\s(]+)|[~\w:]+)\s*\(([^)]*)", header)
    if not match:
        return "?"
    name = match.group(1)
    return f"{name}({match.group(2).strip()})" if name.startswith("TEST") else name


def functions(source):
    """Every function body at namespace or class scope; lambdas and local types count with what holds them."""
    text, found, stack = blank(source), [], []
    header_from, header_line, line = 0, None, 1
    for at, char in enumerate(text):
        if char == "\n":
            line += 1
        elif not char.isspace() and header_line is None and char not in ";{}":
            header_line = line
        if char == "{":
            inside = bool(stack) and stack[-1][0] not in ("namespace", "type")
            header = text[header_from:at]
            kind = "nested" if inside else kind_of(header, text[at - 1] if at else "")
            stack.append((kind, header, header_line or line))
            if kind in ("namespace", "type"):
                header_from, header_line = at + 1, None
        elif char == ":" and text[header_from:at].strip() in ACCESS and text[at + 1:at + 2] != ":":
            header_from, header_line = at + 1, None
        elif char == "}" and stack:
            kind, header, started = stack.pop()
            if kind == "function":
                found.append(Function(name_of(header.strip()), started, line - started + 1))
            if kind not in ("nested", "initialiser"):
                header_from, header_line = at + 1, None
        elif char == ";" and not (stack and stack[-1][0] not in ("namespace", "type")):
            header_from, header_line = at + 1, None
    return found
