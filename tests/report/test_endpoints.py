"""Lines of summaries: who failed, and whom the model was not made for, are always told with their share."""

from raphe.analysis.answer import Interval
from raphe.report.endpoints import summary_lines, told_apart
from raphe.study.endpoints import EndpointSummary


def line(failed, outside):
    one = EndpointSummary(
        scenario="month",
        endpoint="peak",
        unit="ng/mL",
        spread=Interval(low=10.0, middle=20.0, high=30.0),
        beyond=0.25,
        people=200,
        failed=failed,
        outside=outside,
    )
    return summary_lines((one,))[0]


def test_a_summary_tells_who_failed_and_who_lies_outside_with_their_shares():
    assert "3 of 200 failed (1.5 %)" in line(3, 0)
    assert "50 of 200 outside the support of the model (25 %)" in line(0, 50)
    assert line(3, 50).count("; ") == 3
    assert "25 % beyond the bound" in line(0, 0)


def test_nothing_is_said_of_nobody():
    assert told_apart(0, 0, 200) == ""
    assert line(0, 0).endswith("beyond the bound")
