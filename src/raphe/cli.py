"""Commands: ask, run, check. Prints, reads files, and turns the user's mistakes into one line and exit code 2.

Heavy parts are loaded inside the commands, so that `raphe --help` stays quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from raphe.core.errors import FileError, InputError, Place, RapheError

if TYPE_CHECKING:
    from raphe.study.question import Study

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
Report = Annotated[Path | None, typer.Option("--report", help="Where the HTML report goes.")]


@app.command()
def ask(
    drug: Annotated[str, typer.Argument(help="A drug of the library, such as clonazepam.")],
    target: Annotated[str, typer.Argument(help="What it may change, such as serotonin.")],
    subjects: Subjects = None,
    seed: Seed = None,
    threads: Threads = None,
    report: Report = None,
) -> None:
    """Ask how a drug affects a target, on the regimens of published trials."""
    from raphe.library.catalog import load_catalog
    from raphe.study.question import ask as make_study

    study = make_study(load_catalog(), drug, target)
    options = _options(subjects, seed)
    _answer(
        study,
        f"raphe ask {drug} {target}",
        options,
        threads,
        report or Path(f"{drug}-{target}.html"),
    )


@app.command()
def run(
    study_file: Annotated[Path, typer.Argument(help="A study file (YAML).", metavar="STUDY")],
    subjects: Subjects = None,
    seed: Seed = None,
    threads: Threads = None,
    report: Report = None,
) -> None:
    """Run a study file, print its answer and write its report."""
    from raphe.study.schema import read_study

    study = read_study(study_file)
    options = _options(subjects, seed)
    _answer(
        study,
        f"raphe run {study_file.name}",
        options,
        threads,
        report or Path(f"{study_file.stem}.html"),
    )


@app.command()
def check(
    model_files: Annotated[
        list[Path], typer.Argument(help="Model files (.raphe).", metavar="FILE...")
    ],
) -> None:
    """Check model files: names, units, loops, sources."""
    from raphe.language.check import Severity, check_document
    from raphe.language.parse import parse
    from raphe.library.catalog import load_catalog

    library, wrong = load_catalog().library, 0
    for model_file in model_files:
        findings = check_document(parse(_read_text(model_file), str(model_file)), library=library)
        for finding in findings:
            typer.echo(f"{finding.severity.value}: {finding}")
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        warnings = len(findings) - errors
        typer.echo(f"{model_file}: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
        wrong += errors
    if wrong:
        raise typer.Exit(2)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        message = f"cannot read the file: {error.strerror or type(error).__name__}"
        raise FileError(
            message, place=Place(str(path)), advice="give the path of a text file"
        ) from error
    except UnicodeDecodeError as error:
        raise FileError("the file is not UTF-8 text", place=Place(str(path))) from error


def _options(subjects: int | None, seed: int | None) -> dict[str, int]:
    given = {"people": subjects, "seed": seed}
    return {name: value for name, value in given.items() if value is not None}


def _answer(
    study: Study, command: str, options: dict[str, int], threads: int | None, path: Path
) -> None:
    """Run, print the answer, write the report; the report's folder is tried before anything is run."""
    from dataclasses import replace

    from raphe.analysis.tables import comparison_table
    from raphe.analysis.wording import answer_text
    from raphe.report.page import check_writable, render_page, write_report
    from raphe.study.session import answer, simulate

    check_writable(path)
    names = {"people": "--subjects", "seed": "--seed"}
    command = " ".join([command, *(f"{names[name]} {value}" for name, value in options.items())])
    study = replace(study, population=replace(study.population, **options))
    with _Progress(study.title) as progress:
        simulation = simulate(study, threads=threads, progress=progress.update)
    result = answer(simulation, command=command)
    write_report(render_page(result), path)
    typer.echo(answer_text(result))
    typer.echo(comparison_table(result))
    typer.echo(f"\nReport: {path.resolve()}")


class _Progress:
    """A bar on the terminal's error stream, for work that takes longer than a second."""

    def __init__(self, title: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        console = Console(stderr=True)
        columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn())
        self._bar = Progress(
            *columns, "subjects", TimeRemainingColumn(), console=console, transient=True
        )
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Show how far the work is."""
        self._bar.update(self._task, completed=done, total=total)


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


if __name__ == "__main__":
    main()
