# SPDX-License-Identifier: Apache-2.0
"""What deploy/ says about the binary."""
import re
import subprocess
import unittest
from pathlib import Path

from harness import BINARY, ROOT


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def with_dependencies(packages):
    """These packages and all that they need, as installed here."""
    known = {}
    for line in said("dpkg-query", "-W", "-f", "${Package}\t${Pre-Depends}, ${Depends}\n").splitlines():
        name, needs = line.split("\t")
        known[name] = [re.split(r"[ :(]", need.split("|")[0].strip())[0] for need in needs.split(",")]
    found, ahead = set(), list(packages)
    while ahead:
        if (name := ahead.pop()) not in found:
            found.add(name)
            ahead += known.get(name, [])
    return found


def packages_of(library):
    """The package that brings a library; some are recorded under the name that /lib had before it became a link."""
    for path in (library, library.removeprefix("/usr"), "/usr" + library):
        found = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return {part.split(":")[0] for part in found.stdout.split(": ")[0].split(", ")}
    raise AssertionError(f"{library} is of no package")


class Image(unittest.TestCase):
    def test_installs_every_library_that_the_binary_needs(self):
        text = (ROOT / "deploy/Dockerfile").read_text().split("FROM debian:12-slim\n")[1]
        listed = re.search(r"--no-install-recommends ([^&]+)&&", text)[1].replace("\\", " ").split()
        # What every Debian image has.
        there = with_dependencies([*listed, "apt", "bash", "coreutils"])
        libraries = re.findall(r"=> (/\S+)", said("ldd", BINARY))

        self.assertTrue(libraries)
        for library in libraries:
            if "san.so" in library:  # of a build with sanitizers
                continue
            with self.subTest(library):
                self.assertTrue(packages_of(str(Path(library))) & there, f"{library} is of no package in the image")


if __name__ == "__main__":
    unittest.main()
