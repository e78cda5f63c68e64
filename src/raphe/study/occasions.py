"""Model + Subjects + Regimen -> the borders between occasions: with each dose of a slot, at every 24 h, at turns."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from raphe.core.draws import FloatArray
from raphe.dosing.regimen import Regimen
from raphe.engine.compile import Kernel
from raphe.engine.doses import Occasion
from raphe.engine.solve import settings_of
from raphe.engine.timeline import Occasions
from raphe.language.model import Model, Parameter
from raphe.language.model import Occasion as Each
from raphe.population.occasions import vary, varying
from raphe.population.people import Subjects
from raphe.study.question import Turn

_DAY = 24.0  # h
_SECONDS = 3600  # in an hour
_Moment = tuple[float, tuple[int, ...]]  # when, and the doses that make it an occasion


def occasions_of(
    model: Model,
    kernel: Kernel,
    subjects: Subjects,
    regimen: Regimen,
    *,
    route: str,
    until: float,
    turns: Sequence[Turn] = (),
) -> tuple[FloatArray, Occasions | None]:
    """The borders between the occasions of subjects.

    Parameters
    ----------
    model, kernel
        Composed and compiled.
    subjects
        From `draw_subjects`.
    regimen
        With the routes of the model.
    route
        Of doses that name none.
    until
        End of the run (h).
    turns
        What else becomes of parameters, for all; those that the model does not have are left out.

    Returns
    -------
    parameters, occasions
        Shape (subjects, parameters), base units: as they are in the first occasion; and the later ones, None if nothing
        differs between occasions.
    """
    changing = varying(model, subjects)
    if not changing and not turns:
        return subjects.parameters, None
    first = subjects.parameters.copy()
    groups: dict[tuple[str, Each], list[tuple[int, Parameter]]] = {}
    for place, one in changing:
        if one.occasions is not None:
            groups.setdefault((_slot(one.name), one.occasions.each), []).append((place, one))
    borders = [border for turn in turns for border in _turned(turn, model, len(first))]
    for (slot, each), here in groups.items():
        moments = _days(until) if each is Each.DAY else _doses(regimen, slot, route)
        begin = moments[0][0] if moments else 0.0  # the first occasion holds from the start
        first[:, [place for place, _ in here]] = _numbers(subjects, here, begin)
        borders += _borders(subjects, here, moments[1:])
    borders.sort(key=lambda one: (one.time, min(one.doses, default=-1)))
    settings = functools.partial(settings_of, kernel)
    return first, Occasions(borders=tuple(borders), settings_of=settings)


def _turned(turn: Turn, model: Model, subjects: int) -> list[Occasion]:
    """A border at which the same becomes of all."""
    places = {one.name: place for place, one in enumerate(model.parameters)}
    known = {places[name]: one.base for name, one in turn.settings.items() if name in places}
    if not known:
        return []
    values = np.tile(np.array(list(known.values())), (subjects, 1))
    return [Occasion(time=turn.time, doses=(), index=tuple(known), values=values)]


def _slot(name: str) -> str:
    return name.rpartition(".")[0]


def _days(until: float) -> list[_Moment]:
    return [(_DAY * day, ()) for day in range(max(1, math.ceil(until / _DAY)))]


def _doses(regimen: Regimen, slot: str, route: str) -> list[_Moment]:
    """The doses that enter a slot; those of one time are one occasion."""
    times: dict[float, tuple[int, ...]] = {}
    for order, dose in enumerate(regimen.parted().doses):
        if _slot(dose.route or route) == slot:
            times[dose.time] = (*times.get(dose.time, ()), order)
    return sorted(times.items())


def _borders(
    subjects: Subjects, here: Sequence[tuple[int, Parameter]], moments: Sequence[_Moment]
) -> list[Occasion]:
    """A border at each moment."""
    index = tuple(place for place, _ in here)
    return [
        Occasion(time=time, doses=doses, index=index, values=_numbers(subjects, here, time))
        for time, doses in moments
    ]


def _numbers(subjects: Subjects, here: Sequence[tuple[int, Parameter]], time: float) -> FloatArray:
    """What parameters are in the occasion that is due at a time (h), shape (subjects, parameters)."""
    number = round(time * _SECONDS)  # whatever other doses there are, so that ways to stop compare
    columns = [vary(one, subjects.parameters[:, p], subjects, number) for p, one in here]
    return np.stack(columns, axis=1)
