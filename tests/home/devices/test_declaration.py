"""What a home says that its devices are."""

import pytest

from custom_components.depin.devices import profiles
from custom_components.depin.devices.declaration import declaration, retirement, steps_of
from custom_components.depin.devices.points import Points, Role
from custom_components.depin.devices.roles import Use
from custom_components.depin.protocol.metering import Flag

NAME = "A" * 22


@pytest.mark.parametrize(
    ("profile", "role", "steps"),
    [
        ("growatt_sph", Role.GRID, {"import": 100, "export": 100}),
        ("eastron_sdm630", Role.GRID, {"import": 1, "export": 1}),
        ("huawei_sun2000", Role.GRID, {"import": 10, "export": 10}),
    ],
)
def test_how_fine_a_device_counts_is_declared(
    profile: str, role: Role, steps: dict[str, int]
) -> None:
    use = Use(role, role, NAME)
    body = declaration(use, steps_of(use, profiles.load(profile).roles[role]), 9000)
    assert (body.device, body.role, body.resolution) == (NAME, role.value, steps)
    assert body.nameplate == 9000


def test_a_home_that_cannot_feed_in_says_so_of_its_grid_meter_alone() -> None:
    grid = declaration(Use(Role.GRID, Role.GRID, NAME), {"import_wh": 10}, None, import_only=True)
    assert (grid.resolution, grid.import_only) == ({"import": 10}, True)
    plug = declaration(Use(Role.GRID, Role.SUB, NAME), {}, None, import_only=True)
    assert (plug.resolution, plug.import_only) == ({"consumption": 1, "export": 1}, False)


def test_every_profile_can_be_declared() -> None:
    for name in profiles.names():
        for role, formulas in profiles.load(name).roles.items():
            use = Use(role, role, NAME)
            assert all(step >= 1 for step in steps_of(use, formulas).values())


def test_what_is_no_more_is_said() -> None:
    assert retirement(NAME, "grid").to_json() == {
        "device": NAME,
        "role": "grid",
        "resolution": {},
        "retired": True,
    }


@pytest.mark.parametrize(
    ("use", "registers", "power"),
    [
        (Use(Role.GRID, Role.GRID, NAME), {"import": 5, "export": 7}, 100),
        (Use(Role.GRID, Role.GRID, NAME, turned=True), {"import": 7, "export": 5}, -100),
        (Use(Role.GRID, Role.PRODUCTION, NAME), {"production": 5}, 100),
        (Use(Role.GRID, Role.PRODUCTION, NAME, turned=True), {"production": 7}, -100),
        (Use(Role.GRID, Role.BATTERY, NAME), {"charge": 5, "discharge": 7}, 100),
        (Use(Role.SUB, Role.CHARGER, NAME), {"consumption": 5, "discharge": 7}, 100),
    ],
)
def test_a_meter_counts_for_the_role_that_it_is_used_in(
    use: Use, registers: dict[str, int], power: int
) -> None:
    """A battery's power counts as it is charged, whatever its own points say."""
    points = use.points(Points(import_wh=5, export_wh=7, power_w=100))
    sample = use.sample(points, 1, Flag.NONE)
    assert (sample.registers, sample.power) == (registers, power)


def test_a_battery_of_its_own_kind_discharges_with_positive_power() -> None:
    use = Use(Role.BATTERY, Role.BATTERY, NAME)
    points = use.points(Points(charge_wh=1, discharge_wh=2, power_w=300))
    assert points.power_w == 300
    assert use.sample(points, 1, Flag.NONE).power == -300
