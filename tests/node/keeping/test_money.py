"""Money goes on over all that lets a log live long: roots, erasures and successors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from depin_protocol.encoding import from_text
from settlement_node.coop.coop import Coop
from settlement_node.ledger.actions import (
    BookBankLines,
    IdentifyLine,
    OpenBalance,
    RecordDeposit,
    ReservePayout,
    ReturnMovement,
)
from settlement_node.log.checkpoints import verified
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.backup import backup
from settlement_node.store.opening import open_store, restore_into
from tests.node.coop.test_regaining import note_of
from tests.node.keeping.days import YEARS, closed, confirm, day, days, erase, roots, told
from tests.node.keeping.test_erasure import clear_out
from tests.node.keeping.test_state_roots import dump
from tests.node.keeping.test_succession import lost, succeeded
from tests.node.ledger.till import (
    CASH,
    IBAN,
    banked,
    cents,
    done,
    line,
    money,
    open_banks,
    reference,
)
from tests.node.village import FACTS, Village, surroundings
from tests.protocol.spoken import Home


async def test_a_payout_waits_over_a_root_and_an_erasure(place: Path | str) -> None:
    async with days(place, 1) as (here, home, auditor):
        await open_banks(here)
        paid_in = line(2000, reference(home))
        await banked(here, paid_in)
        (going,) = (await done(here, ReservePayout(home.member, IBAN, 500 * 10**7))).lines
        for _ in range(32):
            await day(here, home)
        below = roots(here)[1]
        here.clock.now += 5_000
        await here.coop.tick()
        trusted = verified(await note_of(here.coop), FACTS.log_verifier())
        name = from_text(str(going["id"]), 16).hex().upper()
        await banked(here, line(-500, end_to_end=name))
        assert cents(here, money(home)) == 1500
        here.clock.now += YEARS
        await day(here, home)
        await confirm(here, auditor, below)
        await erase(here, below)
        await clear_out(here)
        await here.act(BookBankLines(IBAN, (paid_in,)))
        assert (await told(here, here.operator))[0] == "older-than-the-books", (
            "it was booked, long ago"
        )
        found = await closed(here)
        assert found.start == found.erased == below
        assert (await verify(here.store, trusted, begin_there=True)).start > below
        before = await dump(here.store)
        await rebuild(here.store)
        assert await dump(here.store) == before
        assert await verify(here.store) == found


@asynccontextmanager
async def going_on(here: Village, home: Home, folder: Path, name: str) -> AsyncIterator[None]:
    """Go on in a successor, without what is booked on the day that is lost."""
    first = here.store
    store, _ = await lost(here, home, folder, name)
    await succeeded(store, here, here.operator.seed)
    here.coop, here.store = await Coop.open(store, surroundings(here.clock)), store
    await here.coop.start()
    here.operator.heads["trading"] = here.coop.heads(here.operator.member)["trading"][0]
    home.heads["metering"] = here.coop.heads(home.member)["metering"][0]
    try:
        yield
    finally:
        await here.coop.close()
        await store.close()
        here.store = first


async def checked(here: Village) -> None:
    """Stop the co-op; insist that its tables follow from its log, and that so they are made."""
    found = await closed(here)
    before = await dump(here.store)
    assert await rebuild(here.store) == found.entries
    assert await dump(here.store) == before
    assert await verify(here.store) == found


async def reopened(here: Village) -> None:
    """Start the co-op again: it knows by heart what stands, and nothing that is over."""
    await here.coop.close()
    here.coop = await Coop.open(here.store, surroundings(here.clock))
    await here.coop.start()


async def test_a_successor_owes_what_was_owed(tmp_path: Path) -> None:
    async with days(tmp_path, 1) as (here, home, _):
        await open_banks(here)
        await banked(here, line(2000, reference(home)))
        (going,) = (await done(here, ReservePayout(home.member, IBAN, 500 * 10**7))).lines
        async with going_on(here, home, tmp_path, "restored"):
            assert cents(here, money(home)) == 2000
            assert here.coop.ledger.balance(money(home)).available == 1500 * 10**7
            name = from_text(str(going["id"]), 16).hex().upper()
            paid = line(-500, end_to_end=name)
            assert (await banked(here, paid)).lines[0]["match"] == "PAYOUT"
            assert cents(here, money(home)) == 1500
            await reopened(here)
            back = line(500, end_to_end=name, returned=True)
            assert (await banked(here, back)).lines[0]["match"] == "PAYOUT_RETURNED"
            await here.act(BookBankLines(IBAN, (paid, back)))
            assert (await told(here, here.operator))[0] == "nothing-new"
            assert cents(here, money(home)) == 2000
            await checked(here)


async def test_a_successor_knows_what_was_told_before(place: Path | str, tmp_path: Path) -> None:
    async with days(place, 1) as (here, home, _):
        await open_banks(here)
        paid_in = line(2000, reference(home), end_to_end="ADA-1")
        unknown = line(700, "hello")
        (_, in_suspense) = (await banked(here, paid_in, unknown)).lines
        suspense = from_text(str(in_suspense["id"]), 16)
        await here.act(OpenBalance(5 * 10**7, account=IBAN))
        (by_hand,) = (await done(here, RecordDeposit(home.member, CASH, 10**7))).lines
        deposit = from_text(str(by_hand["id"]), 16)
        async with going_on(here, home, tmp_path, "2"), going_on(here, home, tmp_path, "3"):
            for again in (BookBankLines(IBAN, (paid_in, unknown)), OpenBalance(1, None, IBAN)):
                await here.act(again)
            assert len(await told(here, here.operator)) == 2
            assert cents(here, money(home)) == 2001
            lately = line(100, reference(home))
            assert [one["amount"] for one in (await banked(here, paid_in, lately)).lines] == [10**9]
            assert cents(here, money(home)) == 2101
            returned = line(-2000, end_to_end="ADA-1", returned=True)
            assert (await banked(here, returned)).lines[0]["match"] == "DEPOSIT_RETURNED"
            await here.act(IdentifyLine(suspense, home.member))
            await here.act(ReturnMovement(deposit))
            assert cents(here, money(home)) == 800
            await reopened(here)
            for twice in (IdentifyLine(suspense, home.member), ReturnMovement(deposit)):
                await here.act(twice)
            assert len(await told(here, here.operator)) == 4
            assert cents(here, money(home)) == 800
            await checked(here)


async def test_a_line_that_was_booked_in_what_is_lost_is_booked_anew(tmp_path: Path) -> None:
    async with days(tmp_path, 1) as (here, home, _):
        await open_banks(here)
        kept, gone = line(300, reference(home)), line(40, reference(home))
        await banked(here, kept)
        await backup(here.store, tmp_path / "before")
        await banked(here, kept, gone)
        assert cents(here, money(home)) == 340
        await here.coop.close()
        note = await note_of(here.coop)
        await restore_into(tmp_path / "after", tmp_path / "before")
        store = await open_store(tmp_path / "after", here.store.coop)
        coop = await Coop.open(store, surroundings(here.clock))
        await coop.show_checkpoint(note)
        await coop.close()
        await succeeded(store, here, here.operator.seed)
        first, here.store = here.store, store
        await reopened(here)
        head = here.coop.heads(here.operator.member)["trading"][0]
        here.operator.heads["trading"] = head
        assert cents(here, money(home)) == 300
        assert len((await banked(here, kept, gone)).lines) == 1
        assert cents(here, money(home)) == 340
        await here.act(BookBankLines(IBAN, (kept, gone)))
        assert (await told(here, here.operator))[0] == "nothing-new"
        await checked(here)
        await store.close()
        here.store = first


async def test_homes_that_come_late_have_accounts_in_the_roots(tmp_path: Path) -> None:
    async with days(tmp_path, 2) as (here, home, _):
        await here.welcome(Home(9))
        await open_banks(here)
        await banked(here, line(700, reference(home)))
        await day(here, home)
        await here.coop.close()
        trusted = verified(await note_of(here.coop), FACTS.log_verifier())
        found = await verify(here.store, trusted, begin_there=True)
        assert found.start == roots(here)[-1]
