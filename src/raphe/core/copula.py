"""Numbers that go together: groups of correlated names, and normal numbers mixed by a Gaussian copula.

Every name keeps a random number of its own; what a name shares with others is mixed in afterwards. So names that
nothing is correlated with are drawn as if there were no correlations at all. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from raphe.core.draws import FloatArray

Pair = tuple[str, str]


def groups_of(pairs: Sequence[Pair]) -> tuple[tuple[str, ...], ...]:
    """Names that are tied to each other, directly or through others.

    Parameters
    ----------
    pairs
        Each is a name and one that follows it.

    Returns
    -------
    tuple of groups
        By their first names. In a group those that follow nobody come first, then by name; so the first of a pair that
        stands alone keeps the numbers that it has without the second.

    Examples
    --------
    >>> groups_of([("volume", "clearance"), ("b", "c"), ("a", "b")])
    (('a', 'b', 'c'), ('volume', 'clearance'))
    """
    of_name: dict[str, set[str]] = {}
    for one, other in pairs:
        joined = of_name.get(one, {one}) | of_name.get(other, {other})
        of_name |= dict.fromkeys(joined, joined)
    following = {other for _, other in pairs}
    groups = {
        tuple(sorted(group, key=lambda name: (name in following, name)))
        for group in of_name.values()
    }
    return tuple(sorted(groups))


def correlation_matrix(names: Sequence[str], values: Mapping[Pair, float]) -> FloatArray:
    """Correlations of names with each other, 0 where nothing was said.

    Parameters
    ----------
    names
        In the order of rows and columns.
    values
        Correlation of pairs; pairs of other names are left out.

    Returns
    -------
    array of shape (names, names)
    """
    matrix = np.eye(len(names))
    places = {name: place for place, name in enumerate(names)}
    for (one, other), value in values.items():
        if one in places and other in places:
            matrix[places[one], places[other]] = matrix[places[other], places[one]] = value
    return matrix


def lower_root(matrix: FloatArray) -> FloatArray | None:
    """The lower triangle whose product with its transpose is a matrix; None if that is not positive definite."""
    try:
        root = np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return root if np.min(np.diag(root)) > 1e-6 else None


def mix(root: FloatArray, normals: FloatArray, known: FloatArray) -> FloatArray:
    """Standard normal numbers with the correlations of a root, some of them given.

    Parameters
    ----------
    root
        From `lower_root`, with what is given first; shape (names, names).
    normals
        Independent numbers, shape (subjects, names); those of names that are given are not used.
    known
        What is given, shape (subjects, as many names as are given).

    Returns
    -------
    array of shape (subjects, names)
        Equal to `known` in its columns; the others as they are distributed given these.
    """
    own = normals.copy()
    mixed = np.empty_like(normals)
    for name in range(normals.shape[1]):
        shared = sum((root[name, k] * own[:, k] for k in range(name)), np.zeros(len(own)))
        if name < known.shape[1]:
            mixed[:, name] = known[:, name]
            own[:, name] = (known[:, name] - shared) / root[name, name]
        elif name == 0:
            mixed[:, 0] = own[:, 0]
        else:
            mixed[:, name] = shared + root[name, name] * own[:, name]
    return mixed
