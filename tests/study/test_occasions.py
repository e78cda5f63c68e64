"""Numbers that differ from dose to dose or day to day: exact at their borders, by key, absent where not asked for."""

import dataclasses
import math

import numpy as np
import pytest

from raphe.core.errors import InputError
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.engine.compile import compile_program
from raphe.engine.doses import Taken
from raphe.engine.lower import lower
from raphe.engine.solve import Options, settings_of, solve
from raphe.engine.status import Action
from raphe.engine.timeline import make_timeline
from raphe.language.compose import compose
from raphe.language.parse import parse
from raphe.library.catalog import make_catalog
from raphe.population.behavior import Behavior
from raphe.population.occasions import vary
from raphe.population.people import Layer, Population, draw_subjects
from raphe.study.experiment import taking_of
from raphe.study.occasions import occasions_of
from raphe.study.plan import make_plan
from raphe.study.question import check_study
from raphe.study.run import run_plan
from raphe.study.schema import parse_study, study_text

TEXT = """
module body {
    parameter clearance = 4 L/h { people lognormal cv 30 %; occasions lognormal cv 20 % each day; assumed "test"; }
    parameter volume = 30 L { people lognormal cv 20 %; assumed "test"; }
    parameter absorption = 1.1 1/h { people lognormal cv 40 %; occasions lognormal cv 50 % each dose; assumed "test"; }
    parameter wait = 0.5 h { occasions normal sd 0.1 h each dose; assumed "test"; }
    parameter taken = 0.8 dimensionless { occasions lognormal cv 10 % each dose; assumed "test"; }
    species depot : mg;
    species central : mg;
    derivative depot = -absorption * depot;
    derivative central = absorption * depot - clearance / volume * central;
    quantity level : mg/L = central / volume;
    route oral into depot lag wait fraction taken;
    output level as level;
}
module other {
    parameter rate = 1 1/h { occasions lognormal cv 50 % each dose; assumed "test"; }
    species amount : mg;
    derivative amount = -rate * amount;
    route oral into amount;
}
model both "Both" {
    use body as drug;
    use other as other;
    drug mine by drug.oral level drug.level "Level";
    drug theirs by other.oral;
    target level = drug.level "level";
    show drug.level "Level";
}
"""
PLAIN = (
    TEXT.replace("occasions lognormal cv 20 % each day;", "")
    .replace("occasions lognormal cv 50 % each dose;", "")
    .replace("occasions normal sd 0.1 h each dose;", "")
    .replace("occasions lognormal cv 10 % each dose;", "")
)
TIGHT = Options(relative=1e-10, absolute=1e-13)
TIMES = np.arange(0.25, 60.0, 0.75)
ROUTE = "drug.oral"


def catalog_of(text):
    return make_catalog([parse(text, "both.raphe")])


class Bench:
    def __init__(self, text, doses=(ROUTE,), outputs=("drug.level",)):
        catalog = catalog_of(text)
        self.model = compose(catalog.assemblies["both"], catalog.library)
        self.kernel = compile_program(lower(self.model, outputs=outputs, doses=doses))
        self.names = [one.name for one in self.model.parameters]

    def people(self, count=6, layer=Layer.PEOPLE, *, only=None, trial_size=1, **fixed):
        given = {f"drug.{name}": parse_quantity(text) for name, text in fixed.items()}
        population = Population(people=count, draws=4, seed=7)
        return draw_subjects(
            self.model, population, layer, fixed=given, only=only, trial_size=trial_size
        )

    def occasions(self, people, regimen, until=60.0):
        return occasions_of(self.model, self.kernel, people, regimen, route=ROUTE, until=until)

    def run(self, people, regimen, *, taken=None, times=TIMES):
        parameters, occasions = self.occasions(people, regimen, float(times[-1]))
        timeline = make_timeline(
            self.kernel.program,
            regimen,
            route=ROUTE,
            settings=settings_of(self.kernel, parameters),
            parameters=parameters,
            taken=taken,
            occasions=occasions,
        )
        outcome = solve(self.kernel, parameters, timeline, times, options=TIGHT)
        assert not outcome.status.any()
        return outcome.values[:, :, 0]

    def column(self, table, name):
        return table[:, self.names.index(f"drug.{name}")]


@pytest.fixture(scope="module")
def bench():
    return Bench(TEXT)


def closed_form(times, doses, borders, start):
    """Level of one compartment with first-order absorption whose numbers jump: from border to border, exactly.

    `doses` are (arrival, amount), `borders` (time, {name: value}); between them both equations are linear with
    constant coefficients, and their solution is written out.
    """
    moments = sorted({0.0, *(time for time, _ in doses), *(time for time, _ in borders), *times})
    depot = central = 0.0
    now, number, found = 0.0, dict(start), []
    for moment in moments:
        ka, k = number["absorption"], number["clearance"] / number["volume"]
        span = moment - now
        gone, left = math.exp(-ka * span), math.exp(-k * span)
        central = central * left + ka * depot / (ka - k) * (left - gone)
        depot *= gone
        now = moment
        if moment in times:
            found.append(central / number["volume"])
        depot += sum(amount for time, amount in doses if time == moment)
        for time, changes in borders:
            if time == moment:
                number |= changes
    return found


def numbers_of(bench, parameters, person):
    names = ("absorption", "clearance", "volume", "wait", "taken")
    return {name: float(bench.column(parameters, name)[person]) for name in names}


@pytest.mark.parametrize("dosing", ["10 mg every 12 h for 2 d", "10 mg once"])
def test_levels_are_those_of_the_closed_form_with_changing_numbers(bench, dosing):
    people, regimen = bench.people(), Regimen.from_text(dosing)
    levels = bench.run(people, regimen)
    parameters, occasions = bench.occasions(people, regimen)
    doses = regimen.parted().doses
    for person in range(6):
        start = numbers_of(bench, parameters, person)
        own, given = dict(start), []
        changes = []
        for border in occasions.borders:
            values = {
                bench.names[index].removeprefix("drug."): float(border.values[person, place])
                for place, index in enumerate(border.index)
            }
            changes.append((border.time, border.doses, values))
        for order, dose in enumerate(doses):
            for _, group, values in changes:
                if group == (order,):
                    own |= values
            given.append((dose.time + own["wait"], 10.0 * own["taken"]))
        borders = [(time, values) for time, _, values in changes]
        wanted = closed_form(TIMES.tolist(), given, borders, start)
        assert levels[person] == pytest.approx(wanted, rel=1e-7, abs=1e-12)
    assert (
        len(occasions.borders) == (len(doses) - 1) + 2
    )  # doses after the first, days after the first


def test_one_person_differs_as_declared_from_occasion_to_occasion(bench):
    people = bench.people(3000)
    parameter = next(one for one in bench.model.parameters if one.name == "drug.absorption")
    own = bench.column(people.parameters, "absorption")
    ratios = [np.log(vary(parameter, own, people, number) / own) for number in range(4)]
    spread = math.sqrt(math.log(1.25))
    for ratio in ratios:
        assert ratio.mean() == pytest.approx(0.0, abs=4.0 * spread / math.sqrt(3000))
        assert ratio.std() == pytest.approx(spread, rel=0.06)
    between = np.corrcoef(ratios)[np.triu_indices(4, 1)]
    assert np.max(np.abs(between)) < 4.0 / math.sqrt(3000)
    assert abs(np.corrcoef(ratios[0], np.log(own))[0, 1]) < 4.0 / math.sqrt(3000)


def test_some_people_alone_have_the_same_occasions(bench):
    regimen = Regimen.from_text("10 mg every 12 h for 2 d")
    whole = bench.run(bench.people(), regimen)
    part = bench.run(bench.people(only=range(2, 5)), regimen)
    assert np.array_equal(part, whole[2:5])


def test_trials_have_occasions_of_their_own(bench):
    regimen = Regimen.from_text("10 mg every 12 h for 1 d")
    trials = bench.people(layer=Layer.TRIALS, trial_size=3)
    whole = bench.run(trials, regimen)
    part = bench.run(bench.people(layer=Layer.TRIALS, trial_size=3, only=range(4, 8)), regimen)
    assert np.array_equal(part, whole[4:8])
    first, _ = bench.occasions(trials, regimen)
    ratio = bench.column(first, "taken") / bench.column(trials.parameters, "taken")
    assert len(np.unique(ratio)) == 12


@pytest.mark.parametrize("layer", [Layer.TYPICAL, Layer.BEST, Layer.SWEPT])
def test_the_typical_person_has_no_occasions(bench, layer):
    regimen = Regimen.from_text("10 mg every 12 h for 2 d")
    people = bench.people(layer=layer)
    parameters, occasions = bench.occasions(people, regimen)
    assert parameters is people.parameters
    assert occasions is None


def test_without_occasions_every_bit_is_as_before(bench):
    plain = Bench(PLAIN)
    regimen = Regimen.from_text("10 mg every 12 h for 2 d")
    typical = [one.run(one.people(layer=Layer.TYPICAL), regimen) for one in (bench, plain)]
    assert np.array_equal(*typical)
    assert np.array_equal(bench.people().parameters, plain.people().parameters)
    given = {
        "absorption": "1 1/h",
        "wait": "0.5 h",
        "taken": "0.8 dimensionless",
        "clearance": "4 L/h",
    }
    held = [one.run(one.people(**given), regimen) for one in (bench, plain)]
    assert np.array_equal(*held)


def test_an_occasion_is_the_same_whatever_other_doses_there_are(bench):
    people = bench.people()
    often, seldom = (Regimen.from_text(f"10 mg every {hours} h for 2 d") for hours in (12, 24))
    found = [
        next(b for b in bench.occasions(people, one)[1].borders if b.time == 24.0 and b.doses)
        for one in (often, seldom)
    ]
    assert [one.doses for one in found] == [(2,), (1,)]
    assert np.array_equal(found[0].values, found[1].values)


def test_what_only_doses_feel_stops_no_solver(bench):
    people, regimen = bench.people(), Regimen.from_text("10 mg every 12 h for 2 d")
    parameters, occasions = bench.occasions(people, regimen)
    kept, program = parameters.copy(), bench.kernel.program
    timeline = make_timeline(
        program,
        regimen,
        route=ROUTE,
        settings=settings_of(bench.kernel, parameters),
        parameters=parameters,
        occasions=occasions,
    )
    changed = set(timeline.index[timeline.action == Action.SET_PARAMETER].tolist())
    names = {program.layout.parameters[index] for index in changed}
    assert names == {"drug.absorption", "drug.clearance"}
    assert {"drug.wait", "drug.taken"} <= program.used_parameters()
    arrivals = timeline.value[timeline.action == Action.ADD_STATE].reshape(len(people.person), -1)
    assert np.all(np.diff(arrivals, axis=1) != 0.0)  # though each dose is another share
    assert np.array_equal(parameters, kept)


def test_the_doses_of_another_slot_are_no_occasions():
    both = Bench(TEXT, doses=(ROUTE, "other.oral"))
    people = both.people()
    mine = Regimen.from_text("10 mg every 12 h for 2 d")
    mixed = dataclasses.replace(
        mine,
        doses=(
            *mine.doses,
            *(dataclasses.replace(one, time=5.0, route="other.oral") for one in mine.doses),
        ),
    )
    # the same numbers, though the solver stops at more borders
    assert both.run(people, mine) == pytest.approx(both.run(people, mixed), rel=1e-8, abs=1e-12)


def test_a_missed_dose_begins_no_occasion_and_a_late_one_begins_it_late(bench):
    regimen = Regimen.from_text("10 mg every 12 h for 2 d")
    people = bench.people(2)
    share, delay = np.ones((2, 4)), np.zeros((2, 4))
    share[0, 2], delay[1, 2] = 0.0, 3.0
    _, occasions = bench.occasions(people, regimen)
    third = next(one for one in occasions.borders if one.doses == (2,))
    begins = third.begins(Taken(share=share, delay=delay))
    assert begins.tolist() == [np.inf, 27.0]
    levels = bench.run(people, regimen, taken=Taken(share=share, delay=delay))
    told = bench.run(people, regimen)
    before = TIMES < 24.0
    assert np.array_equal(levels[:, before], told[:, before])
    late = (TIMES > 24.0) & (TIMES < 27.0)
    assert np.all(levels[:, late][:, -1] < told[:, late][:, -1])


def test_behavior_and_occasions_go_together(bench):
    regimen = Regimen.from_text("10 mg every 12 h for 2 d")
    people = bench.people()
    taken = taking_of(Behavior(missed=0.3, late=1.0), regimen, people, seed=7)
    assert np.isfinite(bench.run(people, regimen, taken=taken)).all()


def test_two_doses_at_one_time_are_one_occasion(bench):
    one = Regimen.from_text("10 mg every 12 h for 1 d")
    twice = dataclasses.replace(one, doses=(*one.doses, *one.doses))
    _, occasions = bench.occasions(bench.people(), twice)
    assert [border.doses for border in occasions.borders if border.doses] == [(2, 3)]


STUDY = """
raphe: 1
title: Occasions
model: both
drug: mine
target: level
people: {count: 40, draws: 4}
scenarios: [{name: week, regimen: 10 mg every 12 h for 3 d, times: every 2 h for 4 d}]
"""


def test_a_study_is_the_same_with_any_threads_and_differs_from_one_without():
    ran = []
    for text, threads in ((TEXT, 1), (TEXT, 3), (PLAIN, 1)):
        catalog = catalog_of(text)
        plan = make_plan(parse_study(STUDY, "study.yaml"), catalog)
        ran.append(run_plan(plan, catalog, threads=threads).results)
    people = [one.dataset("week")["drug.level"].values for one in ran]
    assert np.array_equal(people[0], people[1])
    assert not np.any(people[0][:, 1:] == people[2][:, 1:])
    typical = [one.dataset("week", "typical")["drug.level"].values for one in ran]
    assert np.array_equal(typical[0], typical[2])


TURNS = STUDY.replace(
    "times: every 2 h for 4 d}",
    "times: every 2 h for 4 d, turns: [{at: 60 h, settings: {drug.clearance: 2 L/h}}, "
    "{at: 30 h, settings: {drug.clearance: 8 L/h, drug.volume: 20 L}}]}",
)


def test_a_turn_is_exact_and_the_same_for_all_layers():
    catalog = catalog_of(PLAIN)
    study = parse_study(TURNS, "study.yaml")
    assert [turn.time for turn in study.scenarios[0].turns] == [30.0, 60.0]
    assert parse_study(study_text(study), "again") == study
    study = dataclasses.replace(study, options=TIGHT)
    ran = run_plan(make_plan(study, catalog), catalog, threads=1)
    data = ran.results.dataset("week", "typical")
    levels = data["drug.level"].values[0]
    start = {"absorption": 1.1, "clearance": 4.0, "volume": 30.0}
    doses = [(12.0 * number + 0.5, 8.0) for number in range(6)]
    turns = [(30.0, {"clearance": 8.0, "volume": 20.0}), (60.0, {"clearance": 2.0})]
    wanted = closed_form(data["time"].values.tolist(), doses, turns, start)
    # a value at the time of a turn is the one before it
    assert levels == pytest.approx(wanted, rel=1e-7, abs=1e-12)
    plain = run_plan(
        make_plan(dataclasses.replace(parse_study(STUDY, "s"), options=TIGHT), catalog),
        catalog,
        threads=1,
    )
    before = data["time"].values <= 30.0
    people = [one.results.dataset("week")["drug.level"].values for one in (ran, plain)]
    assert people[0][:, before] == pytest.approx(people[1][:, before], rel=1e-8, abs=1e-12)
    assert not np.any(people[0][:, ~before] == people[1][:, ~before])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("at: 60 h", "at: 0 h", "no turn"),
        ("at: 60 h", "at: 3 mg", "of another kind"),
        ("settings: {drug.clearance: 2 L/h}", "settings: {}", "settings"),
        ("settings: {drug.clearance: 2 L/h}", "setting: {a: 2 L/h}", 'did you mean "settings"'),
        ("drug.clearance: 2 L/h", "drug.clearence: 2 L/h", 'did you mean "drug.clearance"'),
        ("drug.clearance: 2 L/h", "drug.clearance: 2 L", "cannot be 2.0 L"),
    ],
)
def test_turns_that_cannot_be_are_refused(old, new, words):
    with pytest.raises(InputError, match=words):
        check_study(parse_study(TURNS.replace(old, new), "study.yaml"), catalog_of(PLAIN))


def test_what_differs_from_occasion_to_occasion_cannot_be_turned():
    with pytest.raises(InputError, match="differs from occasion to occasion"):
        check_study(parse_study(TURNS, "study.yaml"), catalog_of(TEXT))
