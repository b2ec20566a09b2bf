"""What a home says comes to a real node, whatever happens to either of them."""

from pathlib import Path

import pytest

from custom_components.depin.home_key import make_key
from custom_components.depin.node import NodeAwayError, NodeRefusedError
from custom_components.depin.protocol.statements.measuring import Device
from custom_components.depin.protocol.statements.trading import Curve, Order
from custom_components.depin.troubles import Trouble
from tests.system.home.household import METER, Household, until_proven
from tests.system.node_process import command, new_coop, running


async def joined(folder: Path, port: int) -> Household:
    """Invite a home, and let it join."""
    home = Household(folder.parent / "home", command("invite", "--data", folder))
    await home.join(port)
    await home.join(port)
    return home


async def test_what_a_home_says_is_proven_to_be_in_the_log(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.attestation.async_record(Device(METER, "grid", {"import": 1}))
            await house.record(*range(300))
            await until_proven(house)
            assert await house.waiting() == 0
            assert house.owner.troubles == set()
        assert "all follows" in command("verify", "--data", folder)


async def test_a_node_that_was_away_gets_all_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.record(1, 2)
            await house.delivery.deliver()
    async with home.started(port) as house:
        await house.record(*range(3, 1500))
        with pytest.raises(NodeAwayError):
            await house.delivery.deliver()
        assert await house.waiting() == 1497
    with running(folder) as (port, _):
        async with home.started(port) as house:
            await house.delivery.deliver()
            assert await house.waiting() == 0
            heads = await house.node.heads()
            assert [head.seq for head in heads["metering"]] == [1500]
            assert house.owner.troubles == set()
        assert "all follows" in command("verify", "--data", folder)


async def test_orders_wait_unsigned_until_their_gate(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    new_coop(folder)
    far = 4_000_000_000_000
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            order = Order("street", (Curve(far, "ask", ((70_000, 400),)),))
            house.orders.add(order, far)
            house.orders.add(order, 1)
            await house.delivery.deliver()
            assert len(house.orders) == 0
            heads = await house.node.heads()
            assert [head.seq for head in heads["trading"]] == [2]


async def test_a_restored_home_goes_on_in_a_new_chain(tmp_path: Path) -> None:
    folder, backup = tmp_path / "node", tmp_path / "backup"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.record(1, 2)
            await house.delivery.deliver()
            await house.record(3)
        home.back_up(backup)
        async with home.started(port) as house:
            assert not house.attestation.is_restored
            await house.record(4, 5)
            await house.delivery.deliver()
        home.restore(backup)
        async with home.started(port) as house:
            assert house.attestation.is_restored
            await house.record(6, 7)
            await house.delivery.deliver()
            heads = await house.node.heads()
            assert [head.seq for head in heads["metering"]] == [3]
            assert not (await house.node.standing()).orders_held
            assert await house.waiting() == 0
            assert house.owner.troubles == set()
        async with home.started(port) as house:
            assert not house.attestation.is_restored
        assert "all follows" in command("verify", "--data", folder)


async def test_a_machine_set_back_with_its_cache_is_told_by_the_node(tmp_path: Path) -> None:
    folder, snapshot = tmp_path / "node", tmp_path / "snapshot"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.record(1, 2, 3)
            await house.delivery.deliver()
        earlier = home.cloned(snapshot)
        async with home.started(port) as house:
            await house.record(4, 5)
            await house.delivery.deliver()
        async with earlier.started(port) as house:
            await house.record(6, 7, 8)
            await house.delivery.deliver()
            assert house.owner.troubles == {Trouble.RESTORED}
            assert await house.waiting() == 0
            (head,) = (await house.node.heads())["metering"]
            # The opening, and what was refused in the old chain, said again.
            assert head.seq == 4
            await house.record(9)
            await house.delivery.deliver()
            assert (await house.node.heads())["metering"][0].seq == 5
        assert "all follows" in command("verify", "--data", folder)


async def test_a_snapshot_that_starts_twice_before_the_node_is_there_is_no_clone(
    tmp_path: Path,
) -> None:
    folder, snapshot = tmp_path / "node", tmp_path / "snapshot"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.record(1, 2)
            await house.delivery.deliver()
        earlier = home.cloned(snapshot)
        async with home.started(port) as house:
            await house.record(3, 4)
            await house.delivery.deliver()
        async with earlier.started(port) as house:
            await house.record(5, 6)
        async with earlier.started(port) as house:
            await house.record(7)
            await house.delivery.deliver()
            assert house.owner.troubles == {Trouble.RESTORED}
            assert await house.waiting() == 0
        async with earlier.started(port) as house:
            await house.delivery.deliver()
            assert house.owner.troubles == set()
        assert "all follows" in command("verify", "--data", folder)


async def test_a_home_restored_from_before_its_key_change_goes_on_with_the_new_key(
    tmp_path: Path,
) -> None:
    folder, backup = tmp_path / "node", tmp_path / "backup"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.record(1)
            await house.delivery.deliver()
        home.back_up(backup)
        old, new = home.keys[0], make_key()
        home.keys = (new, old)
        async with home.started(port) as house:
            await house.attestation.async_change_key(new)
            await house.record(2)
            await house.delivery.deliver()
        home.restore(backup)
        home.keys = (old,)
        async with home.started(port) as house:
            await house.record(3, 4)
            with pytest.raises(NodeRefusedError):
                await house.delivery.deliver()
            assert house.owner.troubles == {Trouble.KEY_REFUSED}
        # As the owner brings it back from its phrase.
        home.keys = (new, old)
        async with home.started(port) as house:
            await house.record(5)
            await house.delivery.deliver()
            assert await house.waiting() == 0
            assert Trouble.KEY_REFUSED not in house.owner.troubles
            (head,) = (await house.node.heads())["metering"]
            # The opening, and three readings of which two were signed with the old key.
            assert head.seq == 4
        assert "all follows" in command("verify", "--data", folder)


async def test_a_clone_is_told_apart_and_its_owner_decides(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "node", tmp_path / "elsewhere"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.record(1)
            await house.delivery.deliver()
        clone = home.cloned(elsewhere)
        async with home.started(port) as house, clone.started(port) as other:
            await house.delivery.deliver()
            await other.delivery.deliver()
            await house.record(2)
            await house.delivery.deliver()
            await other.record(3)
            await other.delivery.deliver()
            assert other.owner.troubles == {Trouble.CLONE}
            assert await other.waiting() == 1
            await other.record(4)
            await other.delivery.deliver()
            assert await other.waiting() == 2
            # It stays so when the clone is started anew.
        async with clone.started(port) as other:
            await other.delivery.deliver()
            assert other.owner.troubles == {Trouble.CLONE}
            other.delivery.take_over()
            for _ in range(2):
                await other.delivery.deliver()
                assert other.owner.troubles == set()
            assert not (await other.node.standing()).orders_held
            assert await other.waiting() == 0
            (head,) = (await other.node.heads())["metering"]
            assert head.seq == 3
        assert "all follows" in command("verify", "--data", folder)


async def test_a_home_whose_outbox_is_gone_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.record(1, 2, 3)
            await house.delivery.deliver()
        home.folder.rename(tmp_path / "gone")
        async with home.started(port) as house:
            await house.record(4)
            await house.delivery.deliver()
            assert house.owner.troubles == {Trouble.RESTORED}
            assert await house.waiting() == 0
            assert not (await house.node.standing()).orders_held
            assert len((await house.node.heads())["metering"]) == 1


async def test_a_key_is_changed_without_a_gap(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    new_coop(folder)
    with running(folder) as (port, _):
        home = await joined(folder, port)
        async with home.started(port) as house:
            await house.record(1)
            new = make_key()
            home.keys = (new, *home.keys)
            await house.attestation.async_change_key(new)
            await house.record(2, 3)
            await house.delivery.deliver()
            assert (await house.node.standing()).key == new.public
            assert await house.waiting() == 0
        async with home.started(port) as house:
            assert house.attestation.key == new
            await house.record(4)
            await house.delivery.deliver()
            assert [head.seq for head in (await house.node.heads())["metering"]] == [5]
            assert house.owner.troubles == set()
        assert "all follows" in command("verify", "--data", folder)
