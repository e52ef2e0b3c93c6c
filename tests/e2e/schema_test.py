# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema as editors apply it (Debian's python3-jsonschema): what the gateway loads is valid, mistakes are not."""
import json
import re
import unittest

import yaml
from jsonschema import Draft202012Validator

from harness import ROOT, Case, sluice


class Dialect(yaml.SafeLoader):
    """Scalars as the gateway reads them: `on`, `yes` and `1:30` are texts."""

    yaml_implicit_resolvers = {}


for kind, pattern, first in (("bool", "true|false", "tf"), ("int", "-?(0|[1-9][0-9]*)", "-0123456789"),
                             ("float", r"-?[0-9]+\.[0-9]+", "-0123456789"), ("null", "null|~|", ["n", "~", ""])):
    Dialect.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$"), list(first))

GOOD = """version: 1
listeners: {web: {bind: ":8080", limits: {uri: 4KiB}}}
upstreams: {users: {targets: ["http://127.0.0.1:9"], retry: {attempts: 3, on: [502, 503]}}}
routes:
  - {name: users, match: {path: "/users/{id}", method: GET}, use: [{rate_limit: {limit: 10/s}}], to: users}
  - {name: rest, match: {path: /**}, respond: {status: 404}}
"""


class Schema(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        schema = json.loads(sluice("schema").stdout)
        Draft202012Validator.check_schema(schema)
        cls.validator = Draft202012Validator(schema)

    def faults(self, text):
        found = self.validator.iter_errors(yaml.load(text, Loader=Dialect))
        return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:300]}" for fault in found]

    def test_accepts_the_configurations_of_the_repository(self):
        files = [ROOT / "config/quickstart.yaml", *sorted((ROOT / "config/examples").rglob("*.yaml"))]
        self.assertGreater(len(files), 10)
        for file in files:
            with self.subTest(file.name):
                self.assertEqual(self.faults(file.read_text()), [])

    def test_refuses_what_the_gateway_refuses(self):
        self.assertEqual(self.faults(GOOD), [])
        for right, wrong in (("listeners:", "listners:"),              # a name that is none
                             ("status: 404", "status: 99"),            # beyond a bound
                             ("uri: 4KiB", "uri: 4 apples"),           # no unit
                             ("limit: 10/s", "limit: 10"),             # none at all
                             ("attempts: 3", "attempts: many"),        # another type
                             ("method: GET", "methods: GET"),          # a name inside an element
                             ("name: rest, ", ""),                     # what is required
                             ("respond: {status: 404}", "respnd: {status: 404}"),
                             ("to: users}", "to: users, respond: 204}")):
            with self.subTest(wrong):
                self.assertIn(right, GOOD)
                bad = GOOD.replace(right, wrong)
                self.config.write_text(bad)
                self.assertEqual(sluice("check", self.config).returncode, 1)
                self.assertNotEqual(self.faults(bad), [], bad)


if __name__ == "__main__":
    unittest.main()
