"""Pattern of a matrix -> elimination order and a static LU program, worked out once for a model.

The matrix of a stiff method is I/(h gamma) - J. Its diagonal dominates for small steps, so no pivoting is done; a
step whose factors fail is seen by the error norm and retried smaller. Knows nothing of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Entry = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Elimination:
    """A static LU of a sparse matrix.

    Parameters
    ----------
    order
        Rows and columns in the order in which they are eliminated.
    entries
        All entries of the factors, fill included, sorted; their index is their place in memory.
    upper
        For each pivot, the columns right of it, in order of elimination.
    lower
        For each pivot, the rows below it, in order of elimination.
    """

    order: tuple[int, ...]
    entries: tuple[Entry, ...]
    upper: tuple[tuple[int, ...], ...]
    lower: tuple[tuple[int, ...], ...]


def eliminate(size: int, pattern: Iterable[Entry]) -> Elimination:
    """Choose an order by the least Markowitz count and work out the fill.

    Parameters
    ----------
    size
        Rows of the square matrix.
    pattern
        (row, column) of its entries; the diagonal is added.

    Returns
    -------
    Elimination

    Notes
    -----
    Markowitz 1957, doi 10.1287/mnsc.3.3.255. Ties go to the lower index, so the result is the same everywhere.
    """
    columns: list[set[int]] = [{row} for row in range(size)]  # of each row
    rows: list[set[int]] = [{row} for row in range(size)]  # of each column
    for row, column in pattern:
        columns[row].add(column)
        rows[column].add(row)
    left, order = set(range(size)), []
    while left:
        pivot = min(
            left, key=lambda i: ((len(columns[i] & left) - 1) * (len(rows[i] & left) - 1), i)
        )
        left.discard(pivot)
        order.append(pivot)
        for row in rows[pivot] & left:
            for column in columns[pivot] & left:
                columns[row].add(column)
                rows[column].add(row)
    rank = {pivot: position for position, pivot in enumerate(order)}
    entries = sorted((row, column) for row in range(size) for column in columns[row])
    upper = [
        sorted((c for c in columns[p] if rank[c] > rank[p]), key=rank.__getitem__) for p in order
    ]
    lower = [sorted((r for r in rows[p] if rank[r] > rank[p]), key=rank.__getitem__) for p in order]
    return Elimination(
        tuple(order), tuple(entries), tuple(map(tuple, upper)), tuple(map(tuple, lower))
    )
