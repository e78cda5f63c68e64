"""Judgments -> one HTML page, Markdown, JSON, and lines for the terminal. Judges nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from importlib import metadata

from raphe.analysis.numerals import change, change_range, percent
from raphe.analysis.wording import DISCLAIMER
from raphe.core.sources import Source
from raphe.report.page import template_environment
from raphe.report.svg import printable
from raphe.study.claims import Arm, Claim, ClaimFile, FormResult, Judgment, Verdict
from raphe.study.judging import SURE

_TEMPLATE = "judgment.html.j2"


def changed_words(form: FormResult) -> str:
    """Median and 90 % interval of a change."""
    middle = change(form.change.middle, relative=form.relative)
    return f"{middle} ({change_range(form.change, relative=form.relative)})"


def experiment_words(claim: Claim) -> str:
    """What was run, in one sentence; empty if nothing was."""
    if claim.experiment is None:
        return ""
    one = claim.experiment
    text = _arm_words(one.arm)
    if one.than is not None:
        text += f", against {_arm_words(one.than)}"
    relative = one.smallest
    return f"{text}; claimed: {one.direction.value}, by at least {relative:g}."


def _arm_words(arm: Arm) -> str:
    ends = [arm.endpoint.begin, arm.endpoint.end]
    told = [f"{end:g} h" for end in ends if end is not None]
    window = f" from {' to '.join(told)}" if told else ""
    settings = "".join(f", {name} = {value}" for name, value in arm.settings.items())
    kind = arm.endpoint.kind.value.replace("_", " ")
    return f"{arm.drug}, {arm.regimen}{settings}: {kind} of {arm.endpoint.output}{window}"


def judgment_lines(judgments: Sequence[Judgment]) -> tuple[str, ...]:
    """One block for each claim, for the terminal."""
    lines = [DISCLAIMER, ""]
    for one in judgments:
        lines.append(f"{one.verdict.value.upper()}: {one.claim.statement}")
        lines.append(f"  outside evidence: {one.evidence.value}; model: {one.model.value}")
        if one.forms:
            lines.append(
                f"  {experiment_words(one.claim)} Model: {changed_words(one.forms[0])}, "
                f"holds in {percent(one.forms[0].holds)} of draws"
            )
        else:
            lines.append(f"  model silent: {one.claim.silent}")
    counts = ", ".join(f"{count} {name}" for name, count in verdict_counts(judgments))
    return (*lines, "", f"{len(judgments)} statements: {counts}")


def verdict_counts(judgments: Sequence[Judgment]) -> tuple[tuple[str, int], ...]:
    """How many claims came to each verdict."""
    return tuple(
        (verdict.value, sum(one.verdict is verdict for one in judgments)) for verdict in Verdict
    )


def render_judgments(
    file: ClaimFile,
    judgments: Sequence[Judgment],
    sources: Mapping[str, Source],
    *,
    seed: int,
    command: str,
) -> str:
    """One self-contained page, the same for equal judgments.

    Parameters
    ----------
    file, judgments
        What was judged, and what came out.
    sources
        Of the library, by key.
    seed, command
        How to make it again.

    Returns
    -------
    str
    """
    keys = sorted({found.source for one in judgments for found in one.claim.evidence})
    environment = template_environment(_TEMPLATE)
    text = environment.get_template(_TEMPLATE).render(
        file=file,
        judgments=judgments,
        counts=verdict_counts(judgments),
        references=[sources[key] for key in keys],
        numbers={key: number for number, key in enumerate(keys, start=1)},
        experiment=experiment_words,
        changed=changed_words,
        percent=percent,
        sure=SURE,
        seed=seed,
        command=command,
        version=metadata.version("raphe"),
        disclaimer=DISCLAIMER,
    )
    return printable(text)


def judgments_markdown(
    file: ClaimFile, judgments: Sequence[Judgment], sources: Mapping[str, Source]
) -> str:
    """The same as Markdown."""
    lines = [f"# {file.title}", "", DISCLAIMER, "", file.about, ""]
    lines += ["| statement | verdict | outside evidence | model |", "| --- | --- | --- | --- |"]
    for one in judgments:
        cells = (one.claim.statement, one.verdict.value, one.evidence.value, one.model.value)
        lines.append(f"| {' | '.join(cells)} |")
    for one in judgments:
        lines += [
            "",
            f"## {one.claim.statement}",
            "",
            f"**{one.verdict.value}.** {one.claim.reading}",
        ]
        lines += ["", f"Outside evidence: {one.evidence.value}", ""]
        lines += [
            f"- {found.side.value} ({found.strength.value}, {found.subjects}): {found.finding}; "
            f"{found.source}, {found.locator}"
            for found in one.claim.evidence
        ]
        lines += [
            "",
            f"Model: {one.model.value}. {experiment_words(one.claim) or one.claim.silent}",
            "",
        ]
        lines += [
            f"- {form.form}: {changed_words(form)}; holds in {percent(form.holds)} of draws"
            for form in one.forms
        ]
        lines += ["", f"What would change it: {one.claim.would_change}"]
    keys = sorted({found.source for one in judgments for found in one.claim.evidence})
    lines += ["", "## References", "", *(f"- {key}: {sources[key].reference()}" for key in keys)]
    return "\n".join(lines) + "\n"


def judgments_json(file: ClaimFile, judgments: Sequence[Judgment], *, seed: int) -> str:
    """The same for machines."""
    tree = {
        "title": file.title,
        "model": file.model,
        "seed": seed,
        "draws": file.draws,
        "claims": [
            {
                "id": one.claim.id,
                "statement": one.claim.statement,
                "verdict": one.verdict.value,
                "evidence": one.evidence.value,
                "model": one.model.value,
                "findings": [dataclasses.asdict(found) for found in one.claim.evidence],
                "forms": [dataclasses.asdict(form) for form in one.forms],
                "decides": list(one.decides),
                "silent": one.claim.silent,
                "would_change": one.claim.would_change,
            }
            for one in judgments
        ],
    }
    return json.dumps(tree, indent=1) + "\n"
