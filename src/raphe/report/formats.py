"""Answer -> Markdown for people who read text, JSON for machines; the same content as the page. Finds nothing out."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np

from raphe.analysis import numerals, wording
from raphe.analysis.answer import Answer, Comparison
from raphe.analysis.chains import chain_sentences
from raphe.analysis.lede import lede
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
        ("In whom", wording.whom_sentences(answer)),
        ("What decides it", (*wording.sweep_sentences(answer), *wording.split_sentences(answer))),
        ("Failures", wording.failure_sentences(answer)),
        ("Beyond the model", wording.stranger_sentences(answer)),
    )
    for head, texts in blocks:
        if texts:
            lines += ["", f"## {head}", "", *(f"- {text.strip()}" for text in texts)]
    lines += ["", "## Published observations beside predictions", ""]
    lines += [*wording.comparison_sentences(answer), ""]
    if answer.comparisons:
        lines += ["| observation | observed | predicted (90 %) | fold | verdict | source |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        lines += [_row(one) for one in answer.comparisons]
    lines += ["", "## Assumptions", "", wording.known_sentence(answer), ""]
    lines += [f"- {text}" for text in answer.assumptions]
    lines += ["", "## References", ""]
    lines += [f"- {source.key}: {source.reference()}" for source in answer.references]
    made = answer.provenance
    lines += ["", "## Provenance", ""]
    lines += [
        f"- raphe {made.version}, model {answer.model}, seed {made.seed}",
        f"- `{made.command}`",
    ]
    return "\n".join(lines) + "\n"


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
