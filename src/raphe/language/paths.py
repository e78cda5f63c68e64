"""Which quantity of a model acts on which: what stands between a dose and an effect. Computes no numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from raphe.language.expression import Name, walk
from raphe.language.model import Model


def reads(model: Model) -> Mapping[str, frozenset[str]]:
    """The names that stand in the formula of each quantity, and in the derivative of each species."""
    formulas = [(quantity.name, quantity.formula) for quantity in model.quantities]
    formulas += [(derivative.species, derivative.rate) for derivative in model.derivatives]
    return {
        name: frozenset(node.name for node in walk(formula) if isinstance(node, Name))
        for name, formula in formulas
    }


def behind(read: Mapping[str, frozenset[str]], names: Collection[str]) -> frozenset[str]:
    """All names that some names depend on, directly or not, and these themselves."""
    return _reached(read, names, stop=frozenset())


def _reached(
    read: Mapping[str, frozenset[str]], names: Collection[str], stop: Collection[str]
) -> frozenset[str]:
    """What names depend on; past a name of `stop` nobody looks."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            if name not in stop:
                pending += read.get(name, ())
    return frozenset(found)


def stages(
    model: Model, nodes: Sequence[str], *, starts: Collection[str], goal: str
) -> tuple[tuple[str, ...], ...]:
    """Put what lies between some names and a goal in order, each behind all that acts on it directly.

    Parameters
    ----------
    model
        Flat.
    nodes
        Quantities or species that may stand on the path, earlier ones before later ones: where two act on each other,
        the effect of the later on the earlier is a feedback and sets no order.
    starts
        Where something enters: species that doses fill, parameters that are set.
    goal
        One of the nodes; it comes last.

    Returns
    -------
    tuple of tuple of str
        Stages; the nodes of one stage do not act on each other but through other nodes.
    """
    read = reads(model)
    entered = frozenset(starts)
    on_path = [
        node
        for node in dict.fromkeys(nodes)
        if entered & behind(read, [node]) and node in behind(read, [goal])
    ]
    level: dict[str, int] = {}
    for node in on_path:
        others = frozenset(on_path) - {node}
        direct = _reached(read, read.get(node, ()), stop=others | {node}) & others
        earlier = [level[one] for one in direct if one in level]
        level[node] = 1 + max(earlier, default=-1)
    last = max(level.values(), default=0)
    if goal in level and any(depth == last for node, depth in level.items() if node != goal):
        last += 1
    level |= {goal: last} if goal in level else {}
    found = (tuple(node for node in on_path if level[node] == depth) for depth in range(last + 1))
    return tuple(stage for stage in found if stage)
