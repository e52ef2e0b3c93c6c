# SPDX-License-Identifier: Apache-2.0
"""What deploy/ says about the binary, and the binary where there is nothing else: as in the image, without rights."""
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from harness import BINARY, ROOT, Case, Running, eventually, unused_port

NOBODY = 65532  # the image's user
CMD = json.loads(re.search(r"^CMD (.*)$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)[1])

# $1 becomes the root of a file system that cannot be written to, in which the rest of the command runs without rights.
CONFINED = """
set -e
mkdir -p "$1/proc" "$1/dev"
mount --bind "$1" "$1"
mount --bind /proc "$1/proc"
mount --bind /dev "$1/dev"
mount -o remount,ro,bind "$1"
root=$1
shift
exec chroot --userspec=USER:USER "$root" "$@"
""".replace("USER", str(NOBODY))


def confined(root, *command):
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINED, "sh", root, *command]


def why_not_confined():
    if os.geteuid() != 0:
        return "it takes root to make a file system read-only for one process"
    tried = subprocess.run(["unshare", "--mount", "--propagation", "private", "mount", "--bind", "/tmp", "/tmp"],
                           capture_output=True, text=True, check=False)
    return f"namespaces of mounts are not permitted here: {tried.stderr.strip()}" if tried.returncode else ""


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
        text = (ROOT / "deploy/Dockerfile").read_text().split("FROM debian:12-slim AS runtime\n")[1]
        listed = re.search(r"--no-install-recommends ((?:[^\n]*\\\n)*[^\n]*)", text)[1].replace("\\", " ").split()
        # What every Debian image has.
        there = with_dependencies([*listed, "apt", "bash", "coreutils"])
        libraries = re.findall(r"=> (/\S+)", said("ldd", BINARY))

        self.assertTrue(libraries)
        for library in libraries:
            if "san.so" in library:  # of a build with sanitizers
                continue
            with self.subTest(library):
                self.assertTrue(packages_of(str(Path(library))) & there, f"{library} is of no package in the image")

    def test_ends_in_nothing_but_what_was_gathered(self):
        last = (ROOT / "deploy/Dockerfile").read_text().split("\nFROM ")[-1]
        self.assertTrue(last.startswith("scratch\n"), last)
        self.assertNotIn("RUN", last)
        self.assertIn(f"USER {NOBODY}:{NOBODY}", last)


class Confined(Case):
    """The program in the root of the image, without rights and without anything that it could write to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if why_not := why_not_confined():
            raise unittest.SkipTest(why_not)

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.root = self.folder / "root"
        self.program = str(Path(BINARY).resolve())
        subprocess.run(["sh", ROOT / "deploy/image.sh", self.program, self.root], check=True)

    def swap(self, text):
        """What Kubernetes does when a ConfigMap changes: a new folder, and a link that turns to it."""
        self.swaps += 1
        config, links = self.root / "etc/sluice", f"..{self.swaps}"
        (config / links).mkdir(mode=0o755)
        (config / links / "sluice.yaml").write_text(text)
        (config / links / "sluice.yaml").chmod(0o644)
        (config / "..new").symlink_to(links)
        (config / "..new").replace(config / "..data")

    def start_confined(self, text):
        self.swaps = 0
        self.swap(text)
        (self.root / "etc/sluice/sluice.yaml").symlink_to("..data/sluice.yaml")
        self.gateway = Running(confined(self.root, self.program, *CMD), owner=self)
        self.port = int(self.gateway.says(r"web on port (\d+)").group(1))
        self.admin_port = int(self.gateway.says(r"admin on port (\d+)").group(1))

    def test_serves(self):
        self.start_confined(self.text("  - {name: all, match: {path: /**}, to: hello}").replace(str(self.access_log), "stdout"))

        self.assertEqual(self.curl("/hello").status, 200)
        self.assertEqual(self.admin("/livez").status, 200)
        status = Path(f"/proc/{self.gateway.popen.pid}/status").read_text()
        self.assertRegex(status, rf"Uid:\s+{NOBODY}\s+{NOBODY}")
        self.gateway.popen.terminate()
        self.assertEqual(self.gateway.wait(), 0)

    def test_follows_a_config_map(self):
        def text(body):
            route = f"  - {{name: all, match: {{path: /**}}, respond: {{body: {body}}}}}"
            return self.text(route, port=port).replace(str(self.access_log), "stdout")

        port = unused_port()
        self.start_confined(text("before"))
        self.assertEqual(self.curl("/").body, b"before")

        self.swap(text("after"))

        eventually(lambda: self.curl("/").body == b"after", "the new one is in force")
        self.gateway.popen.terminate()
        self.assertEqual(self.gateway.wait(), 0)

    def test_says_what_it_cannot_write(self):
        text = self.text("  - {name: all, match: {path: /**}, respond: 200}").replace(str(self.access_log), "stdout")
        (self.root / "etc/sluice/sluice.yaml").write_text(text + "state_directory: /var/lib/sluice\n")

        gateway = Running(confined(self.root, self.program, "run", "/etc/sluice/sluice.yaml"), owner=self)

        self.assertEqual(gateway.wait(), 1)
        self.assertIn("/var/lib/sluice cannot be made", gateway.output())


if __name__ == "__main__":
    unittest.main()
