# SPDX-License-Identifier: Apache-2.0
"""The configurations that bench/ measures load: nobody runs it all after each change."""
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

from harness import ROOT, sluice, why_not

sys.path.insert(0, str(ROOT / "bench"))
import features  # noqa: E402
import policies  # noqa: E402
import report  # noqa: E402
import run  # noqa: E402
from cases import CASES  # noqa: E402
from subjects import Shape, Sluice  # noqa: E402


@unittest.skipIf(why_not(), why_not())
class Configurations(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        policies.make_token(self.folder / "issuer")

    def expect_loads(self, name, shape):
        with self.subTest(name):
            subject = Sluice.__new__(Sluice)
            subject.write(self.folder / name, 9001, shape)
            result = sluice("check", subject.config)
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_of_every_feature_load(self):
        for feature in features.FEATURES:
            for label, settings in (("with", feature.with_it), ("without", feature.without)):
                self.expect_loads(f"{feature.name}-{label}", Shape(feature=settings))

    def test_of_every_case_load(self):
        for case in CASES:
            if case.shape.policies != "redis":  # which would have to be there
                self.expect_loads(case.name, case.shape)

    def test_have_their_cost_in_the_documentation(self):
        documented = (ROOT / "docs/performance.md").read_text()
        missing = [feature.title for feature in features.FEATURES if f"| {feature.title} |" not in documented]
        self.assertEqual(missing, [])

    def test_have_names_of_their_own(self):
        names = [feature.name for feature in features.FEATURES]
        self.assertEqual(len(names), len(set(names)))


class Saving(unittest.TestCase):
    def test_takes_every_case_and_five_rounds(self):
        for words, whole in (([], True), (["--rounds", "7"], True), (["--rounds", "2"], False), (["--quick"], False),
                             (["--quick", "--rounds", "5"], False), ([CASES[0].name], False)):
            self.assertEqual(run.is_whole(run.arguments(words)), whole, words)

    def test_of_some_cases_takes_five_rounds_too(self):
        name = CASES[0].name
        self.assertTrue(run.arguments([name, "--save"]).save)
        for words in ([name, "--save", "--rounds", "2"], [name, "--save", "--quick"], ["--save"]):
            with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit):
                run.arguments(words)
            self.assertIn("--save is for whole runs", said.getvalue())


class Report(unittest.TestCase):
    def test_says_of_a_feature_whether_its_aim_was_reached(self):
        def told(more):
            rounds = [{"with": {"cpu_us": 10 + more}, "without": {"cpu_us": 10}}]
            lines = report.features_table({"features": {"jwt": {"rounds": rounds}}}, features.FEATURES)
            return "\n".join(lines)

        self.assertIn("aim 1 reached", told(0.9))
        self.assertIn("aim 1 **missed**", told(1.4))


if __name__ == "__main__":
    unittest.main()
