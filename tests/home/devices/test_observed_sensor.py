"""What a sensor observed: by its own time, thinned, and said once."""

from custom_components.depin.devices.interval_sheet import SPACING_MS
from custom_components.depin.devices.observed_sensor import ObservedSensor
from custom_components.depin.protocol.metering import Flag
from custom_components.depin.protocol.statements.measuring import MAX_SAMPLES, Observations

NAME = "A" * 22
START = 1_800_000_000_000
MINUTE = 60_000


def sensor() -> ObservedSensor:
    """Make a sensor of which nothing was heard."""
    return ObservedSensor(NAME, "temperature", -2)


def test_one_of_each_five_minutes_is_said_by_its_own_time() -> None:
    porch = sensor()
    for minute, value in ((1, 2100), (2, 2110), (6, -5), (15, 2120), (16, 2130)):
        porch.hear(value, START + minute * MINUTE, Flag.NONE)
    assert porch.last == 2130
    said = porch.close(START + 15 * MINUTE)
    at = (START + MINUTE, START + 6 * MINUTE)
    assert said == Observations(NAME, "temperature", -2, at, (2100, -5))
    assert porch.close(START + 15 * MINUTE) == said
    porch.settle(said)
    assert porch.close(START + 15 * MINUTE) is None
    later = porch.close(START + 30 * MINUTE)
    assert later
    assert later.values == (2120,)


def test_what_is_not_to_be_had_is_never_said() -> None:
    porch = sensor()
    heard: list[int | None] = []
    stop = porch.listen(lambda: heard.append(porch.last))
    porch.hear(2100, START, Flag.CLOCK)
    porch.hear(None, START + SPACING_MS, Flag.NONE)
    stop()
    porch.hear(None, START + SPACING_MS, Flag.NONE)
    assert heard == [2100, None]
    said = porch.close(START + 4 * SPACING_MS)
    assert said == Observations(NAME, "temperature", -2, (START,), (2100,), (4,))


def test_what_a_wrong_clock_dated_is_in_doubt() -> None:
    porch = sensor()
    for minute in (1, 6, 11):
        porch.hear(2100, START + minute * MINUTE, Flag.NONE)
    porch.doubt_since(START + MINUTE)
    said = porch.close(START + 15 * MINUTE)
    assert said
    assert said.flags == (0, Flag.CLOCK.value, Flag.CLOCK.value)


def test_an_instant_that_was_said_is_not_said_again() -> None:
    porch = sensor()
    porch.hear(1, START, Flag.NONE)
    said = porch.close(START + MINUTE)
    assert said
    porch.settle(said)
    porch.hear(2, START, Flag.NONE)
    assert porch.close(START + MINUTE) is None


def test_what_a_full_disk_has_held_up_fills_several_statements() -> None:
    porch = sensor()
    for slot in range(MAX_SAMPLES + 1):
        porch.hear(slot, START + slot * SPACING_MS, Flag.NONE)
    end = START + (MAX_SAMPLES + 1) * SPACING_MS
    first = porch.close(end)
    assert first
    assert len(first.at) == MAX_SAMPLES
    porch.settle(first)
    rest = porch.close(end)
    assert rest
    assert rest.values == (MAX_SAMPLES,)


def test_a_clock_that_was_a_day_ahead_keeps_no_sensor_silent() -> None:
    porch = sensor()
    day = 288 * SPACING_MS
    porch.hear(1, START + day, Flag.NONE)
    ahead = porch.close(START + 2 * day)
    assert ahead
    porch.settle(ahead)
    porch.hear(2, START + 2 * day, Flag.NONE)
    porch.put_right(START)
    porch.hear(3, START + SPACING_MS, Flag.CLOCK)
    said = porch.close(START + 3 * day)
    assert said
    assert (said.at, said.values) == ((START + SPACING_MS,), (3,))
