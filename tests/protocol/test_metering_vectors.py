"""Our own vectors of metered registers, in tests/vectors/metering.json; run to write them."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import pytest

from depin_protocol.metering import (
    ESTIMATED_GAP_MS,
    MEASURED_GAP_MS,
    Flag,
    Quality,
    Register,
    Rules,
    Sample,
)
from tests.protocol.own_vectors import as_json, committed, write

type Json = dict[str, Any]
type Row = tuple[int, int | None, int | None, list[str]]


MINUTE = 60_000
QUARTER = 15 * MINUTE
START = 1_790_000_100_000


def each(minutes: int, *shown: tuple[int | None, int | None] | tuple[int, int, str]) -> list[Row]:
    """Make samples at a fixed distance: counter, power and perhaps a flag."""
    return [
        (START + row * minutes * MINUTE, counter, power, [*flags])
        for row, (counter, power, *flags) in enumerate(shown)
    ]


def stated() -> Iterator[Json]:
    """Cases that each show one rule."""
    fine = Rules()
    yield case("interpolated", fine, each(5, *[(1000 + 37 * row, 444) for row in range(8)]))
    yield case("a half is rounded up", fine, each(2, (10, None), (11, None), (12, None)), MINUTE)
    yield case(
        "gaps at the limits",
        fine,
        [
            (START + at, counter, None, [])
            for at, counter in (
                (0, 100),
                (MEASURED_GAP_MS, 110),
                (2 * MEASURED_GAP_MS + 1, 125),
                (2 * MEASURED_GAP_MS + 1 + ESTIMATED_GAP_MS, 900),
                (2 * MEASURED_GAP_MS + 2 + 2 * ESTIMATED_GAP_MS, 1700),
            )
        ],
        30 * MINUTE,
    )
    yield case("a counter that went back", fine, each(5, (500, 0), (510, 0), (7, 0), (9, 0)))
    yield case("a reset", fine, each(5, (500, 0), (510, 0), (600, 0, "RESET"), (610, 0)))
    yield case("a doubt", fine, each(5, (500, 0), (510, 0, "CLOCK"), (600, 0), (610, 0)))
    yield case("false zeros", fine, each(3, (500, 0), (0, 0), (0, 0), (530, 0), (540, 0)))
    fused = Rules(most_power=17_250)
    yield case("a rise past the fuse", fused, each(1, (0, 0), (288, 0), (577, 0)), MINUTE)
    steady = [(6000, 2000), *[(7000, 2000)] * 6, (8000, 2000)]
    pause = [*[(8000, 0)] * 5, *[(8000, 1000)] * 12, (9000, 1000), *[(9000, 1500)] * 12]
    shaped = each(5, *steady, *pause)
    yield case("a kWh counter shaped by power", Rules(resolution=1000), shaped, 7 * MINUTE)
    yield case("power the other way", Rules(resolution=1000, sign=-1), shaped)
    night = each(5, (6000, 600), (7000, 600), *[(7000, None)] * 60, (7000, 600), (8000, 600))
    yield case("asleep", Rules(resolution=1000), night, 20 * MINUTE)
    yield case(
        "two counts at once",
        Rules(resolution=1000),
        each(5, (6000, 900), (7000, 900), (7000, 900), (9000, 900)),
        MINUTE,
    )
    silence = each(35, (6000, 2000), (7000, 2000))
    after: list[Row] = [
        (silence[-1][0] + row * 5 * MINUTE, 7000 + row // 6 * 1000, 2000, [])
        for row in range(1, 13)
    ]
    yield case("a count reached in a silence", Rules(resolution=1000), [*silence, *after])
    yield case(
        "counter and power at different times",
        Rules(resolution=100),
        each(1, (100, None), (None, 7000), (200, None), (None, 9000), (300, None), (None, 0)),
        20_000,
    )


def case(name: str, rules: Rules, samples: list[Row], step: int = QUARTER // 3) -> Json:
    """Cut the time from before the first sample to after the last."""
    cuts = [*range(START - step, samples[-1][0] + 2 * step, step)]
    stated_input = {"rules": asdict(rules), "samples": samples, "cuts": cuts}
    return {"name": name, "input": stated_input, "output": outcome(stated_input)}


def outcome(stated_input: Json) -> Json:
    """Meter an input as the file states it."""
    samples = []
    for at, counter, power, names in stated_input["samples"]:
        flags = Flag.NONE
        for name in names:
            flags |= Flag[name]
        samples.append(Sample(at, counter, power, flags))
    register = Register(samples, Rules(**stated_input["rules"]))
    values = [register.at(cut) for cut in stated_input["cuts"]]
    energies = [register.energy(start, end) for start, end in pairwise(stated_input["cuts"])]
    return {
        "values": [[value.value, said(value.quality)] for value in values],
        "energies": [[energy.wh, said(energy.quality)] for energy in energies],
    }


def said(quality: Quality) -> str:
    return quality.name.lower()


def generate() -> Json:
    return {"registers": [*stated()]}


@pytest.fixture(scope="module", name="vectors")
def stored() -> Json:
    vectors: Json = committed("metering")
    return vectors


def test_the_file_is_what_this_code_makes(vectors: Json) -> None:
    assert vectors == as_json(generate())


def test_the_file_s_inputs_alone_give_its_outcomes(vectors: Json) -> None:
    for vector in vectors["registers"]:
        assert outcome(vector["input"]) == vector["output"], vector["name"]


if __name__ == "__main__":
    write("metering", generate())
