#!/usr/bin/env python3
"""Checks the direction of includes: every `#include "folder/…"` in src/ against the picture of ARCHITECTURE.md.

A folder may include itself and what is reachable over the arrows below. The DEPS line of its CMakeLists.txt must
name exactly the folders that it includes directly or needs to link, and nothing it may not include.
"""
import pathlib
import re
import sys

ARROWS = {
    "base": [],
    "value": ["base"],
    "script": ["value"],
    "scxml": ["script"],
    "store": ["value"],
    "engine": ["scxml", "store"],
    "http": ["base"],
    "redis": ["base"],
    "redis_store": ["store", "redis"],
    "cluster": ["store"],
    "interaction": ["engine"],
    "routing": ["engine"],
    "modules": ["engine", "interaction", "routing", "http"],
    "ari": ["interaction", "http"],
    "api": ["engine", "http"],
    "app": ["api", "modules", "ari", "cluster", "redis_store"],
}
# Heavy headers stay inside the folder that wraps them: its own headers may include them, but then no other folder may
# include those.
HEAVY = re.compile(r"^#include <(boost/(beast|asio)|quickjs|rocksdb|spdlog|curl|expat|prometheus|hiredis|openssl)", re.MULTILINE)


def reachable(folder):
    found, todo = {folder}, [folder]
    while todo:
        for below in ARROWS[todo.pop()]:
            if below not in found:
                found.add(below)
                todo.append(below)
    return found


def local_includes(file):
    return re.findall(r'^#include "([a-z_]+/[a-z0-9_/.]+)"', file.read_text(encoding="utf-8"), re.MULTILINE)


def heavy_headers(root):
    """Headers of ours that bring a heavy one with them, directly or through others."""
    headers = {str(file.relative_to(root / "src")): file for file in (root / "src").rglob("*.h")}
    heavy = {name for name, file in headers.items() if HEAVY.search(file.read_text(encoding="utf-8"))}
    size = -1
    while size != len(heavy):
        size = len(heavy)
        heavy |= {name for name, file in headers.items() if heavy.intersection(local_includes(file))}
    return heavy


def problems(root):
    heavy = heavy_headers(root)
    for folder in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        if folder.name not in ARROWS:
            yield f"src/{folder.name}: not in the picture; add it to ARCHITECTURE.md and to {pathlib.Path(__file__).name}"
            continue
        allowed = reachable(folder.name)
        for file in sorted([*folder.rglob("*.h"), *folder.rglob("*.cpp")]):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                where = f"{file.relative_to(root)}:{number}"
                match = re.match(r'#include "([a-z_]+)/', line)
                if match and match.group(1) not in allowed:
                    yield f"{where}: {folder.name} may not include {match.group(1)}"
                included = re.match(r'#include "([a-z_]+/[a-z0-9_/.]+)"', line)
                if included and included.group(1) in heavy and match.group(1) != folder.name:
                    yield f"{where}: {included.group(1)} brings a heavy third-party header; only {match.group(1)} may see it"
        cmake = folder / "CMakeLists.txt"
        if cmake.exists():
            match = re.search(r"\bDEPS\s+([a-z_ \n]+)", cmake.read_text(encoding="utf-8"))
            for dependency in (match.group(1).split() if match else []):
                if dependency not in allowed:
                    yield f"{cmake.relative_to(root)}: DEPS names {dependency}, which {folder.name} may not include"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(problems(root))
    for problem in found:
        print(problem)
    print(f"layers: {'clean' if not found else f'{len(found)} problems'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
