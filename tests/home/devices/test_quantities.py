"""That scaling is exact, and that what stands for no number never becomes one."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.depin.devices.formulas import Measured
from custom_components.depin.devices.places import RegisterPlace
from custom_components.depin.devices.quantities import (
    UNITS,
    energy,
    exact,
    frequency,
    number,
    power,
    ratio,
    share,
)

SCALES = ["1", "0.1", "0.01", "0.001", "10", "100", "0.5"]


@given(
    raw=st.integers(0, 2**53), scale=st.sampled_from(SCALES), unit=st.sampled_from(["Wh", "kWh"])
)
def test_a_counter_is_scaled_as_a_decimal_is(raw: int, scale: str, unit: str) -> None:
    place = RegisterPlace(0, "uint64", 4)
    counter = Measured(place, ratio(float(scale)) * UNITS[unit])
    with localcontext(prec=60):
        wanted = Decimal(raw) * Decimal(scale) * (1000 if unit == "kWh" else 1)
        whole = int(wanted.to_integral_value(ROUND_HALF_EVEN))
    assert energy(counter.number({place: raw})) == (whole if whole < 2**62 else None)


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_counter_that_grows_never_falls_by_rounding(one: int, other: int) -> None:
    low, high = sorted((one, other))
    place = RegisterPlace(0, "uint64", 4)
    counter = Measured(place, ratio("1/360"))
    first, second = (energy(counter.number({place: raw})) for raw in (low, high))
    assert first is not None
    assert second is not None
    assert first <= second


@given(st.floats(width=32))
def test_a_float_is_exact_or_nothing(value: float) -> None:
    found = exact(value)
    if abs(value) < 3.4e38:
        assert found is not None
        assert float(found) == value
    else:
        assert found is None or abs(value) < 3.4028234663852886e38


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_a_number_reads_as_it_is_written(value: Decimal) -> None:
    text = f"{value:f}"[:29]
    assert number(text) == Fraction(text)


@given(st.text(max_size=20))
def test_text_is_a_number_or_nothing(text: str) -> None:
    found = number(text)
    assert found is None or abs(float(text.strip()) - float(found)) <= abs(float(found)) * 1e-12


@pytest.mark.parametrize(
    "text",
    ["", " ", "nan", "-inf", "1_000", "0x10", "1,5", "1 kWh", "--1", "1e999", "9" * 31, ".5", "1."],
)
def test_what_is_no_plain_number_is_none(text: str) -> None:
    assert number(text) is None


def test_counters_and_power_have_bounds() -> None:
    assert energy(Fraction(-1, 3)) is None
    assert energy(Fraction(2**62)) is None
    assert energy(Fraction(2**62 - 1)) == 2**62 - 1
    assert power(Fraction(-(2**31))) == -(2**31)
    assert power(Fraction(2**31 + 1)) is None
    assert exact(10**400) == 10**400


@pytest.mark.parametrize(
    ("value", "hertz"),
    [(50, 50.0), (500, 50.0), (0, None), (39, None), (71, None), (399, None), (7001, None)],
)
def test_frequency(value: int, hertz: float | None) -> None:
    assert frequency(Fraction(value)) == hertz


@pytest.mark.parametrize(("value", "percent"), [(0, 0.0), (100, 100.0), (101, None), (-1, None)])
def test_charge(value: int, percent: float | None) -> None:
    assert share(Fraction(value)) == percent


def test_nothing_stays_nothing() -> None:
    assert (energy(None), power(None), share(None), frequency(None)) == (None,) * 4
