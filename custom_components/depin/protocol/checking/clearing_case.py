"""Checks what an interval cleared to for one member: price and fills, from the book's root."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Self

from ..bounds import MAX_AMOUNT, MAX_ENERGY, MAX_ORDERS
from ..clearing.book_tree import Context
from ..clearing.proof import ClearingProof, ProvenSide, check_zone
from ..clearing.pruned_tree import ProofError
from ..clearing.rule import Rule
from ..clearing.uniform import Limits
from ..clearing.zone_prices import Outcome
from ..clearing.zone_tree import ZoneError
from ..encoding import from_text, to_text
from ..identifiers import HASH_LENGTH
from ..log.entries import DecisionEntry
from ..log.notes import VerifierKey
from ..statements.fields import HASH, MARKET, MAX_TIME, BodyError, Fields, integer, row
from .public_book import BookOrder, OwnFill, Steps, read_orders, read_steps, recleared
from .rules_shown import ShownRules, left_open
from .shown import ShownEntry, ShownLine, read_bytes
from .verdicts import Check, FailedCheckError, UnshownError

CLEARED: Final = "cleared"

_MAX_PROOF: Final = 2**24
_MOST_WH: Final = MAX_ENERGY * MAX_ORDERS
_MAX_ZONE_PRICE: Final = 2**52


class OwnTrade(NamedTuple):
    """What a member's orders came to in an interval."""

    zone: str
    buyers: int | None
    sellers: int | None
    bids: Steps
    asks: Steps
    bought: int
    sold: int
    held: int


class _Zone(NamedTuple):
    """What the decision states of a zone."""

    limits: Limits
    buyers: int | None
    sellers: int | None
    bought: int
    sold: int
    flow: int | None


@dataclass(frozen=True, slots=True)
class ClearingCase:
    """A member's part of a cleared interval, with what it has to follow from."""

    NAME: ClassVar[Check] = Check.CLEARING

    entry: ShownEntry
    own: ShownLine
    figures: ShownLine | None
    """The line that has all zones' figures, where they are not public."""
    pseudonym: bytes
    rules: ShownRules
    proof: bytes | None
    book: tuple[BookOrder, ...] = ()
    """All orders, where they are too few for a proof."""

    def check(self, log: VerifierKey) -> OwnTrade:
        """Return what was traded, or raise a FailedCheckError if it does not follow."""
        index, decision = self.entry.decision(log, CLEARED)
        try:
            return self._checked(log, decision)
        except FailedCheckError as error:
            if self.rules.are_shown:
                raise
            raise left_open(error) from error
        except BodyError as error:
            # The log's key stands for these lines.
            msg = f"entry {index} or a line of it is not as the agreement has it: {error}"
            raise FailedCheckError(Check.CLEARING, msg) from error

    def interval(self, log: VerifierKey) -> tuple[str, int]:
        """Name the market and the interval."""
        _, decision = self.entry.decision(log, CLEARED)
        return _interval(decision)

    def _checked(self, log: VerifierKey, decision: DecisionEntry) -> OwnTrade:
        market, start = _interval(decision)
        self.rules.check(log, market)
        rules = self.rules.rules
        result = decision.result
        _require(result.get("rule") == rules.clearing.value, "it was cleared by another rule")
        roots = _roots(result)
        if self.figures is None and "fees" not in result:
            msg = "the zones' figures are not public, and the node does not show them"
            raise UnshownError(msg)
        figures = result if self.figures is None else _figures(self.figures.under(decision))
        zones = _zones(figures, rules.clearing)
        _require(roots.keys() == zones.keys(), "roots and figures are of other zones")
        own = _own(self.own.under(decision), self.pseudonym)
        _require(own.zone in zones, "the own line is of no zone of the market")
        zone = zones[own.zone]
        own = own._replace(buyers=zone.buyers, sellers=zone.sellers)
        try:
            if self.proof is None:
                self._check_book((market, start), roots, zones, own)
            else:
                context = Context(market, start, own.zone)
                self._check_proof(context, roots[own.zone], zones, own)
        except (ProofError, ZoneError) as error:
            # The root is the log's; what is shown below it is the node's word of today.
            msg = f"the node does not prove what its book came to: {error}"
            raise UnshownError(msg) from error
        return own

    def _check_proof(
        self, context: Context, root: bytes, zones: Mapping[str, _Zone], own: OwnTrade
    ) -> None:
        rules = self.rules.rules
        outcome = Outcome(
            rules.zones,
            {name: zone.limits for name, zone in zones.items()},
            {name: zone.flow for name, zone in zones.items() if zone.flow is not None},
        )
        assert self.proof is not None  # noqa: S101 - asked for only where there is one
        proof = ClearingProof.decode(self.proof)
        proven = check_zone(proof, root, context, outcome, rules.seller_share)
        told = zones[context.zone]
        found = proven.price, proven.bought, proven.sold
        stated = told.buyers, told.bought, told.sold
        _require(found == stated, f"the book clears to {found}, and the log says {stated}")
        sides = (
            ("bids", proven.bids, own.bids, own.bought),
            ("asks", proven.asks, own.asks, own.sold),
        )
        for name, side, steps, filled in sides:
            due = _filled(name, side, steps, self.pseudonym)
            _require(due == filled, f"the own {name} come to {due} Wh, and the log says {filled}")

    def _check_book(
        self,
        interval: tuple[str, int],
        roots: Mapping[str, bytes],
        zones: Mapping[str, _Zone],
        own: OwnTrade,
    ) -> None:
        found = recleared(*interval, self.book, self.rules.rules)
        for name, zone in found.items():
            if zone.root != roots[name]:
                msg = f"the orders that the node shows are not the book of zone {name}"
                raise UnshownError(msg)
            told = _Zone(*zone[1:-1])
            _require(told == zones[name], f"zone {name} comes to {told}, said is {zones[name]}")
        fill = found[own.zone].fills.get(self.pseudonym)
        said = OwnFill(own.bids, own.asks, own.bought, own.sold)
        _require(fill == said, f"the own orders come to {fill}, said is {said}")

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {
            "entry": self.entry.to_json(),
            "own": self.own.to_json(),
            "figures": None if self.figures is None else self.figures.to_json(),
            "pseudonym": to_text(self.pseudonym),
            "rules": self.rules.to_json(),
            "proof": None if self.proof is None else to_text(self.proof),
            "book": [one.to_json() for one in self.book],
        }

    @classmethod
    def read(cls, value: object, path: str = "clearing") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        figures, proof = fields.take("figures"), fields.take("proof")
        case = cls(
            entry=ShownEntry.read(fields.take("entry")),
            own=ShownLine.read(fields.take("own"), "own"),
            figures=None if figures is None else ShownLine.read(figures, "figures"),
            pseudonym=from_text(fields.text("pseudonym", HASH), HASH_LENGTH),
            rules=ShownRules.read(fields.take("rules")),
            proof=None if proof is None else read_bytes(proof, "proof", _MAX_PROOF),
            book=read_orders(fields.take("book"), "book"),
        )
        fields.finish()
        return case


def _interval(decision: DecisionEntry) -> tuple[str, int]:
    fields = Fields(decision.result, "result")
    return fields.text("market", MARKET), fields.integer("start", 0, MAX_TIME)


def _roots(result: Mapping[str, object]) -> dict[str, bytes]:
    zones = result.get("zones")
    if not isinstance(zones, dict):
        msg = "result.zones is no object"
        raise BodyError(msg)
    return {
        name: from_text(Fields(zone, f"zones.{name}").text("root", HASH), HASH_LENGTH)
        for name, zone in zones.items()
    }


def _figures(line: dict[str, object]) -> Mapping[str, object]:
    return Fields(line, "line").json_object("figures")


def _zones(figures: Mapping[str, object], rule: Rule) -> dict[str, _Zone]:
    zones = figures.get("zones")
    if not isinstance(zones, dict):
        msg = "figures.zones is no object"
        raise BodyError(msg)
    return {name: _zone(Fields(zone, f"zones.{name}"), rule) for name, zone in zones.items()}


def _zone(fields: Fields, rule: Rule) -> _Zone:
    limits: Limits = (None, None)
    if rule is Rule.MCAFEE:
        buyers, sellers = (_price(fields.take(name), name) for name in ("buyers", "sellers"))
    else:
        buyers = sellers = _price(fields.take("price"), "price")
        low, high = row(fields.take("limits"), "limits", 2)
        limits = _price(low, "limits[0]"), _price(high, "limits[1]")
    return _Zone(
        limits,
        buyers,
        sellers,
        fields.integer("bought", 0, _MOST_WH),
        fields.integer("sold", 0, _MOST_WH),
        fields.integer("flow", -_MOST_WH, _MOST_WH) if "flow" in fields else None,
    )


def _price(value: object, path: str) -> int | None:
    return None if value is None else integer(value, path, -_MAX_ZONE_PRICE, _MAX_ZONE_PRICE)


def _own(line: dict[str, object], pseudonym: bytes) -> OwnTrade:
    fields = Fields(line, "line")
    stated = fields.text("pseudonym", HASH)
    if stated != to_text(pseudonym):
        msg = "the line that the node shows is not that of this member"
        raise UnshownError(msg)
    return OwnTrade(
        fields.text("zone", MARKET),
        None,
        None,
        read_steps(fields.take("bids"), fields.path("bids")),
        read_steps(fields.take("asks"), fields.path("asks")),
        fields.integer("bought", 0, _MOST_WH),
        fields.integer("sold", 0, _MOST_WH),
        fields.integer("held", 0, MAX_AMOUNT),
    )


def _filled(name: str, side: ProvenSide, steps: Steps, pseudonym: bytes) -> int:
    """Add up what trades of one's own steps, which must stand in the book as they are said."""
    at: dict[int, int] = {}
    for price, wh in steps:
        at[price] = at.get(price, 0) + wh
    for price, wh in at.items():
        held = side.wh(price, pseudonym)
        _require(held == wh, f"the own {name} at {price} are {held} Wh in the book, said is {wh}")
    return sum(side.fill(price, pseudonym) for price in at)


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - what it is about is in words
    if not holds:
        raise FailedCheckError(Check.CLEARING, otherwise)
