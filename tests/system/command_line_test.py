#!/usr/bin/env python3
"""`fermata run`, `check`, `options` and their exit codes, through the real binary."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/bin/fermata").resolve())
HEAD = '<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">'
GOOD = HEAD + """<datamodel><data id="x" expr="1"/></datamodel>
  <state id="s"><onentry><log label="x" expr="x"/></onentry><transition event="go" target="f"/></state>
  <final id="f"><donedata><param name="got" expr="_event.data"/></donedata></final></scxml>"""
BAD = HEAD + "\n<state id='a'><transition target='nowhere'/></state></scxml>"


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "good.scxml").write_text(GOOD)
        (self.folder / "bad.scxml").write_text(BAD)

    def fermata(self, *arguments):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=self.folder)

    def script(self, steps):
        (self.folder / "script.json").write_text(json.dumps(steps))
        return self.fermata("run", "good.scxml", "--script", "script.json")

    def test_run_prints_one_line_and_the_log(self):
        done = self.fermata("run", "good.scxml", "--event", 'go={"a":1}', "--param", "x=7")
        result = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count("\n"), 1)
        self.assertEqual((result["status"], result["configuration"]), ("final", ["f"]))
        self.assertEqual(result["donedata"], {"got": {"a": 1}})
        self.assertEqual(result["log"], [{"label": "x", "value": 7}])
        self.assertEqual(done.stderr, "x: 7\n")

    def test_json_keeps_the_log_quiet(self):
        self.assertEqual(self.fermata("run", "good.scxml", "--json", "--event", "go").stderr, "")

    def test_exit_codes_of_run(self):
        timeout = self.fermata("run", "good.scxml", "--timeout", "200ms", "--json")
        self.assertEqual(timeout.returncode, 3)
        self.assertEqual(json.loads(timeout.stdout)["status"], "timeout")
        self.assertEqual(json.loads(timeout.stdout)["configuration"], ["s"])
        refused = self.fermata("run", "bad.scxml")
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn("nowhere", refused.stderr)
        self.assertEqual(self.fermata("run", "missing.scxml").returncode, 1)
        self.assertEqual(self.fermata("run", "good.scxml", "--event", "go={").returncode, 1)
        self.assertEqual(self.fermata("run").returncode, 64)

    def test_scripts_agree_or_show_the_first_difference(self):
        self.assertEqual(self.script([{"expect": ["s"]}, {"event": {"name": "go"}, "expect": ["f"]}]).returncode, 0)
        differs = self.script([{"expect": ["s"]}, {"event": {"name": "no"}, "expect": ["f"]}])
        self.assertEqual(differs.returncode, 4)
        self.assertIn("step 2: expected [f], but active is [s]", differs.stderr)
        self.assertEqual(self.script([{"expected": []}]).returncode, 1)

    def test_files_outside_of_the_documents_folder_stay_closed(self):
        (self.folder / "sub").mkdir()
        (self.folder / "secret.js").write_text("var stolen = 1;")
        (self.folder / "sub" / "thief.scxml").write_text(HEAD + '<script src="../secret.js"/><final id="f"/></scxml>')
        self.assertEqual(self.fermata("run", "sub/thief.scxml").returncode, 2)
        allowed = self.fermata("run", "sub/thief.scxml", f"--documents.folder={self.folder}")
        self.assertEqual(allowed.returncode, 0, allowed.stderr)

    def test_check(self):
        self.assertEqual(self.fermata("check", "good.scxml").returncode, 0)
        bad = self.fermata("check", "good.scxml", "bad.scxml")
        self.assertEqual(bad.returncode, 1)
        self.assertIn("bad.scxml:2:", bad.stdout)
        self.assertEqual(json.loads(self.fermata("check", "--format", "json", "bad.scxml").stdout)[0]["severity"], "error")
        self.assertEqual(json.loads(self.fermata("check", "--format", "sarif", "bad.scxml").stdout)["version"], "2.1.0")

    def test_options_show_where_a_value_comes_from(self):
        shown = self.fermata("options", "--http.port=9")
        self.assertRegex(shown.stdout, r"--http\.port +9 .*from --http\.port")

    def test_a_written_file_can_be_read(self):
        (self.folder / "fermata.toml").write_text(self.fermata("options", "--format", "toml").stdout.replace("\n# ", "\n"))
        lines = (self.folder / "fermata.toml").read_text().splitlines()
        options = [line for line in lines if " = " in line or line.startswith("[")]
        (self.folder / "fermata.toml").write_text("\n".join(options))
        done = self.fermata("options", "--config", "fermata.toml")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_help_and_completion(self):
        for words in (["--help"], ["run", "--help"], ["completion", "bash"], ["completion", "zsh"], ["completion", "fish"]):
            done = self.fermata(*words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("fermata", done.stdout)
        bash = self.fermata("completion", "bash").stdout
        self.assertEqual(subprocess.run(["bash", "-n"], input=bash, text=True, check=False).returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
