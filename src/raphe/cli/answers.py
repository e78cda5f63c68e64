"""Questions that are answered at once: ask, run, judge, taper."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raphe.cli.app import Progress, Seed, Subjects, Threads, app

if TYPE_CHECKING:
    from raphe.study.question import Study

Report = Annotated[
    Path | None, typer.Option("--report", help="Where the report goes: HTML, or .md or .json.")
]

Points = Annotated[
    int | None,
    typer.Option(
        "--points",
        min=0,
        max=2**16,
        help="Points of the ranking of uncertain numbers, a power of 2; 0 for no ranking.",
    ),
]


@app.command()
def ask(
    drug: Annotated[str, typer.Argument(help="A drug of the library, such as clonazepam.")],
    target: Annotated[str, typer.Argument(help="What it may change, such as serotonin.")],
    *,
    subjects: Subjects = None,
    seed: Seed = None,
    points: Points = None,
    threads: Threads = None,
    report: Report = None,
) -> None:
    """Ask how a drug affects a target, on usual regimens of published trials."""
    from raphe.library.catalog import load_catalog
    from raphe.study.question import ask as make_study

    study = make_study(load_catalog(), drug, target)
    name = "-".join(f"{drug} {target}".split())
    command = f"raphe ask {shlex.quote(drug)} {shlex.quote(target)}"
    _answer(
        study, command, _options(subjects, seed, points), threads, report or Path(f"{name}.html")
    )


@app.command()
def run(
    study_file: Annotated[Path, typer.Argument(help="A study file (YAML).", metavar="STUDY")],
    subjects: Subjects = None,
    seed: Seed = None,
    points: Points = None,
    threads: Threads = None,
    report: Report = None,
) -> None:
    """Run a study file: print its answer and write its report."""
    from raphe.study.schema import read_study

    study = read_study(study_file)
    command = f"raphe run {shlex.quote(study_file.name)}"
    path = report or Path(f"{study_file.stem}.html")
    _answer(study, command, _options(subjects, seed, points), threads, path)


@app.command()
def judge(
    claim_file: Annotated[Path, typer.Argument(help="A claim file (YAML).", metavar="CLAIMS")],
    seed: Seed = None,
    threads: Threads = None,
    report: Report = None,
) -> None:
    """Judge every claim of a file, and write the page; a name in .md or .json gives that instead."""
    import os

    from raphe.library.catalog import load_catalog
    from raphe.report import judgment
    from raphe.report.page import check_writable, write_report
    from raphe.study.claim_file import read_claims
    from raphe.study.judging import judge as judge_all

    catalog = load_catalog()
    file = read_claims(claim_file, catalog)
    path = report or Path(f"{claim_file.stem}.html")
    check_writable(path)
    used, workers = file.seed if seed is None else seed, threads or os.cpu_count() or 1
    with Progress(file.title, "claims") as progress:
        found = judge_all(file, catalog, threads=workers, seed=used, progress=progress.update)
    sources = catalog.library.sources
    if path.suffix == ".md":
        text = judgment.judgments_markdown(file, found, sources)
    elif path.suffix == ".json":
        text = judgment.judgments_json(file, found, seed=used)
    else:
        command = f"raphe judge {shlex.quote(claim_file.name)} --seed {used}"
        text = judgment.render_judgments(file, found, sources, seed=used, command=command)
    write_report(text, path)
    typer.echo("\n".join(judgment.judgment_lines(found)))
    typer.echo(f"\nReport: {path.resolve()}")


@app.command()
def taper(
    *,
    drug: Annotated[str, typer.Option("--drug", help="What is taken, such as clonazepam.")],
    dose: Annotated[str, typer.Option("--dose", help='Such as "1 mg twice a day".')],
    length: Annotated[str, typer.Option("--for", help='How long so far, such as "6 months".')],
    people: Annotated[int, typer.Option("--people", min=2, help="Virtual people.")] = 100,
    price: Annotated[
        float, typer.Option("--price", min=0.0, help="Withdrawal score that a week is worth.")
    ] = 0.01,
    rounds: Annotated[int, typer.Option("--rounds", min=0, help="Rounds of the search.")] = 8,
    liquid: Annotated[
        bool, typer.Option("--liquid", help="Hand out drops and solutions as well as tablets.")
    ] = False,
    seed: Seed = None,
    threads: Threads = None,
    report: Report = None,
) -> None:
    """Compare published ways to stop a drug, and search for one; a research model, no advice."""
    import os

    from raphe.library.catalog import load_catalog
    from raphe.report.page import check_writable, write_report
    from raphe.report.taper import render_taper, taper_lines
    from raphe.study.taper_comparison import compare_tapers
    from raphe.study.taper_file import load_tapers
    from raphe.study.tapering import read_habit

    catalog, used = load_catalog(), 1 if seed is None else seed
    habit, path = read_habit(drug, dose, length), report or Path(f"taper-{drug}.html")
    check_writable(path)
    quoted = (shlex.quote(text) for text in (drug, dose, length))
    command = "raphe taper --drug {} --dose {} --for {}".format(*quoted) + f" --people {people}"
    command += f" --price {price:g} --rounds {rounds} --seed {used}"
    command += " --liquid" if liquid else ""
    with Progress(f"Stopping {drug}", "rounds") as progress:
        found = compare_tapers(
            catalog,
            load_tapers(catalog, liquid=liquid),
            habit,
            people=people,
            seed=used,
            price=price,
            rounds=rounds,
            threads=threads or os.cpu_count() or 1,
            command=command,
            progress=progress.update,
        )
    write_report(render_taper(found, catalog.library.sources), path)
    typer.echo("\n".join(taper_lines(found)))
    typer.echo(f"\nReport: {path.resolve()}")


def _options(subjects: int | None, seed: int | None, points: int | None) -> dict[str, int]:
    given = {"people": subjects, "seed": seed, "points": points}
    return {name: value for name, value in given.items() if value is not None}


def _answer(
    study: Study, command: str, options: dict[str, int], threads: int | None, path: Path
) -> None:
    """Run, print the answer, write the report; the report's folder is tried before anything is run."""
    from dataclasses import replace

    from raphe.analysis.tables import comparison_table
    from raphe.analysis.wording import answer_text
    from raphe.report.formats import answer_json, answer_markdown
    from raphe.report.page import check_writable, render_page, write_report
    from raphe.study.question import check_answerable
    from raphe.study.session import answer, simulate

    check_writable(path)
    check_answerable(study)
    names = {"people": "--subjects", "seed": "--seed", "points": "--points"}
    command = " ".join([command, *(f"{names[name]} {value}" for name, value in options.items())])
    population = study.population
    population = replace(
        population,
        people=options.get("people", population.people),
        seed=options.get("seed", population.seed),
    )
    study = replace(study, population=population, points=options.get("points", study.points))
    with Progress(study.title) as progress:
        simulation = simulate(study, threads=threads, progress=progress.update)
    result = answer(simulation, command=command)
    forms = {".md": answer_markdown, ".json": answer_json}
    write_report(forms.get(path.suffix, render_page)(result), path)
    typer.echo(answer_text(result))
    typer.echo(comparison_table(result))
    typer.echo(f"\nReport: {path.resolve()}")
