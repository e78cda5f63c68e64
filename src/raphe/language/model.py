"""The nouns of the model language: frozen records, no behavior. Knows nothing of text or of engines.

A `Document` is what one text says. Composition turns modules and an `Assembly` into one flat `Model`, in which names
are `alias.name`, ports are gone, and every formula refers to species, parameters, quantities or `time` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from raphe.core.draws import Distribution, LogNormal, Normal
from raphe.core.errors import Place
from raphe.core.sources import Provenance, Source
from raphe.core.units import Quantity, Unit
from raphe.language.evidence import Limit, Side, Unsimulated
from raphe.language.expression import Comparison, Expression

TIME = "time"


class Occasion(StrEnum):
    """When a number of one person is drawn anew."""

    DOSE = "dose"
    """With each dose that enters the module after the first one."""
    DAY = "day"
    """At every 24 h."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasions:
    """How a number of one person differs from occasion to occasion: spread about the person's own value."""

    spread: Normal | LogNormal  # in the unit of the value
    each: Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number that does not change in a run, but from occasion to occasion: value, spreads, and where it comes from.

    `provenance` is None only in a text that `check` has yet to refuse.
    """

    name: str
    value: Quantity
    meaning: str = ""
    people: Distribution | None = None  # its numbers in the unit of `value`
    uncertainty: Distribution | None = None  # likewise
    occasions: Occasions | None = None
    population: str = ""
    provenance: Provenance | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """How two parameters go together between people: the correlation of the normal numbers behind them.

    For normal distributions that is their own correlation, for lognormal ones that of the logarithms. A value that is
    given for one of them (fixed, or from a table) moves the other as people differ; `follower` is mixed after `leader`.
    """

    leader: str
    follower: str
    value: float
    provenance: Provenance | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Whom a module or a model was made for: the values of a parameter, in-port or quantity that it knows of people.

    The quantity must not change in a run. Whoever lies outside is refused or flagged, as the study chooses.
    """

    name: str
    low: float  # in the unit
    high: float
    unit: Unit
    provenance: Provenance | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """A chemical, with its molar mass as a parameter of the same name."""

    name: str
    molar_mass: Parameter
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Compartment:
    """A volume that species are dissolved in."""

    name: str
    volume: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """A state: its unit, where it starts (None: at 0), and what it is made of.

    `size`, in base units, is what counts as large for it where it starts at 0; None for one of its unit.
    """

    name: str
    unit: Unit
    start: Expression | None = None
    size: float | None = None
    compartment: str | None = None
    substance: str | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A species in a reaction, and how many of it take part."""

    species: str
    count: int
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Reactants to products at a rate in units of the species per time."""

    name: str
    reactants: tuple[Participant, ...]
    products: tuple[Participant, ...]
    rate: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivative:
    """A rate of change written directly, for a species that no reaction touches."""

    species: str
    rate: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedQuantity:
    """A named formula."""

    name: str
    unit: Unit
    formula: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What an event sets a species to."""

    species: str
    formula: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Assignments at an exact time (`at`), or when a condition turns true (`when`); one of the two is None."""

    name: str
    at: Expression | Quantity | None = None
    when: Comparison | None = None
    assignments: tuple[Assignment, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An in-port: what a module needs from elsewhere.

    `sum` if it adds up all that is connected to it. `rest` is its value while nothing acts on it; a model may hold it
    there, and a module whose in-ports all have one can be run alone.
    """

    name: str
    unit: Unit
    meaning: str
    sum: bool = False
    rest: float | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An out-port: a species, quantity or parameter of the module, and what it means."""

    name: str
    meaning: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How doses enter: the species they are added to, and the names of lag, absorbed fraction, duration or rate.

    A route with a duration or a rate is of zero order: its doses run in instead of being there at once.
    """

    name: str
    species: str
    lag: str | None = None
    fraction: str | None = None
    duration: str | None = None
    rate: str | None = None
    place: Place

    @property
    def settings(self) -> tuple[str, ...]:
        """The names that it was given."""
        given = (self.lag, self.fraction, self.duration, self.rate)
        return tuple(name for name in given if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A part of a model, with ports."""

    name: str
    title: str
    substances: tuple[Substance, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    supports: tuple[Support, ...] = ()
    quantities: tuple[AssignedQuantity, ...] = ()
    compartments: tuple[Compartment, ...] = ()
    species: tuple[Species, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    derivatives: tuple[Derivative, ...] = ()
    events: tuple[Event, ...] = ()
    routes: tuple[Route, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A module in a slot (`alias`), and what else could stand there.

    Rivals are other opinions of the same thing, and an answer is tried with each of them; `others` are other things,
    such as other people, to be chosen by a study.
    """

    alias: str
    module: str
    rivals: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    place: Place

    @property
    def modules(self) -> tuple[str, ...]:
        """All that may stand in the slot, what stands there by default first."""
        return (self.module, *self.rivals, *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An out-port `alias.name` to an in-port `alias.name`."""

    origin: str
    goal: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """An in-port `alias.name` that is left at its rest."""

    goal: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An output that is kept and drawn."""

    quantity: str
    title: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Drug:
    """The name that people use for a drug, the route `alias.name` that its doses take, and usual regimens of it.

    `level` is the output that tells how much of it is there, shown when the drug is asked about.
    """

    name: str
    route: str
    level: Shown | None = None
    usual: tuple[str, ...] = ()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifestyle:
    """The name that people use for a way of living: a parameter `alias.name` at a value, for how long (h), in words."""

    name: str
    parameter: str
    value: Quantity
    hours: float
    meaning: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The name that people ask for, and the output `alias.name` that answers."""

    name: str
    quantity: str
    meaning: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A `model` block: which modules, how wired, what it answers."""

    name: str
    title: str
    uses: tuple[Use, ...] = ()
    connections: tuple[Connection, ...] = ()
    holds: tuple[Hold, ...] = ()
    drugs: tuple[Drug, ...] = ()
    lifestyles: tuple[Lifestyle, ...] = ()
    targets: tuple[Target, ...] = ()
    shown: tuple[Shown, ...] = ()
    supports: tuple[Support, ...] = ()
    place: Place


class Statistic(StrEnum):
    """What an observation measures of a time course."""

    MAXIMUM = "maximum"
    TIME_OF_MAXIMUM = "time_of_maximum"
    AREA_TO_INFINITY = "area_to_infinity"
    HALF_LIFE = "half_life"
    APPARENT_CLEARANCE = "apparent_clearance"
    ACCUMULATION = "accumulation"
    VALUE = "value"  # at a time
    MEAN = "mean"  # over a window, as the next two
    LOWEST = "lowest"
    HIGHEST = "highest"
    TIME_OF_HIGHEST = "time_of_highest"  # of the mean course of a trial, since the last dose


class Direction(StrEnum):
    """What was seen where no size was: against rest, which is 1 for a ratio and 0 for an effect."""

    FALLS = "falls"
    RISES = "rises"
    STAYS = "stays"


class Role(StrEnum):
    """Whether an observation was used to set parameters."""

    CALIBRATION = "calibration"
    PREDICTION = "prediction"


class SpreadKind(StrEnum):
    """What the spread of an observation is."""

    SD = "sd"
    SE = "se"
    RANGE = "range"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Spread of an observation: `high` is used by a range only."""

    kind: SpreadKind
    low: Quantity
    high: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What is done in one arm of a trial, and what is read off it.

    `choices` (slot, module) and `settings` (parameter, value) are what the experiment fixed; `window` is the time, or
    the first and the last time, that the statistic is taken at.
    """

    drug: str
    regimen: str
    choices: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, Quantity], ...] = ()
    statistic: Statistic
    window: tuple[Quantity, ...] = ()
    quantity: str  # `alias.name` in the model that is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Outside evidence: what a study saw after a regimen, as a value or as a direction (the other is None).

    With `bound`, the value is only known to lie on that side. With `share`, what was seen is the part of the people
    whose statistic is beyond that limit. With `against`, it is how the arm compares with another one: a value without
    dimension is the ratio of the two, one in the unit of the statistic is their difference.
    """

    name: str
    drug: str
    regimen: str
    people: int  # 0 if that was not read
    sample: str | None = None  # module of people that the trial drew from, if not the model's own
    subjects: str = ""  # who, if not people
    choices: tuple[tuple[str, str], ...] = ()  # this and what follows: as in `Arm`
    settings: tuple[tuple[str, Quantity], ...] = ()
    statistic: Statistic
    window: tuple[Quantity, ...] = ()
    quantity: str
    measured: str = ""  # what was measured, if it only stands for the quantity
    share: Limit | None = None
    against: Arm | None = None
    value: Quantity | None = None
    bound: Side | None = None
    direction: Direction | None = None
    spread: Spread | None = None
    role: Role
    provenance: Provenance | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything that one text says, in the order of the text; duplicates are still in it."""

    file: str
    sources: tuple[Source, ...] = ()
    modules: tuple[Module, ...] = ()
    assemblies: tuple[Assembly, ...] = ()
    observations: tuple[Observation, ...] = ()
    unsimulated: tuple[Unsimulated, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A flat model, sorted by name: what the engine, the report and the people are made from.

    Quantities are in an order in which each depends only on earlier ones. `derivatives` has exactly one entry for
    each species, reactions included; concentrations and molar masses are written out.
    """

    name: str
    title: str
    slots: tuple[tuple[str, str], ...]  # alias, module that stands there
    parameters: tuple[Parameter, ...]
    correlations: tuple[Correlation, ...]
    supports: tuple[Support, ...]
    quantities: tuple[AssignedQuantity, ...]
    species: tuple[Species, ...]
    derivatives: tuple[Derivative, ...]
    reactions: tuple[
        Reaction, ...
    ]  # kept for those who read the model; the derivatives hold them already
    events: tuple[Event, ...]
    routes: tuple[Route, ...]
    drugs: tuple[Drug, ...]
    targets: tuple[Target, ...]
    shown: tuple[Shown, ...]
    sources: tuple[Source, ...]  # those that the parameters cite


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Modules and sources by name, from however many documents."""

    modules: Mapping[str, Module]
    sources: Mapping[str, Source]
