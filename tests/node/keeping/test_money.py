"""Money goes on over all that lets a log live long: roots, erasures and successors."""

from pathlib import Path

from depin_protocol.encoding import from_text
from settlement_node.coop.coop import Coop
from settlement_node.ledger.actions import BookBankLines, ReservePayout
from settlement_node.log.checkpoints import verified
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from tests.node.keeping.days import YEARS, closed, confirm, day, days, erase, roots, told
from tests.node.keeping.test_erasure import clear_out
from tests.node.keeping.test_state_roots import dump
from tests.node.keeping.test_succession import lost, succeeded
from tests.node.ledger.till import IBAN, banked, cents, done, line, money, open_banks, reference
from tests.node.replay.test_regaining import note_of
from tests.node.village import FACTS, surroundings
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
        assert (await told(here, here.operator))[0] == "nothing-new", "it was booked, long ago"
        found = await closed(here)
        assert found.start == found.erased == below
        assert (await verify(here.store, trusted, begin_there=True)).start > below
        before = await dump(here.store)
        await rebuild(here.store)
        assert await dump(here.store) == before
        assert await verify(here.store) == found


async def test_a_successor_owes_what_was_owed(tmp_path: Path) -> None:
    async with days(tmp_path, 1) as (here, home, _):
        await open_banks(here)
        await banked(here, line(2000, reference(home)))
        (going,) = (await done(here, ReservePayout(home.member, IBAN, 500 * 10**7))).lines
        store, _ = await lost(here, home, tmp_path, "restored")
        await succeeded(store, here, here.operator.seed)
        first = here.store
        here.coop, here.store = await Coop.open(store, surroundings(here.clock)), store
        await here.coop.start()
        assert cents(here, money(home)) == 2000
        assert here.coop.ledger.balance(money(home)).available == 1500 * 10**7
        name = from_text(str(going["id"]), 16).hex().upper()
        assert (await banked(here, line(-500, end_to_end=name))).lines[0]["match"] == "PAYOUT"
        assert cents(here, money(home)) == 1500
        found = await closed(here)
        before = await dump(store)
        assert await rebuild(store) == found.entries
        assert await dump(store) == before
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
