"""`python -m raphe.cli`."""

from __future__ import annotations

from raphe.cli import main

main()
