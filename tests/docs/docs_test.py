# SPDX-License-Identifier: Apache-2.0
"""Runs what the README and the user documentation tell people to write and to type.

Ports written in the documents are replaced by free ones, the same for the whole document; those of the quickstart's
services by the ports of the services that the test started.
"""
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import BINARY, PATIENCE, ROOT, Case, GatewayProcess, hello, shop, unused_port, users  # noqa: E402
from samples import commands_of, completed, matches, samples_of  # noqa: E402

DOCUMENTS = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("**/*.md"))]
LOCAL_PORT = re.compile(r"(?<=127\.0\.0\.1:)([1-9]\d+)")


class Document:
    """One document being worked through from top to bottom."""

    def __init__(self, test, name):
        self.test, self.name, self.printed = test, name, ""
        self.ports = {"9001": hello(), "9002": users(), "9005": shop()}
        self.folder = test.folder
        for shared in ("config", "dev", "docs"):
            (self.folder / shared).symlink_to(ROOT / shared)
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "sluice").symlink_to(Path(BINARY).resolve())
        self.environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}

    def with_free_ports(self, text):
        return LOCAL_PORT.sub(lambda m: str(self.ports.setdefault(m.group(1), unused_port())), text)

    def work_through(self):
        for sample in samples_of((ROOT / self.name).read_text()):
            with self.test.subTest(f"{self.name}:{sample.line}"):
                act = {"yaml": self.check, "sh": self.run, "output": self.compare}.get(sample.language)
                if act:
                    act(sample)

    def check(self, sample):
        file = self.folder / (sample.file or "sample.yaml")
        file.write_text(self.with_free_ports(completed(sample.text)))
        result = subprocess.run([BINARY, "check", file], capture_output=True, text=True, timeout=PATIENCE)
        self.test.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def run(self, sample):
        self.printed = ""
        for command in commands_of(sample.text):
            if command.startswith("./dev"):
                self.dev(command)
            elif command.startswith("sluice run "):
                self.serve(self.folder / command.split()[2])
            else:
                self.shell(command)

    def dev(self, command):
        """./dev is not run inside its own tests, but the verb must exist; `run` serves the quickstart."""
        verb = command.split()[1] if " " in command else ""
        self.test.assertIn(f"## {verb}", (ROOT / "dev").read_text(), command)
        if verb == "run":
            quickstart = self.folder / "quickstart.yaml"
            quickstart.write_text(self.with_free_ports((ROOT / "config/quickstart.yaml").read_text()))
            self.serve(quickstart)

    def serve(self, config):
        if config.is_symlink() or ROOT in config.resolve().parents:
            copy = self.folder / config.name
            copy.write_text(self.with_free_ports(config.read_text()))
            config = copy
        gateway = GatewayProcess([BINARY, "run", config], owner=self.test)
        gateway.says(r"on port \d+")

    def shell(self, command):
        result = subprocess.run(["bash", "-c", self.with_free_ports(command)], cwd=self.folder, env=self.environment,
                                capture_output=True, text=True, timeout=PATIENCE)
        self.test.assertEqual(result.returncode, 0, f"{command}\n{result.stdout}{result.stderr}")
        self.printed += result.stdout

    def compare(self, sample):
        self.test.assertTrue(matches(self.with_free_ports(sample.text), self.printed),
                             f"the document says\n{sample.text}\nbut it is\n{self.printed}")


class Documents(Case):
    """One test for each document is added below."""


def add(name):
    def test(self):
        Document(self, name).work_through()
    setattr(Documents, "test_" + re.sub(r"\W+", "_", name), test)


for document in DOCUMENTS:
    add(document)


class Samples(unittest.TestCase):
    """The reader of samples itself."""

    def test_finds_samples_with_their_language_file_and_line(self):
        found = samples_of("text\n\n```yaml a.yaml\nx: 1\n```\n\n```sh\ncurl x\n```\n")
        self.assertEqual([(s.language, s.file, s.text, s.line) for s in found],
                         [("yaml", "a.yaml", "x: 1\n", 3), ("sh", "", "curl x\n", 7)])

    def test_joins_commands_that_go_on_and_leaves_comments_out(self):
        self.assertEqual(commands_of("# why\ncurl a \\\n  -d b\n\nls\n"), ["curl a  -d b", "ls"])

    def test_compares_output_with_dots_for_anything(self):
        self.assertTrue(matches("a\n...\nz\n", "a\n1\n2\nz\n\n"))
        self.assertFalse(matches("a\nz\n", "a\nb\n"))
        self.assertFalse(matches("a", "ab"))

    def test_completes_a_sample_with_what_it_does_not_show(self):
        self.assertEqual(completed("listeners: {}\nroutes: []\n").count("routes:"), 1)
        self.assertIn("upstreams:", completed("listeners: {}\n"))


class Comparisons(unittest.TestCase):
    """A table that compares has an example for each line: its last cell names a line of the output below it."""

    def test_every_line_about_krakend_is_asked_and_answered(self):
        _, section = (ROOT / "docs/composition.md").read_text().split("## Coming from KrakenD\n")
        rows = [line.strip("| ").split(" | ") for line in section.split("\n") if line.startswith("| ")]
        routes = [row[-1].strip("`") for row in rows[1:]]
        answers = next(s.text for s in samples_of(section) if s.language == "output")
        answered = [line.split(" ")[0] for line in answers.split("\n") if line[:1].strip()]
        self.assertGreater(len(routes), 25)
        self.assertEqual(sorted(routes), sorted(answered))


class Links(unittest.TestCase):
    def test_every_relative_link_of_the_documentation_leads_somewhere(self):
        names = DOCUMENTS + [n for n in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md") if (ROOT / n).exists()]
        for name in names:
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / name).read_text()):
                if not re.match(r"[a-z]+:", target):
                    self.assertTrue(((ROOT / name).parent / target).exists(), f"{name}: {target}")


if __name__ == "__main__":
    unittest.main()
