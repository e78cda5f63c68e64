"""raphe: from a dose to a neurotransmitter, with every number cited. Public names, loaded when first used."""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "Answer": "raphe.analysis.answer",
    "Catalog": "raphe.library.catalog",
    "Results": "raphe.engine.results",
    "Study": "raphe.study.question",
    "answer": "raphe.study.session",
    "frame": "raphe.study.frames",
    "load": "raphe.study.session",
    "people_of_records": "raphe.study.record_people",
    "polars_frame": "raphe.study.frames",
    "read_records": "raphe.dosing.records",
    "read_sbml": "raphe.exchange.sbml",
    "render_page": "raphe.report.page",
    "simulate": "raphe.study.session",
    "simulate_model": "raphe.study.alone",
    "simulate_records": "raphe.study.tables",
    "units_of": "raphe.study.frames",
    "write_records": "raphe.dosing.records",
    "write_report": "raphe.report.page",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f'module "raphe" has no attribute "{name}"')
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, *globals()])
