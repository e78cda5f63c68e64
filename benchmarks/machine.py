"""What this machine is and which versions run on it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import llvmlite.binding as llvm

import raphe
from raphe.engine.compile import host_width

_PACKAGES = (
    "raphe",
    "llvmlite",
    "numpy",
    "scipy",
    "numba",
    "scikit-sundae",
    "libroadrunner",
    "python-libsbml",
    "diffrax",
    "jax",
    "pydiffsol",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Facts for the head of the report."""

    cpu: str
    cores: int
    width: int
    memory: float  # GB
    system: str
    compiler: str
    source: str  # commit of raphe, and whether its files differ from it
    versions: dict[str, str]


def describe() -> Machine:
    """Look at this machine."""
    return Machine(
        cpu=f"{_cpu()} ({llvm.get_host_cpu_name()} to LLVM)",
        cores=os.cpu_count() or 1,
        width=host_width(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        compiler=_compiler(),
        source=_source(),
        versions={name: _version(name) for name in _PACKAGES},
    )


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found.group(1).strip() if found else platform.processor() or "unknown processor"


def _compiler() -> str:
    path = shutil.which("gcc") or shutil.which("cc")
    if path is None:
        return "none"
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 the compiler found
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


def _source() -> str:
    """Commit that raphe was imported from; files changed since then are told, for then the commit alone is not it."""
    git, folder = shutil.which("git"), Path(raphe.__file__).parent
    if git is None:
        return "unknown"
    command = [git, "-C", str(folder), "describe", "--always", "--abbrev=12", "--exclude=*"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 git, our own arguments
    command = [git, "-C", str(folder), "status", "--porcelain", "."]
    changed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 likewise
    if commit.returncode != 0:
        return "unknown"
    return commit.stdout.strip() + (" with uncommitted changes" if changed.stdout.strip() else "")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
