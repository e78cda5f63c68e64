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


ADVICE = {
    Status.OK: "finished",
    Status.STEP_TOO_SMALL: "the step shrank to nothing: look for a jump or a pole in a rate, or loosen the tolerance",
    Status.MAX_STEPS: "too many steps: raise the limit or loosen the tolerance",
    Status.NOT_FINITE: "a state or rate was not a finite number: look for a division by 0 or an overflow",
    Status.OUTPUT_NOT_FINITE: "an output was not a finite number although the states were",
    Status.PARAMETER_NOT_FINITE: "a parameter was not a finite number",
}


class Action(IntEnum):
    """What an edge does when its time comes."""

    ADD_STATE = 0
    SET_STATE = 1
    ADD_PARAMETER = 2
    SET_PARAMETER = 3
    RUN_EVENT = 4
