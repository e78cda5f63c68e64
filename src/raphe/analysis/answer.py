"""The nouns of an answer: what a run says about a target, ready to be worded, drawn or tabled. No behavior.

All numbers are in the unit that stands beside them. Between-person spread and uncertainty of the population values are
kept apart everywhere: the first is drawn at the best estimate of each population value, the second for the typical
person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from raphe.core.draws import FloatArray
from raphe.core.sources import Source
from raphe.language.show import ParameterRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A median with the 5th and 95th percentile about it."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A median and the 5th and 95th percentile at each time; arrays of shape (times,)."""

    low: FloatArray
    middle: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One output over time in one scenario."""

    scenario: str
    output: str
    title: str
    unit: str
    hours: FloatArray
    people: Band
    uncertainty: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One figure of merit with both kinds of spread."""

    people: Interval
    uncertainty: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a scenario does to the target, against the same people before the first dose.

    Changes are fractions of baseline (-0.2 is a fall by 20 %) if `relative`, and differences from it where the
    baseline is 0. Times are in h after the first dose or, where it says so, after the last. `settled` is the time
    after the last dose from which the change stays within `settled_within` of baseline for the typical person in the
    median; not a number if it does not settle before the run ends. `mean_change_last_day` is over the 24 h after the
    last dose (over the first day without doses), `rebound` is the change farthest to the other side after the last
    dose, 0 if there is none.
    """

    scenario: str
    regimen: str
    relative: bool
    acts: bool  # whether anything is done: a dose taken, or a way of living
    doses: int
    last_dose: float
    until: float
    largest_change: Spread
    time_of_largest: Spread
    mean_change_last_day: Spread
    rebound: Spread
    change_at_end: Spread
    settled: Spread
    settled_within: float
    share_falling: float  # of uncertainty draws in which the largest change is a fall
    share_rising: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One output on the path from what is done to the target, and how far it moves.

    `size` is the largest change: a fraction of baseline if `relative`, else in `unit`.
    """

    output: str
    title: str
    unit: str
    relative: bool
    size: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The path from what is done in a scenario to the target, in stages; links of one stage act side by side."""

    scenario: str
    stages: tuple[tuple[Link, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """How far one uncertain number moves the answer: the largest change with it at both ends of its 90 % interval."""

    name: str
    meaning: str
    status: str  # read, derived or assumed
    low: float  # largest change with the number at its 5th percentile
    high: float  # and at its 95th
    share: float  # the farther of the two from the typical answer, as a share of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What decides the answer in one scenario: every uncertain number moved alone, the strongest first."""

    scenario: str
    typical: float
    movers: tuple[Mover, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One condition on a person: a number above a value, or at most that."""

    name: str
    above: bool
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People whom all bounds fit; told of others than those in whom the bounds were found."""

    bounds: tuple[Bound, ...]
    people: int
    effect: Interval
    share: (
        Interval  # of them in whom it happens, with its 90 % interval as a share that was counted
    )


class Event(StrEnum):
    """What may happen in some people and not in others."""

    FAR = "far"  # the largest change goes as far as that of the typical person, to the same side
    OTHER_SIDE = "other side"  # the largest change is to the other side


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """In whom something happens. One group of all people if nothing tells them apart."""

    event: Event
    threshold: float  # largest change from which on it happens, with its sign; 0 for the other side
    everybody: Interval  # share of all people in whom it happens
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InWhom:
    """Where in people, doses and ways of living an effect goes far, and where it changes its sign."""

    scenarios: tuple[str, ...]
    tried: int  # numbers that could have told people apart
    regions: tuple[Region, ...]
    units: tuple[tuple[str, str, str], ...]  # name, meaning, unit


class Part(StrEnum):
    """Where the spread of an answer comes from."""

    PEOPLE = "people"  # people differ
    NUMBERS = "numbers"  # numbers are not known, though they rest on people or on nothing
    CARRIED_OVER = "carried over"  # numbers that rest on animals, cells or models of them alone
    FORMS = "forms"  # rival modules


@dataclass(frozen=True, slots=True, kw_only=True)
class PartShare:
    """One part of the spread of the largest change.

    `alone` is the share of the variance that this part explains by itself, `involved` the share that it has a hand in
    together with others; both with 90 % intervals. `range` is the largest change if only this part varied: 5th, 50th
    and 95th percentile, or lowest, own and highest for the forms.
    """

    part: Part
    alone: Interval
    involved: Interval
    range: Interval
    count: int  # numbers in it, or forms


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Where the spread of the largest change comes from when all four parts vary at once.

    Each part is drawn independently: a person, the population values of both kinds of numbers, and the form of the
    model, every form that changes the answer as likely as any other. Shares alone and `together` (what only several
    parts explain) make up the whole variance.
    """

    scenario: str
    whole: Interval  # of the largest change with everything drawn
    sd: float
    parts: tuple[PartShare, ...]
    together: float
    points: int
    lost: int  # points left out because a run failed
    runs: int
    failed: int
    forms: tuple[
        tuple[str, float], ...
    ]  # module that stands in for the model's own, largest change


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One uncertain number, or all that are left, and its share of the variance of the typical person's answer."""

    name: str
    meaning: str
    status: str
    citations: str
    carried_over: bool
    alone: Interval
    involved: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What uncertain numbers do to the answer for the typical person when all of them vary at once.

    Elementary effects of all `screened` numbers choose those that get indices of their own; `rest` is all others
    together, so that nothing is left out.
    """

    scenario: str
    whole: Interval
    sd: float
    ranked: tuple[Ranked, ...]  # the largest share alone first
    rest: Ranked | None
    screened: int
    points: int
    lost: int
    runs: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Where the spread of an answer comes from, and which number to measure next; None where nothing moves.

    There is no ranking either if no points were asked for.
    """

    split: Split | None
    ranking: Ranking | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalPrediction:
    """What a rival module predicts for the typical person."""

    module: str
    predicted: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One published observation against the prediction for a trial of the same size."""

    observation: str
    regimen: str
    people: int
    statistic: str
    output: str
    unit: str
    observed: float
    observed_spread: str
    predicted: Interval  # 90 % interval of the trial's mean (median for a time): people and uncertainty together
    fold_error: float  # the larger of predicted/observed and observed/predicted, at the median
    inside: bool  # the observation lies in the interval
    role: str  # calibration or prediction
    status: str  # read, derived or assumed
    citation: str  # source keys and locators
    rivals: tuple[RivalPrediction, ...]


class Bearing(StrEnum):
    """What a published observation has to do with the target."""

    ITSELF = "itself"  # it is of the target
    NEAR = "near"  # it is of something else of the same transmitter or effect, or of what stands for the target
    UNTOLD = "untold"  # it names the target, and no model speaks of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What others saw of the target: outside evidence, with no number of a run in it.

    `given`, `against` and `when` are what was done, what it was compared with (empty if with rest), and the time that
    was read off, in words; empty for an observation that no model speaks of.
    """

    observation: str
    bearing: Bearing
    asked: bool  # whether it is of what the question is about
    subjects: str
    count: int  # of them; 0 if that was not read
    in_people: bool
    given: str
    against: str
    when: str
    quantity: str
    seen: str
    role: str  # calibration or prediction; empty if no model speaks of it
    status: str  # read, derived or assumed
    citation: str  # source keys and locators
    note: str  # what was assumed to set it beside the model, or why no model speaks of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Subjects that did not finish, by scenario and reason; an answer names them all."""

    scenario: str
    layer: str
    status: str
    count: int
    of: int
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """Subjects whom the model was not made for, by scenario; they are in all numbers, and an answer names them all."""

    scenario: str
    layer: str
    count: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the answer was made with; enough to make it again."""

    version: str
    seed: int
    people: int
    draws: int
    relative_tolerance: float
    absolute_tolerance: float
    method: str
    model_digest: str
    packages: tuple[tuple[str, str], ...]
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything that the terminal and the report show."""

    title: str
    subject: str  # what is taken or done
    target: str
    target_meaning: str
    target_output: str
    model: str
    modules: tuple[tuple[str, str], ...]  # slot, module
    effects: tuple[Effect, ...]
    chain: Chain | None  # of the scenario with the largest effect; None if nothing moves
    sweep: Sweep | None  # of the scenario with the largest effect; None if nothing moves
    doubt: Doubt  # of the same scenario
    whom: InWhom | None  # of all scenarios in which something is done
    courses: tuple[Course, ...]
    unchanged: tuple[str, ...]  # titles of outputs that no scenario moves; they have no courses
    comparisons: tuple[Comparison, ...]
    findings: tuple[
        Finding, ...
    ]  # outside evidence on the target, the nearest to the question first
    parameters: tuple[ParameterRow, ...]
    statuses: tuple[tuple[str, int], ...]  # read, derived, assumed: how many numbers
    assumptions: tuple[str, ...]
    references: tuple[Source, ...]
    failures: tuple[Failure, ...]
    strangers: tuple[Strangers, ...]
    supports: tuple[
        str, ...
    ]  # whom the model was made for, such as "person.age from 18 to 90 year"
    provenance: Provenance
