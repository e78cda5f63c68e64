"""What a module says of people: correlations between its parameters. Names, spreads, and whether they can all hold."""

from __future__ import annotations

from collections.abc import Mapping

from raphe.core.copula import correlation_matrix, groups_of, lower_root
from raphe.core.draws import Bernoulli
from raphe.core.errors import Place, nearest
from raphe.language.findings import Code, Findings
from raphe.language.model import Correlation, Module, Parameter


def check_correlations(module: Module, findings: Findings) -> None:
    """Add the faults of the correlations of a module to the findings.

    Parameters
    ----------
    module
        From `parse`.
    findings
        Grows.
    """
    known = {parameter.name: parameter for parameter in module.parameters}
    before = len(findings)
    first: dict[frozenset[str], Place] = {}
    for one in module.correlations:
        for name in (one.leader, one.follower):
            _check_end(name, one, known, findings)
        pair = frozenset((one.leader, one.follower))
        if len(pair) == 1:
            message = f'"{one.leader}" is correlated with itself'
            findings.error(Code.BAD_CORRELATION, message, one.place, "name two parameters")
        if pair in first:
            message = f'"{one.leader}" and "{one.follower}" are correlated twice'
            advice = f"the first stands at {first[pair]}"
            findings.error(Code.DUPLICATE, message, one.place, advice)
        first.setdefault(pair, one.place)
    if len(findings) == before:
        _check_matrices(module, findings)


def _check_end(
    name: str, one: Correlation, known: Mapping[str, Parameter], findings: Findings
) -> None:
    if name not in known:
        message = f'unknown parameter "{name}"'
        findings.error(Code.UNKNOWN_NAME, message, one.place, nearest(name, known))
    elif known[name].people is None:
        message = f'"{name}" does not differ between people and cannot be correlated'
        findings.error(Code.BAD_CORRELATION, message, one.place, "give it: people lognormal cv ...")
    elif isinstance(known[name].people, Bernoulli):
        message = f'"{name}" is 0 or 1 and cannot be correlated'
        advice = "write a formula with a number for each of the two"
        findings.error(Code.BAD_CORRELATION, message, one.place, advice)


def _check_matrices(module: Module, findings: Findings) -> None:
    """Correlations that cannot all hold at once are told at the first of their group."""
    values = {(one.leader, one.follower): one.value for one in module.correlations}
    for group in groups_of(tuple(values)):
        if lower_root(correlation_matrix(group, values)) is None:
            place = min(one.place for one in module.correlations if one.leader in group)
            names = ", ".join(f'"{name}"' for name in group)
            message = f"the correlations of {names} cannot all hold: no people have them"
            advice = "their matrix is not positive definite: bring them nearer to 0"
            findings.error(Code.BAD_CORRELATION, message, place, advice)
