"""The shipped models: rest is exact, and two solvers that share nothing but the formulas agree."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from raphe.engine.prune import prune
from raphe.engine.solve import Options
from raphe.language.compose import compose
from raphe.language.expression import evaluate

COUPLINGS = (
    *(f"gaba.{kind}_alpha{number}" for kind in ("phasic", "tonic") for number in (1, 2, 3, 5)),
    *(f"adaptation.coupling_alpha{number}" for number in (1, 2, 3, 5)),
    "adaptation.density",
    "arousal.arousal",
    "circuit.serotonin_firing",
    "circuit.dopamine_firing",
    "circuit.interneuron_firing",
    "inhibition.release",
    "dopamine_inhibition.release",
    "hydroxylase.enzyme",
    "turnover.ambient_change",
    "exercise.supply",
    "exercise.competed",
    "sleep.wakefulness",
    "ageing.serotonin_transporter",
    "ageing.dopamine_transporter",
    "dopamine.autoreceptor_factor",
    "dopamine.dopamine_change",
    "dopamine.synthesis_change",
    "terminal.autoreceptor_factor",
    "terminal.synthesis_factor",
    "terminal.drive",
    "terminal.serotonin_change",
)
MONTH = 30 * 24.0


def test_every_coupling_is_exactly_one_at_rest(flagship, at_start):
    values = at_start(flagship)
    found = {name: values[name] for name in COUPLINGS}
    assert found == pytest.approx(dict.fromkeys(COUPLINGS, 1.0), abs=1e-14)


def test_no_drug_for_a_month_moves_no_output_of_anybody(everything, random_people):
    people = np.vstack([everything.defaults(), random_people])
    outcome = everything.run(people, np.linspace(0.0, MONTH, 61))
    assert not outcome.status.any()
    start = outcome.values[:, :1, :]
    units = np.array([unit.factor for unit in everything.program.layout.output_units])
    scale = np.maximum(np.abs(start), units)  # what is 0 at rest is measured in its own unit
    assert np.max(np.abs(outcome.values - start) / scale) < 1e-6


def test_a_tiny_dose_makes_the_month_test_fail(everything):
    outcome = everything.run(everything.defaults(), [0.0, 4.0], regimen="0.001 mg once")
    start = outcome.values[:, :1, :]
    assert np.max(np.abs(outcome.values - start)) > 1e-6


@pytest.mark.parametrize("regimen", ["2 mg once", "0.5 mg every 8 h for 1 d"])
def test_the_engine_agrees_with_an_independent_stiff_solver(
    flagship, everything, random_people, with_quantities, regimen
):
    flagship = prune(flagship, everything.program.layout.outputs, ("drug.oral",))
    names = [species.name for species in flagship.species]
    rates = {derivative.species: derivative.rate for derivative in flagship.derivatives}
    doses = [0.0] if "once" in regimen else [0.0, 8.0, 16.0]
    milligrams = 2.0 if "once" in regimen else 0.5
    end = 30.0
    row = random_people[3]
    parameters = dict(zip(everything.names, row, strict=True))

    def slope(time, state):
        values = with_quantities(
            flagship, {**parameters, **dict(zip(names, state, strict=True)), "time": time}
        )
        return [evaluate(rates[name], values) for name in names]

    outputs = everything.program.layout.outputs
    places = [outputs.index(name) for name in names]
    start = everything.run(row[None, :], [0.0]).values[0, 0, places]
    units = [species.unit.factor for species in flagship.species]
    state, now = np.array(start), 0.0
    known = with_quantities(
        flagship, {**parameters, **dict(zip(names, start, strict=True)), "time": 0.0}
    )
    lag, fraction = known["drug.lag"], known["drug.bioavailability"]
    for begin in [*(dose + lag for dose in doses), end]:
        if begin > now:
            done = solve_ivp(
                slope, (now, begin), state, method="LSODA", rtol=1e-10, atol=1e-13 * np.array(units)
            )
            state, now = done.y[:, -1], begin
        if begin < end:
            state = state.copy()
            state[names.index("drug.gut")] += milligrams * fraction
    size = np.maximum(np.abs(state), 1e-4 * np.array(units))
    for relative, bound in ((1e-9, 1e-8), (1e-6, 1e-5)):
        options = Options(relative=relative, absolute=1e-3 * relative)
        mine = everything.run(row[None, :], [end], regimen=regimen, options=options)
        error = np.abs(mine.values[0, 0, places] - state) / size
        assert not [(n, e) for n, e in zip(names, error, strict=True) if e >= bound]


def test_every_rival_of_every_slot_composes(catalog):
    for assembly in catalog.assemblies.values():
        for use in assembly.uses:
            for rival in use.modules[1:]:
                model = compose(assembly, catalog.library, choices={use.alias: rival})
                assert dict(model.slots)[use.alias] == rival


def test_brain_drug_tracks_unbound_plasma_at_steady_state(everything, at_start, flagship):
    outcome = everything.run(
        everything.defaults(), [100 * 24.0 - 0.5], regimen="0.5 mg every 1 h for 100 d"
    )
    names = list(everything.program.layout.outputs)
    values = dict(zip(names, outcome.values[0, 0], strict=True))
    known = at_start(flagship)
    total = values["drug.plasma"] / known["brain.clonazepam"]
    expected = known["brain.fraction_unbound"] * known["brain.brain_entry"]
    assert values["brain.unbound"] / total == pytest.approx(expected, rel=0.01)
