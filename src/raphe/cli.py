"""Commands: ask, run, check, qualify, show, cite, library.

They print, read files, and turn the user's mistakes into one line and exit code 2. Heavy parts are loaded inside the
commands, so that `raphe --help` stays quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from raphe.core.errors import FileError, InputError, Place, RapheError

if TYPE_CHECKING:
    from raphe.study.question import Study

_QUALIFIED = "benzodiazepines"

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


Draws = Annotated[int, typer.Option("--draws", min=10, max=10_000, help="Draws of each trial.")]


@app.command()
def qualify(
    draws: Draws = 100,
    seed: Seed = 1,
    threads: Threads = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder for qualification.md and its figure.")
    ] = None,
    rivals: Annotated[
        bool, typer.Option("--rivals", help="Predict with every rival as well.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with published curves (pk-observed.csv).")
    ] = None,
) -> None:
    """Set every observation of the library beside the model's prediction."""
    import os

    from raphe.library.catalog import load_catalog
    from raphe.population.people import Population
    from raphe.report.page import check_writable, write_report
    from raphe.report.qualification import cells, figure, page, summary
    from raphe.study.curves import compare_curves
    from raphe.study.qualify import compare_rivals
    from raphe.study.qualify import qualify as make_rows

    catalog = load_catalog()
    model = catalog.assemblies[_QUALIFIED]
    files = None if to is None else (to / "qualification.md", to / "qualification.svg")
    for file in files or ():
        check_writable(file)
    trials = Population(people=1, draws=draws, seed=seed or 0)
    workers = threads or os.cpu_count() or 1
    with _Progress(model.title, "experiments") as progress:
        rows = make_rows(catalog, model, trials=trials, threads=workers, progress=progress.update)
        others = (
            compare_rivals(
                catalog, model, rows, trials=trials, threads=workers, progress=progress.update
            )
            if rivals
            else ()
        )
    curves = () if data is None else compare_curves(data, catalog, model)
    for row in rows:
        name, *_, seen, predicted, fold, verdict, _source = cells(row)
        role = row.observation.role.value
        typer.echo(f"{verdict:8} {role:11} {name:34} {seen:18} {predicted} {fold}".rstrip())
    typer.echo("\n".join(summary(rows, curves)))
    if files is not None:
        command = f"raphe qualify --draws {draws} --seed {seed} --to FOLDER"
        command += (" --rivals" if rivals else "") + ("" if data is None else " --data DATA")
        write_report(page(rows, curves, others, title=model.title, command=command), files[0])
        write_report(figure(rows), files[1])


@app.command()
def show(
    module: Annotated[str, typer.Argument(help="A module of the library, such as anxiety.")],
    form: Annotated[str, typer.Option("--format", help="text, markdown, latex or html.")] = "text",
) -> None:
    """Print a module: ports, equations, numbers with their spreads and sources."""
    from raphe.core.errors import UnknownNameError, nearest
    from raphe.library.catalog import load_catalog
    from raphe.report.module_page import Form, module_page

    library = load_catalog().library
    if module not in library.modules:
        message = f'no module is called "{module}"'
        raise UnknownNameError(message, advice=nearest(module, library.modules))
    forms = {one.value: one for one in Form}
    if form not in forms:
        raise UnknownNameError(f'no format is called "{form}"', advice=nearest(form, forms))
    typer.echo(module_page(library.modules[module], library.sources, forms[form]), nl=False)


@app.command()
def cite(
    study_file: Annotated[Path, typer.Argument(help="A study file (YAML).", metavar="STUDY")],
) -> None:
    """Print the sources that the numbers of a study come from."""
    from raphe.library.catalog import load_catalog
    from raphe.study.question import references
    from raphe.study.schema import read_study

    for source in references(read_study(study_file), load_catalog()):
        typer.echo(f"[{source.key}] {source.reference()}")


@app.command()
def library() -> None:
    """List what is on the shelves, and how many of its numbers were read, derived or assumed."""
    from raphe.core.sources import Status
    from raphe.language.compose import compose
    from raphe.library.catalog import load_catalog

    catalog = load_catalog()
    for assembly in catalog.assemblies.values():
        model = compose(assembly, catalog.library)
        typer.echo(f"model {model.name}: {model.title}")
        typer.echo(f"  drugs: {', '.join(drug.name for drug in model.drugs)}")
        typer.echo(f"  targets: {', '.join(target.name for target in model.targets)}")
        for use in assembly.uses:
            rivals = f" (or {', '.join(use.rivals)})" if use.rivals else ""
            typer.echo(f"  {use.alias}: {use.module}{rivals}")
        origins = [p.provenance.status for p in model.parameters if p.provenance is not None]
        shares = ", ".join(
            f"{origins.count(status)} {status.value} ({origins.count(status) / len(origins):.0%})"
            for status in Status
        )
        typer.echo(f"  {len(origins)} numbers: {shares}")
    typer.echo(f"{_count(len(catalog.library.modules), 'module')}, ", nl=False)
    typer.echo(f"{_count(len(catalog.observations), 'observation')}, ", nl=False)
    typer.echo(_count(len(catalog.library.sources), "source"))


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
