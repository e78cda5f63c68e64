"""Modules + wiring -> one flat, checked Model."""

from __future__ import annotations

from collections.abc import Mapping

from raphe.core.errors import LanguageError
from raphe.language.check import check_assembly, check_document
from raphe.language.findings import Finding, Severity
from raphe.language.flatten import flatten, flatten_module
from raphe.language.model import Assembly, Document, Library, Model, Module

NO_CHOICES: Mapping[str, str] = {}


def compose(
    assembly: Assembly, library: Library, *, choices: Mapping[str, str] = NO_CHOICES
) -> Model:
    """Put the modules of an assembly together.

    Parameters
    ----------
    assembly
        Which modules, how wired.
    library
        Modules and sources by name.
    choices
        Slot -> rival module that stands there instead of the first.

    Returns
    -------
    Model
        The same whatever the order of definitions.

    Raises
    ------
    LanguageError
        For the first error that `check` finds.
    """
    _refuse(check_assembly(assembly, library, choices))
    return flatten(assembly, library, choices)


def compose_module(module: Module, library: Library) -> Model:
    """Make a model of one module, its in-ports at rest; every quantity and species is shown.

    Raises
    ------
    LanguageError
        If an in-port of the module has no rest, or for the first error that `check` finds.
    """
    for port in module.inputs:
        if port.rest is None:
            message = f'"{module.name}" needs "{port.name}" from elsewhere and cannot stand alone'
            raise LanguageError(message, place=port.place, advice="use it in a model")
    _refuse(check_document(Document(file=module.place.file, modules=(module,)), library=library))
    return flatten_module(module, library)


def _refuse(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        if finding.severity is Severity.ERROR:
            raise LanguageError(finding.message, place=finding.place, advice=finding.advice)
