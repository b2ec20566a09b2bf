"""What a simulation tells at its end: a table and a picture."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from settlement_node.simulation.picture import picture
from settlement_node.simulation.results import Balance, Bill, Days, Results, Welfare
from settlement_node.simulation.table import lines_of

EURO = 10**9
RESULTS = Results(
    bills=(
        Bill("Home 1", shared=3 * EURO, alone=5 * EURO, is_truthful=True),
        Bill("Home 2", shared=9 * EURO, alone=8 * EURO, is_truthful=False),
        Bill("Home 3", shared=-2 * EURO, alone=-1 * EURO, is_truthful=True),
    ),
    balance=Balance(
        consumed=100_000,
        produced=80_000,
        imported=60_000,
        exported=40_000,
        traded=24_000,
        pooled=6_000,
    ),
    welfare=Welfare(9 * EURO, 12 * EURO),
    days=Days(*(np.array(watts) for watts in ([400, 900], [0, 1_500], [0, 300]))),
    prices=(120_000, 150_000, 90_000),
    intervals=4,
    accounts={"members": -5, "balancing": 2 * EURO},
    sums={"EUR": 0, "certificates": 0},
    objections=(),
    entries=1_234,
    root="ab" * 32,
)


def told(results: Results) -> dict[str, str]:
    return {line[:29].rstrip(): line[29:] for line in lines_of(results, "EUR")}


def test_the_table_says_what_came_of_it() -> None:
    lines = told(RESULTS)
    assert lines["shared with neighbours"] == "30.0 kWh: 24.0 kWh traded, 6.0 kWh pooled"
    assert lines["self-sufficiency"] == "40.0% each alone, 70.0% together"
    assert lines["prices"] == (
        "9.00 / 12.00 / 15.00 hundredths a kWh (least, median, most), in 3 of 4 intervals"
    )
    assert lines["gain of a home"] == "-1.00 / 1.00 / 2.00 EUR (least, median, most)"
    assert lines["  of the truthful"] == "1.00 / 1.50 / 2.00 EUR (least, median, most)"
    assert lines["  of the others"] == "-1.00 / -1.00 / -1.00 EUR (least, median, most)"
    assert lines["homes that lose"] == "1 of 3, of the truthful 0 of 2"
    assert lines["welfare"] == "9.00 EUR of 12.00 EUR at most (75.0%)"
    assert lines["  balancing"] == "2.00 EUR"
    assert lines["all accounts, EUR"] == "0"
    assert lines["the books"] == "sound: every sum is zero, no limit passed"
    assert lines["log"] == f"1,234 entries, root {'ab' * 32}"


def test_the_table_hides_no_loss() -> None:
    loser = Bill("Home 4", shared=2, alone=1, is_truthful=True)
    lines = told(
        replace(
            RESULTS,
            bills=(*RESULTS.bills, loser),
            prices=(),
            welfare=Welfare(5, None),
            objections=("CURRENCY: posted credits exceed debits by 1",),
        )
    )
    assert lines["homes that lose"] == "2 of 4, of the truthful 1 of 3"
    assert lines["prices"] == "none: nothing was traded"
    assert "install settlement-node[simulate]" in lines["welfare"]
    assert lines["the books"] == "CURRENCY: posted credits exceed debits by 1"


@pytest.mark.parametrize("count", [1, 3])
def test_the_picture_has_a_bar_for_each_home(count: int) -> None:
    results = replace(RESULTS, bills=RESULTS.bills[:count])
    drawn = picture(results, "A <street> & more", "EUR")
    assert drawn == picture(results, "A <street> & more", "EUR")
    root = ET.fromstring(drawn)  # noqa: S314 - it was drawn here
    names = {"svg": "http://www.w3.org/2000/svg"}
    texts = [one.text for one in root.iterfind("svg:text", names)]
    assert texts[0] == "A <street> & more"
    assert "The mean day, kW: 70% self-sufficient, 40% without neighbours" in texts
    tops = [float(one.attrib.get("y", "0")) for one in root.iterfind("svg:rect", names)]
    assert len([top for top in tops if 0 < top < 350]) == count
    for mark in (*root.iter(),):
        for name in ("x", "x1", "x2"):
            assert 0 <= float(mark.attrib.get(name, "0")) <= 960
        for name in ("y", "y1", "y2"):
            assert 0 <= float(mark.attrib.get(name, "0")) <= 400


def test_a_picture_of_homes_that_gain_nothing_can_be_drawn() -> None:
    even = tuple(replace(bill, shared=bill.alone) for bill in RESULTS.bills)
    ET.fromstring(picture(replace(RESULTS, bills=even), "even", "EUR"))  # noqa: S314
