"""Answer -> one self-contained HTML page, and a page -> a file. Knows nothing of how an answer was found.

The page loads nothing and is whole without its script, which makes its charts move; the same answer gives the same
bytes.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import numpy as np
from jinja2 import DictLoader, Environment, StrictUndefined

from raphe.analysis import doubts, findings, numerals, wording
from raphe.analysis.answer import Answer, Comparison, Course, Effect
from raphe.analysis.chains import chain_sentences, chain_words
from raphe.analysis.lede import lede
from raphe.analysis.regions import whom_words
from raphe.core.errors import FileError, Place
from raphe.core.sources import Source
from raphe.language.show import ParameterRow
from raphe.report.figures import draw_comparisons, draw_effects, draw_outputs
from raphe.report.live import UPLOT, chart_script, policy_without_script
from raphe.report.shares import draw_split
from raphe.report.svg import printable
from raphe.report.tornado import draw_tornado, strongest

_TEMPLATE, _STYLE = "page.html.j2", "style.css"
_TABLE_ROWS = 12  # times in the table that stands for a figure
_CLOSE = re.compile(r"(?<=\d) (?=(?:%|h|d|ng/mL|mg|mL/min)(?![\w]))")
_MINUS = re.compile(r"(?<![\w.\-])-(?=\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One time of a course, in words."""

    time: str
    people: str
    people_range: str
    uncertainty: str
    uncertainty_range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """One scenario, in words."""

    label: str
    headline: str
    details: tuple[str, ...]
    after: str
    acts: bool
    dosed: bool
    big: str
    doubt: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a citation: a key, the number of the reference it names (0 for none), the rest."""

    key: str
    reference: int
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One source of the reference list."""

    number: int
    key: str
    text: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The parameters of one slot of the model."""

    slot: str
    module: str
    rows: tuple[ParameterRow, ...]
    assumed: int


def render_page(answer: Answer) -> str:
    """Render an answer as one HTML page that needs nothing else.

    Parameters
    ----------
    answer
        What was found.

    Returns
    -------
    str
        The same for equal answers.
    """
    references = _references(answer.references)
    numbers = {reference.key: reference.number for reference in references}
    environment = template_environment(_TEMPLATE)
    _give_words(environment, numbers)
    figures = draw_outputs(answer)
    moving = any(panel.live for figure in figures for panel in figure.panels)
    text = environment.get_template(_TEMPLATE).render(
        answer=answer,
        script=chart_script() if moving else None,
        policy_without_script=policy_without_script(),
        uplot=UPLOT,
        disclaimer=wording.DISCLAIMER,
        noun=numerals.target_noun(answer),
        lede=lede(answer),
        rows=tuple(_effect_row(effect, answer) for effect in answer.effects),
        effects_figure=draw_effects(answer),
        chain=chain_words(answer),
        chain_sentence=(*chain_sentences(answer), "")[0],
        figures=figures,
        comparisons_figure=draw_comparisons(answer),
        comparisons=_ordered(answer.comparisons),
        comparison_sentences=wording.comparison_sentences(answer)[:3],
        findings_title=findings.TITLE,
        finding_sentences=findings.finding_sentences(answer),
        finding_groups=findings.finding_groups(answer),
        spread=wording.spread_sentence(answer),
        known=wording.known_sentence(answer),
        movers=strongest(answer),
        tornado=draw_tornado(answer),
        sweep_sentences=wording.sweep_sentences(answer),
        split_figure=draw_split(answer),
        split_head=doubts.split_head(answer),
        split_rows=doubts.split_rows(answer),
        split_tail=doubts.split_tail(answer),
        ranking_sentences=doubts.ranking_sentences(answer)[:1],
        ranking_rows=doubts.ranking_rows(answer),
        ranking_tail=doubts.ranking_tail(answer),
        whom=whom_words(answer),
        change=numerals.change,
        relative=numerals.is_relative(answer),
        failures=wording.failure_sentences(answer),
        strangers=wording.stranger_sentences(answer),
        groups=_groups(answer),
        references=references,
    )
    return printable(text)


def _give_words(environment: Environment, numbers: dict[str, int]) -> None:
    """The functions that the template calls."""
    environment.globals.update(
        amount=numerals.amount,
        is_plain=numerals.is_plain,
        span=numerals.span,
        number=numerals.number,
        verdict=wording.verdict,
        who=findings.who,
        seen=findings.seen,
        treatment=findings.treatment,
        role_words=findings.role_words,
        table_rows=table_rows,
        cited=lambda text: _cited(text, numbers),
        known_statuses=("read", "derived", "assumed"),
    )


def template_environment(name: str) -> Environment:
    """Templates of this folder: one of them, and the style that all share; what is put in comes out as text."""
    folder = resources.files("raphe.report")
    names = (name, _STYLE)
    texts = {one: folder.joinpath(one).read_text(encoding="utf-8") for one in names}
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(typeset=typeset, breakable=breakable)
    return environment


def typeset(text: str) -> str:
    """Numbers as print sets them: a true minus, and no line break before a unit.

    Examples
    --------
    >>> typeset("-41 to +6 %") == "−41 to +6" + chr(160) + "%"
    True
    """
    return _CLOSE.sub("\u00a0", _MINUS.sub("\u2212", text))


def breakable(name: str) -> str:
    """A name that a narrow column may break after a dot or an underscore."""
    return re.sub(r"([_.])", "\\1\u200b", name)


def table_rows(course: Course) -> tuple[TableRow, ...]:
    """About a dozen times of a course, evenly spread, for those who do not read the figure.

    Parameters
    ----------
    course
        Of any length.

    Returns
    -------
    tuple of TableRow
    """
    count = len(course.hours)
    if count == 0:
        return ()
    wanted = np.linspace(course.hours[0], course.hours[-1], _TABLE_ROWS)
    places = np.unique([int(np.argmin(np.abs(course.hours - hour))) for hour in wanted])

    def told(value: float) -> str:
        return numerals.amount(float(value), course.unit)

    def ranged(low: float, high: float) -> str:
        return f"{numerals.number(float(low))} to {numerals.number(float(high))}"

    people, unknown = course.people, course.uncertainty
    return tuple(
        TableRow(
            time=numerals.duration(float(course.hours[k]), 3),
            people=told(people.middle[k]),
            people_range=ranged(people.low[k], people.high[k]),
            uncertainty=told(unknown.middle[k]),
            uncertainty_range=ranged(unknown.low[k], unknown.high[k]),
        )
        for k in places
    )


def _effect_row(effect: Effect, answer: Answer) -> EffectRow:
    first, *details = wording.effect_sentences(effect, answer)
    return EffectRow(
        label=wording.scenario_label(effect),
        headline=first,
        details=tuple(details),
        after=wording.after_sentence(effect),
        acts=effect.acts,
        dosed=effect.doses > 0,
        big=numerals.change(effect.largest_change.people.middle, relative=effect.relative),
        doubt=numerals.change_range(effect.largest_change.uncertainty, relative=effect.relative),
        end=wording.spread_words(effect.change_at_end, relative=effect.relative),
    )


def _ordered(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Held-out observations first; within each kind in the order given."""
    return tuple(sorted(comparisons, key=lambda one: one.role == "calibration"))


def _groups(answer: Answer) -> tuple[Group, ...]:
    """Parameters by slot, the part of the name before the dot, in the order of the model."""
    modules = dict(answer.modules)
    found: dict[str, list[ParameterRow]] = {slot: [] for slot in modules}
    for row in answer.parameters:
        slot, dot, _ = row.name.partition(".")
        found.setdefault(slot if dot else "", []).append(row)
    return tuple(
        Group(
            slot=slot or "whole model",
            module=modules.get(slot, ""),
            rows=tuple(rows),
            assumed=sum(row.status == "assumed" for row in rows),
        )
        for slot, rows in found.items()
        if rows
    )


def _references(sources: Sequence[Source]) -> tuple[Reference, ...]:
    return tuple(
        Reference(
            number=k,
            key=source.key,
            text=f"{source.reference()} {source.evidence_words()}".rstrip(),
            link=_link(source),
        )
        for k, source in enumerate(sources, start=1)
    )


def _link(source: Source) -> str:
    """Where a source can be found; only addresses of the web, never another scheme."""
    if source.doi:
        return "https://doi.org/" + quote(source.doi, safe="/:;()._-", errors="replace")
    if source.pmid.isascii() and source.pmid.isdigit():
        return f"https://pubmed.ncbi.nlm.nih.gov/{source.pmid}/"
    return source.url if source.url.startswith(("https://", "http://")) else ""


def _cited(text: str, numbers: dict[str, int]) -> tuple[Part, ...]:
    """Citations `key, locator; key, locator`, each with the number of its reference."""
    parts = []
    for piece in re.findall(r"[^;]+;?\s*", text):
        key = re.match(r"[^,;\s]*", piece)
        name = "" if key is None else key.group()
        reference = numbers.get(name, 0)
        parts.append(Part(key=name, reference=reference, rest=piece[len(name) :]))
    return tuple(parts)


def check_writable(path: Path | str) -> None:
    """Refuse a place for a report that cannot be written, before any work is spent on it.

    Parameters
    ----------
    path
        The file that will be written; it is not touched.

    Raises
    ------
    FileError
        If the folder is missing or not writable, or the path is a folder itself.
    """
    with _part_of(Path(path)) as part:
        part.touch(exist_ok=False)


def write_report(text: str, path: Path | str) -> None:
    """Write a page to a file, whole or not at all.

    Parameters
    ----------
    text
        The page.
    path
        The file, new or to be replaced.

    Raises
    ------
    FileError
        If the folder is missing or the file cannot be written; nothing is left behind then.
    """
    with _part_of(Path(path)) as part:
        with part.open("xb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        part.replace(Path(path))


@contextmanager
def _part_of(path: Path) -> Iterator[Path]:
    """A new name in the folder of a file; what still bears it at the end is removed."""
    place, folder = Place(file=str(path)), path.parent
    part = folder / f".report.{secrets.token_hex(8)}.part"
    try:
        if not folder.is_dir():
            message = f'the folder "{folder}" is not there'
            raise FileError(message, place=place, advice="make it first or name another folder")
        if path.is_dir():
            raise FileError("this is a folder", place=place, advice='name a file, "report.html"')
        yield part
    except OSError as error:
        message = f"the report cannot be written: {error.strerror or 'unknown reason'}"
        advice = "name a folder that you may write to and that has room"
        raise FileError(message, place=place, advice=advice) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
