"""A place for small documents, and times to look at them."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import documents


@pytest.fixture
def sbml(tmp_path):
    return documents.Sbml(tmp_path)


@pytest.fixture
def times():
    return np.array([0.31, 1.7, 4.9, 8.3])
