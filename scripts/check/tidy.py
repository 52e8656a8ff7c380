#!/usr/bin/env python3
"""clang-tidy over our sources, several as one translation unit since most of the time goes into headers that they share. What was
clean stays so until it or something it includes changes."""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys

import units

# Larger ones save little more time and take more memory: about 2 GB at this size.
SOURCES_A_UNIT = 12


def tracked_sources(root):
    command = ["git", "-C", str(root), "ls-files", "*.cpp"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    return {root / name for name in names if name}


def included_files(build):
    """Of every compiled source: what it was made of, by ninja's log of dependencies."""
    text = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], check=True, capture_output=True, text=True).stdout
    of_source = {}
    for block in text.split("\n\n"):
        paths = [pathlib.Path(build, line.strip()).resolve() for line in block.split("\n")[1:] if line.strip()]
        if paths:
            of_source[paths[0]] = paths
    return of_source


class Digests:
    """Of files' contents, each read once."""

    def __init__(self):
        self.known = {}

    def of(self, file):
        if file not in self.known:
            self.known[file] = hashlib.sha256(file.read_bytes()).digest() if file.exists() else b""
        return self.known[file]


def fingerprint(digests, rules, files):
    total = hashlib.sha256(rules)
    for file in files:
        total.update(digests.of(file))
    return total.hexdigest()


class Commands:
    """Compile commands of each source once, though several targets may compile it: of the first build that does."""

    def __init__(self, builds):
        self.entries = {}
        for build in builds:
            for entry in json.loads((build / "compile_commands.json").read_text()):
                self.entries.setdefault(pathlib.Path(entry["file"]), entry)

    def flags(self, source):
        entry = self.entries[source]
        flags = re.sub(r" -o \S+ -c \S+$", "", entry["command"]).removeprefix("/usr/bin/ccache ")
        # Some include what lies beside them; the unit lies elsewhere.
        return entry["directory"], f"{flags} -iquote {source.parent}"


class Tidy:
    """Runs clang-tidy over units, by a file of rules; writes what it needs into `folder`."""

    def __init__(self, rules, folder, commands):
        self.rules, self.folder, self.commands = rules, folder, commands

    def check(self, unit):
        """Whether clang-tidy finds nothing, and what it says."""
        texts = [source.read_text() for source in unit]
        text = units.joined(texts)
        # A folder for each, as clang-tidy looks for the compile commands there.
        place = self.folder / hashlib.sha256(text.encode()).hexdigest()[:16]
        place.mkdir(parents=True, exist_ok=True)
        file = place / "unit.cpp"
        file.write_text(text)
        directory, flags = self.commands.flags(unit[0])
        entry = {"directory": directory, "file": str(file), "command": f"{flags} -o unit.o -c {file}"}
        (place / "compile_commands.json").write_text(json.dumps([entry]))
        command = ["clang-tidy", "-p", str(place), "--quiet", f"--config-file={self.rules}", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        shutil.rmtree(place)
        return done.returncode == 0, units.Places(unit, texts).told(file, done.stdout or done.stderr)


def does_not_compile(output):
    return "[clang-diagnostic-error" in output


def blamed(unit, output, included):
    """The sources of the unit that a finding is about, by the files it names; all when it names none of theirs."""
    named = {pathlib.Path(found[1]) for found in re.finditer(r"^(/[^:\n]+):\d+:\d+: ", output, re.MULTILINE)}
    guilty = [source for source in unit if named & {source, *included.get(source, [])}]
    return guilty or unit


def check_all(tidy, groups, jobs, done):
    """Calls `done(unit, clean, output)` of each unit; one whose sources do not go together is halved first."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(tidy.check, unit): unit for unit in groups}
        while running:
            finished, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for run in finished:
                unit, (clean, output) = running.pop(run), run.result()
                if not clean and does_not_compile(output) and len(unit) > 1:
                    running.update({pool.submit(tidy.check, half): half for half in units.halves(unit)})
                else:
                    done(unit, clean, output)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="folder with compile_commands.json, built")
    parser.add_argument("--also", type=pathlib.Path, action="append", default=[], help="another one, of which sources that are not in the first are looked at")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("only", nargs="*", help="parts of the paths to look at; default: all")
    arguments = parser.parse_intermixed_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    build = arguments.build.resolve()
    commands = Commands([build, *arguments.also])
    sources = sorted(tracked_sources(root) & commands.entries.keys())
    if arguments.only:
        sources = [source for source in sources if any(part in str(source) for part in arguments.only)]
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    included, digests = included_files(build), Digests()
    rules = (root / ".clang-tidy").read_bytes()
    prints = {source: fingerprint(digests, rules, included.get(source, [source])) for source in sources}
    waiting = [source for source in sources if not (stamps / prints[source]).exists()]
    print(f"clang-tidy: {len(sources)} sources, {len(waiting)} changed since they were last clean", flush=True)
    groups = units.grouped(waiting, commands.flags, lambda source: units.names(source.read_text()), SOURCES_A_UNIT)
    counts = collections.Counter()

    def report(unit, clean, output):
        guilty = [] if clean else blamed(unit, output, included)
        counts["read"] += len(unit)
        counts["guilty"] += len(guilty)
        print(f"[{counts['read']}/{len(waiting)}] {unit[0].relative_to(root)} and {len(unit) - 1} more", flush=True)
        if not clean:
            print(output, flush=True)
        for source in set(unit) - set(guilty):
            (stamps / prints[source]).touch()

    check_all(Tidy(root / ".clang-tidy", build / "tidy" / "units", commands), groups, arguments.jobs, report)
    return 1 if counts["guilty"] else 0


if __name__ == "__main__":
    sys.exit(main())
