"""Commands. They print, read files, and turn the user's mistakes into one line and exit code 2.

Heavy parts are loaded inside the commands, so that `raphe --help` stays quick.
"""

from __future__ import annotations

import sys

import typer

from raphe.cli import answers, runs, shelves
from raphe.cli.app import app
from raphe.core.errors import InputError, RapheError

__all__ = ["answers", "app", "main", "runs", "shelves"]


def main() -> None:
    """Run the command line: exit 2 for a mistake of the user, 1 for a run that failed."""
    try:
        app()
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except RapheError as error:
        typer.echo(f"failed: {error}", err=True)
        sys.exit(1)
