"""Tables of dosing records: what a row means, what comes back, and every refusal with rule, row and column."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raphe.core.errors import DoseError, FileError, InputError, Place, UnitError
from raphe.core.units import Quantity, parse_quantity, parse_unit
from raphe.dosing.history import Change, Sample
from raphe.dosing.records import Carry, read_records, write_records
from raphe.dosing.regimen import Dose, Entry, Regimen, Steady

ROUTES = {1: "depot", 2: "central"}
NUMBERS = {"depot": 1, "central": 2}


def read(text, *, routes=ROUTES, amount_unit="mg", time_unit="h", **how):
    """Lines of a table, written with spaces between the cells."""
    source = text
    if isinstance(text, str):
        lines = [",".join(line.split()) for line in text.strip().splitlines()]
        source = "\n".join(lines) + "\n"
    return read_records(source, routes=routes, amount_unit=amount_unit, time_unit=time_unit, **how)


def write(regimens, **how):
    options = {"routes": NUMBERS, "amount_unit": "mg", "time_unit": "h", **how}
    return write_records(regimens, **options)


def only(text, **how):
    """Items of the only history of a table."""
    (history,) = read(text, **how).histories
    return history.items


def doses(items):
    return tuple(item for item in items if isinstance(item, Dose))


def dose(time=0.0, amount="100 mg", route="central", entry=Entry.AT_ONCE, **items):
    if "rate" in items:
        items["rate"] = parse_quantity(items["rate"])
    return Dose(time=time, amount=parse_quantity(amount), route=route, entry=entry, **items)


# What a row means


def test_every_row_is_a_sample_after_what_it_brings():
    items = only("""
        ID TIME EVID AMT CMT
        7  0    0    0   2
        7  1    1    100 1
        7  1    0    .   2
        7  2    2    .   .
    """)
    assert items == (
        Sample(time=0.0, row=0),
        dose(1.0, route="depot"),
        Sample(time=1.0, row=1),
        Sample(time=1.0, row=2),
        Sample(time=2.0, row=3),
    )


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ("0 . . . .", {}),
        ("0 . . . 1", {"route": "depot"}),
        ("-1 . . . .", {"entry": Entry.MODELED_RATE}),
        ("-2 . . . .", {"entry": Entry.MODELED_DURATION}),
        ("10 . . . .", {"entry": Entry.RATE, "rate": "10 mg/h"}),
        ("0 3 24 0 .", {"additional": 3, "interval": 24.0}),
        ("0 3 24 1 .", {"additional": 3, "interval": 24.0, "steady": Steady.REPLACE}),
        ("0 0 24 2 .", {"interval": 24.0, "steady": Steady.ADD}),
        ("0 3.0 2.4e1 1.0 2.0", {"additional": 3, "interval": 24.0, "steady": Steady.REPLACE}),
    ],
)
def test_a_dose_row_is_a_dose(cells, wanted):
    row = "1 0 1 100 " + cells.removesuffix(".") + ("2" if cells.endswith(" .") else "")
    items = only(f"ID TIME EVID AMT RATE ADDL II SS CMT\n{row}")
    assert doses(items) == (dose(**wanted),)


@pytest.mark.parametrize(("steady", "kind"), [(1, Steady.REPLACE), (2, Steady.ADD)])
def test_a_constant_infusion_has_a_rate_and_no_amount(steady, kind):
    items = only(f"ID TIME EVID AMT RATE SS CMT\n1 0 1 0 10 {steady} 2")
    wanted = dose(amount="0 mg", entry=Entry.RATE, rate="10 mg/h", steady=kind)
    assert doses(items) == (wanted,)


def test_without_evid_a_row_with_an_amount_is_a_dose():
    items = only("ID TIME AMT CMT\n1 0 100 2\n1 1 . 2\n1 2 0 2\n1 3 50 2")
    assert [item.time for item in doses(items)] == [0.0, 3.0]
    assert len(items) == 2 + 4


def test_columns_come_in_any_order_and_letter_case_and_others_are_ignored():
    items = only("""
        dv  Cmt amt time mdv evid Id
        1.5 2   100 3    x   1    a
    """)
    assert items == (dose(3.0), Sample(time=3.0, row=0))


def test_one_route_needs_no_compartment():
    for cmt in ("0", "."):
        items = only(f"ID TIME AMT CMT\n1 0 100 {cmt}", routes={5: "iv"})
        assert doses(items)[0].route == "iv"
    assert doses(only("ID TIME AMT\n1 0 100", routes={5: "iv"}))[0].route == "iv"


def test_an_observation_may_be_of_any_compartment():
    assert only("ID TIME EVID CMT\n1 0 0 9") == (Sample(time=0.0, row=0),)


def test_a_reset_ends_a_history_and_begins_another_at_its_time():
    records = read("""
        ID TIME EVID AMT CMT ADDL II
        a  0    1    100 2   9    12
        a  5    0    .   .   .    .
        a  2    3    .   .   .    .
        a  3    0    .   .   .    .
        a  1    4    50  1   .    .
        b  0    0    .   .   .    .
    """)
    assert [(one.subject, one.begin) for one in records.histories] == [
        ("a", 0.0),
        ("a", 2.0),
        ("a", 1.0),
        ("b", 0.0),
    ]
    first, second, third, _ = records.histories
    assert first.items[-1] == Sample(time=5.0, row=1)
    assert second.items == (Sample(time=2.0, row=2), Sample(time=3.0, row=3))
    assert third.items == (dose(1.0, "50 mg", "depot"), Sample(time=1.0, row=4))
    assert records.ids == ("a", "b")
    assert records.rows == 6


def test_a_reset_in_the_first_row_leaves_no_empty_history():
    records = read("ID TIME EVID AMT CMT\n1 3 3 . .\n2 4 4 5 1")
    assert [(one.begin, len(one.items)) for one in records.histories] == [(3.0, 1), (4.0, 2)]


def test_steady_state_may_come_with_a_reset():
    items = only("ID TIME EVID AMT CMT SS II\n1 3 4 100 2 1 12")
    assert doses(items) == (dose(3.0, steady=Steady.REPLACE, interval=12.0),)


def test_every_row_is_one_sample_of_its_own_time():
    records = read("ID TIME EVID AMT CMT\na 0 1 1 1\na 1 0 . .\na 0 4 2 2\nb 7 0 . .")
    samples = [item for one in records.histories for item in one.items if isinstance(item, Sample)]
    assert [(item.row, item.time) for item in samples] == [(0, 0.0), (1, 1.0), (2, 0.0), (3, 7.0)]


def test_units_are_of_the_table():
    items = only(
        "ID TIME AMT RATE ADDL II CMT\n1 0.5 100 10 2 1 2", amount_unit="ug", time_unit="d"
    )
    wanted = dose(12.0, "100 ug", entry=Entry.RATE, rate="10 ug/d", additional=2, interval=24.0)
    assert doses(items) == (wanted,)
    assert items[-1].time == 12.0


def test_units_may_be_units_or_text():
    text = "ID TIME AMT CMT\n1 1 100 2"
    units = {"amount_unit": parse_unit("ug"), "time_unit": parse_unit("d")}
    assert read(text, **units) == read(text, amount_unit="ug", time_unit="d")


# Covariates

WEIGHTS = """
    ID TIME EVID AMT CMT WT AGE
    a  0    1    100 2   70 30
    a  5    0    .   .   70 30
    a  5    1    50  2   72 30
    a  9    0    .   .   75 31
"""
COVARIATES = {"wt": ("person.weight", "kg"), "Age": ("person.age", "year")}


def change(time, parameter, text):
    return Change(time=time, parameter=f"person.{parameter}", value=parse_quantity(text))


def test_a_value_carried_forward_holds_from_its_row_on():
    assert only(WEIGHTS, covariates=COVARIATES, carry=Carry.FORWARD) == (
        change(0.0, "weight", "70 kg"),
        change(0.0, "age", "30 year"),
        dose(0.0),
        Sample(time=0.0, row=0),
        Sample(time=5.0, row=1),
        change(5.0, "weight", "72 kg"),
        dose(5.0, "50 mg"),
        Sample(time=5.0, row=2),
        change(9.0, "weight", "75 kg"),
        change(9.0, "age", "31 year"),
        Sample(time=9.0, row=3),
    )


def test_a_value_carried_backward_holds_for_the_interval_that_ends_with_its_row():
    assert only(WEIGHTS, covariates=COVARIATES, carry=Carry.BACKWARD) == (
        change(0.0, "weight", "70 kg"),
        change(0.0, "age", "30 year"),
        dose(0.0),
        Sample(time=0.0, row=0),
        Sample(time=5.0, row=1),
        change(5.0, "weight", "72 kg"),
        dose(5.0, "50 mg"),
        Sample(time=5.0, row=2),
        change(5.0, "weight", "75 kg"),
        change(5.0, "age", "31 year"),
        Sample(time=9.0, row=3),
    )


def test_an_empty_cell_keeps_the_last_value_if_values_are_carried_forward():
    text = "ID TIME WT\na 0 70\na 1 .\na 2 70\na 3 71"
    changes = [i for i in only(text, covariates={"WT": ("w", "kg")}) if isinstance(i, Change)]
    assert [(item.time, item.value.value) for item in changes] == [(0.0, 70.0), (3.0, 71.0)]


@pytest.mark.parametrize("carry", Carry, ids=str)
def test_a_history_after_a_reset_knows_its_covariates_from_its_begin(carry):
    text = "ID TIME EVID WT\na 0 0 70\na 5 0 71\na 2 3 71\na 3 0 71\nb 0 0 80"
    records = read(text, covariates={"WT": ("w", "kg")}, carry=carry)
    values = [
        [(item.time, item.value.value) for item in one.items if isinstance(item, Change)]
        for one in records.histories
    ]
    moved = 5.0 if carry is Carry.FORWARD else 0.0
    assert values == [[(0.0, 70.0), (moved, 71.0)], [(2.0, 71.0)], [(0.0, 80.0)]]


def test_a_value_is_carried_over_a_reset_but_not_to_another_subject():
    text = "ID TIME EVID WT\na 0 0 70\na 2 3 .\nb 0 0 ."
    with pytest.raises(DoseError, match=r"row 3, column WT: .*rule COVARIATE-MISSING"):
        read(text, covariates={"WT": ("w", "kg")})
    records = read(text.replace("b 0 0 .", ""), covariates={"WT": ("w", "kg")})
    assert records.histories[1].items[0] == Change(
        time=2.0, parameter="w", value=parse_quantity("70 kg")
    )


# Where a table comes from


def test_a_file_its_text_and_its_columns_read_the_same(tmp_path):
    text = 'ID,TIME,AMT,CMT,NOTE\n"a,b",0,1e2,2,"two\nlines"\n\n"a,b",1.5,,.,\n'
    path = tmp_path / "doses.csv"
    path.write_text("\ufeff" + text, encoding="utf-8")
    columns = {
        "ID": ["a,b", "a,b"],
        "TIME": [0, 1.5],
        "AMT": [100.0, None],
        "CMT": [2, "."],
        "NOTE": ["", ""],
    }
    records = read_records(text, routes=ROUTES, amount_unit="mg", time_unit="h")
    assert records.histories[0].items == (
        dose(0.0),
        Sample(time=0.0, row=0),
        Sample(time=1.5, row=1),
    )
    for source in (path, str(path), "\ufeff" + text, text.replace("\n", "\r\n"), columns):
        assert read_records(source, routes=ROUTES, amount_unit="mg", time_unit="h") == records


def test_a_place_in_a_file_is_its_line_even_after_cells_of_two_lines(tmp_path):
    path = tmp_path / "doses.csv"
    path.write_text('ID,NOTE,TIME\n1,"two\nlines",0\n\n1,x,noon\n', encoding="utf-8")
    with pytest.raises(DoseError) as refused:
        read_records(path, routes=ROUTES, amount_unit="mg", time_unit="h")
    assert refused.value.place == Place(str(path), 5, 3)
    assert str(refused.value).startswith(f"{path}:5:3  row 2, column TIME: ")


def test_in_memory_the_row_is_in_the_message():
    columns = {"ID": [1, 1], "TIME": [0.0, math.nan]}
    with pytest.raises(DoseError, match=r"row 2, column TIME: .*rule NUMBER") as refused:
        read(columns)
    assert refused.value.place == Place("table")


def test_whole_numbers_in_memory_name_the_same_subject_as_in_a_file():
    assert read({"ID": [1.0, 1], "TIME": [0, 1]}).ids == ("1",)


@pytest.mark.parametrize("content", [None, b"ID,TIME\n\xff,0\n"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "doses.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=r"doses\.csv"):
        read(path)


# Refusals

HEADER = "ID TIME EVID AMT RATE ADDL II SS CMT WT"
GOOD = "1 0 1 100 0 0 0 0 2 70"


def refusal(text, **how):
    with pytest.raises(DoseError) as refused:
        read(text, **how)
    return refused.value


REFUSALS = [
    # rule, column, the second row of a table whose first is good
    ("AMT-ON-OBSERVATION", "AMT", "1 1 0 100 0 0 0 0 2 70"),
    ("AMT-ON-OBSERVATION", "AMT", "1 1 . 100 0 0 0 0 2 70"),
    ("AMT-ON-OTHER", "AMT", "1 1 2 100 0 0 0 0 2 70"),
    ("RESET-WITH-AMT", "AMT", "1 1 3 100 0 0 0 0 2 70"),
    ("AMT-ZERO", "AMT", "1 1 1 0 0 0 0 0 2 70"),
    ("AMT-ZERO", "AMT", "1 1 4 . 10 0 0 0 2 70"),
    ("AMT-ZERO", "AMT", "1 1 1 0 0 0 12 1 2 70"),
    ("AMT-ZERO", "AMT", "1 1 1 0 -1 0 0 1 2 70"),
    ("SS-CONSTANT", "II", "1 1 1 0 10 0 12 1 2 70"),
    ("SS-CONSTANT", "ADDL", "1 1 1 0 10 2 0 1 2 70"),
    ("SS-NEEDS-II", "SS", "1 1 1 100 0 0 0 1 2 70"),
    ("SS-NEEDS-II", "SS", "1 1 1 100 10 0 . 2 2 70"),
    ("II-ALONE", "II", "1 1 1 100 0 0 12 0 2 70"),
    ("ADDL-NEEDS-II", "ADDL", "1 1 1 100 0 3 0 0 2 70"),
    ("ADDL-NEEDS-II", "ADDL", "1 1 1 100 0 3 0 1 2 70"),
    ("AMT-SIGN", "AMT", "1 1 1 -100 0 0 0 0 2 70"),
    ("II-SIGN", "II", "1 1 1 100 0 3 -12 0 2 70"),
    ("ADDL-SIGN", "ADDL", "1 1 1 100 0 -3 12 0 2 70"),
    ("ADDL-WHOLE", "ADDL", "1 1 1 100 0 1.5 12 0 2 70"),
    ("EVID-WHOLE", "EVID", "1 1 0.5 0 0 0 0 0 2 70"),
    ("EVID-UNKNOWN", "EVID", "1 1 5 0 0 0 0 0 2 70"),
    ("EVID-UNKNOWN", "EVID", "1 1 -1 0 0 0 0 0 2 70"),
    ("SS-WHOLE", "SS", "1 1 1 100 0 0 12 1.5 2 70"),
    ("SS-UNKNOWN", "SS", "1 1 1 100 0 0 12 3 2 70"),
    ("SS-UNKNOWN", "SS", "1 1 1 100 0 0 12 -1 2 70"),
    ("CMT-WHOLE", "CMT", "1 1 1 100 0 0 0 0 1.5 70"),
    ("CMT-SIGN", "CMT", "1 1 1 100 0 0 0 0 -2 70"),
    ("CMT-SIGN", "CMT", "1 1 2 0 0 0 0 0 -2 70"),
    ("CMT-SIGN", "CMT", "1 1 0 0 0 0 0 0 -2 70"),
    ("CMT-UNKNOWN", "CMT", "1 1 1 100 0 0 0 0 3 70"),
    ("CMT-MISSING", "CMT", "1 1 1 100 0 0 0 0 . 70"),
    ("CMT-MISSING", "CMT", "1 1 4 100 0 0 0 0 0 70"),
    ("RATE-UNKNOWN", "RATE", "1 1 1 100 -3 0 0 0 2 70"),
    ("RATE-UNKNOWN", "RATE", "1 1 1 100 -1.5 0 0 0 2 70"),
    ("RATE-ON-NON-DOSE", "RATE", "1 1 0 0 10 0 0 0 2 70"),
    ("RATE-ON-NON-DOSE", "RATE", "1 1 2 0 -1 0 0 0 2 70"),
    ("RATE-ON-NON-DOSE", "RATE", "1 1 3 0 10 0 0 0 2 70"),
    ("SS-ON-NON-DOSE", "SS", "1 1 0 0 0 0 0 1 2 70"),
    ("II-ON-NON-DOSE", "II", "1 1 0 0 0 0 12 0 2 70"),
    ("ADDL-ON-NON-DOSE", "ADDL", "1 1 3 0 0 2 0 0 2 70"),
    ("TIME-BACK", "TIME", "1 -1 0 0 0 0 0 0 2 70"),
    ("TIME-BACK", "TIME", "1 -1 2 0 0 0 0 0 2 70"),
    ("TIME-MISSING", "TIME", "1 . 0 0 0 0 0 0 2 70"),
    ("ID-MISSING", "ID", ". 1 0 0 0 0 0 0 2 70"),
    ("ID-TWO-WAYS", "ID", "1.0 1 0 0 0 0 0 0 2 70"),
    ("COVARIATE-MISSING", "WT", "2 1 0 0 0 0 0 0 2 ."),
    ("NUMBER", "TIME", "1 8:00 0 0 0 0 0 0 2 70"),
    ("NUMBER", "TIME", "1 nan 0 0 0 0 0 0 2 70"),
    ("NUMBER", "TIME", "1 1_0 0 0 0 0 0 0 2 70"),
    ("NUMBER", "TIME", "1 \u0661 0 0 0 0 0 0 2 70"),
    ("NUMBER", "EVID", "1 1 dose 0 0 0 0 0 2 70"),
    ("NUMBER", "AMT", "1 1 1 inf 0 0 0 0 2 70"),
    ("NUMBER", "AMT", "1 1 1 1e999 0 0 0 0 2 70"),
    ("NUMBER", "AMT", "1 1 1 100mg 0 0 0 0 2 70"),
    ("NUMBER", "RATE", "1 1 1 100 R 0 0 0 2 70"),
    ("NUMBER", "ADDL", "1 1 1 100 0 many 12 0 2 70"),
    ("NUMBER", "II", "1 1 1 100 0 1 12h 0 2 70"),
    ("NUMBER", "SS", "1 1 1 100 0 1 12 yes 2 70"),
    ("NUMBER", "CMT", "1 1 1 100 0 0 0 0 depot 70"),
    ("NUMBER", "WT", "1 1 0 0 0 0 0 0 2 -inf"),
    ("NUMBER", "WT", "1 1 0 0 0 0 0 0 2 heavy"),
]


@pytest.mark.parametrize(("rule", "column", "row"), REFUSALS)
def test_a_record_without_one_meaning_is_refused_with_rule_row_and_column(
    tmp_path, rule, column, row
):
    text = f"{HEADER}\n{GOOD}\n{row}"
    error = refusal(text, covariates={"WT": ("w", "kg")})
    number = 1 + HEADER.split().index(column)
    assert error.message.startswith(f"row 2, column {column}: ")
    assert error.message.endswith(f"(rule {rule})")
    assert error.place == Place("table", 3, number)

    path = tmp_path / "doses.csv"
    path.write_text("\n".join(",".join(line.split()) for line in text.splitlines()))
    assert refusal(path, covariates={"WT": ("w", "kg")}).place == Place(str(path), 3, number)

    lines = [line.split() for line in text.splitlines()]
    columns = {name: [line[k] for line in lines[1:]] for k, name in enumerate(lines[0])}
    in_memory = refusal(columns, covariates={"WT": ("w", "kg")})
    assert (in_memory.message, in_memory.place) == (error.message, Place("table"))


def test_the_good_row_of_the_refusals_is_good():
    records = read(f"{HEADER}\n{GOOD}", covariates={"WT": ("w", "kg")})
    assert len(doses(records.histories[0].items)) == 1


TABLES = [
    ("ID-COLUMN", "SUBJ TIME\n1 0", {}, (1, 1)),
    ("TIME-COLUMN", "ID TMIE\n1 0", {}, (1, 1)),
    ("COLUMN-TWICE", "ID TIME AMT time\n1 0 0 0", {}, (1, 4)),
    ("CELL-COUNT", "ID TIME\n1 0\n1 0 0", {}, (3, 1)),
    ("CSV", 'ID TIME\n1 0\n1 "0"0', {}, (3, 1)),
    ("ROWS-NONE", "ID TIME\n", {}, (0, 0)),
    ("ROWS-NONE", {}, {}, (0, 0)),
    ("COLUMN-LENGTH", {"ID": [1, 1], "TIME": [0]}, {}, (0, 0)),
    ("ID-RETURNS", "ID TIME\na 0\nb 0\na 1", {}, (4, 1)),
    ("COVARIATE-COLUMN", "ID TIME WEIGHT\n1 0 70", {"WEIGTH": ("w", "kg")}, (0, 0)),
    ("COVARIATE-TWICE", "ID TIME A B\n1 0 1 1", {"A": ("w", "kg"), "B": ("w", "kg")}, (0, 0)),
    ("ADDL-LIMIT", "ID TIME AMT ADDL II CMT\n1 0 1 100000 1 1", {}, (2, 2)),
    ("TIME-FINITE", "ID TIME AMT ADDL II CMT\n1 1e308 1 9 1e308 1", {}, (2, 2)),
]


@pytest.mark.parametrize(("rule", "text", "covariates", "position"), TABLES)
def test_a_table_without_one_meaning_is_refused_by_name(rule, text, covariates, position):
    if isinstance(text, str) and text.endswith("\n"):
        text = text.replace(" ", ",")
        with pytest.raises(DoseError) as refused:
            read_records(text, routes=ROUTES, amount_unit="mg", time_unit="h")
        error = refused.value
    else:
        error = refusal(text, covariates=covariates)
    assert f"(rule {rule})" in error.message
    assert error.place == Place("table", *position)
    assert error.advice


def test_an_unknown_column_has_the_nearest_one_as_advice():
    error = refusal("ID TIME WEIGHT\n1 0 70", covariates={"WEIGTH": ("w", "kg")})
    assert error.advice == 'did you mean "WEIGHT"?'
    assert refusal("ID TMIE\n1 0").advice == 'did you mean "TMIE"?'


def test_an_unknown_compartment_has_the_nearest_one_as_advice():
    assert "2, central" in refusal("ID TIME AMT CMT\n1 0 1 7").advice


def test_no_cell_may_be_empty_if_values_are_carried_backward():
    how = {"covariates": {"WT": ("w", "kg")}, "carry": Carry.BACKWARD}
    error = refusal("ID TIME WT\n1 0 70\n1 1 .", **how)
    assert error.message == 'row 2, column WT: no value for "w" (rule COVARIATE-MISSING)'


@pytest.mark.parametrize("unit", ["mg", "1/h", "d*1"])
def test_a_unit_of_time_is_one_name(unit):
    with pytest.raises(DoseError, match="rule TIME-UNIT"):
        read("ID TIME\n1 0", time_unit=unit)


def test_an_unknown_unit_is_refused():
    with pytest.raises(UnitError):
        read("ID TIME\n1 0", amount_unit="pill")


@pytest.mark.parametrize("routes", [{0: "iv"}, {-1: "iv"}, {1: " "}], ids=str)
def test_a_route_has_a_number_from_1_on_and_a_name(routes):
    with pytest.raises(DoseError, match="rule ROUTES"):
        read("ID TIME\n1 0", routes=routes)


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(["0", "1", "2", "3", "4", "-1", "0.5", ".", "", "x", "100"]),
            min_size=9,
            max_size=9,
        ),
        max_size=6,
    )
)
def test_any_table_is_read_row_by_row_or_refused_and_nothing_else(rows):
    text = "".join(",".join(row) + "\n" for row in [HEADER.split()[:9], *rows])
    try:
        records = read_records(text, routes=ROUTES, amount_unit="mg", time_unit="h")
    except InputError:
        return
    samples = [i.row for one in records.histories for i in one.items if isinstance(i, Sample)]
    assert samples == list(range(len(rows))) == list(range(records.rows))


# Writing

TIMES = st.floats(-1e6, 1e6, allow_nan=False) | st.integers(0, 1000).map(float)
POSITIVE = st.floats(1e-100, 1e100) | st.integers(1, 1000).map(float)
MG, MG_PER_H = parse_unit("mg"), parse_unit("mg/h")


@st.composite
def written_doses(draw):
    """Every kind of dose that a table can hold."""
    kind = draw(st.integers(0, 5))
    rate = Quantity(draw(POSITIVE), MG_PER_H) if kind in (1, 5) else None
    entry = (Entry.AT_ONCE, Entry.RATE, Entry.MODELED_RATE, Entry.MODELED_DURATION, Entry.AT_ONCE)
    items = {}
    if kind == 5:
        items = {"steady": draw(st.sampled_from([Steady.REPLACE, Steady.ADD]))}
    elif draw(st.booleans()):
        steady = draw(st.sampled_from(Steady))
        least = 1 if steady is Steady.NO else 0
        items = {
            "steady": steady,
            "interval": draw(st.floats(1e-3, 1e6)),
            "additional": draw(st.integers(least, 99_999)),
        }
    return Dose(
        time=draw(TIMES),
        amount=Quantity(0.0 if kind == 5 else draw(POSITIVE), MG),
        route=draw(st.sampled_from(["depot", "central"])),
        rate=rate,
        entry=Entry.RATE if kind == 5 else entry[kind],
        **items,
    )


@settings(
    max_examples=2500,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(st.lists(written_doses(), min_size=1, max_size=2), min_size=4, max_size=4))
def test_ten_thousand_regimens_are_written_and_read_back_equal(several):
    regimens = {
        f"S{number}": Regimen(text="by hand", doses=tuple(one))
        for number, one in enumerate(several)
    }
    records = read_records(write(regimens), routes=ROUTES, amount_unit="mg", time_unit="h")
    assert records.ids == tuple(regimens)
    found = {one.subject: doses(one.items) for one in records.histories}
    assert found == {subject: one.doses for subject, one in regimens.items()}


def test_a_table_is_written_with_its_shortest_exact_numbers():
    regimens = {
        "a": Regimen.from_text("0.1 mg by depot every 12 h for 3 d").entered(Entry.AT_ONCE),
        "b, c": Regimen.from_text("2 mg by central at 0.3 mg/h once at 20 min"),
    }
    samples = {"a": [1.5, 0.0], "b, c": []}
    assert write(regimens, samples=samples) == (
        "ID,TIME,EVID,AMT,RATE,ADDL,II,SS,CMT\n"
        "a,0.0,0,.,.,.,.,.,.\n"
        "a,0.0,1,0.1,0,5,12.0,0,1\n"
        "a,1.5,0,.,.,.,.,.,.\n"
        f'"b, c",{1 / 3!r},1,2.0,0.3,0,0.0,0,2\n'
    )


def test_samples_come_back_at_their_times_before_a_dose_of_the_same_time():
    regimens = {"a": Regimen(text="by hand", doses=(dose(0.0), dose(8.0))), "b": NO_DRUG}
    text = write(regimens, samples={"a": [8.0, 4.0], "b": [1.0]})
    records = read_records(text, routes=ROUTES, amount_unit="mg", time_unit="h")
    first, second = records.histories
    assert first.items == (
        dose(0.0),
        Sample(time=0.0, row=0),
        Sample(time=4.0, row=1),
        Sample(time=8.0, row=2),
        dose(8.0),
        Sample(time=8.0, row=3),
    )
    assert second.items == (Sample(time=1.0, row=4),)


@settings(max_examples=500, deadline=None, database=None)
@given(st.integers(0, 100_000), st.integers(1, 10_000), st.sampled_from(["d", "min", "s", "week"]))
def test_a_table_in_other_units_reads_back_to_the_bit_or_is_refused(time, amount, unit):
    made = dose(time / 10, f"{amount} ug", additional=1, interval=time / 7 + 1)
    regimens = {"a": Regimen(text="by hand", doses=(made,))}
    try:
        text, refused = write(regimens, amount_unit="g", time_unit=unit), ""
    except DoseError as error:
        text, refused = "", error.message
    if refused:
        assert "(rule UNIT)" in refused  # no number of this unit is that time or amount
        return
    records = read_records(text, routes=ROUTES, amount_unit="g", time_unit=unit)
    (back,) = doses(records.histories[0].items)
    assert (back.time, back.interval) == (made.time, made.interval)
    assert back.amount.base == made.amount.base
    assert back.amount.unit == parse_unit("g")


def test_common_times_can_be_written_in_days():
    regimens = {"a": Regimen.from_text("1 mg by iv every 8 h for 3 d").entered(Entry.AT_ONCE)}
    text = write(regimens, routes={"iv": 3}, time_unit="d")
    assert text.splitlines()[1] == f"a,0.0,1,1.0,0,8,{1 / 3!r},0,3"


NO_DRUG = Regimen.from_text("no drug")
UNWRITABLE = [
    ("ENTRY-ROUTE", {"entry": Entry.ROUTE}),
    ("ENTRY-DURATION", {"entry": Entry.DURATION, "duration": 2.0}),
    ("ROUTE-UNKNOWN", {"route": None}),
    ("ROUTE-UNKNOWN", {"route": "centrall"}),
    ("UNIT", {"amount": "1 nmol"}),
    ("UNIT", {"amount": "1 mL"}),
]


@pytest.mark.parametrize(("rule", "items"), UNWRITABLE)
def test_a_dose_that_would_not_read_back_is_refused_with_advice(rule, items):
    regimen = Regimen(text="by hand", doses=(dose(**items),))
    with pytest.raises(DoseError) as refused:
        write({"S-7": regimen})
    assert f"(rule {rule})" in refused.value.message
    assert '"S-7"' in refused.value.message
    assert refused.value.advice


def test_the_advice_for_a_dose_of_a_prescription_makes_it_writable():
    regimen = Regimen.from_text("1 mg once")
    with pytest.raises(DoseError, match="rule ROUTE-UNKNOWN"):
        write({"a": regimen})
    with pytest.raises(DoseError, match="rule ENTRY-ROUTE"):
        write({"a": regimen.by("depot")})
    assert write({"a": regimen.by("depot").entered(Entry.AT_ONCE)})


@pytest.mark.parametrize("name", ["", ".", " a", "a ", "a\nb", "a\tb"])
def test_a_subject_has_a_name_that_a_table_can_hold(name):
    with pytest.raises(DoseError, match="rule ID-NAME"):
        write({name: NO_DRUG}, samples={name: [0.0]})


def test_a_subject_that_would_be_lost_or_mistaken_is_refused():
    with pytest.raises(DoseError, match="rule ROWS-NONE"):
        write({"a": NO_DRUG})
    with pytest.raises(DoseError, match="rule ID-TWO-WAYS"):
        write({"1": NO_DRUG, "1.0": NO_DRUG}, samples={"1": [0.0], "1.0": [0.0]})
    with pytest.raises(DoseError, match="rule SAMPLES-SUBJECT") as refused:
        write({"anna": NO_DRUG}, samples={"ana": [0.0]})
    assert refused.value.advice == 'did you mean "anna"?'
    with pytest.raises(DoseError, match="rule NUMBER"):
        write({"a": NO_DRUG}, samples={"a": [math.nan]})


@pytest.mark.parametrize("routes", [{"iv": 0}, {"iv": 1, "oral": 1}], ids=str)
def test_routes_that_a_table_could_not_tell_apart_are_refused(routes):
    with pytest.raises(DoseError, match="rule ROUTES"):
        write({"a": NO_DRUG}, routes=routes, samples={"a": [0.0]})


# Records of others


def test_the_records_of_fourteen_scenarios_read():
    root = Path(__file__).resolve().parents[2]
    name = "dosing-records.csv"
    path = Path(os.environ.get("RAPHE_DATA") or root.parent / "shared" / "data") / name
    if not path.is_file():
        pytest.skip(f"outside data: no {name} in RAPHE_DATA or ../shared/data")
    covariates = {
        "LAGT": ("drug.lag", "h"),
        "BIOAV": ("drug.fraction", "dimensionless"),
        "DUR2": ("drug.duration", "h"),
        "RAT2": ("drug.rate", "mg/h"),
        "MODE": ("drug.mode", "dimensionless"),
    }
    records = read_records(
        path, routes=ROUTES, amount_unit="mg", time_unit="h", covariates=covariates
    )
    assert records.ids == tuple(str(number) for number in range(1, 15))
    assert [one.subject for one in records.histories] == list(records.ids)
    assert records.rows == 1848
    samples = [i for one in records.histories for i in one.items if isinstance(i, Sample)]
    assert [item.row for item in samples] == list(range(1848))
    given_doses = [doses(one.items) for one in records.histories]
    assert [len(one) for one in given_doses] == [1] * 14
    first, fifth, tenth = (given_doses[k][0] for k in (0, 4, 9))
    assert first == dose(route="depot", interval=24.0, additional=3)
    assert fifth == dose(amount="480 mg", entry=Entry.MODELED_DURATION)
    assert tenth == dose(
        entry=Entry.RATE, rate="2 mg/h", interval=12.0, additional=4, steady=Steady.REPLACE
    )
    changes = [i for i in records.histories[7].items if isinstance(i, Change)]
    assert {(item.parameter, item.value.value) for item in changes} == {
        ("drug.lag", 3.25),
        ("drug.fraction", 0.412),
        ("drug.duration", 2.0),
        ("drug.rate", 10.0),
        ("drug.mode", 0.0),
    }
