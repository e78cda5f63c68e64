"""Packages that come with an extra: loaded when they are first needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from raphe.core.errors import InputError


def extra_package(name: str, extra: str) -> ModuleType:
    """Import a package, or say what installs it.

    Parameters
    ----------
    name
        Of the package or of a module in it.
    extra
        Of ours, which brings it.

    Returns
    -------
    module

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = f"the package {name.partition('.')[0]} is not installed"
        raise InputError(message, advice=f"install raphe[{extra}]") from error
