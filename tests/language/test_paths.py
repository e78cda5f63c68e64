"""What acts on what: paths in small models whose order can be told by eye."""

from raphe.language.compose import compose_module
from raphe.language.model import Library
from raphe.language.parse import parse
from raphe.language.paths import behind, reads, stages

TEXT = """
module chain {
    parameter slow = 1 1/h { meaning "rate"; assumed "a test"; }
    parameter other = 1 dimensionless { meaning "acts on nothing that is asked"; assumed "a test"; }
    species gut : dimensionless;
    species blood : dimensionless;
    species bystander : dimensionless;
    quantity left : dimensionless = 1 + blood;
    quantity right : dimensionless = 2 * blood;
    quantity effect : dimensionless = left * right - tired;
    quantity after : dimensionless = effect * other;
    quantity aside : dimensionless = bystander + 1;
    species tired : dimensionless;
    derivative gut = -slow * gut;
    derivative blood = slow * (gut - blood);
    derivative bystander = -slow * bystander;
    derivative tired = slow * (effect - tired);
}
"""
NODES = ("blood", "left", "right", "aside", "effect", "tired", "after")


def model():
    document = parse(TEXT, "chain")
    library = Library(modules={m.name: m for m in document.modules}, sources={})
    return compose_module(document.modules[0], library)


def path(goal, start="gut", nodes=NODES):
    return stages(model(), nodes, starts={start}, goal=goal)


def test_a_path_holds_what_the_start_acts_on_and_what_acts_on_the_goal():
    assert path("after") == (("blood",), ("left", "right"), ("effect",), ("tired",), ("after",))
    assert path("right") == (("blood",), ("right",))


def test_a_feedback_sets_no_order():
    # tired acts on effect as well; it stands later, so only its dependence on effect counts
    assert path("effect")[-1] == ("effect",)
    assert path("effect")[:2] == (("blood",), ("left", "right"))


def test_what_the_start_does_not_reach_is_on_no_path():
    assert path("aside") == ()
    assert path("aside", start="bystander") == (("aside",),)


def test_a_node_left_out_is_passed_through():
    assert path("effect", nodes=("blood", "effect")) == (("blood",), ("effect",))


def test_behind_goes_through_loops_and_ends():
    read = reads(model())
    assert behind(read, ["effect"]) >= {"gut", "blood", "tired", "effect", "slow"}
    assert "other" not in behind(read, ["effect"])
