"""Which interval is to be settled next, and with what is known of it."""

from dataclasses import replace

from depin_protocol.bounds import MAX_AMOUNT
from depin_protocol.clearing.pseudonym import pseudonym
from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.rules.member_terms import MemberTerms
from depin_protocol.settlement.metered import Bounds, MeterEnergy, metered
from depin_protocol.settlement.settled_member import Traded
from settlement_node.governance.member import Standing
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.log.entries import Decision
from settlement_node.market.settling.interval import (
    Interval,
    Participant,
    SettledInterval,
    settle,
)
from settlement_node.market.settling.state import SettlingState
from settlement_node.market.trading.cleared import Cleared


class Due:
    """The next interval of each market: who has still to report of it, and what it comes to."""

    def __init__(self, state: SettlingState) -> None:
        """Look at this state."""
        self._state = state
        self._waiting: dict[str, tuple[int, set[str]]] = {}
        self._made: tuple[SettledInterval, Decision] | None = None

    def next(self, at: int) -> tuple[SettledInterval, Decision] | None:
        """Settle the interval whose time has come: complete, or past its reading deadline."""
        due = [
            (end, market, start)
            for market in self._state.progress.markets()
            for start, end in [self._open(market)]
            if end <= at and self._is_due(market, start, end, at)
        ]
        if not due:
            return None
        _, market, start = min(due)
        made = self._made
        if made is not None and (made[0].interval.market, made[0].interval.start) == (
            market,
            start,
        ):
            return made
        settled = self._settled(market, start)
        self._made = settled, settled.decision()
        return self._made

    @property
    def at(self) -> int | None:
        """When an interval's time will come."""
        moments = []
        for market in self._state.progress.markets():
            start, end = self._open(market)
            deadline = self._deadline(market, start, end)
            if deadline is not None:
                moments.append(max(end, deadline))
        return min(moments, default=None)

    def changed(self) -> None:
        """Forget what was made of a state that is about to change."""
        self._made = None

    def look_again(self, member: str) -> None:
        """Look whether a member whose meters were heard of, or declared, has still to report."""
        for market, (start, waiting) in self._waiting.items():
            if self._state.meters.waits_for(member, start, self._end(market, start)):
                waiting.add(member)
            else:
                waiting.discard(member)

    def _open(self, market: str) -> tuple[int, int]:
        reached = self._state.progress.of(market)
        if reached is None:
            raise LookupError(f"the market {market} has not begun to settle")
        return reached.settled, self._end(market, reached.settled)

    def _end(self, market: str, start: int) -> int:
        return self._state.rules.grid(market).next(start)

    def _is_due(self, market: str, start: int, end: int, at: int) -> bool:
        deadline = self._deadline(market, start, end)
        return deadline is not None and deadline <= at

    def _deadline(self, market: str, start: int, end: int) -> int | None:
        """Say when an interval is settled at the latest: at its end, if nobody is waited for."""
        known = self._waiting.get(market)
        if known is None or known[0] != start:
            meters = self._state.meters
            waiting = {one for one in meters.members() if meters.waits_for(one, start, end)}
            known = self._waiting[market] = start, waiting
        if not known[1]:
            return end
        wait = self._state.rules.grid(market).version(start).rules.reading_deadline
        return self._state.hearing.deadline(end, wait)

    def _settled(self, market: str, start: int) -> SettledInterval:
        state = self._state
        end = self._end(market, start)
        rules = state.rules.at(market, start)
        cleared = state.trading.cleared(market, start)
        names = self._taking_part(market, start, end, cleared)
        exposure = max(1, rules.exposure)
        bounds = Bounds(
            rules.netting, min(rules.most_wh, (MAX_AMOUNT - 1) // exposure // max(1, len(names)))
        )
        salts = state.community.members
        ordered = sorted(
            names, key=lambda name: pseudonym(salts[name].pseudonym_salt, market, start)
        )
        participants = [
            self._participant(name, names[name], (market, start, end), cleared, bounds)
            for name in ordered
        ]
        return settle(Interval(market, start, end, rules), participants, cleared)

    def _taking_part(
        self, market: str, start: int, end: int, cleared: Cleared | None
    ) -> dict[str, MemberTerms]:
        """Name who traded, and who has a grid meter and a part in the market."""
        state = self._state
        taking: dict[str, MemberTerms] = {}
        for name in state.meters.members():
            if state.community.members[name].standing is Standing.LEFT:
                continue
            if any(one.role == "grid" for one in state.meters.in_use(name, start, end)):
                terms = state.rules.terms(name, market, start)
                if terms.participation:
                    taking[name] = terms
        for name in () if cleared is None else cleared.members:
            if name not in taking:
                taking[name] = state.rules.terms(name, market, start)
        return taking

    def _participant(
        self,
        name: str,
        terms: MemberTerms,
        which: tuple[str, int, int],
        cleared: Cleared | None,
        bounds: Bounds,
    ) -> Participant:
        state = self._state
        market, start, end = which
        meters = tuple(
            MeterEnergy.of(device, meter.role, meter.energies(start, end))
            for device, meter in sorted(state.meters.of(name).items())
            if meter.counts(start, end)
        )
        told = state.quarters.told(name, start, end)
        fills = None if cleared is None else cleared.members.get(name)
        if fills is not None and fills.zone != terms.zone:
            # What was filled has the price of the zone in which it was.
            terms = replace(terms, zone=fills.zone)
        owner = AccountName(AccountKind.MEMBER_CERTIFICATES, from_text(name, ID_LENGTH))
        return Participant(
            name,
            terms,
            Traded() if fills is None else Traded(fills.bought, fills.sold, fills.held),
            meters,
            told,
            metered(meters, told, bounds, terms),
            max(0, state.ledger.ledger.balance(owner).posted),
            state.preferred(name, market),
        )
