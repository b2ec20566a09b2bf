"""A home verifies a real node's books, and finds out each kind of lie."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custom_components.depin.delivery import Trust, now
from custom_components.depin.node import NodeAwayError, NodeError
from custom_components.depin.protocol.events import Event
from custom_components.depin.protocol.log.notes import VerifierKey
from custom_components.depin.protocol.statements.trading import Curve, Order
from depin_protocol.durations import DAY, MINUTE
from depin_protocol.log.checkpoint import Checkpoint, sign_checkpoint
from depin_protocol.log.merkle import TreeHead
from settlement_node.market.trading import closing
from settlement_node.market.trading.clearing import Clearing, clear
from tests.node.village import FACTS, LOG_SEED
from tests.system.home.household import Household, until_proven
from tests.system.home.suspicious_home import (
    MARKET,
    RULES,
    Alarm,
    Street,
    changed,
    misread_meters,
    refusal,
    street,
    verdict,
    verifying,
)
from tests.system.node_process import command, new_coop, running

PROVEN, NOTHING_SHOWN, OPEN = 0, 1, 3


@pytest.mark.parametrize("k", [1, 5])
async def test_honest_books_hold(tmp_path: Path, k: int) -> None:
    """With few members the whole book is cleared again, with enough a proof is enough."""
    async with street(tmp_path, replace(RULES, k=k)) as one:
        await one.verification.verify()
        assert one.verification.is_verified is True
        await one.trade()
        await one.meter()
        await one.verification.verify()
        assert one.alarm.told == []
        assert one.verification.is_verified is True
        assert one.verification.size == one.here.coop.position.size
        asked = [path.rpartition("/")[2] for path in one.node.asked if "/settlements/" in path]
        assert str(one.first) in asked
        assert any(path.endswith("/book") for path in one.node.asked) == (k > 1)
        one.node.asked.clear()
        await one.verification.verify()
        assert not any(path.endswith(f"/{one.first}") for path in one.node.asked)


async def test_a_correction_is_checked_when_the_node_tells_of_it(tmp_path: Path) -> None:
    async with street(tmp_path) as one:
        await one.trade()
        await one.at(one.end + 21 * MINUTE)
        await one.verification.verify()
        await one.meter()
        data: dict[str, object] = {"market": MARKET, "start": one.first}
        one.verification.hear(Event(1, "settled", 1, data))
        one.node.asked.clear()
        await one.verification.verify()
        assert any(path.endswith(f"/{one.first}") for path in one.node.asked)
        assert one.alarm.told == []


async def found(one: Street, check: str, code: int) -> None:
    """Insist that a lie is found, kept as evidence, told to the owner, and stops trading."""
    await one.verification.verify()
    (suspicion,) = one.alarm.told
    assert suspicion.check == check, suspicion.said
    assert one.verification.is_verified is False
    assert one.running.orders.stopped
    assert verdict(suspicion.file) == code, suspicion.said
    # It is told once, whatever else is found.
    await one.verification.verify()
    assert len(one.alarm.told) == 1
    assert len(list((one.folder / "evidence").iterdir())) == 1


def forged(size: int) -> bytes:
    """Sign, with the log's key, a tree that the log never had."""
    return sign_checkpoint(Checkpoint(FACTS.origin, TreeHead(size, bytes(32))), LOG_SEED).format()


async def test_two_logs_under_one_key_are_found(tmp_path: Path) -> None:
    async with street(tmp_path) as one:
        await one.verification.verify()
        note = forged(one.verification.size)
        one.node.lies["/checkpoint"] = lambda _: note
        await found(one, "log", PROVEN)
        # The owner decides; from then on what the log is now counts.
        one.node.lies.clear()
        await one.verification.trust_again()
        assert not one.running.orders.stopped
        await one.verification.verify()
        assert one.verification.is_verified is True


async def test_a_log_that_does_not_lead_on_is_found(tmp_path: Path) -> None:
    async with street(tmp_path) as one:
        await one.verification.verify()
        note = forged(one.verification.size + 3)
        one.node.lies["/checkpoint"] = lambda _: note
        await found(one, "log", OPEN)


async def test_a_proof_from_another_log_is_found(tmp_path: Path) -> None:
    """It comes with a statement, and is compared like any other checkpoint."""
    async with street(tmp_path) as one:
        await one.verification.verify()
        note = forged(one.verification.size)
        await one.verification.compare_proof(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note)
        assert one.verification.suspicion is not None
        assert verdict(one.verification.suspicion.file) == PROVEN


async def test_a_log_that_got_shorter_is_told_what_it_had_signed(tmp_path: Path) -> None:
    async with street(tmp_path) as one:
        await one.verification.verify()
        short = sign_checkpoint(
            Checkpoint(FACTS.origin, await one.here.coop.shelf.head(3)), LOG_SEED
        ).format()
        one.node.lies["/log/"] = lambda _: short
        with pytest.raises(NodeAwayError, match="has 3 entries"):
            await one.verification.verify()
        assert one.alarm.told == []
        assert any(path.endswith("/checkpoints") for path in one.node.asked)
        await found(one, "log", OPEN)


async def test_a_checkpoint_that_nobody_signed_is_not_taken(tmp_path: Path) -> None:
    async with street(tmp_path) as one:
        one.node.lies["/checkpoint"] = lambda note: note.replace(b"\n\n", b"\nmore\n\n")
        with pytest.raises(NodeError, match="none of the log's"):
            await one.verification.verify()
        assert one.verification.is_verified is None


async def test_a_broken_promise_is_found(tmp_path: Path) -> None:
    async with street(tmp_path) as one:
        order = Order(MARKET, (Curve(one.first, "ask", ((100_000, 1),)),))
        await one.running.attestation.async_record(order)
        await one.running.delivery.deliver()
        one.node.lies["/3/proof"] = refusal
        await one.verification.verify()
        assert one.alarm.told == []
        await one.at(one.here.clock() + DAY + 20 * MINUTE)
        await found(one, "promise", OPEN)


ANSWERS: dict[str, tuple[str, int, Callable[[Any], Any]]] = {
    "a line that the log does not have": (
        "/settlements/street/",
        5,
        lambda told: changed(told, ["course", 0, "proof", "line"], lambda line: line + " "),
    ),
    "an own line that the log does not have": (
        "/cleared/street/",
        5,
        lambda told: changed(told, ["own_line", "salt"], lambda _: "A" * 22),
    ),
    "figures that the log does not have": (
        "/cleared/street/",
        5,
        lambda told: changed(told, ["figures_line", "position"], lambda _: 1),
    ),
    "figures that nobody is shown": (
        "/cleared/street/",
        5,
        lambda told: told | {"figures_line": None},
    ),
    "a book with an order less": (
        "/book",
        5,
        lambda told: changed(told, ["orders"], lambda orders: orders[1:]),
    ),
    "a proof of another book": (
        "/cleared/street/",
        1,
        lambda told: changed(told, ["proof"], lambda proof: proof[:60] + "AAAA" + proof[64:]),
    ),
}


@pytest.mark.parametrize("lie", ANSWERS)
async def test_what_the_log_does_not_stand_for_is_found(tmp_path: Path, lie: str) -> None:
    """Nobody signed it, so it proves nothing to others."""
    path, k, tell = ANSWERS[lie]
    async with street(tmp_path, replace(RULES, k=k)) as one:
        await one.trade()
        await one.meter()
        one.node.lies[f"{path}{one.first}" if path.endswith("/") else path] = tell
        await found(one, "settlement" if "settlements" in path else "clearing", NOTHING_SHOWN)


async def test_rules_that_are_not_the_logs_are_found(tmp_path: Path) -> None:
    async with street(tmp_path) as one:
        await one.trade()
        await one.meter()
        fee = [0, "versions", 0, "rules", "traded", "coop_fee"]
        one.node.lies["/markets"] = lambda told: (
            changed(told, fee, lambda fee: fee + 1) if "versions" in str(told)[:200] else told
        )
        await found(one, "clearing", NOTHING_SHOWN)


@pytest.mark.parametrize("figure", ["pays", "trade.sale", "pool.given", "charges.vat", "grid.cost"])
async def test_a_line_that_does_not_follow_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: str
) -> None:
    async with street(tmp_path) as one:
        await one.trade()
        one.lie_in_lines(monkeypatch, figure)
        await one.meter()
        await found(one, "settlement", PROVEN)


async def test_a_price_that_does_not_follow_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cheaper(*arguments: Any) -> Clearing:  # noqa: ANN401 - as `clear` takes them
        clearing = clear(*arguments)
        clearing.prices = {
            zone: type(price)(*(one and one - 100 for one in price))
            for zone, price in clearing.prices.items()
        }
        return clearing

    monkeypatch.setattr(closing, "clear", cheaper)
    async with street(tmp_path, replace(RULES, k=1)) as one:
        await one.trade()
        await one.meter()
        await found(one, "clearing", PROVEN)


async def test_a_meter_that_is_read_wrongly_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in the line follows from it, and only the readings tell."""
    misread_meters(monkeypatch)
    async with street(tmp_path) as one:
        await one.trade()
        await one.meter()
        await found(one, "meter", PROVEN)


async def test_what_was_found_outlasts_a_restart(tmp_path: Path) -> None:
    async with street(tmp_path) as one:
        await one.verification.verify()
        size = one.verification.size
        note = forged(size)
        one.node.lies["/checkpoint"] = lambda _: note
        await one.verification.verify()
        one.running.orders.stopped = False
        log = VerifierKey.parse(FACTS.log_verifier().format())
        trust = Trust(FACTS.receipt_key, FACTS.origin, log)
        again = await verifying(one.folder, one.running, trust, one.alarm, one.here.clock)
        assert again.suspicion == one.verification.suspicion
        assert (again.is_verified, again.size) == (False, size)
        assert one.running.orders.stopped
        # What cannot be read counts as nothing verified.
        (one.folder / "verified").write_bytes(b"{")
        anew = await verifying(one.folder, one.running, trust, one.alarm, one.here.clock)
        assert (anew.suspicion, anew.size) == (None, 0)


async def test_a_node_is_verified_over_its_restart(tmp_path: Path) -> None:
    """Both are real processes' files: what the home saw before has to lead on."""
    folder, alarm = tmp_path / "node", Alarm()
    new_coop(folder)
    household = Household(tmp_path / "home", command("invite", "--data", folder))
    sizes: list[int] = []
    for number in (1, 2):
        with running(folder) as (port, _):
            await household.join(port)
            async with household.started(port) as house:
                log = VerifierKey.parse(household.log_key)
                trust = Trust(household.invite.node_key, log.name, log)
                verification = await verifying(tmp_path, house, trust, alarm, now)
                assert verification.size == (sizes[-1] if sizes else 0)
                await house.record(number)
                await until_proven(house)
                await verification.verify()
                assert verification.is_verified is True
                sizes.append(verification.size)
    assert sizes[0] < sizes[1]
    assert alarm.told == []
    assert "all follows" in command("verify", "--data", folder)
