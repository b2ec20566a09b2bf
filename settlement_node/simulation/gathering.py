"""Add up what the node settled, and compare it with the grid alone and with the optimum."""

from collections.abc import Sequence

import numpy as np

from depin_protocol.settlement.interval import MemberLines
from settlement_node.ledger.accounts import KIND_RULES, MEMBERS_ACCOUNTS, AccountKind
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.audit import audit
from settlement_node.ledger.ledger import Ledger
from settlement_node.market.settling.history import settled_in
from settlement_node.market.settling.tables import SETTLED
from settlement_node.simulation.founding import CURRENCY
from settlement_node.simulation.households import Household
from settlement_node.simulation.neighbourhood import Neighbourhood
from settlement_node.simulation.optimum import Side, can_solve, most_welfare
from settlement_node.simulation.plan import Plan
from settlement_node.simulation.results import Balance, Bill, Days, Results, Welfare
from settlement_node.simulation.shapes import Energy
from settlement_node.store.scanning import every_row


class Gathered:
    """What has been settled so far, home by home."""

    def __init__(self, plan: Plan, homes: Sequence[Household]) -> None:
        """Begin with nothing."""
        self._plan = plan
        self._homes = homes
        self._worths = {home.speaker.member: home.tariffs.worth(plan.rules) for home in homes}
        self._costs = dict.fromkeys(self._worths, 0)
        self._shared = np.zeros(plan.intervals, dtype=np.int64)
        self._traded = self._pooled = self._welfare = 0

    def add(self, start: int, member: str, lines: MemberLines) -> None:
        """Take in a home's interval; who is no home here, or was before, does not count."""
        at = (start - self._plan.start) // self._plan.rules.interval
        if member not in self._worths or not 0 <= at < self._plan.intervals:
            return
        worth = self._worths[member]
        taken = lines.trade.delivered_in + lines.pool.taken
        given = lines.trade.delivered_out + lines.pool.given
        self._shared[at] += taken
        self._traded += lines.trade.delivered_in
        self._pooled += lines.pool.taken
        self._welfare += worth.buying * taken - worth.selling * given
        cost = lines.pays - lines.receives + lines.grid.cost - lines.grid.revenue
        self._costs[member] += cost

    def results(self, street: Neighbourhood) -> Results:
        """Say what came of it all."""
        plan, head = self._plan, street.street.coop.state.sequence.head()
        ledger = street.street.coop.ledger
        shapes = [home.shape for home in self._homes]
        consumed = _sum([shape.consumed for shape in shapes])
        produced = _sum([shape.produced for shape in shapes])
        balance = Balance(
            int(consumed.sum()),
            int(produced.sum()),
            sum(int(shape.imported.sum()) for shape in shapes),
            sum(int(shape.exported.sum()) for shape in shapes),
            self._traded,
            self._pooled,
        )
        most = self._most() if can_solve() else None
        return Results(
            bills=tuple(
                Bill(
                    home.speaker.name,
                    self._costs[home.speaker.member],
                    home.bill_alone,
                    home.is_truthful,
                )
                for home in self._homes
            ),
            balance=balance,
            welfare=Welfare(self._welfare, most),
            days=Days(*(_mean_day(wh, plan) for wh in (consumed, produced, self._shared))),
            prices=tuple(street.prices),
            intervals=plan.intervals,
            accounts=_accounts(ledger),
            sums=_sums(ledger),
            objections=audit(ledger),
            entries=head.size,
            root=head.root.hex(),
        )

    def _most(self) -> int:
        """Solve each interval with all meters known beforehand."""
        worths = [home.tariffs.worth(self._plan.rules) for home in self._homes]
        imported = np.array([home.shape.imported for home in self._homes])
        exported = np.array([home.shape.exported for home in self._homes])
        total = 0
        for needed, offered in zip(imported.T.tolist(), exported.T.tolist(), strict=True):
            needs = [Side(wh, worth.buying) for wh, worth in zip(needed, worths, strict=True) if wh]
            offers = [
                Side(wh, worth.selling) for wh, worth in zip(offered, worths, strict=True) if wh
            ]
            total += most_welfare(needs, offers)
        return total


async def gathered(street: Neighbourhood) -> Results:
    """Read all that was settled."""
    found = Gathered(street.plan, street.homes)
    async for row in every_row(street.street.store, SETTLED):
        _, start, *_ = row
        settled = settled_in(row)
        if isinstance(start, int):
            found.add(start, settled.member, settled.lines)
    return found.results(street)


def _sum(columns: Sequence[Energy]) -> Energy:
    total: Energy = np.array(columns).sum(axis=0)
    return total


def _mean_day(wh: Energy, plan: Plan) -> Energy:
    """Return the mean power of each interval of a day, in W."""
    hours_a_day = 24
    total: Energy = wh.reshape(plan.days, plan.a_day).sum(axis=0)
    return total * plan.a_day // hours_a_day // plan.days


def _accounts(ledger: Ledger) -> dict[str, int]:
    """Say what the co-op's own accounts hold in its currency, and all members' as one."""
    held: dict[str, int] = {}
    for name, balance in ledger.accounts():
        if KIND_RULES[name.kind].asset is Asset.CURRENCY:
            whose = "members" if name.kind in MEMBERS_ACCOUNTS else _words(name.kind)
            held[whose] = held.get(whose, 0) + balance.posted
    return {whose: amount for whose, amount in held.items() if amount or whose == "members"}


def _sums(ledger: Ledger) -> dict[str, int]:
    units = {Asset.CURRENCY: CURRENCY, Asset.TOKEN: "tokens", Asset.CERTIFICATE: "certificates"}
    sums = dict.fromkeys(units.values(), 0)
    for name, balance in ledger.accounts():
        sums[units[KIND_RULES[name.kind].asset]] += balance.posted
    return sums


def _words(kind: AccountKind) -> str:
    return kind.name.lower().replace("_", " ")
