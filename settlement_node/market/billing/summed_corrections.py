"""Corrections as paper tells them: those of one statement for one reason together."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from settlement_node.market.billing.corrections import CorrectionLine
from settlement_node.market.billing.lines import EnergyKind, MoneyKind
from settlement_node.market.billing.numbers import StatementNumber


@dataclass(frozen=True, slots=True)
class SummedCorrections:
    """What corrections to a statement come to, from the first interval to the last."""

    corrects: StatementNumber
    reason: str
    intervals: tuple[int, ...]
    energy: dict[EnergyKind, int]
    money: dict[MoneyKind, int]

    @property
    def amount(self) -> int:
        """What the member receives, or below 0 pays."""
        return sum(self.money.values())


def summed(corrections: Sequence[CorrectionLine]) -> Iterator[SummedCorrections]:
    """Add corrections up by statement and reason, in the order in which they stand."""
    groups: dict[tuple[StatementNumber, str], list[CorrectionLine]] = {}
    for one in corrections:
        groups.setdefault((one.corrects, one.reason), []).append(one)
    for (corrects, reason), group in groups.items():
        energy: Counter[EnergyKind] = Counter()
        money: Counter[MoneyKind] = Counter()
        for one in group:
            for wh in one.energy:
                energy[wh.kind] += wh.wh
            for line in one.money:
                money[line.kind] += line.amount
        yield SummedCorrections(
            corrects,
            reason,
            tuple(sorted({one.interval for one in group})),
            {kind: energy[kind] for kind in EnergyKind if energy[kind]},
            {kind: money[kind] for kind in MoneyKind if money[kind]},
        )
