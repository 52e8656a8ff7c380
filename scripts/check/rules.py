#!/usr/bin/env python3
"""Own rules of the tree that no other tool knows. Each rule is a generator that yields its findings."""
import pathlib
import re
import subprocess
import sys


def tracked(root, *patterns):
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", *patterns]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    return [root / name for name in sorted(set(names)) if name and (root / name).exists()]


def lines_of(file):
    return enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1)


def no_leftover_marks(root):
    mark = re.compile(r"\b(FIXME|XXX|TODO(?!\([0-9]+\):))\b")
    for file in tracked(root, "*.cpp", "*.h", "*.sh", "*.py", "*.cmake"):
        if file.parent.name != "check":
            for number, line in lines_of(file):
                if mark.search(line):
                    yield f"{file.relative_to(root)}:{number}: leftover mark: {line.strip()}"


def no_banned_calls(root):
    banned = [
        (re.compile(r"\bstd::regex\b"), "std::regex recurses on its input; write a small scanner"),
        (re.compile(r"\busing namespace std\b(?!::)"), "using namespace std"),
        (re.compile(r"\b(rand|srand)\("), "unseeded randomness; use base/random.h"),
    ]
    sleeping = re.compile(r"\b(sleep_for|usleep|sleep)\(")
    for file in tracked(root, "src/**/*.cpp", "src/**/*.h", "tests/**/*.cpp", "tests/**/*.h"):
        for number, line in lines_of(file):
            for pattern, why in banned:
                if pattern.search(line):
                    yield f"{file.relative_to(root)}:{number}: {why}"
            if file.name.endswith("_test.cpp") and sleeping.search(line) and not re.search(r"// .*(poll|pause: \w)", line):
                yield f"{file.relative_to(root)}:{number}: sleeping in a test; poll with a deadline (comment `poll`), or say why time must pass (comment `pause: why`)"


def every_folder_has_a_readme(root):
    for folder in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        if not (folder / "README.md").exists():
            yield f"src/{folder.name}: no README.md"


def architecture_lists_the_folders(root):
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([a-z_]+)/` \|", text, re.MULTILINE))
    actual = {p.name for p in (root / "src").iterdir() if p.is_dir()}
    for name in sorted(actual - listed):
        yield f"ARCHITECTURE.md: src/{name} is missing from the table of folders"
    for name in sorted(listed - actual):
        yield f"ARCHITECTURE.md: src/{name} is in the table of folders but does not exist"


def headers_say_what_they_are_for(root):
    for file in tracked(root, "src/**/*.h"):
        first = file.read_text(encoding="utf-8").split("\n", 1)[0]
        if not first.startswith("// "):
            yield f"{file.relative_to(root)}:1: no comment that says what the header is for"


def links_lead_somewhere(root):
    link = re.compile(r"\]\(([^)#:\s]+)(#[^)]*)?\)")
    for file in tracked(root, "*.md"):
        for number, line in lines_of(file):
            for match in link.finditer(line):
                if not (file.parent / match.group(1)).exists():
                    yield f"{file.relative_to(root)}:{number}: broken link {match.group(1)}"


RULES = [
    no_leftover_marks,
    no_banned_calls,
    every_folder_has_a_readme,
    architecture_lists_the_folders,
    headers_say_what_they_are_for,
    links_lead_somewhere,
]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = [finding for rule in RULES for finding in rule(root)]
    for finding in found:
        print(finding)
    print(f"rules: {'clean' if not found else f'{len(found)} findings'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
