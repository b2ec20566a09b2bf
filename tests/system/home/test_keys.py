"""A home that has had several keys goes on with the one that a real node knows it by."""

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from custom_components.depin.home_key import HomeKey, make_key
from custom_components.depin.node import NodeRefusedError
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.statements.membership import prove_possession
from custom_components.depin.troubles import Trouble
from tests.system.home.household import Household, Running
from tests.system.home.test_delivery import joined
from tests.system.node_process import COMMAND, command, new_coop, running

_IN_A_MOMENT = (
    "from settlement_node.governance import acting; acting.VETO_TIME = 1_000;"
    "from settlement_node.cli import main; main()"
)
"""A node for which the week, in which a key's replacement can be vetoed, is a second."""

HASTY = (COMMAND[0], "-c", _IN_A_MOMENT)


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


def replace_key(folder: Path, home: Household, new: HomeKey) -> None:
    """Tell the co-op, as its operator does with what the home shows."""
    possession = prove_possession(new.seed, home.invite.coop, home.member, new.public)
    shown = f"--key={to_text(new.public)}", f"--possession={to_text(possession)}"
    options = ("--data", folder, *shown, "--reason", "key lost")
    command("member", "replace-key", home.member, *options, program=HASTY)


async def until_known(house: Running, key: HomeKey) -> None:
    """Deliver until the node knows the home by a key."""
    end = time.monotonic() + 60
    while house.node.key != key.public:
        assert time.monotonic() < end
        await asyncio.sleep(0.2)
        house.node.log_out()
        try:
            await house.delivery.deliver()
        except NodeRefusedError:
            assert house.owner.troubles == {Trouble.KEY_REFUSED}


@pytest.mark.parametrize("is_lost", [True, False])
async def test_a_home_goes_on_with_what_replaced_its_key(tmp_path: Path, *, is_lost: bool) -> None:
    """Also with what it said before, and in the week in which nobody took its word."""
    folder = tmp_path / "node"
    new_coop(folder, program=HASTY)
    with running(folder, program=HASTY) as (port, _):
        home = await joined(folder, port)
        old, new = home.keys[0], make_key()
        async with home.started(port) as house:
            await house.record(1)
            await house.delivery.deliver()
            await house.record(2)
        home.keys, home.may_replace = (new,) if is_lost else (new, old), True
        async with home.started(port) as house:
            await house.record(3)
            if is_lost:
                with pytest.raises(NodeRefusedError):
                    await house.delivery.deliver()
                assert house.owner.troubles == {Trouble.KEY_REFUSED}
            else:
                await house.delivery.deliver()
                assert house.attestation.key == old
                await house.record(4)
            replace_key(folder, home, new)
            await until_known(house, new)
            await house.record(5)
            await house.delivery.deliver()
            assert house.attestation.key == new
            assert await house.waiting() == 0
            assert house.owner.troubles == set()
        async with home.started(port) as house:
            await house.record(6)
            await house.delivery.deliver()
            assert await house.waiting() == 0
            assert house.owner.troubles == set()
        assert "all follows" in command("verify", "--data", folder, program=HASTY)
