"""Pharmacokinetic modules: closed forms, mass balance, and published interactions that no number was set to."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import t

from raphe.core.units import parse_quantity
from raphe.engine.prune import prune
from raphe.language.compose import compose
from raphe.library.catalog import load_catalog


def kilograms(value):
    """A body weight in base units."""
    return parse_quantity(f"{value} kg").base


def level(part_of, regimen, times, drug="midazolam", **values):
    """Plasma course in ng/mL of the typical person, with some parameters set."""
    slot = {"clonazepam": "drug"}.get(drug, drug)
    routes = tuple({f"{slot}.oral", *(w for w in regimen.split() if w.startswith(f"{slot}."))})
    runner = part_of((f"{slot}.plasma",), routes)
    return runner.values(
        runner.run(runner.defaults(**values), times, regimen=regimen), f"{slot}.plasma"
    )[0]


def area(part_of, regimen, **values):
    """Area under a midazolam course to infinity, ng h/mL; after 10 days nothing is left."""
    times = np.concatenate(
        [[1e-9], np.linspace(0.0025, 12.0, 4800), np.linspace(12.02, 240.0, 6000)]
    )
    return np.trapezoid(level(part_of, regimen, times, **values), times)


def chain(drive_liver, drive_gut, times, *, milligrams):
    """Midazolam by mouth at 70 kg as a linear system, from the numbers of the module's page."""
    clearance = 22.9 / 0.43 * drive_liver / (1.0 + drive_liver)
    fraction = 1.0 / (1.0 + drive_liver) / (1.0 + drive_gut)
    volumes, exchanges, rate = (28.5, 20.6, 25.8), (62.0, 7.35), 12.0
    matrix = np.zeros((7, 7))
    for step in range(4):
        matrix[step, step] = -rate
        matrix[step + 1, step] = rate if step < 3 else rate * fraction
    matrix[4, 4] = -(clearance + sum(exchanges)) / volumes[0]
    for place, (exchange, volume) in enumerate(zip(exchanges, volumes[1:], strict=True), start=5):
        matrix[4, place], matrix[place, 4] = exchange / volume, exchange / volumes[0]
        matrix[place, place] = -exchange / volume
    start = np.zeros(7)
    start[0] = milligrams
    return np.array([(expm(matrix * time) @ start)[4] for time in times]) / volumes[0] * 1000.0


@pytest.mark.parametrize("enzyme", [1.0, 0.2, 3.0])
def test_midazolam_by_mouth_is_the_linear_chain_that_its_page_tells(part_of, enzyme):
    times = [0.1, 0.5, 1.0, 3.0, 8.0, 24.0]
    active = 1.0 + 0.94 * (enzyme - 1.0)
    expected = chain(0.43 / 0.57 * active, 0.43 / 0.57 * active, times, milligrams=7.5)
    found = level(
        part_of,
        "7.5 mg once by midazolam.oral",
        times,
        person__weight_male=kilograms(70),
        enzymes__co_medication=enzyme,
    )
    assert found == pytest.approx(expected, rel=1e-5)


def test_every_milligram_of_midazolam_is_somewhere_or_was_cleared(part_of):
    """What is in the body, what the first pass took and what was cleared add up to the dose."""
    places = ("stomach", "upper", "middle", "gut", "drug", "tissue", "deep_tissue")
    names = tuple(f"midazolam.{place}" for place in places)
    extra = ("midazolam.plasma", "midazolam.clearance", "midazolam.oral_fraction")
    runner = part_of((*names, *extra), ("midazolam.oral",))
    times = np.linspace(0.0, 6.0, 6001)
    outcome = runner.run(runner.defaults(), times, regimen="10 mg once by midazolam.oral")
    inside = sum(runner.values(outcome, name)[0] for name in names)
    plasma, clearance, fraction = (runner.values(outcome, name)[0] for name in extra)
    cleared = clearance[0] * np.trapezoid(plasma, times) / 1000.0
    waiting = sum(runner.values(outcome, name)[0] for name in names[:4])
    taken_out = (10.0 - waiting[-1]) * (1.0 - fraction[0])
    assert inside[-1] + cleared + taken_out == pytest.approx(10.0, rel=1e-5)


def test_the_oral_fraction_is_what_passes_gut_wall_and_liver(part_of):
    oral = area(part_of, "10 mg once by midazolam.oral")
    vein = area(part_of, "10 mg once by midazolam.intravenous")
    assert oral / vein == pytest.approx(0.57 * 0.57, rel=1e-3)


def test_itraconazole_and_fluconazole_raise_oral_midazolam_as_their_effect_in_the_vein_foretells(
    part_of,
):
    """Olkkola 1996 (abstract): clearance falls by 69 and 51 %; areas by mouth rise almost 7-fold and 3.6-fold."""
    control = {
        route: area(part_of, f"7.5 mg once by midazolam.{route}")
        for route in ("oral", "intravenous")
    }
    for fall, rise in ((0.69, 6.6), (0.51, 3.6)):
        extraction = 0.43 * (1.0 - fall)
        drive = extraction / (1.0 - extraction) / (0.43 / 0.57)
        activity = 1.0 + (drive - 1.0) / 0.94
        vein, oral = (
            area(part_of, f"7.5 mg once by midazolam.{route}", enzymes__co_medication=activity)
            / control[route]
            for route in ("intravenous", "oral")
        )
        assert vein == pytest.approx(1.0 / (1.0 - fall), rel=1e-3)
        assert oral == pytest.approx(rise, rel=0.2)


def test_an_inhibitor_raises_the_oral_fraction_as_in_the_population_model_that_was_not_used_for_it(
    part_of,
):
    """Wiebe 2020: clearance 24.15 - 16.34 L/h with an inhibitor, oral fraction 0.276 + 0.379."""
    extraction = 0.43 * (24.15 - 16.336) / 24.15
    drive = extraction / (1.0 - extraction) / (0.43 / 0.57)
    names = ("midazolam.clearance", "midazolam.oral_fraction")
    runner = part_of(names, ("midazolam.oral",))
    rows = [
        runner.run(runner.defaults(enzymes__co_medication=1.0 + (one - 1.0) / 0.94), [0.0])
        for one in (1.0, drive)
    ]
    clearance, fraction = (
        runner.values(rows[1], name)[0, 0] / runner.values(rows[0], name)[0, 0] for name in names
    )
    assert clearance == pytest.approx(7.814 / 24.15, rel=1e-6)
    assert fraction == pytest.approx(0.6546 / 0.2758, rel=0.05)


def test_obese_people_have_more_space_but_no_more_clearance(part_of):
    """Greenblatt 1984 (abstract): 2.7 L/kg against 1.7 L/kg, and a clearance that does not differ."""
    names = ("midazolam.clearance", "midazolam.deep_volume")
    runner = part_of(names, ("midazolam.oral",))
    runs = [runner.run(runner.defaults(person__weight_male=kilograms(w)), [0.0]) for w in (66, 117)]
    clearance, space = (
        runner.values(runs[1], name)[0, 0] / runner.values(runs[0], name)[0, 0] for name in names
    )
    assert clearance == pytest.approx(1.0, abs=0.06)
    assert space == pytest.approx(311.0 / 114.0, rel=0.1)


def test_levels_of_repeated_clonazepam_are_the_sum_of_those_of_single_doses(part_of):
    """Berlin 1975 (abstract): 0.5 mg twice a day for 15 days is predictable from single doses within 6 %."""
    trough = 15 * 24.0 - 1e-6
    single = level(
        part_of,
        "0.5 mg once by drug.oral",
        np.sort(trough - 12.0 * np.arange(30)),
        drug="clonazepam",
    )
    repeated = level(
        part_of, "0.5 mg every 12 h for 15 d by drug.oral", [trough], drug="clonazepam"
    )
    assert repeated[0] == pytest.approx(single.sum(), rel=1e-5)


@pytest.mark.parametrize("route", ["oral", "intravenous", "intramuscular", "intranasal", "buccal"])
def test_clonazepam_that_went_in_comes_out_in_the_share_that_its_page_tells(part_of, route):
    """Area times clearance is what reached the blood, on the scale of a swallowed dose."""
    share = {
        "oral": 1.0,
        "intravenous": 1.0 / 0.9,
        "intramuscular": 0.93 / 0.9,
        "intranasal": 0.3 / 0.9 + 0.7,
        "buccal": 0.4 / 0.9 + 0.6,
    }[route]
    runner = part_of(("drug.plasma", "drug.clearance"), (f"drug.{route}",))
    times = np.concatenate(
        [[1e-9], np.geomspace(1e-4, 1.0, 2000), np.linspace(1.005, 1500.0, 40000)]
    )
    outcome = runner.run(runner.defaults(), times, regimen=f"2 mg once by drug.{route}")
    plasma, clearance = (runner.values(outcome, name)[0] for name in runner.program.layout.outputs)
    absorbed = np.trapezoid(plasma, times) * clearance[0] / 1000.0
    assert absorbed == pytest.approx(2.0 * share, rel=2e-3)


def test_slow_acetylators_keep_more_of_the_amino_metabolite_as_in_their_urine(part_of):
    """Miller 1981 (abstract): 22.7 % of a dose against 13.6 % in the urine, with the same clearance by the kidney."""
    runner = part_of(("metabolism.plasma",), ("drug.oral",))
    rapid, slow = (
        runner.values(
            runner.run(
                runner.defaults(enzymes__slow_acetylator=one),
                [59 * 24.0],
                regimen="2 mg every 8 h for 60 d by drug.oral",
            ),
            "metabolism.plasma",
        )[0, 0]
        for one in (0.0, 1.0)
    )
    assert slow / rapid == pytest.approx(22.7 / 13.6, rel=0.02)


@pytest.mark.parametrize("weight", [10.0, 31.3, 70.0])
def test_the_rival_for_children_clears_as_yukawa_tells(catalog, with_quantities, weight):
    """Yukawa 2002: 152 mL/h for each kg, times the weight to the power of -0.181."""
    assembly = catalog.assemblies["benzodiazepines"]
    rival = compose(assembly, catalog.library, choices={"drug": "clonazepam_yukawa"})
    values = {parameter.name: parameter.value.base for parameter in rival.parameters}
    values |= {species.name: 0.0 for species in rival.species}
    values |= {"person.weight_male": kilograms(weight), "time": 0.0}
    part = prune(rival, ("drug.clearance",), ())
    found = with_quantities(part, values)["drug.clearance"]
    litre = parse_quantity("1 L/h").base
    assert found / litre == pytest.approx(0.152 * weight ** (1.0 - 0.181), rel=1e-9)


def test_women_clear_zolpidem_no_faster_than_men_of_their_weight(part_of):
    runner = part_of(("zolpidem.clearance",), ("zolpidem.oral",))
    man, woman = (
        runner.values(
            runner.run(runner.defaults(person__female=one, person__weight_female=weight), [0.0]),
            "zolpidem.clearance",
        )[0, 0]
        for one, weight in ((0.0, kilograms(86.3)), (1.0, kilograms(86.3)))
    )
    assert woman / man == pytest.approx(0.88, rel=1e-9)


def test_clonazepam_differs_from_dose_to_dose_as_a_published_interval_says():
    """Two tablets in the same 31 people: the ratio of the areas is 102.50 % (90 % confidence 99.87 to 105.19 %)."""
    module = load_catalog().library.modules["clonazepam_typical"]
    spread = next(one.occasions for one in module.parameters if one.name == "bioavailability")
    half = t.ppf(0.95, 29) * spread.spread.log_sd * np.sqrt(2.0 / 31.0)
    assert np.exp([-half, half]) * 102.50 == pytest.approx([99.87, 105.19], rel=1e-3)
