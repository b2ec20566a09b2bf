"""A home that has had several keys goes on with the one that a real node knows it by."""

import shutil
from pathlib import Path

import pytest

from custom_components.depin.home_key import make_key
from custom_components.depin.troubles import Trouble
from tests.system.home.household import Household
from tests.system.home.test_delivery import joined
from tests.system.node_process import command, new_coop, running


def lose_outbox(home: Household, how: str) -> None:
    """Let the disk lose all that the home said, or damage it where it cannot be read past."""
    outbox = home.rooms().outbox
    if how == "gone":
        shutil.rmtree(outbox)
        return
    (file,) = outbox.glob("*.statements")
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("how", ["gone", "damaged"])
async def test_a_home_that_lost_its_outbox_signs_with_the_key_that_the_node_knows(
    tmp_path: Path, how: str, *, is_known: bool
) -> None:
    """Also where Home Assistant died between keeping a new key and changing to it."""
    folder = tmp_path / "node"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        old, new = home.keys[0], make_key()
        async with home.started(port) as house:
            await house.record(1)
            await house.delivery.deliver()
        home.keys = (new, old)
        async with home.started(port) as house:
            if is_known:
                await house.attestation.async_change_key(new)
            await house.record(2, 3)
            await house.delivery.deliver()
            await house.record(4, 5)
        lose_outbox(home, how)
        in_force = new if is_known else old
        async with home.started(port) as house:
            await house.record(6, 7)
            await house.delivery.deliver()
            assert house.attestation.key == in_force
            assert await house.waiting() == 0
            assert house.owner.troubles == {Trouble.RESTORED}
        async with home.started(port) as house:
            assert house.attestation.key == in_force
            await house.record(8)
            await house.delivery.deliver()
            assert await house.waiting() == 0
            assert house.owner.troubles == set()
        assert "all follows" in command("verify", "--data", folder)
