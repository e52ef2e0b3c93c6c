# SPDX-License-Identifier: Apache-2.0
"""The lints on cases that must fail, and on their neighbours that must not."""
import unittest

import awaits
import functions
import layers
import names
import sizes
import text
import tree
import twins

ORDER = ["base", "net", "http"]
HEADER = "// SPDX-License-Identifier: Apache-2.0\n// What it is for.\n#pragma once\n"


class Layers(unittest.TestCase):
    def breaches(self, line):
        return layers.breaches_of("gateway/net/tcp.cc", line, ORDER)

    def test_refuses_an_include_of_a_higher_layer(self):
        self.assertEqual(self.breaches('#include "gateway/http/head.h"'),
                         ['gateway/net/tcp.cc:1: "gateway/http/head.h": net comes before http in gateway/layers.txt'])

    def test_refuses_an_unknown_layer_a_test_and_an_include_not_from_the_root(self):
        for line in ('#include "gateway/utils/x.h"', '#  include "tests/support/x.h"', '#include "tcp.h"'):
            self.assertEqual(len(self.breaches("\n" + line)), 1, line)

    def test_allows_its_own_layer_the_ones_before_it_and_the_system(self):
        for line in ('#include "gateway/net/tcp.h"', '#include "gateway/base/result.h"', "#include <gateway/http/x.h>"):
            self.assertEqual(self.breaches(line), [], line)

    def test_refuses_a_folder_that_is_not_listed(self):
        self.assertEqual(len(layers.breaches_of("gateway/misc/x.cc", "", ORDER)), 1)

    def test_reads_the_order_without_the_comments(self):
        self.assertEqual(layers.read_order("# the layers\nbase\nnet\n\n"), ["base", "net"])


class Names(unittest.TestCase):
    def breaches(self, one, other):
        wrap = "namespace sluice::net {{\nnamespace {{\n{}\n}}\n}}  // namespace sluice::net\n".format
        return names.breaches_of({"a.cc": wrap(one), "b.cc": wrap(other)})

    def test_refuses_what_two_files_name_alike(self):
        for what in ("class Reader final {\n};", "struct Place {\n  int a;\n};", "enum class Kind : char { a };",
                     "constexpr int kMost = 3;", "const FilterKind<A, B> kKind{1};", "constexpr View kNames[] = {",
                     "bool digit(char c) noexcept {\n  return c;\n}"):
            self.assertEqual(len(self.breaches(what, "int f();\n" + what)), 1, what)

    def test_names_both_files_and_the_line(self):
        self.assertEqual(self.breaches("class A {\n};", "\nclass A {\n};"),
                         ["b.cc:4: a.cc has a `A` of its own too; files of a layer are compiled as one"])

    def test_lets_aliases_of_one_type_be_and_no_others(self):
        self.assertEqual(self.breaches("using View = std::string_view;", "using View = std::string_view;"), [])
        self.assertEqual(len(self.breaches("using Kind = A::Kind;", "using Kind = B::Kind;")), 1)
        self.assertEqual(self.breaches("using base::Result;", "using base::Result;"), [])
        self.assertEqual(len(self.breaches("using base::Result;", "enum class Result {\n};")), 1)

    def test_refuses_overloads_which_may_be_called_in_place_of_one_s_own(self):
        self.assertEqual(len(self.breaches("int f(const char* a) {\n}", "int f(const std::string& a,\n      int b) {\n}")), 1)

    def test_sees_every_constant_of_a_declaration(self):
        self.assertEqual(len(self.breaches('constexpr View kA = "a", kB[] = {"b"}, kC = "c";', "constexpr int kC = 1;")), 1)

    def test_lets_members_locals_and_declarations_be(self):
        for one, other in (("class A;", "class A;"), ("int f(int a);", "int f(char a);"),
                           ("void f() {\n  constexpr int kA = 1;\n}", "void g() {\n  constexpr int kA = 1;\n}"),
                           ("class A {\n  static constexpr int kA = 1;\n};", "class B {\n  static constexpr int kA = 1;\n};")):
            self.assertEqual(self.breaches(one, other), [], one)

    def test_lets_overloads_of_what_is_declared_for_others_be(self):
        of = "namespace a {{\nvoid describe({}) {{\n}}\n}}\n".format
        self.assertEqual(names.breaches_of({"a.cc": of("A& a"), "b.cc": of("B& b")}), [])

    def test_refuses_what_a_header_of_the_layer_has(self):
        self.assertEqual(len(names.breaches_of({"a.cc": "namespace a {\nnamespace {\nconstexpr int kA = 1;\n}\n}\n",
                                                "b.h": "namespace a {\ninline constexpr int kA = 2;\n}\n"})), 1)

    def test_lets_other_namespaces_be(self):
        self.assertEqual(names.breaches_of({"a.cc": "namespace a {\nclass A {\n};\n}\n",
                                            "b.cc": "namespace b {\nclass A {\n};\n}\n"}), [])

    def test_wants_a_namespace_of_its_own_in_a_test(self):
        for source, count in (("namespace sluice::net::tcp_test {\nnamespace {\n}\n}\n", 0), ("", 1),
                              ("namespace sluice::net {\nnamespace {\n}\n}\n", 1),
                              ("namespace sluice::net::tcp_test {\n}\nnamespace sluice::net {\n}\n", 1)):
            self.assertEqual(len(names.breaches_of_test("tests/unit/net/tcp_test.cc", source)), count, source)


class Functions(unittest.TestCase):
    def found(self, source):
        return [(f.name, f.line, f.length) for f in functions.functions(source)]

    def test_measures_from_the_signature_to_the_closing_brace(self):
        self.assertEqual(self.found("namespace a {\nint f(int x,\n      int y) {\n  if (x) {\n  }\n}\n}\n"), [("f", 2, 5)])

    def test_counts_members_constructors_and_operators(self):
        source = "class A : public B {\n public:\n  A() : x_{1}, y_(2) {}\n  bool operator==(int o) const {\n  }\n};\n"
        self.assertEqual([(n, length) for n, _, length in self.found(source)], [("A", 1), ("operator==", 2)])

    def test_takes_no_table_type_lambda_or_comment_for_a_function(self):
        source = ('constexpr int kTable[] = {\n1, f(2)};\nenum class E { a };\nconst auto kF = [](int) { return 1; };\n'
                  '// void g() {\nconst char* s = "void h() {";\n#define M() {\n')
        self.assertEqual(self.found(source), [])

    def test_counts_a_template_and_a_test_by_their_names(self):
        self.assertEqual(self.found("template <class T>\nT f(T t) {\n}\nTEST(A, Does) {\n}\n"),
                         [("f", 1, 3), ("TEST(A, Does)", 4, 2)])

    def test_keeps_a_brace_in_a_character_literal_and_a_raw_string_out(self):
        self.assertEqual(self.found("char f() {\n  return '{';\n}\nauto g() {\n  return R\"({{)\";\n}\n"),
                         [("f", 1, 3), ("g", 4, 3)])


class Sizes(unittest.TestCase):
    def test_fails_beyond_the_hard_limits_and_not_on_them(self):
        lengths = {"gateway/a.cc": 601, "gateway/b.cc": 600, "tests/unit/a_test.cc": 800, "tests/unit/b_test.cc": 801}
        found = [("gateway/a.cc", functions.Function("f", 3, 81)), ("gateway/a.cc", functions.Function("g", 90, 80))]
        self.assertEqual(len(list(sizes.breaches_of(lengths, found))), 3)

    def test_leaves_tables_and_generated_files_out(self):
        self.assertTrue(sizes.exempt("gateway/base/reasons.def", ""))
        self.assertTrue(sizes.exempt("x.h", "// Generated by sluice schema"))
        for code in ("gateway/base/error.cc", "gateway/routing/route_table.cc", "tests/unit/routing/naive_table.h"):
            self.assertFalse(sizes.exempt(code, ""), code)


class Text(unittest.TestCase):
    def breaches(self, name, body):
        return list(text.breaches_of(name, body))

    def test_wants_the_licence_first(self):
        self.assertEqual(len(self.breaches("a.cc", "int x;\n")), 1)
        self.assertEqual(self.breaches("a.sh", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"), [])

    def test_refuses_a_path_of_one_machine(self):
        for path in ("/home/ann/x", "/Users/ann", "/root/x", str(tree.ROOT) + "/x"):
            self.assertEqual(len(self.breaches("a.md", f"see {path}\n")), 1, path)
        self.assertEqual(self.breaches("a.md", "GET /users/home/1 and https://x.test/home/\n"), [])

    def test_refuses_vague_type_names_but_not_words_that_end_alike(self):
        self.assertEqual(len(self.breaches("a.h", HEADER + "class RouteManager {};\n")), 1)
        self.assertEqual(self.breaches("a.h", HEADER + "struct Database {};\n"), [])

    def test_wants_a_header_to_say_what_it_is_for(self):
        self.assertEqual(len(self.breaches("a.h", "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n")), 1)

    def test_refuses_vague_folders_bare_to_dos_and_stray_white_space(self):
        self.assertEqual(len(self.breaches("gateway/utils/a.md", "x\n")), 1)
        self.assertEqual(len(self.breaches("a.md", "TODO" + " later\n")), 1)
        self.assertEqual(self.breaches("a.md", "TODO" + "(#7): later\n"), [])
        self.assertEqual(len(self.breaches("a.md", "x \n")), 1)
        self.assertEqual(len(self.breaches("a.md", "x")), 1)


class Awaits(unittest.TestCase):
    def breaches(self, statement):
        return list(awaits.breaches_of("gateway/x.cc", "Task<bool> f() {\n  " + statement + "\n}\n"))

    def test_refuses_a_temporary_in_a_condition_or_a_branch(self):
        for statement in ("while (co_await turn(loop) == Outcome::ready) x();", "if (!co_await readable()) co_return 1;",
                          "if (a &&\n      !co_await self.take<int>(b, c))\n    d();", "if (auto x = y(); !co_await x->go()) z();",
                          "bool r = a ? co_await writable() : b;", "bool r = co_await readable() && b;",
                          "co_return a || co_await readable();", "for (; co_await more();) x();",
                          "f(a && co_await std::move(x).in(scope));"):
            self.assertEqual(len(self.breaches(statement)), 1, statement)

    def test_allows_names_declarations_and_what_stands_behind_a_condition(self):
        for statement in ("if (co_await wait == Outcome::ready) x();", "if (auto end = co_await room()) co_return end;",
                          "if (auto r = co_await f(); r) x();", "if (a && b) co_await f();", "if (a) { co_await f(); }",
                          "auto r = co_await f(a ? b : c, d && e);", "auto&& r = co_await f();", "x(a && b); co_await f();",
                          "co_return co_await f();", "const char* s = \"a && co_await f()\";"):
            self.assertEqual(self.breaches(statement), [], statement)


class Twins(unittest.TestCase):
    def breaches(self, sources, tests, exceptions):
        return list(twins.breaches_of(sources, tests, exceptions))

    def test_wants_the_twin_or_a_reason(self):
        self.assertEqual(len(self.breaches({"gateway/net/a.cc"}, set(), {})), 1)
        self.assertEqual(self.breaches({"gateway/net/a.cc"}, {"tests/unit/net/a_test.cc"}, {}), [])
        self.assertEqual(self.breaches({"gateway/net/a.cc"}, set(), {"gateway/net/a.cc": "flow"}), [])

    def test_lets_the_list_of_exceptions_only_shrink(self):
        self.assertEqual(len(self.breaches({"gateway/net/a.cc"}, {"tests/unit/net/a_test.cc"}, {"gateway/net/a.cc": "flow"})), 1)
        self.assertEqual(len(self.breaches(set(), set(), {"gateway/net/a.cc": "flow"})), 1)
        self.assertEqual(len(self.breaches({"gateway/net/a.cc"}, set(), {"gateway/net/a.cc": ""})), 1)


if __name__ == "__main__":
    unittest.main()
