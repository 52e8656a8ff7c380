#!/usr/bin/env python3
"""Tests of the checks themselves: each must find what it is there for."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import layers
import rules
import tidy
import units


class Tree:
    """A small project in a temporary folder."""

    def __init__(self, files):
        self.root = pathlib.Path(tempfile.mkdtemp()).resolve()
        unittest.addModuleCleanup(shutil.rmtree, self.root)
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


class LayersTest(unittest.TestCase):
    def test_an_include_upwards_is_found(self):
        tree = Tree({"src/base/a.h": '// a\n#include "engine/engine.h"\n'})
        self.assertEqual(list(layers.problems(tree.root)), ["src/base/a.h:2: base may not include engine"])

    def test_an_include_over_several_arrows_is_fine(self):
        tree = Tree({"src/engine/a.cpp": '#include "base/error.h"\n#include "value/value.h"\n'})
        self.assertEqual(list(layers.problems(tree.root)), [])

    def test_engine_never_sees_http(self):
        tree = Tree({"src/engine/a.cpp": '#include "http/server.h"\n'})
        self.assertEqual(len(list(layers.problems(tree.root))), 1)

    def test_a_heavy_header_that_leaves_its_folder_is_found(self):
        files = {"src/http/a.h": "// a\n#include <boost/beast/http.hpp>\n", "src/http/b.h": '// b\n#include "http/a.h"\n'}
        self.assertEqual(list(layers.problems(Tree(files).root)), [])
        tree = Tree({**files, "src/api/c.cpp": '#include "http/b.h"\n'})
        self.assertEqual(len(list(layers.problems(tree.root))), 1)

    def test_a_wrong_dependency_in_cmake_is_found(self):
        tree = Tree({"src/base/CMakeLists.txt": "fermata_module(base\n  SOURCES a.cpp\n  DEPS http)\n"})
        self.assertEqual(len(list(layers.problems(tree.root))), 1)

    def test_an_unknown_folder_is_found(self):
        tree = Tree({"src/utils/a.h": "// a\n"})
        self.assertEqual(len(list(layers.problems(tree.root))), 1)


class RulesTest(unittest.TestCase):
    def test_marks_are_found_unless_they_name_an_issue(self):
        tree = Tree({"src/base/a.cpp": "// FIXME: later\n// TODO(12): when clang-tidy is newer\n"})
        self.assertEqual(len(list(rules.no_leftover_marks(tree.root))), 1)

    def test_sleeping_in_a_test_is_found(self):
        tree = Tree({"src/base/a_test.cpp": "std::this_thread::sleep_for(1s);\nsleep_for(1ms);  // poll\n"})
        self.assertEqual(len(list(rules.no_banned_calls(tree.root))), 1)

    def test_architecture_and_folders_must_agree(self):
        tree = Tree({"ARCHITECTURE.md": "| `gone/` | x |\n", "src/base/README.md": ""})
        self.assertEqual(len(list(rules.architecture_lists_the_folders(tree.root))), 2)

    def test_a_broken_link_is_found(self):
        tree = Tree({"a.md": "[b](b.md) and [c](c.md#part)", "b.md": ""})
        self.assertEqual(list(rules.links_lead_somewhere(tree.root)), ["a.md:1: broken link c.md"])


class TidyTest(unittest.TestCase):
    def setUp(self):
        self.tree = Tree({"a.cpp": '#include "a.h"\n', "a.h": "int a();\n"})
        self.files = [self.tree.root / "a.cpp", self.tree.root / "a.h"]

    def fingerprint(self, rules=b"rules"):
        return tidy.fingerprint(tidy.Digests(), rules, self.files)

    def test_what_did_not_change_stays_clean(self):
        self.assertEqual(self.fingerprint(), self.fingerprint())

    def test_a_changed_include_is_looked_at_again(self):
        before = self.fingerprint()
        (self.tree.root / "a.h").write_text("long a();\n", encoding="utf-8")
        self.assertNotEqual(before, self.fingerprint())

    def test_changed_rules_are_looked_at_again(self):
        self.assertNotEqual(self.fingerprint(), self.fingerprint(b"other rules"))

    def test_a_tree_is_looked_at_whole(self):
        tree = Tidied({"src/a.cpp": "int a() { return 0; }\n", "src/b.cpp": "int b() { return 1; }\n"})
        self.assertEqual(tree.run(), {})

    def test_findings_are_told_wherever_they_are(self):
        tree = Tidied({"src/a.cpp": "int a() { return 0; }\n", "src/b.cpp": "int* b = 0;\n", "src/c.h": "inline int* c = 0;\n",
                       "src/c.cpp": '#include "c.h"\n', "tests/d.cpp": "int* d = 0;\n"})
        found = tree.run()
        self.assertEqual(set(found), {"src/b.cpp", "src/c.cpp", "tests/d.cpp"})
        for place in ("b.cpp:1", "c.h:1", "d.cpp:1"):
            self.assertIn(place, "".join(found.values()))

    def test_sources_that_do_not_go_together_are_read_apart(self):
        tree = Tidied({"src/a.cpp": "using Number = int;\n Number a() { return 0; }\n", "src/b.cpp": "int* b = 0;\n",
                       "src/c.cpp": "  using Number = long;\n Number c() { return 0; }\n"})
        self.assertEqual(set(tree.run()), {"src/b.cpp"})

    def test_what_does_not_compile_is_a_finding(self):
        self.assertEqual(set(Tidied({"src/a.cpp": "int a() { return b; }\n"}).run()), {"src/a.cpp"})

    def test_every_family_of_checks_looks_into_sources_that_are_read_together(self):
        for check, text in {
            "clang-analyzer-core.DivideZero": "int f() { int zero = 0; return 1 / zero; }",
            "bugprone-integer-division": "double f(int i) { return i / 2; }",
            "performance-for-range-copy": "struct S { S(); S(const S&); ~S(); }; struct L { const S* begin() const; const S* end() const; };\n"
                                          "void g(const S&); void f(const L& l) { for (S s : l) { g(s); } }",
            "cppcoreguidelines-init-variables": "int f() { int i; i = 1; return i; }",
            "google-explicit-constructor": "struct S { S(int); };",
            "misc-unused-using-decls": "namespace n { struct S; }\nusing n::S;",
            "modernize-use-nullptr": "int* p = 0;",
            "readability-duplicate-include": '#include "b.h"\n#include "b.h"',
            "readability-else-after-return": "int f(bool b) { if (b) { return 1; } else { return 2; } }",
            "readability-identifier-naming": "struct not_camel {};",
        }.items():
            with self.subTest(check):
                found = Tidied({"src/a.cpp": '#include "b.h"\n', "src/b.cpp": text + "\n", "src/b.h": "#pragma once\n"}, check).run()
                self.assertIn(check, found.get("src/b.cpp", "nothing"))


class Tidied:
    """A tree that clang-tidy looks at as one unit."""

    def __init__(self, files, checks="modernize-use-nullptr"):
        naming = "HeaderFilterRegex: '/src/'\nCheckOptions: [{ key: readability-identifier-naming.StructCase, value: CamelCase }]\n"
        tree = Tree({**files, ".clang-tidy": f"Checks: '-*,{checks}'\nWarningsAsErrors: '*'\n{naming}"})
        self.root = tree.root
        self.unit = sorted(self.root / name for name in files if name.endswith(".cpp"))
        (self.root / "compile_commands.json").write_text(json.dumps([
            {"directory": str(self.root), "file": str(file), "command": f"c++ -o {file}.o -c {file}"} for file in self.unit]))

    def run(self):
        """Of each source with a finding: what was said of its unit."""
        found = {}
        checker = tidy.Tidy(self.root / ".clang-tidy", self.root / "units", tidy.Commands([self.root]))
        included = {self.root / "src/c.cpp": [self.root / "src/c.h"]}

        def note(unit, clean, output):
            found.update({} if clean else {str(file.relative_to(self.root)): output for file in tidy.blamed(unit, output, included)})

        tidy.check_all(checker, [self.unit], 1, note)
        return found


class UnitsTest(unittest.TestCase):
    def test_names_are_those_at_namespace_scope(self):
        text = """namespace a {
constexpr int kLimit = 3;
struct Place {
    int inner;
};
static Result<int> find(const Place& place) {
    int local = 0;
    return local;
}
void Shard::member(int value) {}
using Names = int;
TEST_F(PlaceTest, IsFound) {
}
"""
        self.assertEqual(units.names(text), {"kLimit", "Place", "find", "Names", "PlaceTest, IsFound"})

    def test_sources_with_a_name_in_common_are_apart(self):
        names = {"a": {"x"}, "b": {"y"}, "c": {"x"}}
        self.assertEqual(units.grouped("abc", lambda _: "", names.get, 9), [["a", "b"], ["c"]])

    def test_sources_that_are_compiled_otherwise_are_apart(self):
        self.assertEqual(units.grouped("abc", {"a": "-O1", "b": "-O2", "c": "-O1"}.get, lambda _: set(), 9), [["a", "c"], ["b"]])

    def test_joined_texts_know_where_they_come_from(self):
        texts = ["#include <a>\n#include <a>\nint a;\n", "#include <a>\nint b;\n"]
        self.assertEqual(units.joined(texts), "#include <a>\n#include <a>\nint a;\n\n\nint b;\n")
        self.assertEqual(units.Places(["a", "b"], texts).told("u", "u:3:5: error\nu:6:5: error"), "a:3:5: error\nb:2:5: error")

    def test_units_are_not_larger_than_asked_for(self):
        self.assertEqual(units.grouped("abc", lambda _: "", lambda _: set(), 2), [["a", "b"], ["c"]])


if __name__ == "__main__":
    unittest.main()
