"""What is on the shelves, and whether files are sound: check, schema, qualify, show, cite, library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raphe.cli.app import Progress, Seed, Threads, app, count_of
from raphe.core.errors import FileError, Place, StudyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from raphe.language.findings import Finding

_QUALIFIED = "benzodiazepines"
_SBML = (".xml", ".sbml")
Draws = Annotated[int, typer.Option("--draws", min=10, max=10_000, help="Draws of each trial.")]


@app.command()
def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Model files (.raphe), study files (.yaml) or SBML (.xml).", metavar="FILE..."
        ),
    ],
) -> None:
    """Check model files: names, units, loops, sources; study files: the cost too; SBML: what is not supported."""
    from raphe.exchange.sbml import check_sbml
    from raphe.language.check import check_document
    from raphe.language.parse import parse
    from raphe.library.catalog import load_catalog

    library, wrong = load_catalog().library, 0
    for model_file in files:
        if model_file.suffix in (".yaml", ".yml"):
            _check_study_file(model_file)
            continue
        if model_file.suffix in _SBML:
            findings = check_sbml(model_file).findings
        else:
            text = _read_text(model_file)
            findings = check_document(parse(text, str(model_file)), library=library)
        wrong += _tell(model_file, findings)
    if wrong:
        raise typer.Exit(2)


def _tell(path: Path, findings: tuple[Finding, ...]) -> int:
    """Print findings; how many are errors."""
    from raphe.language.findings import Severity

    for finding in findings:
        typer.echo(f"{finding.severity.value}: {finding}")
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    warnings = len(findings) - errors
    typer.echo(f"{path}: {count_of(errors, 'error')}, {count_of(warnings, 'warning')}")
    return errors


def _check_study_file(path: Path) -> None:
    from functools import partial

    from raphe.library.catalog import load_catalog
    from raphe.study.chunks import DEFAULT_CHUNK, Keep, cost_of, memory_at_once, words
    from raphe.study.plan import make_plan
    from raphe.study.question import check_study
    from raphe.study.room import check_cost, check_memory, free_memory
    from raphe.study.schema import read_study

    study, catalog = read_study(path), load_catalog()
    check_study(study, catalog)
    plan = make_plan(study, catalog)
    typer.echo(f"{path}: 0 errors")
    memory, needed = free_memory(), words(memory_at_once(plan))
    _tell_cost(
        f"at once (raphe run): {count_of(plan.subjects, 'subject')}, about {needed} of memory",
        partial(check_memory, plan, memory),
    )
    for keep in Keep:
        cost = cost_of(plan, keep=keep, size=DEFAULT_CHUNK, workers=2)
        _tell_cost(
            f"{keep.value}: {count_of(cost.subjects, 'subject')} in {count_of(cost.chunks, 'chunk')}, "
            f"about {words(cost.disk)} of disk and {words(cost.memory)} of memory on 2 workers",
            partial(check_cost, cost, Path(), memory),
        )


def _tell_cost(cost: str, check: Callable[[], None]) -> None:
    """Print what a way to run a study costs, and why it cannot be had here if it cannot."""
    try:
        check()
    except StudyError as error:
        cost += f"\n    it does not fit: {error}"
    typer.echo(f"  {cost}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of study files, for editors."""
    import json

    from raphe.study.schema import study_json_schema

    typer.echo(json.dumps(study_json_schema(), indent=2))


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
    trials = Population(people=1, draws=draws, seed=1 if seed is None else seed)
    workers = threads or os.cpu_count() or 1
    with Progress(model.title, "experiments") as progress:
        rows = make_rows(catalog, model, trials=trials, threads=workers, progress=progress.update)
        others = (
            compare_rivals(
                catalog, model, rows, trials=trials, threads=workers, progress=progress.update
            )
            if rivals
            else ()
        )
    curves = () if data is None else compare_curves(data, catalog, model, threads=workers)
    for row in rows:
        name, *_, seen, predicted, fold, verdict, _source = cells(row)
        role = row.observation.role.value
        typer.echo(f"{verdict:8} {role:11} {name:34} {seen:18} {predicted} {fold}".rstrip())
    typer.echo("\n".join(summary(rows, catalog.unsimulated, curves)))
    if files is not None:
        command = f"raphe qualify --draws {draws} --seed {seed} --to FOLDER"
        command += (" --rivals" if rivals else "") + ("" if data is None else " --data DATA")
        write_report(
            page(rows, catalog.unsimulated, curves, others, title=model.title, command=command),
            files[0],
        )
        write_report(figure(rows), files[1])


@app.command()
def show(
    module: Annotated[
        str, typer.Argument(help="A module of the library, such as anxiety, or an SBML file.")
    ],
    form: Annotated[str, typer.Option("--format", help="text, markdown, latex or html.")] = "text",
) -> None:
    """Print a module, or an SBML file: ports, equations, numbers with their spreads and sources."""
    from raphe.core.errors import UnknownNameError, nearest
    from raphe.exchange.sbml import read_sbml
    from raphe.library.catalog import load_catalog
    from raphe.report.module_page import Form, model_page, module_page

    forms = {one.value: one for one in Form}
    if form not in forms:
        raise UnknownNameError(f'no format is called "{form}"', advice=nearest(form, forms))
    if Path(module).suffix in _SBML:
        typer.echo(model_page(read_sbml(module), forms[form]), nl=False)
        return
    library = load_catalog().library
    if module not in library.modules:
        message = f'no module is called "{module}"'
        raise UnknownNameError(message, advice=nearest(module, library.modules))
    typer.echo(module_page(library.modules[module], library.sources, forms[form]), nl=False)


@app.command()
def cite(
    study_file: Annotated[Path, typer.Argument(help="A study file (YAML).", metavar="STUDY")],
) -> None:
    """Print the sources that the numbers of a study come from."""
    from raphe.language.compose import compose
    from raphe.library.catalog import load_catalog
    from raphe.study.plan import references
    from raphe.study.question import check_study
    from raphe.study.schema import read_study

    study, catalog = read_study(study_file), load_catalog()
    check_study(study, catalog)
    model = compose(catalog.assemblies[study.model], catalog.library, choices=study.choices)
    for source in references(study, model, catalog):
        typer.echo(f"[{source.key}] {source.reference()}")


@app.command()
def library() -> None:
    """List what is on the shelves, and how many of its numbers were read, derived or assumed."""
    from raphe.core.sources import Status
    from raphe.language.compose import compose
    from raphe.library.catalog import load_catalog
    from raphe.population.support import support_text

    catalog = load_catalog()
    for assembly in catalog.assemblies.values():
        model = compose(assembly, catalog.library)
        typer.echo(f"model {model.name}: {model.title}")
        typer.echo(f"  drugs: {', '.join(drug.name for drug in model.drugs)}")
        typer.echo(f"  targets: {', '.join(target.name for target in model.targets)}")
        for use in assembly.uses:
            rivals = f" (or {', '.join(use.rivals)})" if use.rivals else ""
            others = f" (among {', '.join(use.others)})" if use.others else ""
            typer.echo(f"  {use.alias}: {use.module}{rivals}{others}")
        for bound in model.supports:
            typer.echo(f"  made for {support_text(bound)}")
        origins = [p.provenance.status for p in model.parameters if p.provenance is not None]
        shares = ", ".join(
            f"{origins.count(status)} {status.value} ({origins.count(status) / len(origins):.0%})"
            for status in Status
        )
        typer.echo(f"  {len(origins)} numbers: {shares}")
    typer.echo(f"{count_of(len(catalog.library.modules), 'module')}, ", nl=False)
    typer.echo(f"{count_of(len(catalog.observations), 'observation')}, ", nl=False)
    typer.echo(count_of(len(catalog.library.sources), "source"))


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
