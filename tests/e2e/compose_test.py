# SPDX-License-Identifier: Apache-2.0
"""Compositions of real services: Flask under gunicorn, and one of Python's standard library."""
import json
import unittest
from concurrent.futures import ThreadPoolExecutor

from examples_test import served_here
from harness import ROOT, Case

EXAMPLE = (ROOT / "config/examples/composition.yaml").read_text()


class Compositions(Case):
    def serve_example(self):
        self.config.write_text(served_here(EXAMPLE))
        self.start()

    def test_a_page_has_what_its_services_say(self):
        self.serve_example()
        page = self.curl("/page/1")
        self.assertEqual(page.status, 200)
        self.assertEqual(page.json()["user"], {"id": 1, "name": "Ada"})
        self.assertEqual([order["id"] for order in page.json()["orders"]],
                         [9007199254740993, 9007199254740995, 9007199254740999])
        self.assertNotIn("internal", page.json()["orders"][0])
        self.assertEqual(page.json()["recommended"], ["ink"])
        self.assertIsNone(page.json()["reviews"])
        self.assertEqual(page["sluice-partial"], "reviews;reason=status;status=500;fallback")
        self.assertEqual(page["cache-control"], "no-store")
        self.assertIn("orders;dur=", page["server-timing"])

    def test_what_is_left_out_by_its_condition_is_no_failure(self):
        self.serve_example()
        page = self.curl("/page/1?brief=1")
        self.assertNotIn("reviews", page.json())
        self.assertEqual(page["sluice-partial"], "")
        self.assertEqual(page["cache-control"], "private, no-cache", page.fields)

    def test_a_list_is_enriched_by_one_call(self):
        self.serve_example()
        orders = self.curl("/orders/1").json()["orders"]
        self.assertEqual([order["products"]["title"] for order in orders], ["Fountain pen", "Ink", "Fountain pen"])

    def test_a_file_is_passed_through_with_the_token_that_was_asked_for_it(self):
        self.serve_example()
        report = self.curl("/report/ada")
        self.assertEqual(report["content-type"], "text/csv")
        self.assertEqual(report.body, b"order,price\n9007199254740993,1.50\n")

    def test_whoever_answers_in_time_is_in_the_list(self):
        self.serve_example()
        offers = self.curl("/offers/pen")
        self.assertEqual([offer["sku"] for offer in offers.json()["offers"]], ["pen", "ink"])
        self.assertEqual(offers["sluice-partial"], "far;reason=timeout;fallback")

    def test_the_answer_is_the_same_each_time_also_under_load(self):
        self.serve_example()
        with ThreadPoolExecutor(8) as pool:
            bodies = set(pool.map(lambda _: self.curl("/page/1").body, range(64)))
        self.assertEqual(len(bodies), 1)
        self.wrk("/brief", seconds=1, connections=8)

    def test_calls_run_side_by_side(self):
        slow = ", ".join(f'c{n}: {{get: "hello:/slow?seconds=0.5", as: c{n}}}' for n in range(8))
        self.serve(f'  - {{name: slow, match: {{path: /slow}}, compose: {{calls: {{{slow}}}}}}}')
        answer = self.curl("/slow")
        self.assertEqual(len(answer.json()), 8)
        self.assertLess(answer.report["time_total"], 3, "one after the other they take four seconds")

    def test_lines_come_as_their_services_answer(self):
        self.serve('  - {name: lines, match: {path: /lines}, compose: {stream: true, calls: {'
                   'slow: {get: "hello:/slow?seconds=0.5"}, user: {get: "users:/users/1"}}}}')
        lines = [json.loads(line) for line in self.curl("/lines").body.splitlines()]
        self.assertEqual([line.get("call") for line in lines], ["user", "slow", None])
        self.assertEqual(lines[2], {"complete": True})
        self.assertEqual(self.metric("sluice_compose_calls_total", route="lines", result="ok"), 2)

    def test_its_calls_count_with_their_upstreams(self):
        self.serve_example()
        before = self.metric("sluice_upstream_requests_total", upstream="shop")
        self.curl("/page/1")
        self.assertEqual(self.metric("sluice_upstream_requests_total", upstream="shop") - before, 3)


if __name__ == "__main__":
    unittest.main()
