"""The fitted numbers of the module midazolam_first_pass, found again: `python scripts/fit_midazolam.py FOLDER`.

FOLDER holds the table of published curves (pk-observed.csv), which is not part of raphe. The numbers are the most
probable ones, given the priors below, for the points of two studies: the logarithm of each point is taken to be normal
about the typical curve with a spread of 0.25 (a robust loss bounds what one point can do), each prior is lognormal,
and the extraction by the gut wall has a normal prior on its logit. Prints each number with its prior and what the
curves leave open.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from raphe.dosing.regimen import Regimen
from raphe.library.catalog import load_catalog
from raphe.population.people import Layer, Population, draw_subjects
from raphe.study.curve_list import load_notes
from raphe.study.curves import CurveRole, read_curves
from raphe.study.experiment import perform, set_up

STUDIES = ("Smith 1981", "Link 2008")
SPREAD = 0.25  # of the logarithm of a point
# parameter: middle and spread (of the logarithm, or of the logit) of the prior.
PRIORS = {
    "reference_clearance": (
        24.15,
        0.2,
    ),  # Wiebe 2020; the spread is that between studies, as for the next five
    "reference_central_volume": (19.45, 0.4),
    "reference_exchange": (46.05, 0.3),
    "reference_tissue_volume": (23.82, 0.3),
    "reference_deep_exchange": (8.0, 0.3),
    "reference_deep_volume": (41.03, 0.3),
    "gut_extraction": (0.57, 0.4),  # Hohmann 2015: 0.53 and 0.61; other studies find less
    "absorption": (7.8, 0.5),  # Brill 2014: 0.130 1/min, a solution
}


def from_free(name: str, deviation: float) -> float:
    """A number from how many spreads it is from the middle of its prior."""
    middle, spread = PRIORS[name]
    if name == "gut_extraction":
        return float(1.0 / (1.0 + np.exp(-np.log(middle / (1 - middle)) - deviation * spread)))
    return float(middle * np.exp(deviation * spread))


def fit(folder: Path) -> dict[str, tuple[float, float]]:
    """The most probable value of each parameter, and the spread (of its logarithm or logit) that is left open."""
    catalog = load_catalog()
    assembly = catalog.assemblies["benzodiazepines"]
    curves = [
        curve
        for curve in read_curves(folder, load_notes(catalog.library.sources))
        if curve.study in STUDIES and curve.drug == "midazolam"
    ]
    if any(curve.role is not CurveRole.CALIBRATION for curve in curves):
        sys.exit("a curve that is fitted is not listed as calibration")
    benches, rows = {}, {}
    for route in ("oral", "intravenous"):
        regimen = Regimen.from_text(f"1 mg once by midazolam.{route}")
        bench = set_up(
            catalog,
            assembly,
            drug="midazolam",
            regimens=(regimen,),
            outputs=("midazolam.plasma",),
            choices={"person": "volunteers"},
        )
        benches[route] = bench
        best = draw_subjects(
            bench.model, Population(people=1, draws=1, seed=1), Layer.BEST, fixed={}
        )
        names = [parameter.name for parameter in bench.model.parameters]
        units = [parameter.value.unit.factor for parameter in bench.model.parameters]
        row = best.parameters.copy()
        row[0, names.index("person.weight")] = 70.0 * units[names.index("person.weight")]
        rows[route] = (replace(best, parameters=row), names, units)

    def misfits(free: np.ndarray) -> np.ndarray:
        found = []
        for curve in curves:
            route = "oral" if curve.route == "PO" else "intravenous"
            best, names, units = rows[route]
            row = best.parameters.copy()
            for name, deviation in zip(PRIORS, free, strict=True):
                place = names.index(f"midazolam.{name}")
                row[0, place] = from_free(name, deviation) * units[place]
            dose = f"{curve.dose.value!r} {curve.dose.unit.text} once by midazolam.{route}"
            levels, failed = perform(
                benches[route],
                replace(best, parameters=row),
                Regimen.from_text(dose),
                curve.times,
                threads=1,
            )
            if failed:
                sys.exit(f"the model failed for {curve.study}, {curve.group}")
            found.append(np.log(levels[0, :, 0] / curve.values) / SPREAD)
        return np.concatenate(found)

    def residuals(free: np.ndarray) -> np.ndarray:
        points = misfits(free)
        robust = np.sign(points) * np.sqrt(2.0 * (np.sqrt(1.0 + points**2) - 1.0))
        return np.concatenate([robust, free])

    found = least_squares(residuals, np.zeros(len(PRIORS)), diff_step=1e-4)
    left = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    spreads = (open_part * PRIORS[name][1] for name, open_part in zip(PRIORS, left, strict=True))
    values = (from_free(name, one) for name, one in zip(PRIORS, found.x, strict=True))
    return dict(zip(PRIORS, zip(values, spreads, strict=True), strict=True))


def main(folder: Path) -> None:
    """Fit, and print."""
    print(f"{'parameter':26} {'prior':>8} {'fitted':>8} {'left open':>10}")
    for name, (value, spread) in fit(folder).items():
        print(f"{name:26} {PRIORS[name][0]:8.4g} {value:8.4g} {spread:10.0%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
