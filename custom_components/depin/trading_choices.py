"""What the owner has decided of trading: kept, so that a restart changes nothing of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from .market import Curves, Strategy, Wishes
from .protocol.statements.trading import Side, Step

type ByHand = Mapping[int, Mapping[Side, tuple[Step, ...]]]
"""What the owner ordered by the interval's start; nothing on either side means no order."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How the home trades, and what its owner ordered by hand."""

    trading: bool = True
    on_paper: bool = False
    """Whether it is a trial: nothing is ordered, and what would have come of it estimated."""
    wishes: Wishes = field(default_factory=Wishes)
    by_hand: ByHand = field(default_factory=dict)

    def trial(self, *, begins: bool) -> Choices:
        """Begin or end a trial; what was ordered by hand is taken from neither into the other.

        A trial that ends never turns into real orders by itself.
        """
        if begins == self.on_paper:
            return self
        strategy = self.wishes.strategy if begins else Strategy.OFF
        wishes = replace(self.wishes, strategy=strategy)
        return replace(self, on_paper=begins, wishes=wishes, by_hand={})

    def curves(self) -> Curves:
        """Return what was ordered by hand."""
        return {
            (start, side): steps
            for start, curves in self.by_hand.items()
            for side, steps in curves.items()
        }

    def to_json(self) -> dict[str, Any]:
        """Return what is written to disk."""
        wishes = self.wishes
        return {
            "trading": self.trading,
            "on_paper": self.on_paper,
            "strategy": wishes.strategy.value,
            "reserve": wishes.reserve,
            "maximum": wishes.maximum,
            "share": wishes.share,
            "guarded": wishes.guarded,
            "by_hand": [
                {"start": start, **{side: list(steps) for side, steps in curves.items()}}
                for start, curves in sorted(self.by_hand.items())
            ],
        }

    @classmethod
    def at_first(cls, *, on_paper: bool) -> Self:
        """Return what holds after joining: nothing is traded; who only tries it sees it at work."""
        strategy = Strategy.SIMPLE if on_paper else Strategy.OFF
        return cls(on_paper=on_paper, wishes=Wishes(strategy))

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Self:
        """Take up what was written."""
        wishes = Wishes(
            Strategy(written["strategy"]),
            written["reserve"],
            written["maximum"],
            written["share"],
            written["guarded"],
        )
        by_hand: dict[int, dict[Side, tuple[Step, ...]]] = {}
        for one in written["by_hand"]:
            sides: tuple[Side, ...] = ("bid", "ask")
            by_hand[one["start"]] = {
                side: tuple((price, wh) for price, wh in one[side]) for side in sides if side in one
            }
        return cls(written["trading"], written["on_paper"], wishes, by_hand)
