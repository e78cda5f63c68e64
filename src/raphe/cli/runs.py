"""Runs in folders: store, status, endpoints, quantiles, export, work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raphe.cli.app import Progress, Stop, Threads, app, count_of
from raphe.core.errors import InputError

Run = Annotated[Path, typer.Argument(help="The folder of a run.", metavar="RUN")]


@app.command()
def store(
    study_file: Annotated[Path, typer.Argument(help="A study file (YAML).", metavar="STUDY")],
    run_folder: Run,
    keep: Annotated[str, typer.Option(help="courses or quantiles.")] = "courses",
    executor: Annotated[
        str, typer.Option(help="threads, processes, dask, dask=ADDRESS or mpi.")
    ] = "threads",
    workers: Threads = None,
    chunk: Annotated[int, typer.Option(min=1, help="Subjects of a chunk.")] = 1024,
    *,
    only_begin: Annotated[
        bool, typer.Option("--only-begin", help="Leave the chunks to `raphe work`.")
    ] = False,
) -> None:
    """Run a study into a folder, or go on with a run that is there."""
    import os

    from raphe.core.errors import UnknownNameError, nearest
    from raphe.report.endpoints import summary_lines, told_apart
    from raphe.study.chunks import Keep, cost_of, words
    from raphe.study.executors import drive as compute_all
    from raphe.study.executors import make_executor, owned
    from raphe.study.export import check_failures, endpoint_summaries
    from raphe.study.schema import read_study
    from raphe.study.stored import begin_run, run_digest, set_all_bins

    kinds = {one.value: one for one in Keep}
    if keep not in kinds:
        raise UnknownNameError(f'no way to keep is called "{keep}"', advice=nearest(keep, kinds))
    study = read_study(study_file)
    count = workers or os.cpu_count() or 1
    maker = make_executor(executor, count)
    # processes elsewhere have memory of their own
    elsewhere = only_begin or executor == "mpi" or "=" in executor
    here = 1 if elsewhere else count
    run = begin_run(study, run_folder, keep=kinds[keep], size=chunk, workers=here)
    cost = cost_of(run.plan, keep=run.keep, size=run.size, workers=here)
    typer.echo(
        f"{count_of(cost.subjects, 'subject')} in {count_of(cost.chunks, 'chunk')}, about {words(cost.disk)} of disk"
    )
    if only_begin:
        with owned(run):
            set_all_bins(run)
        typer.echo(f"begun; compute it with: raphe work {run_folder} --part 0 --of 1")
        return
    with Stop() as stop, Progress(study.title, "chunks") as progress:
        broken = compute_all(run, maker, workers=count, progress=progress.update, stop=stop)
    for error in broken:
        typer.echo(f"computed anew: {error}")
    for one in check_failures(run):
        if one.failed or one.outside:
            told = told_apart(one.failed, one.outside, one.subjects)
            typer.echo(f"{one.scenario}, {one.layer}{told}")
    typer.echo(f"sha256 {run_digest(run)}")
    if study.endpoints and run.keep is Keep.COURSES:
        typer.echo("\n".join(summary_lines(endpoint_summaries(run, study.endpoints))))


@app.command()
def status(run_folder: Run) -> None:
    """Tell how far a run is, and whether what is there is sound."""
    from raphe.study.journal import finished
    from raphe.study.stored import broken_chunks, open_run, run_digest

    run = open_run(run_folder)
    there, broken = finished(run.folder), broken_chunks(run)
    done = [one for one in run.chunks if one.name in there]
    for error in broken.values():
        typer.echo(f"broken: {error}")
    typer.echo(f"{run.study.title}")
    typer.echo(f"{len(done)} of {len(run.chunks)} chunks done, {len(broken)} of them broken")
    typer.echo(
        f"{sum(o.last - o.first for o in done)} of {sum(j.subjects for j in run.jobs)} subjects"
    )
    if len(done) == len(run.chunks) and not broken:
        typer.echo(f"sha256 {run_digest(run)}")


@app.command()
def endpoints(
    run_folder: Run,
    study_file: Annotated[
        Path | None, typer.Argument(help="A study file whose endpoints are taken.", metavar="STUDY")
    ] = None,
    table: Annotated[Path | None, typer.Option(help="CSV with one row for each subject.")] = None,
) -> None:
    """Work out endpoints from a stored run; the solver does not run again."""
    from raphe.report.endpoints import summary_lines, write_table
    from raphe.study.export import endpoint_summaries, endpoint_table
    from raphe.study.schema import read_study
    from raphe.study.stored import open_run

    run = open_run(run_folder)
    wanted = (run.study if study_file is None else read_study(study_file)).endpoints
    if not wanted:
        raise InputError("the study has no endpoints", advice="add a list of endpoints to it")
    typer.echo("\n".join(summary_lines(endpoint_summaries(run, wanted))))
    if table is not None:
        write_table(endpoint_table(run, wanted), table)


@app.command()
def quantiles(
    run_folder: Run,
    table: Annotated[
        Path | None, typer.Option(help="CSV with every output, time and level.")
    ] = None,
) -> None:
    """Quantiles over the people of a stored run, of courses or of counts."""
    from raphe.report.quantiles import quantile_lines, write_quantiles
    from raphe.study.export import quantiles_of
    from raphe.study.stored import open_run

    run = open_run(run_folder)
    found = quantiles_of(run)
    typer.echo("\n".join(quantile_lines(run, found)))
    if table is not None:
        write_quantiles(run, found, table)


@app.command()
def export(
    run_folder: Run,
    file: Annotated[Path, typer.Argument(help="New file: .zarr, .nc, .parquet or .csv.")],
) -> None:
    """Write the courses of a stored run for other programs."""
    from raphe.study.export import export as write
    from raphe.study.stored import open_run

    write(open_run(run_folder), file)
    typer.echo(f"{file}")


@app.command()
def work(
    run_folder: Run,
    part: Annotated[int, typer.Option(min=0, help="Which share of the chunks, from 0.")] = 0,
    of: Annotated[int, typer.Option(min=1, help="Of how many.")] = 1,
) -> None:
    """Compute a share of the chunks of a run, beside other processes that see the same folder."""
    from raphe.study.executors import work as compute_share

    with Stop() as stop:
        count = compute_share(run_folder, part=part, of=of, stop=stop)
    typer.echo(count_of(count, "chunk"))
