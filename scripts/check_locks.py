#!/usr/bin/env python3
"""Locks against pyproject.toml: complete, hashed, in agreement, free of addresses.

Needs nothing but Python 3.11.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
FOREIGN = re.compile(r"://|^\s*-|file:|(?<![\w.-])/\w", re.MULTILINE)
HASH = re.compile(r" +--hash=sha256:[0-9a-f]{64}(?: \\)?")


def plain(name: str) -> str:
    """The name of a package as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(project: dict, group: str) -> set[str]:
    """Names that the project and one of its dependency groups ask for."""
    entries = list(project["project"]["dependencies"])
    groups = project["dependency-groups"]
    pending = [group]
    while pending:
        for entry in groups[pending.pop()]:
            if isinstance(entry, dict):
                pending.append(entry["include-group"])
            else:
                entries.append(entry)
    return {plain(re.match(r"[A-Za-z0-9._-]+", entry).group()) for entry in entries}


def faults(name: str, text: str, names: set[str]) -> list[str]:
    """What is wrong with one lock."""
    pins = {plain(package) for package, _ in PIN.findall(text)}
    found = [f"{name}: {missing} is missing" for missing in sorted(names - pins)]
    entries = re.split(r"\n(?=[A-Za-z])", text)
    found += [
        f"{name}: no hash for {entry.split()[0]}" for entry in entries if not HASH.search(entry)
    ]
    rest = HASH.sub("", text)
    found += [
        f"{name}: an address or option in {line.strip()!r}"
        for line in rest.splitlines()
        if FOREIGN.search(line)
    ]
    return found


def main() -> int:
    """Print each fault; 1 if there is any."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = (ROOT / "requirements/run.lock").read_text(encoding="utf-8")
    found = faults("run.lock", run, wanted(project, "build"))
    for group in ("dev", "bench"):
        lock = (ROOT / f"requirements/{group}.lock").read_text(encoding="utf-8")
        found += faults(f"{group}.lock", lock, wanted(project, group))
        found += [
            f"{group}.lock: {package} is not {version}, as in run.lock"
            for package, version in sorted(set(PIN.findall(run)) - set(PIN.findall(lock)))
        ]
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print("Run `make lock`.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
