"""Conditions that can change in a run -> states that are 1 or 0, turned by events where the condition turns.

So a rate never jumps within a step: the solver stops where it does, at the exact time, and goes on from there. A
condition on time alone is never stepped over; one on the states is seen if it holds at the end of a step. Knows nothing
of SBML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from raphe.core.units import DIMENSIONLESS
from raphe.exchange.mathml import truth_of
from raphe.exchange.moment import Moment, depending, mapped, mapped_comparison, named, resting
from raphe.language.expression import (
    Comparison,
    Conditional,
    Expression,
    Name,
    Number,
)
from raphe.language.model import (
    TIME,
    AssignedQuantity,
    Assignment,
    Derivative,
    Event,
    Model,
    Species,
)
from raphe.language.show import expression_text


@dataclass(slots=True)
class _Switches:
    """Conditions that have been met so far, by their text: the name of the state and the condition."""

    moving: set[str]
    found: dict[str, tuple[str, Comparison]] = field(default_factory=dict)

    def change(self, node: Expression) -> Expression | None:
        """A choice by a condition that moves, as a choice by its state."""
        if not isinstance(node, Conditional) or not named(node.condition) & self.moving:
            return None
        condition = mapped_comparison(node.condition, self.change)
        if named(condition) & self.moving:  # else it is made of conditions that have states by now
            text = expression_text(condition)
            name, _ = self.found.setdefault(text, (f"switch.{1 + len(self.found)}", condition))
            zero = Number(0.0, node.place)
            condition = Comparison(">", Name(name, node.place), zero, node.place)
        yes, no = mapped(node.yes, self.change), mapped(node.no, self.change)
        return Conditional(condition, yes, no, node.place)


def add_switches(model: Model, starts: Mapping[str, Expression]) -> Model:
    """Put states in the place of the conditions that change in a run.

    Parameters
    ----------
    model
        Flat. States that only events change need no switch: nothing changes them within a step.
    starts
        What each state is at time 0, in terms of parameters.

    Returns
    -------
    Model
        Its new events come first.
    """
    held = resting(model.derivatives)
    formulas = {one.name: one.formula for one in model.quantities}
    sources = [TIME, *(one.name for one in model.species if one.name not in held)]
    switches = _Switches(depending(formulas, sources))
    model = replace(
        model,
        quantities=tuple(
            replace(o, formula=mapped(o.formula, switches.change)) for o in model.quantities
        ),
        derivatives=tuple(
            replace(o, rate=mapped(o.rate, switches.change)) for o in model.derivatives
        ),
        events=tuple(_watched(one, switches) for one in model.events),
    )
    if not switches.found:
        return model
    made = dict(switches.found.values())
    quantities = {one.name: one for one in model.quantities}
    first, added = _then(made, starts, quantities, "initially")
    events = []
    for event in model.events:
        jumps = {one.species: one.formula for one in event.assignments}
        turned, more = _then(made, jumps, quantities, event.name)
        changed = tuple(
            Assignment(species=name, formula=value, place=event.place)
            for name, value in turned.items()
        )
        events.append(replace(event, assignments=(*event.assignments, *changed)))
        added += more
    return replace(
        model,
        quantities=(*model.quantities, *added),
        species=(*model.species, *(_state(name, first[name]) for name in made)),
        derivatives=(
            *model.derivatives,
            *(
                Derivative(species=name, rate=Number(0.0, condition.place), place=condition.place)
                for name, condition in made.items()
            ),
        ),
        events=(*(event for one in made.items() for event in _turns(*one)), *events),
    )


def _watched(event: Event, switches: _Switches) -> Event:
    """An event whose condition is made of several ones that move: each becomes a state."""
    if event.when is None:
        return event
    match event.when.left:
        case Conditional(condition, Number(1.0), Number(0.0), place):
            inner = truth_of(mapped_comparison(condition, switches.change))
            return replace(event, when=replace(event.when, left=replace(inner, place=place)))
    return replace(event, when=mapped_comparison(event.when, switches.change))


def _state(name: str, start: Expression) -> Species:
    return Species(name=name, unit=DIMENSIONLESS, start=start, size=1.0, place=start.place)


def _turns(name: str, condition: Comparison) -> tuple[Event, ...]:
    """The two events of a condition: it turns true, it turns false."""
    place = condition.place
    zero, one = Number(0.0, place), Number(1.0, place)
    return tuple(
        Event(
            name=f"{name}.{word}",
            when=Comparison(operator, truth_of(condition), against, place),
            assignments=(Assignment(species=name, formula=value, place=place),),
            place=place,
        )
        for word, operator, against, value in (("on", ">", zero, one), ("off", "<", one, zero))
    )


def _then(
    made: Mapping[str, Comparison],
    values: Mapping[str, Expression],
    quantities: Mapping[str, AssignedQuantity],
    moment: str,
) -> tuple[dict[str, Expression], list[AssignedQuantity]]:
    """What conditions are once some states have new values, if they read them; and the quantities that tell."""
    formulas: dict[str, Expression] = {name: one.formula for name, one in quantities.items()}
    touched = depending({**formulas, **made}, values)
    turned: dict[str, Expression] = {
        name: Name(f"{name}.{moment}", condition.place)
        for name, condition in made.items()
        if name in touched
    }
    then = Moment({**values, **turned}, quantities, moment)
    told = [
        AssignedQuantity(
            name=f"{name}.{moment}",
            unit=DIMENSIONLESS,
            formula=truth_of(then.comparison(made[name])),
            place=made[name].place,
        )
        for name in turned
    ]
    return turned, [*then.made.values(), *told]
