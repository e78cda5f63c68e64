"""Answer -> Markdown for people who read text, JSON for machines; the same content as the page. Finds nothing out."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np

from raphe.analysis import doubts, findings, numerals, wording
from raphe.analysis.answer import Answer, Comparison
from raphe.analysis.chains import chain_sentences
from raphe.analysis.lede import lede
from raphe.analysis.regions import whom_sentences
from raphe.core.errors import Place


def answer_markdown(answer: Answer) -> str:
    """The answer, its evidence, assumptions, references and provenance as Markdown."""
    lines = [f"# {answer.title}", "", f"**{wording.DISCLAIMER}**"]
    lines += ["", *lede(answer)] if lede(answer) else []
    for effect in answer.effects:
        told = [*wording.effect_sentences(effect, answer), wording.after_sentence(effect)]
        lines += ["", f"## {wording.scenario_label(effect)}", ""]
        lines += [f"- {text}" for text in told if text]
    blocks = (
        ("The chain", chain_sentences(answer)),
        ("In whom", whom_sentences(answer)),
        ("Failures", wording.failure_sentences(answer)),
        ("Beyond the model", wording.stranger_sentences(answer)),
    )
    for head, texts in blocks:
        if texts:
            lines += ["", f"## {head}", "", *(f"- {text.strip()}" for text in texts)]
    lines += _doubt(answer)
    swept = [f"- {text}" for text in wording.sweep_sentences(answer)]
    lines += ["", "## One number at a time", "", *swept] if swept else []
    lines += ["", "## Published observations beside predictions", ""]
    lines += [*wording.comparison_sentences(answer), ""]
    if answer.comparisons:
        lines += ["| observation | observed | predicted (90 %) | fold | verdict | source |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        lines += [_row(one) for one in answer.comparisons]
    lines += _findings(answer)
    lines += ["", "## Assumptions", "", wording.known_sentence(answer), ""]
    lines += [f"- {text}" for text in answer.assumptions]
    lines += ["", "## References", ""]
    lines += [
        f"- {source.key}: {source.reference()} {source.evidence_words()}".rstrip()
        for source in answer.references
    ]
    made = answer.provenance
    lines += ["", "## Provenance", ""]
    lines += [
        f"- raphe {made.version}, model {answer.model}, seed {made.seed}",
        f"- `{made.command}`",
    ]
    return "\n".join(lines) + "\n"


def _doubt(answer: Answer) -> list[str]:
    """Where the spread comes from, and what to measure next, as tables."""
    parts, ranked = doubts.split_rows(answer), doubts.ranking_rows(answer)
    if not parts:
        return []
    lines = ["", "## Where the doubt comes from", "", *doubts.split_head(answer), ""]
    lines += ["| part | holds | alone | with others | largest change if only this varied |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    lines += [_cells(row.part, row.count, row.alone, row.involved, row.range) for row in parts]
    lines += ["", *doubts.split_tail(answer), "", *doubts.ranking_sentences(answer)[:1]]
    if ranked:
        lines += ["", "| number | status | alone | with others | source |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        for row in ranked:
            status = f"{row.status}, carried over" if row.carried_over else row.status
            lines += [_cells(row.name, status, row.alone, row.involved, row.citations)]
        lines += ["", doubts.ranking_tail(answer)]
    return lines


def _findings(answer: Answer) -> list[str]:
    """Outside evidence on the target, one table for each kind."""
    lines = ["", f"## {findings.TITLE}", "", *findings.finding_sentences(answer)]
    for group in findings.finding_groups(answer):
        lines += ["", f"### {group.head}", ""]
        lines += [_cells(*findings.FINDING_HEADS), _cells(*["---"] * len(findings.FINDING_HEADS))]
        lines += [_cells(*findings.finding_cells(one)) for one in group.findings]
    return lines


def _row(one: Comparison) -> str:
    predicted = f"{numerals.amount(one.predicted.middle, one.unit)} ({numerals.span(one.predicted, one.unit)})"
    cells = (
        f"{one.observation} ({one.role})",
        numerals.amount(one.observed, one.unit),
        predicted,
        numerals.number(one.fold_error),
        wording.verdict(one),
        one.citation,
    )
    return _cells(*cells)


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def answer_json(answer: Answer) -> str:
    """Everything in the answer as JSON; what is not a number is null."""
    return json.dumps(_plain(answer), indent=1, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    """Records, arrays and numbers as JSON has them."""
    if isinstance(value, Place):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
