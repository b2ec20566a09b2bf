"""After an erasure nothing rests on transfers that no replay can compare any more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from depin_protocol.encoding import from_text
from settlement_node.ledger.actions import (
    BookBankLines,
    IdentifyLine,
    OpenBalance,
    RecordDeposit,
    ReservePayout,
    ReturnMovement,
)
from settlement_node.ledger.audit import audit
from settlement_node.ledger.bank.booking import line_id
from settlement_node.ledger.beginning import TOO_OLD
from settlement_node.ledger.effects import REFUSED
from settlement_node.ledger.rows import Standing, transfer_row
from settlement_node.ledger.tables import ABOUT, ACCOUNT_HISTORY, TRANSFER
from settlement_node.ledger.transfers import transfer_id
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Put, Table
from tests.node.keeping.days import YEARS, closed, confirm, day, days, erase, roots, told
from tests.node.keeping.test_erasure import clear_out
from tests.node.keeping.test_money import checked, going_on, reopened
from tests.node.keeping.test_state_roots import dump
from tests.node.ledger.till import (
    CASH,
    CENT,
    IBAN,
    banked,
    cents,
    done,
    line,
    money,
    open_banks,
    reference,
)
from tests.node.village import DAY, Village
from tests.protocol.spoken import Home


async def older(here: Village, table: Table, below: int) -> list[object]:
    """Return the keys of a table's rows that stand on entries below an index."""
    place = [column.name for column in table.columns].index("index")
    rows = [row async for row in every_row(here.store, table)]
    return [row[0] for row in rows if isinstance(row[place], int) and row[place] < below]  # type: ignore[operator]


@asynccontextmanager
async def grown_old(
    place: Path | str,
) -> AsyncIterator[tuple[Village, Home, Home, dict[str, bytes], int]]:
    """Let money move in a village's youth, and some of it be named soon after a state root."""
    async with days(place, 1) as (here, home, auditor):
        await open_banks(here)
        known = line(2000, reference(home), end_to_end="ADA-1")
        (_, lost) = (await banked(here, known, line(700, "hello"))).lines
        (first,) = (await done(here, RecordDeposit(home.member, CASH, 10 * CENT))).lines
        (second,) = (await done(here, RecordDeposit(home.member, CASH, 30 * CENT))).lines
        (going,) = (await done(here, ReservePayout(home.member, IBAN, 500 * CENT))).lines
        named = {"lost": lost, "first": first, "second": second, "going": going}
        ids = {name: from_text(str(told["id"]), 16) for name, told in named.items()}
        for _ in range(32):
            await day(here, home)
        below = roots(here)[1]
        await done(here, ReturnMovement(ids["first"]))
        await here.act(BookBankLines(IBAN, (known,)))
        assert (await told(here, here.operator))[0] == "nothing-new"
        await banked(here, line(-500, end_to_end=ids["going"].hex().upper()))
        await banked(here, line(-2000, end_to_end="ADA-1", returned=True))
        assert cents(here, money(home)) == 30 - 500
        here.clock.now += YEARS
        await day(here, home)
        await confirm(here, auditor, below)
        yield here, home, auditor, ids, below


async def erased(here: Village, below: int) -> None:
    await erase(here, below)
    await clear_out(here)


async def test_older_transfers_go_but_for_what_a_replay_needs(place: Path | str) -> None:
    async with grown_old(place) as (here, _, _, ids, below):
        assert ids["second"] in await older(here, TRANSFER, below)
        await erased(here, below)
        left = set(await older(here, TRANSFER, below))
        assert {ids["first"], ids["going"]} <= left
        assert not {ids["second"], ids["lost"]} & left
        assert await older(here, ACCOUNT_HISTORY, below) == []
        assert len(await older(here, ABOUT, below)) == 1
        found = await closed(here)
        assert found.start == below
        before = await dump(here.store)
        await rebuild(here.store)
        assert await dump(here.store) == before
        assert await verify(here.store) == found


async def test_what_is_older_than_the_books_is_neither_named_nor_booked(tmp_path: Path) -> None:
    async with grown_old(tmp_path) as (here, home, _, ids, below):
        await erased(here, below)
        held = cents(here, money(home))
        old = line(2000, reference(home), end_to_end="ADA-1")
        for action in (
            ReturnMovement(ids["first"]),
            ReturnMovement(ids["second"]),
            ReturnMovement(ids["going"]),
            IdentifyLine(ids["lost"], home.member),
            BookBankLines(IBAN, (old, line(1, "never told before"))),
            OpenBalance(5 * CENT, account=IBAN),
        ):
            await here.act(action)
            assert (await told(here, here.operator))[0] == TOO_OLD
        new = line(90, reference(home), booked=here.clock.now)
        back = line(500, end_to_end=ids["going"].hex().upper(), returned=True, booked=here.clock())
        booked, suspense, refused = (await banked(here, old, new, back)).lines
        assert (booked["match"], suspense["match"]) == ("DEPOSIT", "ORIGINAL_UNKNOWN")
        assert refused[REFUSED] == TOO_OLD
        assert cents(here, money(home)) == held + 90
        assert audit(here.coop.ledger) == ()
        await reopened(here)
        await here.act(ReturnMovement(ids["first"]))
        assert (await told(here, here.operator))[0] == TOO_OLD
        await closed(here)


async def test_rows_that_somebody_puts_below_the_root_move_no_money(tmp_path: Path) -> None:
    async with grown_old(tmp_path) as (here, home, _, ids, below):
        await erased(here, below)
        deposit = line(2000, reference(home), booked=here.clock.now)
        (booked,) = (await banked(here, deposit)).lines
        real = from_text(str(booked["id"]), 16)
        found = here.coop.ledger.transfer(real)
        assert found is not None
        forged = found._replace(id=transfer_id(here.clock.now, b"forged"))
        expected = line(50, reference(home), booked=here.clock.now)
        in_the_way = found._replace(id=line_id(IBAN, expected))
        await here.store.commit(
            [
                Put(TRANSFER, [transfer_row(forged, Standing.BOOKED, 3, 0)]),
                Put(TRANSFER, [transfer_row(in_the_way, Standing.BOOKED, 3, 1)]),
                Put(ABOUT, [(real, 3, 0, ids["first"])]),
            ]
        )
        await reopened(here)
        here.clock.now += DAY
        await here.act(ReturnMovement(forged.id))
        assert (await told(here, here.operator))[0] == "no-such-transfer"
        held = cents(here, money(home))
        await done(here, ReturnMovement(real))
        assert (await banked(here, expected)).lines[0]["match"] == "DEPOSIT"
        assert cents(here, money(home)) == held - 2000 + 50


async def test_a_successor_does_not_book_what_was_erased_either(tmp_path: Path) -> None:
    async with grown_old(tmp_path) as (here, home, _, ids, below):
        await erased(here, below)
        async with going_on(here, home, tmp_path, "2"):
            await here.act(BookBankLines(IBAN, (line(2000, reference(home), end_to_end="ADA-1"),)))
            await here.act(ReturnMovement(ids["second"]))
            assert (await told(here, here.operator))[:2] == [TOO_OLD, TOO_OLD]
            assert cents(here, money(home)) == 30 - 500
            await checked(here)
