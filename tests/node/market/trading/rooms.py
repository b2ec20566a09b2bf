"""The rooms that trading stands on, without a store: what is said, and what time decides."""

from collections.abc import Sequence
from hashlib import sha256

from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from depin_protocol.statements.bodies import Body
from settlement_node.governance.arriving import JOINED
from settlement_node.governance.community import Community
from settlement_node.governance.facts import GENESIS
from settlement_node.governance.member import Role
from settlement_node.intake.said import Said
from settlement_node.ledger.audit import audit
from settlement_node.ledger.room import LedgerRoom
from settlement_node.log.entries import Decision
from settlement_node.market.rules.acting import MEMBER_PLACED, SERIES_DECLARED
from settlement_node.market.rules.actions import DeclareSeries
from settlement_node.market.rules.places import Place
from settlement_node.market.rules.room import RulesRoom
from settlement_node.market.trading.room import TradingRoom
from settlement_node.store.rows_view import RowsView
from tests.node.ledger.till import money
from tests.node.market.trading.stall import EURO, MARKET, lines_of
from tests.protocol.spoken import COOP, NOON, Home

LIMIT = EURO


class Rooms:
    """The rooms that trading stands on, without a store."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.ledger = LedgerRoom(community)
        self.rules = RulesRoom(community, self.ledger, lambda *_: False)
        self.trading = TradingRoom(community, self.ledger, self.rules, lambda *_: True)
        self.at = NOON
        self.index = 1
        self.closed: list[int] = []

    def join(self, home: Home) -> None:
        key = public_key(home.seed)
        salt = sha256(key).digest()[:16]
        request = JoinRequest(COOP, bytes(16), key, "software", "Haus", salt, NOON)
        role = Role.OPERATOR if home.number == 1 else Role.MEMBER
        self.community.take_in(request, role, self.index)
        decision = Decision(GENESIS if home.number == 1 else JOINED, {})
        for room in (self.ledger, self.rules, self.trading):
            room.hear(decision, index=self.index, at=NOON)
        if home.number == 1:
            self.ledger.hear(Decision(JOINED, {}), index=self.index, at=NOON)
        self.ledger.lend(home.member, LIMIT)
        self.index += 1

    def place(self, home: Home, zone: str) -> None:
        line = {"member": home.member, "market": MARKET, "start": NOON, **Place(zone).to_json()}
        decision = Decision(MEMBER_PLACED, {}, (line,))
        self.rules.apply(decision, name="place", index=self.index, at=self.at)

    def declare(self, series: str, start: int, price: int) -> None:
        declared = DeclareSeries(MARKET, series, ((start, price),))
        decision = Decision(SERIES_DECLARED, declared.to_json())
        for room in (self.ledger, self.trading):
            room.hear(decision, index=self.index, at=self.at)
        self.rules.apply(decision, name="series", index=self.index, at=self.at)
        self.index += 1

    def say(self, home: Home, body: Body) -> None:
        statement = home.say("trading", body, self.at)
        said = Said(self.index, self.at, statement)
        if not self.trading.following(said):
            self.trading.take(said)
        self.index += 1

    def wait(self, pause: int) -> None:
        self.at += pause
        while (decision := self.trading.overdue(self.at)) is not None:
            self.trading.apply(decision, name="entry", index=self.index, at=self.at)
            self.index += 1
            self.look_at(decision)

    def look_at(self, decision: Decision) -> None:
        """Check what follows from a decision alone."""
        if decision.kind not in {"cleared", "voided"}:
            return
        start = decision.result["start"]
        assert isinstance(start, int)
        assert not self.closed or start > self.closed[-1], "in order, and once"
        self.closed.append(start)
        lines: list[dict[str, object]] = list(lines_of(decision).values())
        assert _sum(lines, "bought") == _sum(lines, "sold")
        for line in lines:
            bids, asks = line["bids"], line["asks"]
            assert isinstance(bids, list)
            assert isinstance(asks, list)
            assert _sum([line], "bought") <= sum(bids[1::2])
            assert _sum([line], "sold") <= sum(asks[1::2])

    def check(self, homes: Sequence[Home]) -> None:
        """Check what always holds."""
        assert not list(audit(self.ledger.ledger))
        for home in homes:
            balance = self.ledger.ledger.balance(money(home))
            assert balance.available >= -LIMIT, "no reservation passes the limit"

    async def again(self) -> "Rooms":
        """Take the state up from its rows."""
        rows = [*self.ledger.state_rows(), *self.rules.state_rows(), *self.trading.state_rows()]
        other = Rooms(self.community)
        for room in (other.ledger, other.rules, other.trading):
            await room.load(RowsView(rows))
        other.at, other.index, other.closed = self.at, self.index, list(self.closed)
        return other


def _sum(lines: Sequence[dict[str, object]], name: str) -> int:
    found = [line[name] for line in lines]
    return sum(one for one in found if isinstance(one, int))
