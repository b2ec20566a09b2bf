"""Shapes of homes: generated, out of SimBench, or out of one's own files."""

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from settlement_node.simulation.generated import generated
from settlement_node.simulation.own_files import from_files
from settlement_node.simulation.shapes import DAY, QUARTER, Shape, ShapesError, Span, whole
from settlement_node.simulation.simbench import from_simbench

JUNE = 20_619 * DAY * QUARTER
"""15 June 2026, midnight."""
WEEK = Span(JUNE, 7 * DAY)
NETWORK = "simbench/networks/1-complete_data-mixed-all-0-sw"
YEAR = 366 * DAY


def drawn(seed: int, homes: int = 40, span: Span = WEEK) -> list[Shape]:
    return generated(homes, span, np.random.default_rng(seed))


def total(shapes: list[Shape], name: str) -> int:
    return sum(int(getattr(shape, name).sum()) for shape in shapes)


def test_the_same_seed_draws_the_same_homes() -> None:
    for one, other in zip(drawn(5), drawn(5), strict=True):
        assert one.used.tolist() == other.used.tolist()
        assert one.produced.tolist() == other.produced.tolist()
        assert one.charged.tolist() == other.charged.tolist()
    assert total(drawn(5), "used") != total(drawn(6), "used")


def test_homes_use_about_what_homes_use_and_the_sun_shines_by_day() -> None:
    homes = drawn(1)
    a_day = total(homes, "used") / 40 / 7
    assert 5_000 < a_day < 12_000
    roofs = [home for home in homes if home.produced.any()]
    assert 10 < len(roofs) < 30
    produced = np.array([home.produced for home in roofs])
    by_hour = produced.reshape(len(roofs), 7, 24, 4).sum(axis=(0, 1, 3))
    assert by_hour[:3].sum() == by_hour[21:].sum() == 0
    assert by_hour[9:14].min() > by_hour[[4, 5, 18, 19]].max()
    winter = drawn(1, span=Span(JUNE + 183 * DAY * QUARTER, 7 * DAY))
    assert total(winter, "produced") * 3 < total(homes, "produced")


def test_rounding_loses_no_watt_hour() -> None:
    wh = np.full(1_000, 0.3)
    assert whole(wh).sum() == 300
    assert set(whole(wh).tolist()) == {0, 1}


@pytest.mark.parametrize("length", [60_000, 300_000, QUARTER, 1_800_000, 3_600_000])
def test_a_shape_by_other_intervals_keeps_its_energy(length: int) -> None:
    (home,) = drawn(3, homes=1)
    cut = home.every(length)
    assert cut.used.size == WEEK.quarters * QUARTER // length
    assert cut.used.sum() == home.used.sum()
    hours = length * cut.used.size // 3_600_000
    assert cut.used.reshape(hours, -1).sum(axis=1).tolist() == (
        home.used.reshape(hours, -1).sum(axis=1).tolist()
    )


def test_the_meter_counts_the_difference() -> None:
    home = Shape(np.array([300, 100, 50]), np.array([0, 500, 60]), np.array([200, 100, 10]))
    assert home.imported.tolist() == [500, 0, 0]
    assert home.exported.tolist() == [0, 300, 0]


def test_own_files_are_read_by_name_and_begin_again(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("used,produced\n" + "1,2\n3,4\n" * (DAY // 2))
    (tmp_path / "a.csv").write_text("used,charged\n" + "5,6\n" * DAY + "7,8\n" * DAY)
    homes = from_files(tmp_path, 3, Span(0, 3 * DAY))
    assert homes[0].used.tolist() == [5] * DAY + [7] * DAY + [5] * DAY == homes[2].used.tolist()
    assert homes[1].used.tolist() == [1, 3] * (DAY // 2) * 3
    assert homes[1].produced.tolist() == [2, 4] * (DAY // 2) * 3
    assert homes[0].charged.tolist() == [6] * DAY + [8] * DAY + [6] * DAY
    assert not homes[0].produced.any()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no column used"),
        (b"load\n1\n", "has no column used"),
        (b"used\n", "has no rows"),
        (b"used\n1\n", "ends after 1 rows, in the middle of a day: give 96"),
        (b"used\n" + b"1\n" * 97, "ends after 97 rows"),
        (b"used\n1.5\n" + b"1\n" * 95, "line 2: used is '1.5'"),
        (b"used,produced\n1,2\n1,-2\n" + b"1,2\n" * 94, "line 3: produced is '-2'"),
        (b"used,produced\n1,2\n1\n" + b"1,2\n" * 94, "line 3: produced is ''"),
        (b"used\n\xff\n", "cannot be read"),
        (b"used\n" + b"10000001\n" * 96, "not whole Wh from 0 to 10000000"),
    ],
)
def test_own_files_with_mistakes_are_refused_by_line(
    tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "home.csv").write_bytes(content)
    with pytest.raises(ShapesError, match=says):
        from_files(tmp_path, 1, Span(0, 3))


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShapesError, match=r"no \.csv files"):
        from_files(tmp_path, 1, Span(0, 3))


def wheel(path: Path, **changes: str) -> Path:
    """Write a wheel as SimBench's: columns of one value each, times the quarter of the day."""
    loads = ("H0-A", "H0-B", "H0-C", "H0-G", "H0-L", "HLS_A_3.7", "HLS_B_3.7", "HLS_A_11.0")
    heads = {
        "LoadProfile": ["time", *(f"{name}_pload" for name in loads)],
        "RESProfile": ["time", *(f"PV{number}" for number in range(1, 9))],
    }
    with ZipFile(path, "w") as made:
        for name, head in heads.items():
            rows = (
                ";".join(["01.01.2016 00:00", *[f"{at % DAY / DAY}"] * (len(head) - 1)])
                for at in range(YEAR)
            )
            text = changes.get(name, "\n".join([";".join(head), *rows]))
            made.writestr(f"{NETWORK}/{name}.csv", text)
    return path


def test_simbench_is_read_out_of_its_wheel(tmp_path: Path) -> None:
    place = wheel(tmp_path / "simbench.whl")
    homes = from_simbench(place, 20, WEEK, np.random.default_rng(1))
    again = from_simbench(place, 20, WEEK, np.random.default_rng(1))
    assert [home.used.tolist() for home in homes] == [home.used.tolist() for home in again]
    roofs = [home for home in homes if home.produced.any()]
    assert roofs
    assert all(home.produced[0] == 0 and home.produced[:DAY].argmax() > DAY - 4 for home in roofs)


SHORT = "time;" + ";".join(f"PV{number}" for number in range(1, 9)) + "\n0" + ";1" * 8 + "\n"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"LoadProfile": "time;H0-A_pload\n"}, "has no column"),
        ({"RESProfile": SHORT}, "has 1 rows"),
    ],
)
def test_another_simbench_is_refused(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    with pytest.raises(ShapesError, match=says):
        from_simbench(
            wheel(tmp_path / "simbench.whl", **changes), 1, WEEK, np.random.default_rng(1)
        )


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "simbench.whl").write_text("no wheel")
    with pytest.raises(ShapesError, match="is no wheel of simbench"):
        from_simbench(tmp_path / "simbench.whl", 1, WEEK, np.random.default_rng(1))


def test_a_package_that_is_not_installed_is_asked_for() -> None:
    with pytest.raises(ShapesError, match="pip install --no-deps simbench"):
        from_simbench(None, 1, WEEK, np.random.default_rng(1))
