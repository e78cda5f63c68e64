"""Claims + library -> judgments: the declared experiment run with every form of the model, the rule applied.

The rule sees two states, one of the outside evidence and one of the model; nothing is added up across them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from raphe.analysis.summary import compared, interval
from raphe.core.draws import FloatArray
from raphe.core.errors import StudyError, UnknownNameError, nearest
from raphe.dosing.regimen import Regimen
from raphe.language.model import Assembly, Direction
from raphe.library.catalog import Catalog
from raphe.population.people import Layer, Population, swept_parameters
from raphe.study.claims import (
    Arm,
    Claim,
    ClaimFile,
    Evidence,
    EvidenceState,
    Experiment,
    FormResult,
    Judgment,
    ModelState,
    Side,
    Strength,
)
from raphe.study.endpoints import endpoint_of
from raphe.study.experiment import Bench, perform, recruit, set_up
from raphe.study.plan import rivals_of

SURE = 0.9  # share of draws from which the model is taken to say so
OWN = "as it stands"
_WEIGHTS = {Strength.WEAK: 1, Strength.MODERATE: 2, Strength.STRONG: 3}
_CLEAR = 2  # how many times as much must speak for one side
_STEP = 0.5  # h between times of short runs
_MOST_TIMES = 400
_NAMED = 3  # numbers that are named as deciding

Progress = Callable[[int, int], None]
Benches = dict[tuple[object, ...], Bench | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lab:
    """What all experiments of a file share."""

    catalog: Catalog
    assembly: Assembly
    population: Population
    threads: int
    benches: Benches


@dataclass(frozen=True, slots=True)
class _Changes:
    """Change of each subject, and whether it is a fraction."""

    values: FloatArray
    relative: bool


def judge(
    file: ClaimFile,
    catalog: Catalog,
    *,
    threads: int,
    seed: int | None = None,
    benches: Benches | None = None,
    progress: Progress | None = None,
) -> tuple[Judgment, ...]:
    """Judge every claim of a file.

    Parameters
    ----------
    file
        From `read_claims`.
    catalog
        Gives the model and its rivals.
    threads
        Worker threads; the numbers do not depend on it.
    seed
        In place of that of the file.
    benches
        Grows; what one call set up the next one with the same catalog need not.
    progress
        Called with claims done and claims in all.

    Returns
    -------
    tuple of Judgment
        In the order of the file.

    Raises
    ------
    StudyError
        If an experiment does not fit the model, or a subject of it fails.
    """
    population = Population(people=1, draws=file.draws, seed=file.seed if seed is None else seed)
    lab = _Lab(
        catalog=catalog,
        assembly=catalog.assemblies[file.model],
        population=population,
        threads=threads,
        benches={} if benches is None else benches,
    )
    found = []
    for number, claim in enumerate(file.claims):
        found.append(_judge(claim, lab))
        if progress is not None:
            progress(number + 1, len(file.claims))
    return tuple(found)


def _judge(claim: Claim, lab: _Lab) -> Judgment:
    forms: list[FormResult] = []
    decides: tuple[str, ...] = ()
    if claim.experiment is not None:
        one = claim.experiment
        choices: list[tuple[str, dict[str, str]]] = [(OWN, {})]
        choices += [(rival, {slot: rival}) for slot, rival in rivals_of(lab.assembly)]
        own: _Changes | None = None
        for name, chosen in choices:
            changes = _run(one, lab, chosen, Layer.TYPICAL)
            if changes is None:
                continue
            if own is not None and np.array_equal(own.values, changes.values):
                continue  # this rival has no part in it
            own = own or changes
            forms.append(_form(name, changes, one))
        decides = _decides(one, lab)
    evidence, model = weigh(claim.evidence), _model_state(forms)
    verdict = next(
        line.verdict
        for line in claim.rule
        if (not line.evidence or evidence in line.evidence)
        and (not line.model or model in line.model)
    )
    return Judgment(
        claim=claim,
        evidence=evidence,
        model=model,
        forms=tuple(forms),
        decides=decides,
        verdict=verdict,
    )


def weigh(evidence: tuple[Evidence, ...]) -> EvidenceState:
    """What outside findings say as a whole: one side needs twice the weight of the other."""
    sides = dict.fromkeys(Side, 0)
    for one in evidence:
        sides[one.side] += _WEIGHTS[one.strength]
    if not any(sides.values()):
        return EvidenceState.NONE
    if sides[Side.FOR] >= _CLEAR * (sides[Side.AGAINST] + sides[Side.MIXED]):
        return EvidenceState.FOR
    if sides[Side.AGAINST] >= _CLEAR * (sides[Side.FOR] + sides[Side.MIXED]):
        return EvidenceState.AGAINST
    return EvidenceState.MIXED


def _model_state(forms: list[FormResult]) -> ModelState:
    if not forms:
        return ModelState.SILENT
    if all(form.holds >= SURE for form in forms):
        return ModelState.AGREES
    if all(form.holds <= 1.0 - SURE for form in forms):
        return ModelState.DISAGREES
    return ModelState.OPEN


def _form(name: str, changes: _Changes, experiment: Experiment) -> FormResult:
    return FormResult(
        form=name,
        change=interval(changes.values),
        holds=float(np.mean(_holds(changes.values, experiment))),
        relative=changes.relative,
    )


def _holds(values: FloatArray, experiment: Experiment) -> FloatArray:
    """In which draws the claimed change is there."""
    smallest = experiment.smallest
    match experiment.direction:
        case Direction.RISES:
            return np.asarray(values >= smallest, dtype=np.float64)
        case Direction.FALLS:
            return np.asarray(values <= -smallest, dtype=np.float64)
        case Direction.STAYS:
            return np.asarray(np.abs(values) < smallest, dtype=np.float64)


def _run(
    experiment: Experiment, lab: _Lab, choices: Mapping[str, str], layer: Layer
) -> _Changes | None:
    """The change of the declared quantity in each subject; None if this form lacks a route."""
    arms = [experiment.arm] if experiment.than is None else [experiment.arm, experiment.than]
    seen = []
    for arm in arms:
        bench = _bench(arm, lab, choices)
        if bench is None:
            return None
        seen.append(_read(arm, bench, lab, layer))
    first, rest = seen[0]
    values, relative = compared(first, rest if experiment.than is None else seen[1][0], rest)
    return _Changes(values - 1.0 if relative else values, relative)


def _bench(arm: Arm, lab: _Lab, choices: Mapping[str, str]) -> Bench | None:
    drugs = {one.name: one for one in lab.assembly.drugs}
    if arm.drug not in drugs:
        message = f'the model "{lab.assembly.name}" has no drug "{arm.drug}"'
        raise UnknownNameError(message, advice=nearest(arm.drug, drugs))
    key = (arm.drug, arm.regimen, arm.endpoint.output, *sorted(choices.items()))
    if key not in lab.benches:
        lab.benches[key] = set_up(
            lab.catalog,
            lab.assembly,
            drug=arm.drug,
            regimens=(Regimen.from_text(arm.regimen),),
            outputs=(arm.endpoint.output,),
            choices=choices,
        )
    return lab.benches[key]


def _read(arm: Arm, bench: Bench, lab: _Lab, layer: Layer) -> tuple[FloatArray, FloatArray]:
    """The endpoint and the first value of each subject, in the output's own unit."""
    known = {one.name for one in bench.model.parameters}
    settings = {name: value for name, value in arm.settings.items() if name in known}
    people = recruit(bench, lab.population, layer, settings=settings)
    regimen, factor = Regimen.from_text(arm.regimen), bench.units[0].factor
    times = _times(arm, regimen)
    courses, failed = perform(bench, people, regimen, times, threads=lab.threads)
    if failed:
        message = f"{failed} of {len(courses)} subjects failed in the experiment: {arm.regimen}"
        raise StudyError(message, advice="the numbers of the model leave what it can compute")
    values = courses[:, :, 0] / factor
    return endpoint_of(arm.endpoint, values, times, factor), values[:, 0]


def _times(arm: Arm, regimen: Regimen) -> FloatArray:
    """Time 0, and the window finely."""
    begin = 0.0 if arm.endpoint.begin is None else arm.endpoint.begin
    end = regimen.last_dose + 24.0 if arm.endpoint.end is None else arm.endpoint.end
    count = min(_MOST_TIMES, max(2, round((end - begin) / _STEP) + 1))
    return np.unique(np.concatenate([[0.0], np.linspace(begin, end, count)]))


def _decides(experiment: Experiment, lab: _Lab) -> tuple[str, ...]:
    """The numbers that move the change most when each is moved alone through its 90 % interval."""
    swept = _run(experiment, lab, {}, Layer.SWEPT)
    bench = _bench(experiment.arm, lab, {})
    if swept is None or bench is None:
        return ()
    known = {one.name for one in bench.model.parameters}
    settings = {k: v for k, v in experiment.arm.settings.items() if k in known}
    moved = swept_parameters(bench.model, settings)
    reach = np.abs(swept.values[1:] - swept.values[0]).reshape(-1, 2).max(axis=1)
    order = np.argsort(-reach, kind="stable")[:_NAMED]
    return tuple(
        f"{moved[place].name} ({moved[place].meaning})" for place in order if reach[place] > 0.0
    )
