"""Which solvers run on which workload, and how each was set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.records import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A solver and what it is asked to do.

    Parameters
    ----------
    key, title
        For files, for people; the title of every variant begins with the name of the solver.
    module, options
        `benchmarks.peers.<module>.make(case, **options)`.
    how
        How it was set up, for the report.
    subjects
        Subjects of each timed run.
    rounds
        At most so many timed repeats.
    tightest
        Smallest relative tolerance, as a power of ten.
    """

    key: str
    title: str
    module: str
    options: Mapping[str, object] = field(default_factory=dict)
    how: str
    subjects: int
    rounds: int = 9
    tightest: int


ABSENT = {
    "numbalsoda": "0.3.4 comes as source only, and its build needs a Fortran compiler",
    "AMICI": (
        "comes as source only, which an environment of hashed wheels cannot hold. Built and tried by hand it runs this "
        "model, but not in these turns and with this measure of error, so there is no number"
    ),
    "myokit": (
        "installs, but compiles each simulation against the headers of SUNDIALS, and stops without them"
    ),
    "sundials4py": "no wheel for Python 3.11; the CVODE rows call the library without Python in the loop",
}
_HOW = {
    "raphe": "`compile_program` and `solve`, one thread, outputs by the dense output of the method",
    "cvode": (
        "SUNDIALS CVODE called from a loop in C; right-hand side and Jacobian in C written from the graph that raphe's "
        "kernel is made from, with common terms shared and what depends on parameters alone worked out once a subject "
        "(gcc -O3 -march=native); dense LU (sparse solvers were not tried); `CVodeReInit` and a stop time at "
        "each dose; outputs by CVODE's own interpolation"
    ),
    "scipy": (
        "`odeint` with right-hand side and analytic Jacobian in C (gcc -O3 -march=native), reached through numba; one "
        "call for each dose interval"
    ),
    "roadrunner": (
        "SBML in base units with rate rules, written from the same model; quantities of parameters alone are constants "
        "worked out before the timed runs; its LLVM back end and CVODE; one call of `simulate` for each dose interval"
    ),
    "diffrax": (
        "`jit` in float64, subjects by `vmap` (on the chain `lax.map` took 1.6 to 2.1 times as long), "
        "dose intervals by `lax.scan`, `SaveAt(ts)`, `PIDController`; compiled before the timed runs"
    ),
    "diffsol": (
        "DiffSL text written from the graph that raphe's kernel is made from, its LLVM back end, nalgebra's "
        "dense matrices (on the chain those of faer, dense or sparse, took longer; KLU crashed); "
        "states divided by their natural size, because its absolute tolerance is one number; "
        "one call of `solve_dense` for each dose interval"
    ),
}


def peers_for(workload: Workload, *, quick: bool) -> list[Peer]:
    """The solvers of a workload, raphe first."""
    small = quick or workload.route is None
    few = 8 if quick else 16
    own = Peer(
        key="raphe",
        title="raphe",
        module="own",
        how=_HOW["raphe"],
        subjects=64 if small else 512,
        tightest=-10,
    )
    found = [own, *(_cvode(name, few) for name in ("analytic", "difference"))]
    if not workload.stiff:
        found.append(_cvode("analytic", few, method="adams"))
    scipy = Peer(
        key="scipy",
        title="SciPy LSODA",
        module="scipy_lsoda",
        how=_HOW["scipy"],
        subjects=8,
        rounds=3,
        tightest=-9,
    )
    found.append(scipy)
    if workload.route is not None:
        found += [
            _roadrunner(few, stiff=stiff) for stiff in ([True] if workload.stiff else [True, False])
        ]
        found += [_diffsol(method) for method in (["bdf"] if workload.stiff else ["bdf", "tsit45"])]
        solvers = ["kvaerno5"] if workload.stiff else ["kvaerno5", "tsit5"]
        found += [_diffrax(workload, solver, quick=quick) for solver in solvers]
    return found


def _cvode(jacobian: str, subjects: int, method: str = "bdf") -> Peer:
    name = {"bdf": "BDF", "adams": "Adams"}[method]
    return Peer(
        key=f"cvode_{method}_{jacobian}",
        title=f"CVODE {name}, {jacobian} Jacobian",
        module="cvode",
        options={"method": method, "jacobian": jacobian},
        how=_HOW["cvode"],
        subjects=subjects,
        tightest=-10,
    )


def _roadrunner(subjects: int, *, stiff: bool) -> Peer:
    return Peer(
        key=f"roadrunner_{'bdf' if stiff else 'adams'}",
        title=f"libRoadRunner, {'BDF' if stiff else 'Adams'}",
        module="roadrunner_cvode",
        options={"stiff": stiff},
        how=_HOW["roadrunner"],
        subjects=subjects,
        rounds=5,
        tightest=-9,
    )


def _diffsol(method: str) -> Peer:
    return Peer(
        key=f"diffsol_{method}",
        title=f"diffsol {method.upper()}",
        module="diffsol",
        options={"method": method},
        how=_HOW["diffsol"],
        subjects=8,
        rounds=3,
        tightest=-9,
    )


def _diffrax(workload: Workload, solver: str, *, quick: bool) -> Peer:
    """Few subjects of a stiff workload, which takes seconds of each run; many of the other."""
    control = {"kvaerno5": ", PI control as in its own stiff example", "tsit5": ""}[solver]
    return Peer(
        key=f"diffrax_{solver}",
        title=f"diffrax {solver.capitalize()}",
        module="diffrax_jax",
        options={"solver": solver},
        how=_HOW["diffrax"] + control,
        subjects=(8 if quick else 16) if workload.stiff else 128,
        rounds=1 if quick else 3,
        tightest=-5 if quick and workload.stiff else -7,
    )
