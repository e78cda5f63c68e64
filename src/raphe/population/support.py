"""Who lies outside what a model was made for, and what a study does about it. Draws nothing."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray
from raphe.core.errors import StudyError
from raphe.language.expression import evaluate
from raphe.language.flatten import names_in
from raphe.language.model import AssignedQuantity, Model, Support

Flags = npt.NDArray[np.bool_]


class Outside(StrEnum):
    """What happens with people outside the support of a model or of its population."""

    REFUSE = "refuse"
    """The study is refused."""
    FLAG = "flag"
    """They are run, marked in all results, and their share is told with every summary."""


def outside_of(model: Model, parameters: FloatArray) -> Flags:
    """Mark the subjects that lie outside a support that the model declares.

    Parameters
    ----------
    model
        Declares whom it was made for.
    parameters
        Shape (subjects, parameters), base units, in the order of the model's parameters.

    Returns
    -------
    array of bool, shape (subjects,)
    """
    found = np.zeros(len(parameters), dtype=np.bool_)
    for _, _, beyond in _bounds(model, parameters):
        found |= beyond
    return found


def refuse_outside(model: Model, parameters: FloatArray) -> None:
    """Refuse subjects of whom some lie outside a support of the model.

    Raises
    ------
    StudyError
        With the support, its reason, and the first who lies outside.
    """
    for bound, values, beyond in _bounds(model, parameters):
        if np.any(beyond):
            value = values[np.argmax(beyond)] / bound.unit.factor
            message = (
                f"{np.count_nonzero(beyond)} of {len(beyond)} people are outside the support of the model: "
                f"{support_text(bound)}, and the first of them has {value:.4g} {bound.unit}"
            )
            reason = "" if bound.provenance is None else f" ({bound.provenance.note})"
            advice = f"choose other people, or write outside: flag in the study{reason}"
            raise StudyError(message, place=bound.place, advice=advice)


def support_text(bound: Support) -> str:
    """A support in words, such as `person.age from 18 to 90 year`."""
    return f"{bound.name} from {bound.low:g} to {bound.high:g} {bound.unit}"


def _bounds(model: Model, parameters: FloatArray) -> Iterator[tuple[Support, FloatArray, Flags]]:
    """Each support, its value of each subject (base units), and whether that lies outside."""
    for bound in model.supports:
        values = _values(model, bound.name, parameters)
        low, high = (one * bound.unit.factor for one in (bound.low, bound.high))
        slack = 1e-12 * max(abs(low), abs(high))  # 18 year is inside "from 18 year"
        yield bound, values, ~((values >= low - slack) & (values <= high + slack))


def _values(model: Model, name: str, parameters: FloatArray) -> FloatArray:
    """A parameter of each subject, or a quantity that is made of parameters."""
    places = {one.name: place for place, one in enumerate(model.parameters)}
    if name in places:
        return parameters[:, places[name]]
    needed = _needed(model, name)
    used = sorted({one for quantity in needed for one in names_in(quantity.formula)} & set(places))
    found = np.empty(len(parameters))
    for subject, row in enumerate(parameters[:, [places[one] for one in used]].tolist()):
        values = dict(zip(used, row, strict=True))
        for quantity in needed:
            values[quantity.name] = evaluate(quantity.formula, values)
        found[subject] = values[name]
    return found


def _needed(model: Model, name: str) -> list[AssignedQuantity]:
    """The quantities that one is made of, itself last; those of a model stand in the order of their needs."""
    wanted = {name}
    needed = []
    for quantity in reversed(model.quantities):
        if quantity.name in wanted:
            needed.append(quantity)
            wanted |= names_in(quantity.formula)
    return needed[::-1]
