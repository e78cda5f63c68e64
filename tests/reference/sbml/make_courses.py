"""The documents of this folder through libRoadRunner (CVODE) -> courses.csv, that our courses are held against.

Not a test: it needs `pip install "libroadrunner<2.11"`, which is among requirements/bench.lock. Run it as
`python tests/reference/sbml/make_courses.py`. Each document is run at two tolerances that must agree far better than
the tests ask; times stand away from the edges of events, where it is a matter of taste which side is reported.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import roadrunner

HERE = Path(__file__).parent
ENDS = {  # in the document's own unit of time
    "BIOMD0000000001": (7.3, 31.7, 211.3),
    "BIOMD0000000152": (101.3, 503.7, 701.3),
    "BIOMD0000000379": (31.3, 211.7, 419.3),
    "BIOMD0000000602": (1.3e-7, 1.7e-6, 1.9e-5),
    "BIOMD0000000917": (7.3, 31.7, 83.3),
}
STARTS = {
    "BIOMD0000000602": {"M_trp_DASH_L_c": 0.001}
}  # what starts elsewhere than the document says: it rests there
CLOCK, HAND = "BIOMD0000000073", "species_0"  # whose period is taken
SETTINGS = (
    (1e-13, 1e-16),
    (1e-12, 1e-15),
)  # relative tolerance; absolute, as part of the largest start


def course(name: str, times: tuple[float, ...], relative: float, absolute: float):
    """Names of all species, and their values in formulas, shape (times, names)."""
    model = roadrunner.RoadRunner(str(HERE / f"{name}.xml"))
    species = [*model.model.getFloatingSpeciesIds(), *model.model.getBoundarySpeciesIds()]
    names = {f"[{one}]": one for one in species}
    for one, value in STARTS.get(name, {}).items():
        model[f"init([{one}])"] = value
    starts = [abs(model[one]) for one in names]
    model.integrator.relative_tolerance = relative
    model.integrator.absolute_tolerance = absolute * min(
        (s for s in starts if s > 0.0), default=1.0
    )
    model.integrator.maximum_num_steps = 1_000_000
    model.timeCourseSelections = ["time", *names]
    found = model.simulate(times=[0.0, *times])
    return list(names.values()), np.array(found)[1:, 1:]


def period() -> float:
    """Mean of the last ten periods of the clock, from where it rises through its mean."""
    model = roadrunner.RoadRunner(str(HERE / f"{CLOCK}.xml"))
    model.integrator.relative_tolerance, model.integrator.absolute_tolerance = 1e-12, 1e-15
    model.integrator.maximum_num_steps = 1_000_000
    model.timeCourseSelections = ["time", f"[{HAND}]"]
    time, hand = np.array(model.simulate(0.0, 1000.0, 100_001)).T
    late = time > 500.0
    rises = np.flatnonzero((hand[:-1] < hand[late].mean()) & (hand[1:] >= hand[late].mean()))
    share = (hand[late].mean() - hand[rises]) / (hand[rises + 1] - hand[rises])
    times = time[rises] + share * (time[rises + 1] - time[rises])
    return float((times[-1] - times[-11]) / 10.0)


def main() -> None:
    """Write the table."""
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    with (HERE / "courses.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["document", "time", "name", "value"])
        table.writerow([CLOCK, 1000.0, f"period of {HAND}", repr(period())])
        for name, times in ENDS.items():
            names, best = course(name, times, *SETTINGS[0])
            _, second = course(name, times, *SETTINGS[1])
            peak = np.abs(best).max(axis=0)
            gap = np.abs(best - second) / np.maximum(np.abs(best), 1e-9 * np.maximum(peak, 1e-300))
            told = f"{name}: {len(names)} courses, two tolerances agree within {gap.max():.1e}"
            print(told)  # noqa: T201  a script
            for time, row in zip(times, best, strict=True):
                table.writerows(
                    [name, time, one, repr(float(v))] for one, v in zip(names, row, strict=True)
                )


if __name__ == "__main__":
    main()
