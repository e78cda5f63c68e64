"""The application object, and what its commands share: options, progress, an orderly stop."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated, Self

import typer

app = typer.Typer(
    name="raphe",
    help="Simulate how CNS drugs act, from cited numbers. Research and teaching software; not medical advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Subjects = Annotated[
    int | None, typer.Option("--subjects", min=1, max=10_000_000, help="Virtual people.")
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Random seed.")]
Threads = Annotated[
    int | None,
    typer.Option("--threads", min=1, max=1024, help="Worker threads; the numbers stay the same."),
]


def count_of(number: int, noun: str) -> str:
    """A count with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Stop:
    """An event that SIGTERM and SIGINT set, so that a run ends after the chunks under way."""

    def __enter__(self) -> threading.Event:
        self._event = threading.Event()
        numbers = (signal.SIGTERM, signal.SIGINT)
        self._before = [(n, signal.signal(n, lambda *_: self._event.set())) for n in numbers]
        return self._event

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)


class Progress:
    """A bar on the terminal's error stream, for work that takes longer than a second."""

    def __init__(self, title: str, what: str = "subjects") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        console = Console(stderr=True)
        columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, what, TimeRemainingColumn(), console=console, transient=True)
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Show how far the work is."""
        self._bar.update(self._task, completed=done, total=total)
