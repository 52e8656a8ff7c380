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

    def test_findings_are_told(self):
        bad = Tree({"bad.cpp": "int* p = 0;\n", ".clang-tidy": "Checks: '-*,modernize-use-nullptr'\nWarningsAsErrors: '*'\n"})
        source = bad.root / "bad.cpp"
        (bad.root / "compile_commands.json").write_text(
            json.dumps([{"directory": str(bad.root), "file": str(source), "command": f"c++ -c {source}"}]), encoding="utf-8")
        clean, output = tidy.check(bad.root, source)
        self.assertFalse(clean)
        self.assertIn("modernize-use-nullptr", output)


if __name__ == "__main__":
    unittest.main()
