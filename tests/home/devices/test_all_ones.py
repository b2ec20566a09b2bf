"""Registers full of ones are no counter and no power: a gateway's word for a value it lacks."""

import pytest

from custom_components.depin.devices.capture import replay
from custom_components.depin.devices.places import RegisterPlace
from custom_components.depin.devices.points import COUNTERS
from custom_components.depin.devices.profiles import load, names
from custom_components.depin.devices.registers import field_at

from .captures import capture
from .sunspec_maps import common, inverter, meter, sunspec_map

WIDE = {"uint32": 2, "uint64": 4}
"""How many registers an unsigned number takes that is too wide to be full."""


NUMBERS = (*COUNTERS, "session_wh", "power_w")


def wide_places(name: str) -> list[RegisterPlace]:
    return [
        place
        for place in load(name).places()
        if isinstance(place, RegisterPlace) and place.type in WIDE and not place.unit
    ]


@pytest.mark.parametrize("name", [name for name in names() if wide_places(name)])
async def test_no_profile_takes_ones_for_a_number(name: str) -> None:
    spaces: dict[str, dict[str, int]] = {"holding": {}, "input": {}}
    for place in wide_places(name):
        for at in range(WIDE[place.type]):
            spaces[place.space][str(place.address + at)] = 0xFFFF
    flat = (await replay(capture(spaces), load(name), {})).flat
    assert [getattr(flat, number) for number in NUMBERS] == [None] * len(NUMBERS)


@pytest.mark.parametrize("kind", sorted(WIDE))
def test_one_less_is_a_number(kind: str) -> None:
    field = field_at(RegisterPlace(0, kind, WIDE[kind]))
    ones = [0xFFFF] * WIDE[kind]
    assert field.decode(ones) is None
    assert field.decode([*ones[:-1], 0xFFFE]) == 2 ** (16 * WIDE[kind]) - 2


async def test_no_sunspec_total_is_all_ones() -> None:
    full = 2**32 - 1
    roof, grid = inverter(1000, full), meter(10, exported=full, imported=full)
    found = capture(sunspec_map(common("Maker"), roof, grid))
    flat = (await replay(found, load("sunspec"), {})).flat
    assert (flat.production_wh, flat.import_wh, flat.export_wh) == (None, None, None)
