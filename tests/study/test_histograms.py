"""Quantiles out of counts: near those of the numbers themselves, and the same whatever the chunks."""

import numpy as np
import pytest

from raphe.study.histograms import BINS, count, quantiles, set_bins

RANDOM = np.random.default_rng(7)
VALUES = np.exp(RANDOM.normal(size=(20_000, 3, 2)) * [0.1, 0.6]) * [1.0, 40.0]
LEVELS = (0.05, 0.5, 0.95)


def test_quantiles_are_within_a_bin_of_those_of_the_numbers():
    bins = set_bins(VALUES[:1024])
    found = quantiles(count(VALUES, bins), bins, LEVELS)
    exact = np.quantile(VALUES, LEVELS, axis=0)
    assert np.all(np.abs(found - exact) <= bins[1])


def test_counts_add_up_whatever_the_chunks():
    bins = set_bins(VALUES[:1024])
    whole = count(VALUES, bins)
    for size in (7, 1000, 4096):
        parts = sum(count(VALUES[at : at + size], bins) for at in range(0, len(VALUES), size))
        assert np.array_equal(parts, whole)
    assert whole.sum(axis=2).tolist() == [[20_000] * 2] * 3


def test_what_lies_beyond_is_counted_and_its_quantiles_are_no_numbers():
    bins = set_bins(VALUES[:1024])
    far = np.concatenate([VALUES[:100], np.full((900, 3, 2), 1e6)])
    counts = count(far, bins)
    assert counts[..., BINS + 1].min() == 900
    assert np.isnan(quantiles(counts, bins, (0.95,))).all()


def test_where_nobody_differs_the_value_itself_comes_back():
    same = np.full((50, 2, 2), 1.0)
    bins = set_bins(same)
    assert quantiles(count(same, bins), bins, LEVELS) == pytest.approx(1.0, abs=1e-9)


def test_subjects_that_failed_are_not_counted():
    broken = VALUES[:10].copy()
    broken[3] = np.nan
    bins = set_bins(broken)
    assert count(broken, bins).sum(axis=2).max() == 9
    assert np.isnan(quantiles(count(broken[3:4], bins), bins, LEVELS)).all()
