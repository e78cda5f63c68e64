"""diffrax under jit on CPU, in double precision: a solve for each dose interval by `scan`, subjects by `vmap`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from benchmarks.models import segments
from benchmarks.nodes import function
from benchmarks.records import Case, FloatArray

_SOLVERS = {"kvaerno5": diffrax.Kvaerno5, "tsit5": diffrax.Tsit5}
# what its own example of a stiff problem takes;
# at equal tolerance the plain controller took 1.4 times as long for more error
_CONTROL = {"kvaerno5": {"pcoeff": 0.3, "icoeff": 0.4}, "tsit5": {}}
_STEPS = 100_000


def make(case: Case, *, solver: str) -> Callable[[float, Case], FloatArray]:
    """A runner: tolerance and subjects to values of shape (subjects, times, outputs)."""
    jax.config.update("jax_enable_x64", True)  # noqa: FBT003 its own form
    every = jax.jit(jax.vmap(_subject(case, solver), in_axes=(0, 0, None)))
    plans: dict[int, Any] = {}

    def run(relative: float, some: Case) -> FloatArray:
        if some.subjects not in plans:
            plans[some.subjects] = _plan(some)
        plan, where, slot = plans[some.subjects]
        before, after = every(jnp.array(some.parameters), plan, relative)
        values = np.array(after)[np.arange(some.subjects)[:, None], where, slot]
        if some.workload.times[0] <= 0.0:
            values[:, 0] = np.array(before)
        return values

    return run


def _subject(case: Case, solver: str) -> Callable[..., Any]:
    """A traceable run of one subject: parameters, plan and tolerance to the outputs at 0 and in each interval."""
    program, count = case.workload.program, len(case.workload.program.layout.states)
    derived = function(jnp, program, program.derived)
    start = function(jnp, program, program.starts)
    rates = function(jnp, program, program.rates, program.derived)
    outputs = function(jnp, program, program.outputs, program.derived)
    term = diffrax.ODETerm(lambda t, y, pq: jnp.stack(rates(t, y, pq[0], pq[1])))
    scales = jnp.array(case.workload.tolerances(1.0))

    def subject(p: Any, plan: Any, relative: Any) -> Any:  # noqa: ANN401 traced arrays
        q = derived(0.0, [0.0] * count, p, [])
        first = jnp.stack([jnp.asarray(x, float) for x in start(0.0, [0.0] * count, p, [])])
        control = diffrax.PIDController(rtol=relative, atol=relative * scales, **_CONTROL[solver])

        def interval(y: Any, stretch: Any) -> Any:  # noqa: ANN401 traced arrays
            begin, end, dose, grid = stretch
            solution = diffrax.diffeqsolve(
                term,
                _SOLVERS[solver](),
                begin,
                end,
                None,
                y + dose,
                args=(p, q),
                stepsize_controller=control,
                saveat=diffrax.SaveAt(ts=grid, t1=True),
                max_steps=_STEPS,
                throw=False,
            )
            seen = jax.vmap(lambda t, z: jnp.stack(outputs(t, z, p, q)))(grid, solution.ys[:-1])
            good = solution.result == diffrax.RESULTS.successful
            return solution.ys[-1], jnp.where(good, seen, jnp.nan)

        before = jnp.stack(outputs(0.0, first, p, q))
        return before, jax.lax.scan(interval, first, plan)[1]

    return subject


def _plan(case: Case) -> tuple[tuple[FloatArray, ...], FloatArray, FloatArray]:
    """Intervals of all subjects, padded to one shape, and where each output time is found in them."""
    all_of = [segments(case, subject) for subject in range(case.subjects)]
    times, states = case.workload.times, len(case.workload.program.layout.states)
    slots = max(1, *(one.last - one.first for stretches in all_of for one in stretches))
    shape = (case.subjects, max(map(len, all_of)))
    begin, end = np.zeros(shape), np.zeros(shape)
    dose, grid = np.zeros((*shape, states)), np.zeros((*shape, slots))
    where = np.zeros((case.subjects, len(times)), dtype=np.int64)
    slot = np.zeros_like(where)
    for subject, stretches in enumerate(all_of):
        for position, one in enumerate(stretches):
            begin[subject, position], end[subject, position] = one.start, one.stop
            for index, amount in one.doses:
                dose[subject, position, index] += amount
            inner = times[one.first : one.last]
            grid[subject, position] = [*inner, *[one.stop] * (slots - len(inner))]
            where[subject, one.first : one.last] = position
            slot[subject, one.first : one.last] = np.arange(len(inner))
    return tuple(map(jnp.array, (begin, end, dose, grid))), where, slot


def version() -> str:
    """What runs."""
    return f"diffrax {metadata.version('diffrax')}, JAX {metadata.version('jax')}"
