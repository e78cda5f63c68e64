"""The spiking dorsal raphe beside the mean field of the library; writes docs/circuit-crosscheck.md.

Offline: it takes a minute or two of one core, and nothing in the library depends on it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from crosscheck.compare import QUICK, Plan, simulate
from crosscheck.page import COMMAND, compare, draw, page

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    """Run all of it, and write the page and its figure."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--to", type=Path, default=DOCS, help="folder of the page")
    parser.add_argument("--quick", action="store_true", help="a short run of one small network")
    chosen = parser.parse_args()
    compared = compare(simulate(QUICK if chosen.quick else Plan()))
    command = f"{COMMAND} --quick" if chosen.quick else COMMAND
    chosen.to.mkdir(parents=True, exist_ok=True)
    (chosen.to / "circuit-crosscheck.md").write_text(page(compared, command), encoding="utf-8")
    (chosen.to / "circuit-crosscheck.svg").write_text(draw(compared), encoding="utf-8")


if __name__ == "__main__":
    main()
