# SPDX-License-Identifier: Apache-2.0
"""Each configuration in config/examples is served and asked what its comments promise: `#   GET /path -> status`. The
files that some of them name are in config/examples/parts.
"""
import re
import unittest

from harness import ROOT, Case, chat, hello, shop, sluice, users

PROMISE = re.compile(r"^#\s+([A-Z]+) (\S+) -> (\d+)$", re.MULTILINE)
EXAMPLES = sorted((ROOT / "config/examples").glob("*.yaml"))
PARTS = sorted((ROOT / "config/examples/parts").iterdir())


def here(text):
    """The text on free ports, in front of the services of this run."""
    for written, free in ((":9001", f":{hello()}"), (":9002", f":{users()}"), (":9003", f":{chat()}"),
                          (":9005", f":{shop()}"),
                          (":8080", ":0"), (":8081", ":0"), (":8443", ":0"), (":9901", ":0")):
        text = text.replace(written, free)
    return text


def served_here(text):
    text = here(text)
    text = re.sub(r"pre_stop: \w+", "pre_stop: 0s", text)
    return text if "\nadmin:" in text else text + '\nadmin: {bind: "127.0.0.1:0"}\n'


class Examples(Case):
    """One test for each example is added below."""

    def serve_example(self, file):
        text = file.read_text()
        promises = PROMISE.findall(text)
        self.assertTrue(promises, "say in comments what it answers: #   GET /path -> 200")
        self.config.write_text(served_here(text))
        if "parts/" in text:
            (self.folder / "parts").mkdir()
            for part in PARTS:
                (self.folder / "parts" / part.name).write_text(here(part.read_text()))
        if "certs/" in text:
            self.assertEqual(sluice("dev-cert", "--dir", self.folder / "certs").returncode, 0)
        self.start()
        scheme = "https" if re.search(r"^  web:\n(    .*\n)*    tls:", text, re.MULTILINE) else "http"
        for method, path, status in promises:
            answer = self.curl(path, "-X", method, "-k", url=f"{scheme}://127.0.0.1:{self.port}{path}")
            self.assertEqual(answer.status, int(status), f"{method} {path}")


def add(file):
    setattr(Examples, "test_" + re.sub(r"\W+", "_", file.stem), lambda self: self.serve_example(file))


for example in EXAMPLES:
    add(example)


if __name__ == "__main__":
    unittest.main()
