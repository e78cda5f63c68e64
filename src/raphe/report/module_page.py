"""Module -> its ports, equations and numbers, as text, Markdown, LaTeX or HTML. Computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from raphe.core.errors import Place
from raphe.core.sources import Source
from raphe.core.units import Quantity
from raphe.language.expression import Comparison, Expression
from raphe.language.model import (
    Correlation,
    Event,
    Model,
    Module,
    Parameter,
    Participant,
    Reaction,
    Support,
)
from raphe.language.show import expression_latex, expression_text, latex_name, origin_of, row_of


class Form(StrEnum):
    """How a module is written out."""

    TEXT = "text"
    MARKDOWN = "markdown"
    LATEX = "latex"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class _Equation:
    """Left side, right side, unit."""

    left: str
    right: str
    unit: str


@dataclass(frozen=True, slots=True)
class _Part:
    head: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def module_page(module: Module, sources: Mapping[str, Source], form: Form) -> str:
    """Write a module out.

    Parameters
    ----------
    module
        From the library, or from a text.
    sources
        Those that it cites, by key.
    form
        As plain text, Markdown, LaTeX (to be put into a document) or HTML (a fragment).

    Returns
    -------
    str
    """
    write = {
        Form.TEXT: _plain,
        Form.MARKDOWN: _markdown,
        Form.LATEX: _latex,
        Form.HTML: _html,
    }[form]
    formula = expression_latex if form is Form.LATEX else expression_text
    name = latex_name if form is Form.LATEX else str
    equations = _equations(module, formula, name)
    parts = (
        _ports(module),
        _numbers(module),
        _correlations(module),
        _supports(module),
        _references(module, sources),
    )
    return write(module, equations, parts)


def model_page(model: Model, form: Form) -> str:
    """Write a flat model out, as one module with the same names.

    Parameters
    ----------
    model
        Such as one from `read_sbml`.
    form
        As for `module_page`.

    Returns
    -------
    str
    """
    place = model.sources[0].place if model.sources else Place(model.name)
    module = Module(
        name=model.name,
        title=model.title,
        parameters=model.parameters,
        correlations=model.correlations,
        supports=model.supports,
        quantities=model.quantities,
        species=model.species,
        derivatives=model.derivatives,
        events=model.events,
        routes=model.routes,
        place=place,
    )
    return module_page(module, {source.key: source for source in model.sources}, form)


def _equations(
    module: Module, formula: Callable[[Expression], str], name: Callable[[str], str]
) -> list[_Equation]:
    def rate(text: str) -> str:
        return rf"\frac{{d\,{text}}}{{dt}}" if name is latex_name else f"d {text} / dt"

    found = [
        _Equation(name(one.name), formula(one.formula), str(one.unit)) for one in module.quantities
    ]
    found += [
        _Equation(name(one.name), formula(one.volume), "volume") for one in module.compartments
    ]
    for one in module.species:
        start = "0" if one.start is None else formula(one.start)
        found.append(_Equation(f"{name(one.name)}(0)", start, str(one.unit)))
    found += [
        _Equation(rate(name(one.species)), formula(one.rate), "") for one in module.derivatives
    ]
    for reaction in module.reactions:
        found.append(_Equation(_scheme(reaction, name), formula(reaction.rate), "rate"))
    for event in module.events:
        when = _when(event, formula)
        found += [_Equation(name(a.species), formula(a.formula), when) for a in event.assignments]
    return found


def _scheme(reaction: Reaction, name: Callable[[str], str]) -> str:
    def side(parts: Sequence[Participant]) -> str:
        words = [name(p.species) if p.count == 1 else f"{p.count} {name(p.species)}" for p in parts]
        return " + ".join(words) or "nothing"

    arrow = r"\rightarrow" if name is latex_name else "->"
    return f"{side(reaction.reactants)} {arrow} {side(reaction.products)}"


def _when(event: Event, formula: Callable[[Expression], str]) -> str:
    if isinstance(event.when, Comparison):
        return f"when {formula(event.when)}"
    at = event.at
    return f"at {at}" if isinstance(at, Quantity) or at is None else f"at {formula(at)}"


def _ports(module: Module) -> _Part:
    rows = [
        (
            "in",
            port.name,
            str(port.unit),
            port.meaning + (", added up" if port.sum else ""),
            "" if port.rest is None else f"{port.rest:g}",
        )
        for port in module.inputs
    ]
    rows += [("out", port.name, "", port.meaning, "") for port in module.outputs]
    rows += [("route", route.name, "", f"into {route.species}", "") for route in module.routes]
    return _Part("Ports and routes", ("", "name", "unit", "meaning", "at rest"), tuple(rows))


def _numbers(module: Module) -> _Part:
    rows = []
    for parameter in (*module.parameters, *(one.molar_mass for one in module.substances)):
        row = row_of(parameter)
        unit = "" if row.unit == "dimensionless" else row.unit
        _, origin = origin_of(parameter.provenance)
        value = f"{row.value} {unit}".strip()
        spreads = (row.people, row.uncertainty)
        rows.append((row.name, row.meaning, value, *spreads, row.status, origin))
    columns = (
        "name",
        "meaning",
        "value",
        "between people",
        "uncertainty",
        "status",
        "source or reason",
    )
    return _Part("Numbers", columns, tuple(rows))


def _correlations(module: Module) -> _Part:
    rows = []
    for one in module.correlations:
        status, origin = origin_of(one.provenance)
        rows.append((one.leader, one.follower, f"{one.value:g}", status, origin))
    columns = ("name", "with", "correlation between people", "status", "source or reason")
    return _Part("Correlations", columns, tuple(rows))


def _supports(module: Module) -> _Part:
    rows = []
    for one in module.supports:
        status, origin = origin_of(one.provenance)
        rows.append((one.name, f"{one.low:g} to {one.high:g} {one.unit}", status, origin))
    columns = ("name", "of people", "status", "source or reason")
    return _Part("Made for", columns, tuple(rows))


def _references(module: Module, sources: Mapping[str, Source]) -> _Part:
    numbers: tuple[Parameter | Correlation | Support, ...] = (
        *module.parameters,
        *(one.molar_mass for one in module.substances),
        *module.correlations,
        *module.supports,
    )
    keys = {
        citation.key
        for number in numbers
        if number.provenance is not None
        for citation in number.provenance.citations
    }
    rows = tuple((key, sources[key].reference()) for key in sorted(keys) if key in sources)
    return _Part("Sources", ("key", "reference"), rows)


def _plain(module: Module, equations: Sequence[_Equation], parts: Sequence[_Part]) -> str:
    lines = [f"{module.name}: {module.title}", "", "Equations"]
    lines += [
        f"  {one.left} = {one.right}" + (f"   [{one.unit}]" if one.unit else "")
        for one in equations
    ]
    for part in parts:
        if part.rows:
            lines += ["", part.head]
            lines += ["  " + " | ".join(cell for cell in row if cell) for row in part.rows]
    return "\n".join(lines) + "\n"


def _markdown(module: Module, equations: Sequence[_Equation], parts: Sequence[_Part]) -> str:
    lines = [
        f"# {module.name}",
        "",
        f"{module.title}.",
        "",
        "## Equations",
        "",
        "| | | |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{one.left}` | `{one.right}` | {one.unit} |" for one in equations]
    for part in parts:
        if part.rows:
            lines += ["", f"## {part.head}", "", f"| {' | '.join(part.columns)} |"]
            lines.append(f"| {' | '.join(['---'] * len(part.columns))} |")
            lines += [
                f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in part.rows
            ]
    return "\n".join(lines) + "\n"


_SPECIAL = str.maketrans({c: "\\" + c for c in "&%$#_{}"} | {"^": r"\^{}", "~": r"\~{}"})


def _latex(module: Module, equations: Sequence[_Equation], parts: Sequence[_Part]) -> str:
    lines = [rf"\section*{{{module.title.translate(_SPECIAL)}}}", r"\begin{align*}"]
    lines += [rf"{one.left} &= {one.right} \\" for one in equations]
    lines.append(r"\end{align*}")
    for part in parts:
        if part.rows:
            lines.append(rf"\subsection*{{{part.head}}}")
            lines.append(r"\begin{description}")
            for row in part.rows:
                cells = [cell.translate(_SPECIAL) for cell in row if cell]
                lines.append(rf"\item[{cells[0]}] {'; '.join(cells[1:])}")
            lines.append(r"\end{description}")
    return "\n".join(lines) + "\n"


def _html(module: Module, equations: Sequence[_Equation], parts: Sequence[_Part]) -> str:
    def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in columns)
        body = [
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        ]
        return ["<table>", f"<tr>{head}</tr>", *body, "</table>"]

    lines = [
        f'<section id="{escape(module.name)}">',
        f"<h2>{escape(module.title or module.name)}</h2>",
    ]
    lines += [
        "<h3>Equations</h3>",
        *table(("", "", ""), [(e.left, e.right, e.unit) for e in equations]),
    ]
    for part in parts:
        if part.rows:
            lines += [f"<h3>{escape(part.head)}</h3>", *table(part.columns, part.rows)]
    return "\n".join([*lines, "</section>"]) + "\n"
