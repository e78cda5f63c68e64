"""Answers made by hand: a realistic one, and small changes of it. No test is in here."""

import dataclasses
import math
from typing import Any

import numpy as np

from raphe.analysis.answer import (
    Answer,
    Band,
    Bearing,
    Bound,
    Chain,
    Comparison,
    Course,
    Doubt,
    Effect,
    Event,
    Failure,
    Finding,
    Group,
    Interval,
    InWhom,
    Link,
    Mover,
    Part,
    PartShare,
    Provenance,
    Ranked,
    Ranking,
    Region,
    RivalPrediction,
    Split,
    Spread,
    Sweep,
)
from raphe.core.errors import Place
from raphe.core.sources import Source
from raphe.language.show import ParameterRow

HERE = Place(file="answers.raphe", line=1, column=1)
REPEATED, ONCE, NONE = "0.5 mg every 8 h for 7 d", "2 mg once", "no drug"
MODULES = (
    ("person", "adults"),
    ("drug", "clonazepam_typical"),
    ("site", "benzodiazepine_site"),
    ("firing", "raphe_firing"),
    ("terminal", "serotonin_terminal"),
)


def interval(low: float, middle: float, high: float) -> Interval:
    return Interval(low=low, middle=middle, high=high)


def spread(people: tuple[float, float, float], unknown: tuple[float, float, float]) -> Spread:
    return Spread(people=interval(*people), uncertainty=interval(*unknown))


def band(middle: np.ndarray, rest: float, below: float, above: float) -> Band:
    """A band whose distance from rest is a share of the middle's."""
    ends = (rest + below * (middle - rest), rest + above * (middle - rest))
    return Band(low=np.minimum(*ends), middle=middle, high=np.maximum(*ends))


def plasma(hours: np.ndarray, regimen: str) -> np.ndarray:
    """One compartment: 2 mg, or 0.5 mg every 8 h for 21 doses."""
    doses = {REPEATED: [(8.0 * k, 0.5) for k in range(21)], ONCE: [(0.0, 2.0)], NONE: []}[regimen]
    level, out, absorb = np.zeros_like(hours), math.log(2.0) / 40.0, 1.4
    for time, size in doses:
        since = np.maximum(hours - time, 0.0)
        level += 7.8 * size * (np.exp(-out * since) - np.exp(-absorb * since))
    return level


def courses() -> tuple[Course, ...]:
    fine, coarse = np.arange(0.0, 184.0, 0.5), np.arange(184.0, 664.0, 4.0)
    hours = np.concatenate([fine, coarse])
    found = []
    chain = (
        ("drug.plasma", "Plasma clonazepam", "ng/mL", 0.0, (0.66, 1.5), (0.8, 1.25)),
        (
            "site.occupancy",
            "Benzodiazepine sites occupied",
            "dimensionless",
            0.0,
            (0.7, 1.25),
            (0.45, 1.7),
        ),
        (
            "firing.firing",
            "Firing of dorsal raphe serotonin cells",
            "dimensionless",
            1.0,
            (0.5, 1.6),
            (-0.1, 2.3),
        ),
        (
            "terminal.serotonin_change",
            "Extracellular serotonin, ratio to rest",
            "dimensionless",
            1.0,
            (0.5, 1.7),
            (-0.3, 2.4),
        ),
    )
    for output, title, unit, rest, people, unknown in chain:
        for regimen in (REPEATED, ONCE, NONE):
            level = plasma(hours, regimen)
            occupied = level / (level + 28.0)
            middle = {
                "drug.plasma": level,
                "site.occupancy": occupied,
                "firing.firing": 1.0 - 0.5 * occupied,
                "terminal.serotonin_change": 1.0 - 0.36 * occupied,
            }[output]
            found.append(
                Course(
                    scenario=regimen,
                    output=output,
                    title=title,
                    unit=unit,
                    hours=hours,
                    people=band(middle, rest, *people),
                    uncertainty=band(middle, rest, *unknown),
                )
            )
    return tuple(found)


def effect(**changed: Any) -> Effect:
    """A fall whose direction is not certain."""
    usual: dict[str, Any] = {
        "scenario": REPEATED,
        "regimen": REPEATED,
        "relative": True,
        "acts": True,
        "doses": 21,
        "last_dose": 160.0,
        "until": 664.0,
        "largest_change": spread((-0.31, -0.184, -0.09), (-0.41, -0.17, 0.06)),
        "time_of_largest": spread((97.0, 101.0, 162.0), (90.0, 101.5, 162.5)),
        "mean_change_last_day": spread((-0.27, -0.15, -0.07), (-0.36, -0.14, 0.05)),
        "rebound": spread((0.001, 0.012, 0.03), (-0.002, 0.011, 0.04)),
        "change_at_end": spread((-0.001, -0.0002, 0.0), (-0.004, -0.0002, 0.0003)),
        "settled": spread((120.0, 223.0, 340.0), (60.0, 220.0, math.nan)),
        "settled_within": 0.01,
        "share_falling": 0.91,
        "share_rising": 0.09,
    }
    return Effect(**(usual | changed))


def single() -> Effect:
    return effect(
        scenario=ONCE,
        regimen=ONCE,
        doses=1,
        last_dose=0.0,
        until=504.0,
        largest_change=spread((-0.19, -0.115, -0.05), (-0.27, -0.11, 0.04)),
        time_of_largest=spread((1.5, 2.25, 5.0), (1.75, 2.25, 4.0)),
        mean_change_last_day=spread((-0.15, -0.09, -0.04), (-0.2, -0.09, 0.03)),
        settled=spread((80.0, 150.0, 260.0), (40.0, 151.0, 400.0)),
    )


def rest() -> Effect:
    nothing = spread((-2e-9, 0.0, 3e-9), (-3e-9, 0.0, 2e-9))
    zero = spread((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    return effect(
        scenario=NONE,
        regimen=NONE,
        acts=False,
        doses=0,
        last_dose=0.0,
        largest_change=nothing,
        time_of_largest=zero,
        mean_change_last_day=nothing,
        change_at_end=nothing,
        settled=zero,
        share_falling=0.0,
        share_rising=0.0,
    )


def comparison(
    name: str, observed: float, predicted: tuple[float, float, float], **changed: Any
) -> Comparison:
    ratio = predicted[1] / observed
    usual: dict[str, Any] = {
        "observation": name,
        "regimen": ONCE,
        "people": 12,
        "statistic": "maximum",
        "output": "drug.plasma",
        "unit": "ng/mL",
        "observed": observed,
        "observed_spread": "",
        "predicted": interval(*predicted),
        "fold_error": max(ratio, 1.0 / ratio),
        "inside": predicted[0] <= observed <= predicted[2],
        "role": "prediction",
        "status": "read",
        "citation": name.partition("_")[0] + ", abstract",
        "rivals": (
            RivalPrediction(
                module="clonazepam_kruizinga",
                predicted=interval(*(1.24 * part for part in predicted)),
            ),
            RivalPrediction(
                module="clonazepam_dos_santos",
                predicted=interval(*(0.87 * part for part in predicted)),
            ),
        ),
    }
    return Comparison(**(usual | changed))


def comparisons() -> tuple[Comparison, ...]:
    hours = {"unit": "h", "statistic": "half life"}
    peak = {"unit": "h", "statistic": "time of maximum"}
    area = {"unit": "h*ng/mL", "statistic": "area to infinity"}
    used = {"role": "calibration"}
    return (
        comparison(
            "greenblatt2005_half_life",
            40.0,
            (33.1, 39.4, 47.2),
            people=9,
            regimen=REPEATED,
            **hours,
            **used,
        ),
        comparison(
            "greenblatt2005_clearance",
            72.0,
            (58.0, 70.6, 86.0),
            people=9,
            unit="mL/min",
            statistic="apparent clearance",
            **used,
        ),
        comparison("crevoisier2003_maximum", 14.9, (11.9, 14.2, 16.8), **used),
        comparison("crevoisier2003_half_life", 39.0, (34.0, 39.5, 46.1), **hours, **used),
        comparison(
            "berlin1975_maximum",
            16.9,
            (11.4, 14.1, 17.4),
            people=8,
            observed_spread="range 7.1 to 23.6",
            citation="berlin1975, as quoted in stanpumpR drugs_clonazepam.R",
        ),
        comparison("berlin1975_area", 581.0, (455.0, 574.0, 731.0), people=8, **area),
        comparison("genisnajera2024_maximum", 13.0, (12.7, 14.2, 15.9), people=30),
        comparison("genisnajera2024_time", 3.0, (1.4, 1.75, 2.2), people=30, **peak),
        comparison("genisnajera2024_half_life", 43.0, (36.0, 39.6, 44.0), people=30, **hours),
        comparison(
            "chauhan2000_reference_maximum", 19.75, (11.9, 14.2, 16.8), observed_spread="SD 5.95"
        ),
        comparison("chauhan2000_time", 1.63, (1.3, 1.75, 2.4), observed_spread="SD 0.48", **peak),
        comparison(
            "chauhan2000_half_life", 46.97, (34.0, 39.5, 46.1), observed_spread="SD 12.26", **hours
        ),
    )


def row(name: str, value: str, unit: str, status: str, **changed: str) -> ParameterRow:
    usual = {
        "name": name,
        "value": value,
        "unit": unit,
        "people": "",
        "uncertainty": "log-normal, CV 20 %",
        "status": status,
        "meaning": name.rpartition(".")[2].replace("_", " "),
        "citations": "",
        "note": "",
    }
    return ParameterRow(**(usual | changed))


def parameters() -> tuple[ParameterRow, ...]:
    best = {"citations": "best2020, start vector as coded in main.py", "note": "the spread is ours"}
    return (
        row(
            "person.weight",
            "70",
            "kg",
            "read",
            people="log-normal, CV 18 %",
            citations="anthropometry2016, Table 4",
        ),
        row(
            "drug.clearance",
            "4.32",
            "L/h",
            "read",
            people="log-normal, CV 30 %",
            citations="greenblatt2005, abstract",
        ),
        row(
            "drug.volume",
            "248",
            "L",
            "derived",
            people="log-normal, CV 20 %",
            citations="greenblatt2005, abstract; crevoisier2003, abstract",
            note="clearance times half-life over ln 2",
        ),
        row(
            "drug.absorption",
            "1.4",
            "1/h",
            "derived",
            people="log-normal, CV 60 %",
            citations="crevoisier2003, abstract",
            note="from the time of the maximum",
        ),
        row(
            "site.affinity",
            "0.6",
            "nM",
            "assumed",
            note="rat forebrain membranes; carried over to people unchanged",
        ),
        row(
            "firing.gain_sensitivity",
            "0.5",
            "dimensionless",
            "assumed",
            note="no measurement was found; the spread covers none to full inhibition",
        ),
        row(
            "terminal.extracellular_start",
            "0.0603",
            "uM",
            "read",
            people="log-normal, CV 20 %",
            **best,
        ),
        row("terminal.tryptophan_start", "20.16", "uM", "read", **best),
        row(
            "terminal.ratio_width",
            "0.001",
            "dimensionless",
            "assumed",
            uncertainty="",
            note="numerical choice, a thousandth of the rest value",
        ),
    )


def references() -> tuple[Source, ...]:
    return (
        Source(
            key="anthropometry2016",
            title="Anthropometric Reference Data for Children and Adults",
            year=2016,
            authors="National Center for Health Statistics",
            url="https://www.cdc.gov/nchs/data/series/sr_03/sr03_039.pdf",
            place=HERE,
        ),
        Source(
            key="berlin1975",
            title="Pharmacokinetics of the anticonvulsant drug clonazepam",
            year=1975,
            authors="Berlin A, Dahlstrom H",
            journal="Eur J Clin Pharmacol",
            volume="9",
            pages="155-159",
            doi="10.1007/BF00614012",
            place=HERE,
        ),
        Source(
            key="crevoisier2003",
            title="Comparative single-dose pharmacokinetics of clonazepam",
            year=2003,
            authors="Crevoisier C, Delisle MC, Joseph I, Foletti G",
            journal="Eur Neurol",
            volume="49",
            pages="173-177",
            doi="10.1159/000069089",
            place=HERE,
        ),
        Source(
            key="fujita1999",
            title="Changes of benzodiazepine receptors during chronic benzodiazepine administration in humans",
            year=1999,
            authors="Fujita M et al.",
            pmid="10193652",
            place=HERE,
        ),
        Source(
            key="greenblatt2005",
            title="Clonazepam pharmacokinetics",
            year=2005,
            authors="Greenblatt DJ et al.",
            journal="J Clin Pharmacol",
            volume="45",
            pages="1288-1293",
            doi="10.1177/0091270005280861",
            pmid="16239362",
            place=HERE,
        ),
    )


def provenance() -> Provenance:
    return Provenance(
        version="0.1.0",
        seed=1,
        people=1000,
        draws=200,
        relative_tolerance=1e-6,
        absolute_tolerance=1e-9,
        method="rodas5p",
        model_digest="5f0c1d9a7be24c68b7d1c0aa94e3f2b15f0c1d9a7be24c68b7d1c0aa94e3f2b1",
        packages=(("numpy", "2.4.6"), ("llvmlite", "0.48.0"), ("xarray", "2026.4.0")),
        command="raphe ask clonazepam serotonin",
    )


def make_answer(**changed: Any) -> Answer:
    """A realistic answer with some of its fields changed."""
    rows = parameters()
    usual: dict[str, Any] = {
        "title": "How does clonazepam affect serotonin?",
        "subject": "clonazepam",
        "target": "serotonin",
        "target_meaning": "extracellular serotonin in forebrain, ratio to rest",
        "target_output": "terminal.serotonin_change",
        "model": "benzodiazepines: Clonazepam by mouth and extracellular serotonin",
        "modules": MODULES,
        "effects": (effect(), single(), rest()),
        "chain": chain(),
        "sweep": sweep(),
        "doubt": doubt(),
        "whom": whom(),
        "courses": courses(),
        "unchanged": ("Seizures",),
        "comparisons": comparisons(),
        "findings": findings(),
        "parameters": rows,
        "statuses": tuple(
            (s, sum(r.status == s for r in rows)) for s in ("read", "derived", "assumed")
        ),
        "assumptions": tuple(
            f"{r.name} = {r.value} {r.unit} ({r.meaning}): {r.note}"
            for r in rows
            if r.status == "assumed"
        ),
        "references": references(),
        "failures": (),
        "strangers": (),
        "supports": ("person.age from 18 to 100 year",),
        "provenance": provenance(),
    }
    return Answer(**(usual | changed))


def finding(**changed: Any) -> Finding:
    """Rats in which the target falls."""
    usual: dict[str, Any] = {
        "observation": "pei1989_serotonin",
        "bearing": Bearing.ITSELF,
        "asked": False,
        "subjects": "awake rat",
        "count": 6,
        "in_people": False,
        "given": "a dose taken for 62 % of benzodiazepine sites",
        "against": "",
        "when": "at 1 h",
        "quantity": "extracellular serotonin in forebrain",
        "seen": "falls",
        "role": "calibration",
        "status": "read",
        "citation": "berlin1975, abstract: lower in dialysate",
        "note": "",
    }
    return Finding(**(usual | changed))


def findings() -> tuple[Finding, ...]:
    """People, animals, something near, and something that no model speaks of."""
    return (
        finding(
            observation="nutt1987_acute",
            subjects="volunteers",
            count=0,
            in_people=True,
            given="diazepam 15 mg once",
            against="no drug",
            when="highest from 1 h to 4 h",
            seen="lower",
            role="prediction",
            note="prolactin is taken to follow extracellular serotonin",
        ),
        finding(),
        finding(
            observation="mouse1978_metabolite",
            bearing=Bearing.NEAR,
            asked=True,
            subjects="mouse",
            quantity="serotonin metabolite",
            seen="rises",
            role="prediction",
        ),
        finding(
            observation="hwang1979_binding",
            bearing=Bearing.UNTOLD,
            subjects="mouse",
            count=0,
            given="",
            when="",
            quantity="serotonin",
            seen="no effect on binding of serotonin to its receptors",
            role="",
            note="receptors behind the terminal are not in the model",
        ),
    )


def chain() -> Chain:
    """A level, then two links side by side, then the target."""

    def link(title: str, unit: str, size: float, *, relative: bool) -> Link:
        sizes = spread((0.8 * size, size, 1.2 * size), (0.5 * size, 0.9 * size, 1.9 * size))
        return Link(output=title.lower(), title=title, unit=unit, relative=relative, size=sizes)

    none = "dimensionless"
    return Chain(
        scenario=ONCE,
        stages=(
            (link("Plasma", "ng/mL", 12.0, relative=False),),
            (link("Sites", none, 0.13, relative=False), link("Gain", none, 0.2, relative=True)),
            (link("Serotonin", none, -0.2, relative=True),),
        ),
    )


def sweep() -> Sweep:
    """Three numbers: one that was read, and two assumed ones, of which one is strong."""

    def mover(name: str, status: str, low: float, high: float) -> Mover:
        share = max(abs(low + 0.2), abs(high + 0.2)) / 0.2
        meaning = f"what {name} stands for"
        return Mover(name=name, meaning=meaning, status=status, low=low, high=high, share=share)

    movers = (
        mover("site.scale", "assumed", -0.4, 0.05),
        mover("terminal.release_brake", "read", -0.26, -0.15),
        mover("firing.weight", "assumed", -0.21, -0.195),
    )
    return Sweep(scenario=ONCE, typical=-0.2, movers=movers)


def doubt() -> Doubt:
    """Four parts, of which what is carried over is the largest, and three ranked numbers."""
    parts = (
        (Part.PEOPLE, (0.05, 0.1, 0.15), (0.15, 0.2, 0.25), (-0.3, -0.2, -0.1), 30),
        (Part.NUMBERS, (0.01, 0.05, 0.1), (0.1, 0.15, 0.2), (-0.25, -0.2, -0.15), 12),
        (Part.CARRIED_OVER, (0.5, 0.6, 0.7), (0.7, 0.8, 0.9), (-0.41, -0.2, 0.06), 20),
        (Part.FORMS, (-0.02, -0.01, 0.01), (0.0, 0.02, 0.04), (-0.24, -0.2, -0.2), 2),
    )
    split = Split(
        scenario=ONCE,
        whole=interval(-0.5, -0.2, 0.1),
        sd=0.18,
        parts=tuple(
            PartShare(
                part=part,
                alone=interval(*alone),
                involved=interval(*involved),
                range=interval(*ends),
                count=count,
            )
            for part, alone, involved, ends, count in parts
        ),
        together=0.26,
        points=256,
        lost=0,
        runs=2048,
        failed=0,
        forms=(("", -0.2), ("rival", -0.24)),
    )

    def ranked(name: str, status: str, middle: float, *, carried: bool) -> Ranked:
        return Ranked(
            name=name,
            meaning=f"what {name} stands for",
            status=status,
            citations="berlin1975, abstract" if status == "read" else "",
            carried_over=carried,
            alone=interval(middle - 0.06, middle, middle + 0.06),
            involved=interval(middle, middle + 0.1, middle + 0.2),
        )

    ranking = Ranking(
        scenario=ONCE,
        whole=interval(-0.41, -0.2, 0.06),
        sd=0.16,
        ranked=(
            ranked("site.scale", "assumed", 0.51, carried=False),
            ranked("terminal.release_brake", "read", 0.2, carried=True),
            ranked("firing.weight", "assumed", 0.03, carried=False),
        ),
        rest=ranked("the other 72", "", 0.002, carried=False),
        screened=75,
        points=512,
        lost=0,
        runs=8530,
        failed=0,
    )
    return Doubt(split=split, ranking=ranking)


def whom() -> InWhom:
    """Two groups by weight for how far it goes; nobody on the other side."""
    groups = tuple(
        Group(
            bounds=(Bound(name="person.weight", above=above, value=70.0),),
            people=250,
            effect=interval(low, middle, -0.1),
            share=interval(share - 0.04, share, share + 0.03),
        )
        for above, low, middle, share in ((True, -0.24, -0.16, 0.1), (False, -0.3, -0.22, 0.8))
    )
    everybody = Group(
        bounds=(), people=500, effect=interval(-0.3, -0.2, -0.1), share=interval(0.0, 0.0, 0.005)
    )
    return InWhom(
        scenarios=(ONCE,),
        tried=27,
        regions=(
            Region(
                event=Event.FAR,
                threshold=-0.2,
                everybody=interval(0.42, 0.45, 0.48),
                groups=groups,
            ),
            Region(
                event=Event.OTHER_SIDE,
                threshold=0.0,
                everybody=interval(0.0, 0.0, 0.003),
                groups=(everybody,),
            ),
        ),
        units=(("person.weight", "body weight", "kg"),),
    )


def failure(**changed: Any) -> Failure:
    usual: dict[str, Any] = {
        "scenario": ONCE,
        "layer": "people",
        "status": "STEP_TOO_SMALL",
        "count": 3,
        "of": 1000,
        "advice": "loosen the tolerances",
    }
    return Failure(**(usual | changed))


def with_text(value: Any, text: str) -> Any:
    """A record with every text in it replaced, however deep; closed words (role, status) too."""
    if isinstance(value, str):
        return text
    if isinstance(value, Place) or value is None:
        return value
    if isinstance(value, tuple):
        return tuple(with_text(part, text) for part in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return dataclasses.replace(
            value, **{f.name: with_text(getattr(value, f.name), text) for f in fields}
        )
    return value
