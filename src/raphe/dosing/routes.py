"""Names of routes: what people call a drug, and what a model calls the way its doses enter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from raphe.dosing.regimen import Regimen


def routed(regimen: Regimen, names: Mapping[str, str]) -> Regimen:
    """Give some routes of a regimen other names.

    Parameters
    ----------
    regimen
        What is taken.
    names
        Name that stands with a dose, such as a drug -> name that it gets, such as the route in a model.

    Returns
    -------
    Regimen
        With the same text.
    """
    doses = []
    for dose in regimen.doses:
        name = None if dose.route is None else names.get(dose.route, dose.route)
        doses.append(replace(dose, route=name))
    return replace(regimen, doses=tuple(doses))
