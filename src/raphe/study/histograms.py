"""Courses of many people -> counts in bins that are set once, and quantiles out of counts.

Counts add up exactly, whatever the order or size of chunks; so equal runs have equal counts. Knows nothing of files.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from raphe.core.draws import FloatArray
from raphe.study.chunks import BINS

Counts = npt.NDArray[np.uint32]
_ROOM = 0.5  # of the range of the pilot, on each side


def set_bins(values: FloatArray) -> FloatArray:
    """Lower edge and width of the bins of each output and time, from the subjects of a pilot.

    Parameters
    ----------
    values
        Shape (subjects, times, outputs); rows that hold anything that is not a number are left out.

    Returns
    -------
    array of shape (2, times, outputs)
    """
    sound = values[~np.isnan(values).any(axis=(1, 2))]
    if not len(sound):
        return np.stack([np.zeros(values.shape[1:]), np.ones(values.shape[1:])])
    low, high = sound.min(axis=0), sound.max(axis=0)
    span = high - low
    still = 1e-9 * np.maximum(np.abs(low), 1e-3)  # where nobody differs
    span = np.where(span > still, span, still)
    return np.stack([low - _ROOM * span, (1.0 + 2.0 * _ROOM) * span / BINS])


def count(values: FloatArray, bins: FloatArray) -> Counts:
    """Count subjects in bins.

    Parameters
    ----------
    values
        Shape (subjects, times, outputs); rows that hold anything that is not a number are left out.
    bins
        From `set_bins`.

    Returns
    -------
    array of shape (times, outputs, BINS + 2)
        The first bin holds what lies below all others, the last what lies above.
    """
    sound = values[~np.isnan(values).any(axis=(1, 2))]
    times, outputs = bins.shape[1:]
    found = np.zeros((times, outputs, BINS + 2), dtype=np.uint32)
    if not len(sound):
        return found
    for time in range(times):
        place = np.floor((sound[:, time, :] - bins[0, time]) / bins[1, time])
        place = np.clip(place, -1.0, BINS).astype(np.int64) + 1
        place += np.arange(outputs) * (BINS + 2)
        flat = np.bincount(place.ravel(), minlength=outputs * (BINS + 2))
        found[time] = flat.reshape(outputs, BINS + 2)
    return found


def quantiles(counts: Counts, bins: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Quantiles of each output and time; off by less than a bin.

    Parameters
    ----------
    counts
        Sum of what `count` gave.
    bins
        From `set_bins`.
    levels
        Between 0 and 1.

    Returns
    -------
    array of shape (levels, times, outputs)
        Not a number where a quantile lies beyond the bins, or where nothing was counted.
    """
    total = counts.sum(axis=2, dtype=np.int64)
    below = np.cumsum(counts, axis=2, dtype=np.int64)
    found = np.full((len(levels), *total.shape), np.nan)
    for number, level in enumerate(levels):
        rank = level * np.maximum(total - 1, 0)
        place = (below <= rank[..., None]).sum(axis=2)  # the bin that holds the rank
        inside = (total > 0) & (place >= 1) & (place <= BINS)
        safe = np.clip(place, 1, BINS)
        before = np.take_along_axis(below, safe[..., None] - 1, axis=2)[..., 0]
        held = np.take_along_axis(counts, safe[..., None], axis=2)[..., 0]
        part = (rank - before + 0.5) / np.maximum(held, 1)
        value = bins[0] + (safe - 1 + part) * bins[1]
        found[number] = np.where(inside, value, np.nan)
    return found
