"""Steady state: in which models it means something, what is refused, and that it is one where nothing adds up."""

import numpy as np
import pytest

from raphe.core.errors import DoseError, UnknownNameError
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Dose, Entry, Regimen, Steady
from raphe.engine.status import Status

LINEAR = """
species gut : mg;
species blood : mg;
derivative gut = -fast * gut;
derivative blood = fast * gut - slow * blood;
route oral into gut;
route iv into blood;
route timed into blood duration long;
"""
NUMBERS = {"fast": "1 1/h", "slow": "0.1 1/h", "long": "2 h"}
VARIANTS = {  # a rate of blood: does it repeat, do doses add up
    "fast * gut - slow * blood": (True, True),
    "(fast * gut - slow * blood) * long / long": (True, True),
    "fast * gut - slow * blood + slow * some": (True, False),
    "fast * gut - slow * blood * blood / some": (True, False),
    "fast * gut - slow * min(blood, some)": (True, False),
    "fast * gut - slow * abs(blood)": (True, False),
    "fast * gut - if(blood < some, slow, fast) * blood": (True, False),
    "fast * gut - slow * blood * exp(-time / long)": (False, False),
    "fast * gut - slow * blood * if(time < long, 1, 2)": (False, False),
}


def dose(**how):
    return Dose(
        time=0.0,
        amount=parse_quantity("10 mg"),
        route=how.pop("route", "oral"),
        interval=how.pop("interval", 8.0),
        steady=how.pop("steady", Steady.REPLACE),
        **how,
    )


def regimen(*doses):
    return Regimen(text="by hand", doses=doses, length=100.0)


@pytest.mark.parametrize("rate", VARIANTS)
def test_the_program_knows_where_doses_repeat_and_add_up(engine, module, rate):
    body = LINEAR.replace("fast * gut - slow * blood", rate)
    program = engine.program(module(body, some="3 mg", **NUMBERS), outputs=("blood",))
    assert (program.repeats, program.superposes) == VARIANTS[rate]


def test_a_start_of_its_own_or_an_event_hinders(engine, module):
    body = LINEAR.replace("species blood : mg;", "species blood : mg = some;")
    program = engine.program(module(body, some="3 mg", **NUMBERS), outputs=("blood",))
    assert (program.repeats, program.superposes) == (True, False)
    for event in ("event wash at long { blood = 0; }", "event low when blood < some { gut = 0; }"):
        text = module(LINEAR + event, some="3 mg", **NUMBERS)
        program = engine.program(text, outputs=("blood",))
        assert (program.repeats, program.superposes) == (False, False)


def test_a_steady_state_without_meaning_is_refused_by_name(engine, module):
    body = LINEAR + "\nevent wash at long { blood = 0; }"
    kernel = engine.build(module(body, **NUMBERS), outputs=("blood",))
    with pytest.raises(DoseError, match="rule SS-MODEL"):
        engine.run(kernel, [1.0], regimen=regimen(dose()))
    body = LINEAR.replace("slow * blood", "slow * blood * blood / some")
    kernel = engine.build(module(body, some="3 mg", **NUMBERS), outputs=("blood",))
    with pytest.raises(DoseError, match="rule SS-ADD"):
        engine.run(kernel, [1.0], regimen=regimen(dose(steady=Steady.ADD)))


def test_doses_that_do_not_fit_their_route_are_refused_by_name(engine, module):
    kernel = engine.build(module(LINEAR, **NUMBERS), outputs=("blood",))
    with pytest.raises(DoseError, match="rule ENTRY-MODELED"):
        engine.run(kernel, [1.0], regimen=regimen(dose(entry=Entry.MODELED_DURATION)))
    paced = regimen(dose(route="timed", entry=Entry.MODELED_RATE))
    with pytest.raises(DoseError, match="rule ENTRY-MODELED"):
        engine.run(kernel, [1.0], regimen=paced)
    with pytest.raises(UnknownNameError, match="timed"):
        engine.run(kernel, [1.0], regimen=regimen(dose(route="time")))
    volume = Dose(time=0.0, amount=parse_quantity("1 mL"), route="iv")
    with pytest.raises(DoseError, match="rule AMT-UNIT"):
        engine.run(kernel, [1.0], regimen=regimen(volume))


def test_too_many_doses_under_way_fail_the_subject_alone(engine, module):
    kernel = engine.build(module(LINEAR, **NUMBERS), outputs=("blood",))
    parameters = engine.parameters(kernel, 3, long=[2.0, 9e3, 30.0])
    outcome = engine.run(kernel, [1.0], parameters=parameters, regimen=regimen(dose(route="timed")))
    assert outcome.status.tolist() == [Status.OK, Status.IMPOSSIBLE_DOSE, Status.OK]
    assert np.isnan(outcome.values[:, 0, 0]).tolist() == [False, True, False]


def test_a_state_that_only_gathers_has_no_steady_state(engine, module):
    body = LINEAR + "species urine : mg;\nderivative urine = slow * blood;"
    kernel = engine.build(module(body, **NUMBERS), outputs=("urine",))
    outcome = engine.run(kernel, [1.0], regimen=regimen(dose()))
    assert outcome.status.tolist() == [Status.NO_STEADY_STATE]


def test_a_slow_state_is_waited_for(engine, module):
    """A receptor that adapts over weeks under a drug that goes in hours."""
    body = LINEAR + (
        "species receptor : dimensionless = 1;\n"
        "derivative receptor = crawl * (1 - receptor) - crawl * receptor * blood / half;"
    )
    numbers = NUMBERS | {"crawl": "0.002 1/h", "half": "20 mg"}
    kernel = engine.build(module(body, **numbers), outputs=("receptor", "blood"))
    steady = engine.run(kernel, [0.0, 5.0], regimen=regimen(dose()), relative=1e-8)
    many = dose(interval=8.0, additional=1500, steady=Steady.NO)
    long = engine.run(kernel, [12000.0 + 0.0, 12005.0], regimen=regimen(many), relative=1e-8)
    assert steady.status.tolist() == long.status.tolist() == [Status.OK]
    assert steady.values[0, 1] == pytest.approx(long.values[0, 1], rel=2e-7)
    assert steady.values[0, 1, 0] < 0.7
