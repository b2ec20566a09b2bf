"""The sky as whole numbers, and where panels look."""

import subprocess
import sys

import numpy as np
import pytest

from depin_protocol.durations import HOUR
from settlement_node.oracle.planes import Panels, fitted, light_on
from tests.node.oracle.roofs import STEPS, clouds, counter, sky, whole

LOADED = """
import sys
from settlement_node.oracle.kinds import kinds
print(len(kinds()), *{"pvlib", "pandas", "scipy"} & sys.modules.keys())
"""


def test_the_sun_stands_where_it_stands_at_midsummer() -> None:
    above = sky()
    highest = int(np.argmax(above.elevation))
    # 90 degrees less 48.2 of latitude, and 23.4 of midsummer.
    assert abs(int(above.elevation[highest]) - 6_524) < 5
    # Noon at 16.4 degrees east is 66 minutes before noon by UTC, and in June 2 minutes late.
    assert abs(highest * 5 + 2 - (12 * 60 - 66 + 2)) <= 5
    assert abs(int(above.azimuth[highest]) - 18_000) < 300
    assert 850 < above.flat[highest] < 1_000


def test_no_light_comes_from_below() -> None:
    above = sky()
    dark = above.elevation < -100
    assert dark.any()
    for light in (above.direct, above.diffuse, above.flat):
        assert not light[dark].any()


def test_flat_panels_get_what_flat_ground_gets() -> None:
    above = sky()
    high = above.elevation > 500
    assert np.abs(light_on(above, 0, 90) - above.flat)[high].max() <= 15


def test_panels_in_the_east_have_their_day_before_noon() -> None:
    above = sky()
    noon = int(np.argmax(above.elevation))
    east, west = light_on(above, 40, 90), light_on(above, 40, 270)
    assert east[:noon].sum() > 2 * east[noon:].sum()
    assert west[noon:].sum() > 2 * west[:noon].sum()


@pytest.mark.parametrize("panels", [Panels(30, 180, 5_000), Panels(20, 100, 8_000)])
def test_a_place_is_fitted_from_days_with_and_without_clouds(panels: Panels) -> None:
    days = []
    for number in range(0, 40, 4):
        above = sky(number)
        clear = panels.under(above) * 85 // 100
        seen = clear if number % 8 == 0 else clear * clouds(number) // 1_000
        days.append((counter(seen).power(), above))
    found = fitted(days)
    assert found is not None
    assert found.fitted
    assert abs(found.tilt - panels.tilt) <= 10
    assert abs(found.azimuth - panels.azimuth) <= 20
    told, own = panels.under(sky()).sum() * 85 // 100, found.under(sky()).sum()
    assert abs(int(own) - int(told)) * 100 < 8 * int(told)


def test_nothing_is_fitted_from_nothing() -> None:
    assert fitted([]) is None
    assert fitted([(whole(np.zeros(STEPS)), sky())]) is None


def test_light_from_behind_bright_clouds_is_no_more_than_can_be() -> None:
    north = Panels(60, 0, 5_000)
    assert (north.most_under(sky()) >= north.under(sky())).all()
    assert north.most_under(sky()).sum() > north.under(sky()).sum()


def test_loading_the_oracle_loads_no_sun() -> None:
    """A second and 110 MiB are for who judges a day's sun alone."""
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            LOADED,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.split() == ["5"]


def test_an_hour_of_a_kilowatt_is_a_kilowatt_hour() -> None:
    counted = counter(np.full(STEPS, 1_000))
    assert int(counted.energy().values.sum()) == 24_000
    assert set(counted.power().values.tolist()) <= {996, 1_008}
    assert counted.grain() == HOUR // counted.step
