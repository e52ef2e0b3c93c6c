# SPDX-License-Identifier: Apache-2.0
"""What the lints share: the files of the tree, and the way a breach is reported."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CPP = (".h", ".cc")


def files(*suffixes, under="."):
    """Paths, relative to the root, that git tracks or would add, with one of these endings."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", under],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = sorted(set(filter(None, listed.split("\0"))))
    return [n for n in names if (not suffixes or n.endswith(suffixes)) and (ROOT / n).is_file()]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def finish(breaches):
    """Prints one line per breach and ends the process with the verdict."""
    for line in breaches:
        print(line)
    sys.exit(1 if breaches else 0)
