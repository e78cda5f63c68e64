"""Claim file -> ClaimFile, as strictly as studies are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import pydantic

from raphe.core.errors import Place, StudyError, UnknownNameError, nearest
from raphe.core.units import parse_quantity
from raphe.dosing.regimen import Regimen
from raphe.language.model import Direction
from raphe.library.catalog import Catalog
from raphe.study.claims import (
    Arm,
    Claim,
    ClaimFile,
    Evidence,
    EvidenceState,
    Experiment,
    ModelState,
    Rule,
    Side,
    Strength,
    Verdict,
)
from raphe.study.endpoints import Endpoint, Kind
from raphe.study.plain_yaml import PathKey, load_yaml, place_in, read_text
from raphe.study.schema import Strict, first_fault

_Word = TypeVar("_Word", bound=StrEnum)


class _Evidence(Strict):
    source: str
    locator: str
    side: str
    subjects: str
    strength: str
    finding: str


class _Arm(Strict):
    drug: str | None = None
    regimen: str
    statistic: str
    begin: str | None = None
    end: str | None = None
    settings: dict[str, str] = pydantic.Field(default_factory=dict)


class _Experiment(Strict):
    drug: str
    regimen: str
    output: str
    statistic: str
    begin: str | None = None
    end: str | None = None
    settings: dict[str, str] = pydantic.Field(default_factory=dict)
    than: _Arm | None = None
    direction: str
    smallest: float = pydantic.Field(0.01, ge=0.0)


class _Rule(Strict):
    evidence: list[str] = pydantic.Field(default_factory=list)
    model: list[str] = pydantic.Field(default_factory=list)
    verdict: str


class _Claim(Strict):
    id: str
    statement: str
    reading: str
    experiment: _Experiment | None = None
    silent: str = ""
    evidence: list[_Evidence]
    rule: list[_Rule] | None = None
    would_change: str


class _File(Strict):
    raphe: int = pydantic.Field(ge=1, le=1)
    title: str
    about: str
    model: str
    seed: int = pydantic.Field(1, ge=0)
    draws: int = pydantic.Field(200, ge=20, le=10_000)
    rule: list[_Rule]
    claims: list[_Claim] = pydantic.Field(min_length=1)


_PARTS: dict[str, type[Strict]] = {
    "claims": _Claim,
    "experiment": _Experiment,
    "than": _Arm,
    "evidence": _Evidence,
    "rule": _Rule,
}


def read_claims(path: Path, catalog: Catalog) -> ClaimFile:
    """Read a claim file.

    Parameters
    ----------
    path
        A YAML file.
    catalog
        Gives models and sources.

    Returns
    -------
    ClaimFile

    Raises
    ------
    InputError
        If it cannot be read, or names what is not in the library; the error has the place.
    """
    return parse_claims(read_text(path), str(path), catalog)


def parse_claims(text: str, file: str, catalog: Catalog) -> ClaimFile:
    """Read the text of a claim file; `file` is its name in errors. See `read_claims`."""
    tree, places = load_yaml(text, file)
    whole = Place(file)
    try:
        raw = _File.model_validate(tree)
    except pydantic.ValidationError as error:
        raise first_fault(error, places, whole, _File, _PARTS) from None
    if raw.model not in catalog.assemblies:
        message = f'no model is called "{raw.model}"'
        advice = nearest(raw.model, catalog.assemblies)
        raise UnknownNameError(message, place=place_in(places, ("model",), whole), advice=advice)
    reader = _Reader(places, whole, catalog)
    usual = reader.rules(raw.rule, ("rule",))
    claims = tuple(reader.claim(item, number, usual) for number, item in enumerate(raw.claims))
    names = [claim.id for claim in claims]
    for number, name in enumerate(names):
        if name in names[:number]:
            place = place_in(places, ("claims", number, "id"), whole)
            raise StudyError(f'a second claim is called "{name}"', place=place)
    return ClaimFile(
        title=raw.title,
        about=raw.about,
        model=raw.model,
        seed=raw.seed,
        draws=raw.draws,
        claims=claims,
    )


class _Reader:
    """Turns what was read into records, and refuses what does not fit with its place."""

    def __init__(self, places: Mapping[PathKey, Place], whole: Place, catalog: Catalog) -> None:
        self._places, self._whole, self._catalog = places, whole, catalog

    def claim(self, item: _Claim, number: int, usual: tuple[Rule, ...]) -> Claim:
        """One claim."""
        path: PathKey = ("claims", number)
        if (item.experiment is None) == (not item.silent):
            message = f'"{item.id}": a claim has an experiment, or says why the model is silent'
            raise StudyError(
                message, place=self._place((*path, "id")), advice="give one of the two"
            )
        return Claim(
            id=item.id,
            statement=item.statement,
            reading=item.reading,
            experiment=None
            if item.experiment is None
            else self._experiment(item.experiment, (*path, "experiment")),
            silent=item.silent,
            evidence=tuple(
                self._evidence(one, (*path, "evidence", k)) for k, one in enumerate(item.evidence)
            ),
            rule=usual if item.rule is None else self.rules(item.rule, (*path, "rule")),
            would_change=item.would_change,
        )

    def rules(self, items: Sequence[_Rule], path: PathKey) -> tuple[Rule, ...]:
        """The lines of a rule; the last must fit whatever comes."""
        found = []
        for number, item in enumerate(items):
            here = (*path, number)
            found.append(
                Rule(
                    evidence=tuple(self._word(w, EvidenceState, here) for w in item.evidence),
                    model=tuple(self._word(w, ModelState, here) for w in item.model),
                    verdict=self._word(item.verdict, Verdict, here),
                )
            )
        if not found or found[-1].evidence or found[-1].model:
            advice = "end it with a line that has only a verdict"
            raise StudyError("the rule leaves cases open", place=self._place(path), advice=advice)
        return tuple(found)

    def _evidence(self, item: _Evidence, path: PathKey) -> Evidence:
        sources = self._catalog.library.sources
        if item.source not in sources:
            message = f'no source is called "{item.source}"'
            place = self._place((*path, "source"))
            raise UnknownNameError(message, place=place, advice=nearest(item.source, sources))
        return Evidence(
            source=item.source,
            locator=item.locator,
            side=self._word(item.side, Side, (*path, "side")),
            subjects=item.subjects,
            strength=self._word(item.strength, Strength, (*path, "strength")),
            finding=item.finding,
        )

    def _experiment(self, item: _Experiment, path: PathKey) -> Experiment:
        arm = _Arm(
            drug=item.drug,
            regimen=item.regimen,
            statistic=item.statistic,
            begin=item.begin,
            end=item.end,
            settings=item.settings,
        )
        than = item.than
        return Experiment(
            arm=self._arm(arm, item.drug, item.output, path),
            than=None if than is None else self._arm(than, item.drug, item.output, (*path, "than")),
            direction=self._word(item.direction, Direction, (*path, "direction")),
            smallest=item.smallest,
        )

    def _arm(self, item: _Arm, drug: str, output: str, path: PathKey) -> Arm:
        Regimen.from_text(item.regimen, self._place((*path, "regimen")))
        return Arm(
            drug=item.drug or drug,
            regimen=item.regimen,
            endpoint=Endpoint(
                name=output,
                kind=self._word(item.statistic, Kind, (*path, "statistic")),
                output=output,
                begin=self._hours(item.begin, (*path, "begin")),
                end=self._hours(item.end, (*path, "end")),
            ),
            settings={
                name: parse_quantity(text, self._place((*path, "settings", name)))
                for name, text in item.settings.items()
            },
        )

    def _hours(self, text: str | None, path: PathKey) -> float | None:
        return None if text is None else parse_quantity(text, self._place(path)).base

    def _word(self, text: str, words: type[_Word], path: PathKey) -> _Word:
        known = {one.value: one for one in words}
        if text not in known:
            message = f'unknown word "{text}"'
            raise StudyError(message, place=self._place(path), advice=nearest(text, known))
        return known[text]

    def _place(self, path: PathKey) -> Place:
        return place_in(self._places, path, self._whole)
