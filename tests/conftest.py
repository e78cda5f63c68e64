"""Tests leave no trace: kernels go to a cache folder of their own."""

import os

import pytest

collect_ignore = ["reference/sbml/make_courses.py"]  # a script that needs libRoadRunner


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Compiled kernels are shared by the tests of one run, never with the user's cache."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before
