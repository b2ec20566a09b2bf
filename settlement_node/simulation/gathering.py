"""Add up what the node settled, and compare it with the grid alone and with the optimum."""

from collections.abc import Sequence

import numpy as np

from depin_protocol.settlement.interval import MemberLines
from settlement_node.ledger.accounts import KIND_RULES, MEMBERS_ACCOUNTS, AccountKind
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.audit import audit
from settlement_node.ledger.ledger import Ledger
from settlement_node.simulation.founding import CURRENCY
from settlement_node.simulation.households import Household
from settlement_node.simulation.neighbourhood import Neighbourhood
from settlement_node.simulation.optimum import Side, can_solve, most_welfare
from settlement_node.simulation.plan import Plan
from settlement_node.simulation.results import Balance, Bill, Days, Results, Welfare
from settlement_node.simulation.shapes import Energy


class Gathered:
    """What has been settled so far, home by home."""

    def __init__(self, plan: Plan, homes: Sequence[Household]) -> None:
        """Begin with nothing."""
        self._plan = plan
        self._homes = homes
        self._shared = np.zeros(plan.intervals, dtype=np.int64)
        self._traded = self._pooled = self._welfare = 0
        self._bills: list[Bill] = []

    def add(self, home: Household, settled: Sequence[MemberLines]) -> None:
        """Take in all of a home's intervals, in order."""
        worth = home.tariffs.worth(self._plan.rules)
        cost = 0
        for at, lines in enumerate(settled):
            taken = lines.trade.delivered_in + lines.pool.taken
            given = lines.trade.delivered_out + lines.pool.given
            self._shared[at] += taken
            self._traded += lines.trade.delivered_in
            self._pooled += lines.pool.taken
            self._welfare += worth.buying * taken - worth.selling * given
            cost += lines.pays - lines.receives + lines.grid.cost - lines.grid.revenue
        self._bills.append(Bill(home.speaker.name, cost, home.bill_alone, home.is_truthful))

    def results(self, street: Neighbourhood) -> Results:
        """Say what came of it all."""
        plan, position = self._plan, street.street.coop.position
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
            bills=tuple(self._bills),
            balance=balance,
            welfare=Welfare(self._welfare, most),
            days=Days(*(_mean_day(wh, plan) for wh in (consumed, produced, self._shared))),
            prices=tuple(street.prices),
            intervals=plan.intervals,
            accounts=_accounts(ledger),
            sums=_sums(ledger),
            objections=audit(ledger),
            entries=position.size,
            root=position.checkpoint.root.hex(),
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
