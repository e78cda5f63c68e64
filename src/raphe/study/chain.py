"""What ran -> the chain of an answer: every drawn output between what is done and the target, with how far it moves."""

from __future__ import annotations

import numpy as np

from raphe.analysis.answer import Chain, Interval, Link, Spread
from raphe.analysis.summary import changes, has_baseline, interval, largest_change
from raphe.dosing.routes import routed
from raphe.engine.results import Dataset, Results, times_of
from raphe.language.model import Shown, Target
from raphe.language.paths import stages
from raphe.population.people import Layer
from raphe.study.deciding import NOTHING, finished
from raphe.study.question import Scenario, Study
from raphe.study.run import Ran


def chain_of(
    study: Study, ran: Ran, target: Target, shown: tuple[Shown, ...], scenario: Scenario
) -> Chain:
    """The path to the target in one scenario; the formulas of the model tell what lies on it.

    Parameters
    ----------
    study
        What was asked.
    ran
        What came out.
    target
        Where the path ends.
    shown
        What may stand on it, in the order of the model.
    scenario
        Whose doses and settings the path starts from.

    Returns
    -------
    Chain
        Without outputs that do not move.
    """
    names = {drug.name: drug.route for drug in ran.model.drugs}
    taken = {dose.route or names[study.drug] for dose in routed(scenario.regimen, names).doses}
    starts = {route.species for route in ran.model.routes if route.name in taken}
    turned = {name for turn in scenario.turns for name in turn.settings}
    titles = {one.quantity: one.title for one in shown}
    titles.setdefault(target.quantity, target.meaning.capitalize())
    kept = ran.results.dataset(scenario.name, Layer.PEOPLE.value).data_vars
    found = stages(
        ran.model,
        [name for name in titles if name in kept],
        starts=starts | turned | set(scenario.settings),
        goal=target.quantity,
    )
    links = [
        tuple(_link(ran.results, scenario, name, titles[name]) for name in stage) for stage in found
    ]
    moving = [tuple(link for link in stage if _moves(link)) for stage in links]
    return Chain(scenario=scenario.name, stages=tuple(stage for stage in moving if stage))


def _link(results: Results, scenario: Scenario, output: str, title: str) -> Link:
    people, typical = (
        results.dataset(scenario.name, layer.value) for layer in (Layer.PEOPLE, Layer.TYPICAL)
    )
    return Link(
        output=output,
        title=title,
        unit=str(people[output].attrs["units"]),
        relative=has_baseline(finished(people, output)),
        size=Spread(people=_size(people, output), uncertainty=_size(typical, output)),
    )


def _size(data: Dataset, output: str) -> Interval:
    return interval(largest_change(changes(finished(data, output)), times_of(data))[0])


def _moves(link: Link) -> bool:
    both = (link.size.people, link.size.uncertainty)
    return max(abs(end) for one in both for end in (one.low, one.high)) > NOTHING


def moves(results: Results, scenarios: tuple[Scenario, ...], output: str) -> bool:
    """Whether an output leaves its start in any of some scenarios, for anybody."""
    for scenario in scenarios:
        for layer in (Layer.PEOPLE, Layer.TYPICAL):
            values = finished(results.dataset(scenario.name, layer.value), output)
            if np.any(np.abs(changes(values)) > NOTHING):
                return True
    return False
