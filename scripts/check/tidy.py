#!/usr/bin/env python3
"""clang-tidy over our sources, as many at a time as asked for. What was clean stays so until it or something it includes changes."""
import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import subprocess
import sys


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


def check(build, source):
    command = ["clang-tidy", "-p", str(build), "--quiet", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout or done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="folder with compile_commands.json, built")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("only", nargs="*", help="parts of the paths to look at; default: all")
    arguments = parser.parse_intermixed_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    build = arguments.build.resolve()
    commands = {pathlib.Path(entry["file"]) for entry in json.loads((build / "compile_commands.json").read_text())}
    sources = sorted(tracked_sources(root) & commands)
    if arguments.only:
        sources = [source for source in sources if any(part in str(source) for part in arguments.only)]
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    included, digests = included_files(build), Digests()
    rules = (root / ".clang-tidy").read_bytes()
    prints = {source: fingerprint(digests, rules, included.get(source, [source])) for source in sources}
    waiting = [source for source in sources if not (stamps / prints[source]).exists()]
    print(f"clang-tidy: {len(sources)} sources, {len(waiting)} changed since they were last clean", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runs = {pool.submit(check, build, source): source for source in waiting}
        for number, run in enumerate(concurrent.futures.as_completed(runs), 1):
            source, (clean, output) = runs[run], run.result()
            print(f"[{number}/{len(waiting)}] {source.relative_to(root)}{'' if clean else ': findings'}", flush=True)
            if clean:
                (stamps / prints[source]).touch()
            else:
                failed += 1
                print(output, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
