# SPDX-License-Identifier: Apache-2.0
"""The configurations that bench/ measures load: nobody runs it all after each change."""
import sys
import tempfile
import unittest
from pathlib import Path

from harness import ROOT, sluice, why_not

sys.path.insert(0, str(ROOT / "bench"))
import features  # noqa: E402
import policies  # noqa: E402
import report  # noqa: E402
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

    def test_have_names_of_their_own(self):
        names = [feature.name for feature in features.FEATURES]
        self.assertEqual(len(names), len(set(names)))


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
