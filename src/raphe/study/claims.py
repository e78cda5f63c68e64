"""Claims, the evidence about them, what a model can say, and the rule written before the run: records, no behavior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from raphe.analysis.answer import Interval
from raphe.core.units import Quantity
from raphe.language.model import Direction
from raphe.study.endpoints import Endpoint


class Side(StrEnum):
    """Where a finding points."""

    FOR = "for"
    AGAINST = "against"
    MIXED = "mixed"


class Strength(StrEnum):
    """How much a finding weighs: 1, 2 or 3."""

    WEAK = "weak"
    MODERATE = "moderate"
    STRONG = "strong"


class EvidenceState(StrEnum):
    """What outside evidence says as a whole."""

    FOR = "for"
    AGAINST = "against"
    MIXED = "mixed"
    NONE = "none"


class ModelState(StrEnum):
    """What the model says of a claim."""

    AGREES = "agrees"
    """The claimed change is there in nearly all draws, with every rival."""
    DISAGREES = "disagrees"
    """It is missing in nearly all draws, with every rival."""
    OPEN = "open"
    """Numbers or rivals leave it open."""
    SILENT = "silent"
    """Nothing in the model speaks of it; the claim says why."""


class Verdict(StrEnum):
    """What a claim comes to."""

    SUPPORTED = "supported"
    PARTLY = "partly supported"
    CONTESTED = "contested"
    CONTRADICTED = "contradicted"
    NOT_IDENTIFIABLE = "not identifiable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One outside finding."""

    source: str
    locator: str
    side: Side
    subjects: str
    strength: Strength
    finding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One thing that is done, and what is read off it."""

    drug: str
    regimen: str
    endpoint: Endpoint
    settings: Mapping[str, Quantity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What a claim means in the model.

    Parameters
    ----------
    arm
        Read off as a change from its own first value, unless `than` is given.
    than
        What the arm is compared with; then the change is from that.
    direction
        What the claim says of it.
    smallest
        A change below this counts as none: a fraction, or in the output's own unit where its rest is 0.
    """

    arm: Arm
    than: Arm | None
    direction: Direction
    smallest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a rule: the first line whose states fit gives the verdict; no states fit all."""

    evidence: tuple[EvidenceState, ...]
    model: tuple[ModelState, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement that is to be judged.

    Parameters
    ----------
    experiment
        None if the model cannot speak; then `silent` says why.
    """

    id: str
    statement: str
    reading: str
    experiment: Experiment | None
    silent: str
    evidence: tuple[Evidence, ...]
    rule: tuple[Rule, ...]
    would_change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFile:
    """Claims of one text, the model that they are put to, and how many draws."""

    title: str
    about: str
    model: str
    seed: int
    draws: int
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormResult:
    """What one form of the model gives: its own modules, or one rival."""

    form: str
    change: Interval
    holds: float  # share of draws in which the claimed change is there
    relative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """A claim with its verdict, and all it rests on; evidence and model are never added up."""

    claim: Claim
    evidence: EvidenceState
    model: ModelState
    forms: tuple[FormResult, ...]
    decides: tuple[str, ...]  # numbers that move the change most, the strongest first
    verdict: Verdict
