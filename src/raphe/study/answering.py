"""Study + what ran -> Answer: effects on the target, courses, and the published observations beside the predictions.

Knows nothing of words, figures or pages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from raphe.analysis.answer import (
    Answer,
    Chain,
    Comparison,
    Course,
    Doubt,
    Effect,
    Failure,
    Interval,
    Provenance,
    RivalPrediction,
    Spread,
    Strangers,
    Sweep,
)
from raphe.analysis.observed import spread_text
from raphe.analysis.summary import (
    band,
    changes,
    has_baseline,
    interval,
    largest_change,
    mean_over,
    rebound,
    settling_time,
    statistic_of,
    statistic_of_trials,
    statistic_unit,
)
from raphe.core.draws import FloatArray
from raphe.core.errors import StudyError
from raphe.core.sources import Status
from raphe.core.units import Quantity
from raphe.engine.results import Dataset, Results, times_of, values_of
from raphe.engine.status import ADVICE
from raphe.engine.status import Status as RunStatus
from raphe.language.model import Model, Observation, Shown, Statistic, Target
from raphe.language.show import parameter_rows
from raphe.library.catalog import Catalog
from raphe.population.people import Layer
from raphe.population.support import support_text
from raphe.study.chain import chain_of, moves
from raphe.study.deciding import finished, sweep_of
from raphe.study.findings import findings_of
from raphe.study.plan import observed, references, shown_of, trial_size
from raphe.study.question import NO_DRUG, Scenario, Study, check_answerable
from raphe.study.region import in_whom
from raphe.study.run import Ran

SETTLED_WITHIN = 0.01
_MAX_COURSE = 400  # times of a course that a report keeps


def answer(study: Study, ran: Ran, doubt: Doubt, catalog: Catalog, *, command: str) -> Answer:
    """Put together everything that the terminal and the report show.

    Parameters
    ----------
    study
        What was asked.
    ran
        What came out.
    doubt
        Where its spread comes from.
    catalog
        Gives observations and sources.
    command
        How to make it again.

    Returns
    -------
    Answer

    Raises
    ------
    StudyError
        If the times of a scenario end before its last dose.
    """
    check_answerable(study)
    model = ran.model
    target = next(one for one in model.targets if one.name == study.target)
    sweep = sweep_of(study, ran, target.quantity)
    shown = shown_of(study, catalog.assemblies[study.model])
    moving = [
        one
        for one in shown
        if one.quantity == target.quantity or moves(ran.results, study.scenarios, one.quantity)
    ]
    comparisons = tuple(
        _compare(study, scenario, observation, ran, model)
        for scenario in study.scenarios
        for observation in observed(study, scenario, catalog)
    )
    findings = findings_of(study, catalog)
    keys = {key for one in findings for key in one.keys}
    rows = parameter_rows(model)
    counts = {status: sum(row.status == status.value for row in rows) for status in Status}
    return Answer(
        title=study.title,
        subject=_subject(study),
        target=study.target,
        target_meaning=target.meaning,
        target_output=target.quantity,
        model=f"{model.name}: {model.title}",
        modules=model.slots,
        effects=tuple(_effect(ran.results, one, target.quantity) for one in study.scenarios),
        chain=_chain(study, ran, target, shown, sweep),
        sweep=sweep,
        doubt=doubt,
        whom=in_whom(study, ran, target.quantity, sweep),
        courses=tuple(
            _course(ran.results, scenario, one.quantity, one.title)
            for one in moving
            for scenario in study.scenarios
        ),
        unchanged=tuple(one.title for one in shown if one not in moving),
        comparisons=comparisons,
        findings=tuple(one.finding for one in findings),
        parameters=rows,
        statuses=tuple((status.value, count) for status, count in counts.items()),
        assumptions=_assumptions(model),
        references=references(study, model, catalog, also=keys),
        failures=_failures(ran),
        strangers=_strangers(ran),
        supports=tuple(support_text(one) for one in model.supports),
        provenance=_provenance(study, ran, command),
    )


def _subject(study: Study) -> str:
    """What is taken; where nothing is, what is done."""
    if any(scenario.regimen.doses for scenario in study.scenarios):
        return study.drug.replace("_", " ")
    done = [scenario.name for scenario in study.scenarios if scenario.acts]
    return ", ".join(done) or NO_DRUG


def _chain(
    study: Study, ran: Ran, target: Target, shown: tuple[Shown, ...], sweep: Sweep | None
) -> Chain | None:
    if sweep is None:
        return None
    scenario = next(one for one in study.scenarios if one.name == sweep.scenario)
    return chain_of(study, ran, target, shown, scenario)


def _effect(results: Results, scenario: Scenario, output: str) -> Effect:
    regimen = scenario.regimen
    figures: dict[str, dict[str, Interval]] = {}
    falling = rising = 0.0
    relative = True
    for layer in ("people", "typical"):
        data = results.dataset(scenario.name, layer)
        values = finished(data, output)
        times, change = times_of(data), changes(values)
        relative = has_baseline(values)
        size, when = largest_change(change, times)
        last = regimen.last_dose
        parts = {
            "size": size,
            "when": when,
            "rebound": rebound(change, times, last),
            "day": mean_over(change, times, last, last + 24.0),
            "end": change[:, -1],
            "settled": settling_time(change, times, last_dose=last, within=SETTLED_WITHIN),
        }
        figures[layer] = {name: interval(part) for name, part in parts.items()}
        falling, rising = float(np.mean(size < 0.0)), float(np.mean(size > 0.0))

    def spread(name: str) -> Spread:
        return Spread(people=figures["people"][name], uncertainty=figures["typical"][name])

    return Effect(
        scenario=scenario.name,
        regimen=regimen.text,
        relative=relative,
        acts=scenario.acts,
        doses=len(regimen.expanded().doses),
        last_dose=regimen.last_dose,
        until=scenario.grid.times[-1],
        largest_change=spread("size"),
        time_of_largest=spread("when"),
        rebound=spread("rebound"),
        mean_change_last_day=spread("day"),
        change_at_end=spread("end"),
        settled=spread("settled"),
        settled_within=SETTLED_WITHIN,
        share_falling=falling,
        share_rising=rising,
    )


def _course(results: Results, scenario: Scenario, output: str, title: str) -> Course:
    people = results.dataset(scenario.name, "people")
    typical = results.dataset(scenario.name, "typical")
    times = times_of(people)
    every = max(1, math.ceil(len(times) / _MAX_COURSE))
    kept = np.unique(np.append(np.arange(0, len(times), every), len(times) - 1))
    return Course(
        scenario=scenario.name,
        output=output,
        title=title,
        unit=str(people[output].attrs["units"]),
        hours=times[kept],
        people=band(finished(people, output)[:, kept]),
        uncertainty=band(finished(typical, output)[:, kept]),
    )


def _compare(
    study: Study, scenario: Scenario, observation: Observation, ran: Ran, model: Model
) -> Comparison:
    _check_unit(observation, model, scenario)
    draws = study.population.draws
    sample = observation.sample or ""
    data = ran.others["", sample].dataset(scenario.name, "trials")
    size = trial_size(observation)
    in_trial = np.asarray(data["person"].values) < size
    courses = _courses(observation, data)[in_trial].reshape(draws, size, -1)
    each = statistic_of_trials(observation.statistic, courses, times_of(data), scenario.regimen) / (
        _value(observation).unit.factor
    )
    middle = np.nanmedian if observation.statistic is Statistic.TIME_OF_MAXIMUM else np.nanmean
    told = ~np.isnan(each).all(
        axis=1
    )  # where nobody of a trial has the statistic, the trial has none
    means = np.full(draws, np.nan)
    means[told] = middle(each[told], axis=1)
    predicted = interval(means)
    value = _value(observation).value
    ratio = predicted.middle / value
    rivals = []
    for (module, other), results in ran.others.items():
        if module and other == sample and (scenario.name, "typical") in results.runs:
            typical = _statistic(observation, scenario, results.dataset(scenario.name, "typical"))
            rivals.append(RivalPrediction(module=module, predicted=interval(typical)))
    provenance = observation.provenance
    if provenance is None:
        raise StudyError(f'"{observation.name}" has no source', place=observation.place)
    return Comparison(
        observation=observation.name,
        regimen=scenario.regimen.text,
        people=observation.people,
        statistic=observation.statistic.value.replace("_", " "),
        output=observation.quantity,
        unit=_value(observation).unit.text,
        observed=value,
        observed_spread=spread_text(observation),
        predicted=predicted,
        fold_error=max(ratio, 1.0 / ratio),
        inside=predicted.low <= value <= predicted.high,
        role=observation.role.value,
        status=provenance.status.value,
        citation="; ".join(f"{one.key}, {one.locator}" for one in provenance.citations),
        rivals=tuple(rivals),
    )


def _statistic(observation: Observation, scenario: Scenario, data: Dataset) -> FloatArray:
    """The observed statistic of each subject, in the unit of the observation."""
    courses = _courses(observation, data)
    statistic = statistic_of(observation.statistic, courses, times_of(data), scenario.regimen)
    return statistic / _value(observation).unit.factor


def _courses(observation: Observation, data: Dataset) -> FloatArray:
    """What was observed, of each subject, in base units."""
    return values_of(data, observation.quantity) * _factor(data, observation.quantity)


def _factor(data: Dataset, output: str) -> float:
    return float(data[output].attrs["factor"])


def _check_unit(observation: Observation, model: Model, scenario: Scenario) -> None:
    units = {quantity.name: quantity.unit for quantity in model.quantities}
    units |= {species.name: species.unit for species in model.species}
    unit, dose = units.get(observation.quantity), scenario.regimen.doses[0].amount.unit
    if unit is None:
        message = f'"{observation.quantity}" is not in the model "{model.name}"'
        raise StudyError(message, place=observation.place, advice="name an output of the model")
    wanted = _value(observation).unit
    if statistic_unit(observation.statistic, unit, dose) != wanted.dimension:
        message = f"{observation.statistic.value} of {observation.quantity} is not in {wanted}"
        raise StudyError(message, place=observation.place, advice="give a unit that fits")


def _value(observation: Observation) -> Quantity:
    """What was observed; `observed` gives only observations that have a value."""
    if observation.value is None:
        raise StudyError(f'"{observation.name}" has no value', place=observation.place)
    return observation.value


def _assumptions(model: Model) -> tuple[str, ...]:
    """Reasons of every assumed number, and what the model leaves out."""
    found = []
    for parameter in model.parameters:
        origin = parameter.provenance
        if origin is not None and origin.status is Status.ASSUMED:
            unit = (
                "" if parameter.value.unit.text == "dimensionless" else f" {parameter.value.unit}"
            )
            value = f"{parameter.value.value:g}{unit}"
            found.append(f"{parameter.name} = {value} ({parameter.meaning}): {origin.note}")
    return tuple(found)


def _failures(ran: Ran) -> tuple[Failure, ...]:
    """Subjects that did not finish, those of trials and rivals among them."""
    found = []
    for key, results in ((("", ""), ran.results), *ran.others.items()):
        variant = ", ".join(name for name in key if name)
        for (scenario, layer), data in results.runs.items():
            statuses = np.asarray(data["status"].values)
            for status in RunStatus:
                count = int(np.sum(statuses == status))
                if status is not RunStatus.OK and count:
                    found.append(
                        Failure(
                            scenario=scenario,
                            layer=f"{layer} of {variant}" if variant else layer,
                            status=status.name,
                            count=count,
                            of=len(statuses),
                            advice=ADVICE[status],
                        )
                    )
    return tuple(found)


def _strangers(ran: Ran) -> tuple[Strangers, ...]:
    """Subjects outside the support, of the study's own model; trials and rivals draw from the same people."""
    counts = [
        (scenario, layer, np.asarray(data["outside"].values))
        for (scenario, layer), data in ran.results.runs.items()
    ]
    return tuple(
        Strangers(scenario=scenario, layer=layer, count=int(np.sum(marks)), of=len(marks))
        for scenario, layer, marks in counts
        if layer in (Layer.PEOPLE.value, Layer.TYPICAL.value) and np.any(marks)
    )


def _provenance(study: Study, ran: Ran, command: str) -> Provenance:
    attributes: Mapping[str, str | int | float] = ran.results.attributes
    own = {"raphe", "model", "drug", "seed", "kernel", "method"}
    own |= {"relative tolerance", "absolute tolerance"}
    return Provenance(
        version=str(attributes["raphe"]),
        seed=study.population.seed,
        people=study.population.people,
        draws=study.population.draws,
        relative_tolerance=study.options.relative,
        absolute_tolerance=study.options.absolute,
        method=str(attributes["method"]),
        model_digest=str(attributes["kernel"]),
        packages=tuple((name, str(v)) for name, v in attributes.items() if name not in own),
        command=command,
    )
