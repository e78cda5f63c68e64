"""Stiff methods as records, with their papers. Knows nothing of models.

A Rosenbrock method of s stages solves, with J the Jacobian and f_t the derivative with respect to time,

    (I/(h gamma) - J) k_i = f(t + alpha_i h, y + sum_j a_ij k_j) + sum_j (c_ij / h) k_j + h d_i f_t
    y_new = y + sum_i m_i k_i,   error = sum_i e_i k_i

and, between the ends of a step, with s in [0, 1],

    y(s) = y (1 - s) + s (y_new + (1 - s) (sum_i p_i k_i + s sum_i q_i k_i)).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rosenbrock:
    """Tableau of a Rosenbrock method in the form above."""

    name: str
    paper: str
    order: int
    error_order: int
    gamma: float
    alpha: tuple[float, ...]
    slope: tuple[float, ...]  # d_i
    a: tuple[tuple[float, ...], ...]
    c: tuple[tuple[float, ...], ...]
    solution: tuple[float, ...]  # m_i
    error: tuple[float, ...]  # e_i
    dense: tuple[tuple[float, ...], tuple[float, ...]]  # p_i and q_i


_RODAS4_LAST = (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950)

RODAS4 = Rosenbrock(
    name="Rodas4",
    paper="Hairer and Wanner 1996, Solving Ordinary Differential Equations II, section IV.7 (doi "
    "10.1007/978-3-642-05221-7); coefficients of the authors' code RODAS",
    order=4,
    error_order=3,
    gamma=0.25,
    alpha=(0.0, 0.386, 0.21, 0.63, 1.0, 1.0),
    slope=(0.25, -0.1043, 0.1035, -0.03620000000000023, 0.0, 0.0),
    a=(
        (),
        (1.544,),
        (0.9466785280815826, 0.2557011698983284),
        (3.314825187068521, 2.896124015972201, 0.9986419139977817),
        _RODAS4_LAST,
        (*_RODAS4_LAST, 1.0),
    ),
    c=(
        (),
        (-5.6688,),
        (-2.430093356833875, -0.2063599157091915),
        (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
        (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
        (
            8.083246795921522,
            -7.981132988064893,
            -31.52159432874371,
            16.31930543123136,
            -6.058818238834054,
        ),
    ),
    solution=(*_RODAS4_LAST, 1.0, 1.0),
    error=(0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    dense=(
        (
            10.12623508344586,
            -7.487995877610167,
            -34.80091861555747,
            -7.992771707568823,
            1.025137723295662,
            0.0,
        ),
        (
            -0.6762803392801253,
            6.087714651680015,
            16.43084320892478,
            24.76722511418386,
            -6.594389125716872,
            0.0,
        ),
    ),
)
