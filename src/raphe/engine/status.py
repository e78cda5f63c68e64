"""What became of a subject, and what an edge does: the small whole numbers that kernels and Python share."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """How the run of one subject ended. Its outputs are numbers if, and only if, it is OK."""

    OK = 0
    STEP_TOO_SMALL = 1
    MAX_STEPS = 2
    NOT_FINITE = 3
    OUTPUT_NOT_FINITE = 4
    PARAMETER_NOT_FINITE = 5
    IMPOSSIBLE_DOSE = 6
    NO_STEADY_STATE = 7


ADVICE = {
    Status.OK: "finished",
    Status.STEP_TOO_SMALL: "the step shrank to nothing: look for a jump or a pole in a rate, or loosen the tolerance",
    Status.MAX_STEPS: "too many steps: raise the limit or loosen the tolerance",
    Status.NOT_FINITE: "a state or rate was not a finite number: look for a division by 0 or an overflow",
    Status.OUTPUT_NOT_FINITE: "an output, or its slope, was not a finite number although the states were",
    Status.PARAMETER_NOT_FINITE: "a parameter was not a finite number",
    Status.IMPOSSIBLE_DOSE: "a lag, fraction, duration or rate of a dose, or the time of an event, is negative or not "
    "a number: look at the parameters that it is made from",
    Status.NO_STEADY_STATE: "the doses before a steady-state dose did not lead to a steady state",
}


class Action(IntEnum):
    """What an edge does when its time comes; `index` and `value` are of the edge."""

    ADD_STATE = 0
    """State `index` grows by `value`."""
    SET_INPUT = 1
    """What flows into a state through input `index` becomes `value`."""
    SET_PARAMETER = 2
    """Parameter `index` becomes `value`."""
    RUN_EVENT = 3
    """Event `index` happens."""
    SAMPLE = 4
    """Outputs of the state as it is between the edges go to row `index` of the subject."""
    BEGIN_PERIODS = 5
    """States go back to their start, inputs to 0, and time back by a period of `value` h."""
    REPEAT = 6
    """Unless the states are as a period of `value` h ago, time goes back by one, and `index` edges are due again."""
    ADD_HELD = 7
    """States grow by what they were before the periods began."""
