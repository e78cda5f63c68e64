"""Rows of a qualification -> a page in Markdown, a figure, and lines for the terminal. Predicts nothing."""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from pathlib import PurePosixPath

import matplotlib as mpl
from matplotlib.figure import Figure

from raphe.analysis.observed import measured_words
from raphe.core.sources import Source
from raphe.language.evidence import Unsimulated
from raphe.language.model import Arm, Direction, Observation, Role
from raphe.study.curve_list import CurveRole
from raphe.study.curves import CurveFit, ExpectedShare, expected_within, share_within
from raphe.study.qualify import RivalRows, Row
from raphe.study.question import NO_DRUG

_GOOD, _OPEN, _BAD, _FAILED = ("inside", "right"), ("open",), ("outside", "wrong"), ("failed",)
_HEADS = (
    "observation",
    "who",
    "after",
    "what",
    "observed",
    "predicted (90 %)",
    "fold",
    "verdict",
    "source",
)
_PHARMACOKINETIC = "plasma"


def summary(
    rows: Sequence[Row], unsimulated: Sequence[Unsimulated], curves: Sequence[CurveFit]
) -> tuple[str, ...]:
    """Shares of all held-out rows, as sentences.

    Parameters
    ----------
    rows
        From `qualify`.
    unsimulated
        Outside evidence that has no row.
    curves
        From `compare_curves`; may be empty.

    Returns
    -------
    tuple of str
    """
    held = [row for row in rows if row.observation.role is Role.PREDICTION]
    signs = [row for row in held if row.observation.direction or row.observation.bound]
    values = [row for row in held if row not in signs]
    plasma = [row for row in values if row.observation.quantity.endswith(_PHARMACOKINETIC)]
    lines = [
        f"{len(rows)} observations: {len(held)} held out, {len(rows) - len(held)} took part in setting the model."
    ]
    lines.append(_folds("Held-out pharmacokinetic values", plasma))
    lines.append(_folds("All held-out values", values))
    counts = {
        word: sum(row.verdict == word for row in signs) for word in ("right", "open", "wrong")
    }
    lines.append(
        f"Held-out directions and bounds: {len(signs)}; right {counts['right']}, open (the interval holds both "
        f"sides) {counts['open']}, wrong {counts['wrong']}."
    )
    lines.append(
        f"{len(unsimulated)} more published observations have no row: the page not-simulated.md says of each why not."
    )
    failed = sum(row.failed > 0 for row in rows)
    if failed:
        lines.append(f"{failed} observations have subjects that failed; they count as neither.")
    lines += _curve_summary(
        curves, [row.fold_error for row in plasma if row.fold_error is not None]
    )
    return tuple(lines)


def _curve_summary(curves: Sequence[CurveFit], values: Sequence[float]) -> Iterable[str]:
    """Shares of the points of published curves, apart and together with the folds of single values."""
    if not curves:
        return
    held = [fit for fit in curves if fit.curve.role is CurveRole.PREDICTION]
    means = [fit for fit in held if not fit.curve.single]
    persons = [fit for fit in held if fit.curve.single]
    for drug in dict.fromkeys(fit.curve.drug for fit in curves):
        own = [fit for fit in curves if fit.curve.drug == drug]
        yield (
            f"Published curves of {drug}: {len(own)}. "
            + _shares("Held-out group means", _typical(f for f in means if f in own))
            + _shares("; held-out single persons", _typical(f for f in persons if f in own))
            + _shares(
                "; took part in setting the model",
                _typical(f for f in own if f.curve.role is CurveRole.CALIBRATION),
            )
            + _shares("; set aside", _typical(f for f in own if f.curve.role is CurveRole.ASIDE))
            + "."
        )
    inside = [one for fit in persons for one in fit.inside]
    told = [fold for fit in persons for fold in fit.told]
    if inside:
        yield (
            f"Points of single persons inside the 90 % interval between persons: {len(inside)}, "
            f"{sum(inside) / len(inside):.0%}"
            + _shares("; oral points when the person's intravenous curve is known", told)
            + "."
        )
    yield from _expected(persons)
    yield _shares("Held-out values and points of group means", [*values, *_typical(means)]) + "."
    yield _shares("With the points of single persons", [*values, *_typical(held)]) + "."


def _expected(persons: Sequence[CurveFit]) -> Iterable[str]:
    """What the spread of people alone lets one expect of the points of single persons, by drug."""
    for drug in dict.fromkeys(fit.curve.drug for fit in persons):
        own = [fit for fit in persons if fit.curve.drug == drug]
        near, far = expected_within(own, 1.5), expected_within(own, 2.0)
        if near is None or far is None:
            continue
        seen = _typical(own)
        yield (
            f"Single persons on {drug}, if people are as the model draws them: {near.mean:.0%} of points within "
            f"1.5-fold of the typical curve (in nine of ten such sets of persons {_range(near)}) and {far.mean:.0%} "
            f"within 2-fold ({_range(far)}); seen {share_within(seen, 1.5):.0%} and {share_within(seen, 2.0):.0%}."
        )


def _range(one: ExpectedShare) -> str:
    return f"{one.low:.0%} to {one.high:.0%}"


def _typical(fits: Iterable[CurveFit]) -> list[float]:
    return [fold for fit in fits for fold in fit.folds]


def _shares(what: str, folds: Sequence[float]) -> str:
    """Shares within two folds in words; nothing without any."""
    if not folds:
        return ""
    return (
        f"{what}: {len(folds)} points, within 1.5-fold {share_within(folds, 1.5):.0%}, "
        f"within 2-fold {share_within(folds, 2.0):.0%}"
    )


def _folds(what: str, rows: Sequence[Row]) -> str:
    folds = [row.fold_error for row in rows if row.fold_error is not None]
    if not folds:
        return f"{what}: none."
    near, far = (sum(fold <= limit for fold in folds) / len(rows) for limit in (1.5, 2.0))
    inside = sum(row.verdict == "inside" for row in rows) / len(rows)
    shares = f"within 1.5-fold {near:.0%}, within 2-fold {far:.0%}"
    return f"{what}: {len(rows)}; {shares}, inside the 90 % interval {inside:.0%}."


def page(
    rows: Sequence[Row],
    unsimulated: Sequence[Unsimulated],
    curves: Sequence[CurveFit],
    rivals: Sequence[RivalRows],
    *,
    title: str,
    command: str,
) -> str:
    """The whole qualification in Markdown."""
    lines = [
        f"# Qualification: {title}",
        "",
        f"Written by `{command}`. Do not edit. Research and teaching software, not medical advice.",
        "",
        "Every observation of the library beside the prediction for the mean of a trial of its size: median and",
        "90 % interval over what is not known and over chance. A direction is `right` if the interval lies on its",
        "side of rest, `open` if it holds both signs, `wrong` else; `stays` is right if the interval holds rest or",
        "the median is within a tenth of it. A bound (below or above a number) has the same verdicts. `against` tells",
        "the other arm; the value is then the ratio of the two. Rows that miss stay here.",
        "",
        *(f"- {line}" for line in summary(rows, unsimulated, curves)),
        "",
        "![Predicted over observed](qualification.svg)",
    ]
    for role, head in (
        (Role.PREDICTION, "Held out"),
        (Role.CALIBRATION, "Took part in setting the model"),
    ):
        own = [row for row in rows if row.observation.role is role]
        lines += ["", f"## {head}", "", *_table(own)]
    if rivals:
        lines += ["", "## Rivals", "", *_rivals(rivals)]
        lines += ["", "## Rows that miss, with each rival", "", *_missed(rows, rivals)]
    if curves:
        lines += ["", "## Published curves", "", *_curves(curves)]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row]) -> Iterable[str]:
    yield _line(_HEADS)
    yield _line(["---"] * len(_HEADS))
    for row in rows:
        yield _line(cells(row))


def cells(row: Row) -> list[str]:
    """One row in words."""
    one = row.observation
    citations = () if one.provenance is None else one.provenance.citations
    return [
        one.name,
        _who(one),
        _after(one) + ("" if one.against is None else f"; against {_after(one.against)}"),
        _what(one),
        _seen(row),
        _predicted(row),
        "" if row.fold_error is None else f"{row.fold_error:.2f}",
        row.verdict,
        ", ".join(citation.key for citation in citations) or "not read",
    ]


def _who(one: Observation | Unsimulated) -> str:
    who = one.subjects or "people"
    return f"{one.people} {who}" if one.people else f"{who}, n not read"


def _after(arm: Observation | Arm) -> str:
    """What was given, or what an experiment set in its place."""
    given = [f"{path} {value}" for path, value in arm.settings]
    if arm.regimen != NO_DRUG or not given:
        given.insert(0, f"{arm.drug} {arm.regimen}")
    return ", ".join(given)


def _what(one: Observation) -> str:
    """What was read off, in both arms if they differ in it."""
    found = [
        f"{arm.statistic.value.replace('_', ' ')} of {arm.quantity}"
        + (f" ({' to '.join(str(quantity) for quantity in arm.window)})" if arm.window else "")
        for arm in (one, one.against)
        if arm is not None
    ]
    text = measured_words(" over ".join(dict.fromkeys(found)), one)
    if one.share is not None:
        return f"share {one.share.side.value} {one.share.value}, {text}"
    return text


def _seen(row: Row) -> str:
    one = row.observation
    if isinstance(one.direction, Direction):
        return one.direction.value
    if one.value is None:
        return ""
    side = "" if one.bound is None else f"{one.bound.value} "
    return f"{side}{one.value.value:g} {_unit(one.value.unit.text)}".strip()


def _unit(text: str) -> str:
    return "" if text == "dimensionless" else text


def _line(parts: Sequence[str]) -> str:
    return f"| {' | '.join(part.replace('|', '/') for part in parts)} |"


def _rivals(rivals: Sequence[RivalRows]) -> Iterable[str]:
    yield "Each rival beside the module that it would replace, on the observations that the two predict differently."
    yield ""
    yield _line(
        (
            "slot",
            "module",
            "observations",
            "inside or right",
            "open",
            "outside or wrong",
            "failed",
            "mean fold",
        )
    )
    yield _line(["---"] * 8)
    for one in rivals:
        for name, rows in (("(own)", one.own), (one.module, one.rival)):
            counts = [
                sum(row.verdict in words for row in rows) for words in (_GOOD, _OPEN, _BAD, _FAILED)
            ]
            folds = [row.fold_error for row in rows if row.fold_error is not None]
            mean = f"{statistics.geometric_mean(folds):.2f} (n {len(folds)})" if folds else ""
            yield _line((one.slot, name, str(len(rows)), *(str(count) for count in counts), mean))


def _missed(rows: Sequence[Row], rivals: Sequence[RivalRows]) -> Iterable[str]:
    """For each row that the model misses, the rivals that do not."""
    yield "Where the model misses, a rival may not: then the evidence tells two forms of the model apart, or disagrees"
    yield "with itself."
    yield ""
    yield _line(("observation", "observed", "the model", "rivals that meet it or leave it open"))
    yield _line(["---"] * 4)
    for row in rows:
        if row.verdict not in _BAD:
            continue
        others = [
            f"{one.module}: {_predicted(theirs)}, {theirs.verdict}"
            for one in rivals
            for theirs in one.rival
            if theirs.observation.name == row.observation.name and theirs.verdict in _GOOD + _OPEN
        ]
        own = f"{_predicted(row)}, {row.verdict}"
        yield _line((row.observation.name, _seen(row), own, "; ".join(others) or "none"))


def _predicted(row: Row) -> str:
    low, middle, high = (f"{x:.3g}" for x in astuple(row.predicted))
    return f"{middle} ({low} to {high}) {_unit(row.unit)}".strip()


def _curves(curves: Sequence[CurveFit]) -> Iterable[str]:
    yield "Points that others digitized from papers, for the typical person of the weight and age that the group tells."
    yield "A typical curve cannot meet each person: so for curves of one person, `inside` is the share of points within"
    yield "the 90 % interval between persons, and `told` the shares within 1.5-fold and 2-fold when the model is told"
    yield "the intravenous curve of that person and nothing else. Drawn persons are volunteers of the library."
    yield ""
    heads = ("drug", "study", "group", "kind", "role", "points", "1.5-fold", "2-fold")
    yield _line((*heads, "inside", "told"))
    yield _line(["---"] * 10)
    for one in curves:
        curve = one.curve
        yield _line(
            (
                curve.drug,
                curve.study,
                curve.group,
                f"{curve.kind}, {curve.route}",
                curve.role.value,
                str(len(one.folds)),
                f"{one.within(1.5):.0%}",
                f"{one.within(2.0):.0%}",
                f"{sum(one.inside) / len(one.inside):.0%}" if one.inside else "",
                f"{share_within(one.told, 1.5):.0%}, {share_within(one.told, 2.0):.0%}"
                if one.told
                else "",
            )
        )
    reasons = {
        (fit.curve.study, fit.curve.note.role.value, fit.curve.note.because)
        for fit in curves
        if fit.curve.note is not None and fit.curve.role is not CurveRole.PREDICTION
    }
    yield ""
    for study, role, because in sorted(reasons):
        yield f"- {study}: {role}; {because}."


def figure(rows: Sequence[Row]) -> str:
    """Predicted over observed of every value, with its interval, as SVG text that is the same each time."""
    values = [
        row for row in rows if row.fold_error is not None and row.observation.value is not None
    ]
    drawing = Figure(figsize=(8.0, 0.19 * len(values) + 1.2), layout="constrained")
    axes = drawing.subplots()
    for place, row in enumerate(reversed(values)):
        seen = row.observation.value
        scale = 1.0 if seen is None else seen.value
        held = row.observation.role is Role.PREDICTION
        good = row.verdict in _GOOD
        color = "#8a8a8a" if not held else ("#1b6ca8" if good else "#c1440e")
        low, middle, high = (
            x / scale for x in (row.predicted.low, row.predicted.middle, row.predicted.high)
        )
        axes.plot([max(low, 1e-3), high], [place, place], color=color, linewidth=1.4)
        axes.plot([middle], [place], marker="o" if held else "s", color=color, markersize=4)
    axes.axvspan(1 / 1.5, 1.5, color="#1b6ca8", alpha=0.08, linewidth=0)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(0.1, 10.0)
    axes.set_xticks([0.1, 0.2, 0.5, 1, 2, 5, 10], ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    axes.set_yticks(
        range(len(values)), [row.observation.name for row in reversed(values)], fontsize=6
    )
    axes.set_ylim(-1, len(values))
    axes.set_xlabel(
        "predicted over observed (blue: held out and inside, red: outside, gray squares: calibration)"
    )
    with mpl.rc_context({"svg.hashsalt": "raphe", "svg.fonttype": "path"}):
        buffer = io.StringIO()
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "raphe"})
    return buffer.getvalue()


def unsimulated_page(found: Sequence[Unsimulated], sources: Mapping[str, Source]) -> str:
    """Every published observation that no model of the library speaks of, with the reason, in Markdown.

    Parameters
    ----------
    found
        Of a catalog; those of one file come under one head.
    sources
        By key.
    """
    lines = [
        "# Not simulated",
        "",
        "Written by `python docs/make_pages.py` from the observations of the library. Published observations that",
        "have no row in [qualification.md](qualification.md), and why.",
    ]
    for file in dict.fromkeys(one.place.file for one in found):
        own = [one for one in found if one.place.file == file]
        lines += ["", f"## {PurePosixPath(file).stem.replace('_', ' ').capitalize()}", ""]
        lines += [_line(("observation", "what was seen", "who", "why it has no row", "source"))]
        lines += [_line(["---"] * 5)]
        lines += [_line((one.name, one.saw, _who(one), one.reason, _origin(one))) for one in own]
    keys = {
        citation.key
        for one in found
        if one.provenance is not None
        for citation in one.provenance.citations
    }
    lines += ["", "## Sources", ""]
    lines += [f"- {key}: {sources[key].reference()}" for key in sorted(keys)]
    return "\n".join(lines) + "\n"


def _origin(one: Unsimulated) -> str:
    """Where it stands, or that it was not read."""
    if one.provenance is None or not one.provenance.citations:
        return f"not read: {'' if one.provenance is None else one.provenance.note}"
    return "; ".join(f"{citation.key}, {citation.locator}" for citation in one.provenance.citations)
