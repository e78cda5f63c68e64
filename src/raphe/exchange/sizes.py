"""How large is large for a state that starts at 0, so that the absolute tolerance fits documents in moles too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from raphe.exchange.moment import resting
from raphe.language.expression import evaluate
from raphe.language.findings import Code, Findings
from raphe.language.model import Model


def sized(model: Model, species: Sequence[str], findings: Findings) -> Model:
    """Give each state that starts at 0 the size of the smallest start of its kind.

    Parameters
    ----------
    model
        Flat, its quantities in order.
    species
        Identifiers of species; other states are of another kind.
    findings
        Takes a warning for states of whose size nothing tells.

    Returns
    -------
    Model
    """
    values = {one.name: one.value.base for one in model.parameters}
    for one in model.quantities:
        try:
            values[one.name] = evaluate(one.formula, values)
        except KeyError:  # depends on states or time
            continue
    chemical = {name for one in species for name in (one, f"{one}.amount")}
    starts = {
        one.name: 0.0 if one.start is None else abs(evaluate(one.start, values))
        for one in model.species
    }
    sizes: dict[str, float | None] = {}
    for kind in (True, False):
        names = [o.name for o in model.species if o.size is None and (o.name in chemical) is kind]
        there = [starts[name] for name in names if 0.0 < starts[name] < float("inf")]
        if kind:
            there += [
                abs(values[n]) for n in chemical if 0.0 < abs(values.get(n, 0.0)) < float("inf")
            ]
        empty = [name for name in names if starts[name] == 0.0]
        sizes |= dict.fromkeys(empty, min(there, default=None))
    held = resting(model.derivatives)
    for state in model.species:
        if sizes.get(state.name, 0.0) is None and state.name not in held:
            message = f'"{state.name}" starts at 0 like all of its kind: 1 counts as large for it'
            advice = "if its values are far smaller, ask for a smaller absolute tolerance"
            findings.warning(Code.NO_VALUE, message, state.place, advice)
    return replace(
        model,
        species=tuple(replace(one, size=sizes.get(one.name, one.size)) for one in model.species),
    )
