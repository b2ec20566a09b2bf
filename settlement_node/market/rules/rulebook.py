"""Every market's rules and series, every member's tariff and place: the state, and its rows."""

from collections.abc import Iterator, Mapping, Sequence

from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.rules.member_terms import WHOLE, MemberTerms
from depin_protocol.statements.money import DatedPrice, Tariff
from settlement_node.market.rules.market import NOTICE, Market, Version
from settlement_node.market.rules.places import MemberPlaces, Place
from settlement_node.market.rules.price_steps import PriceSteps
from settlement_node.market.rules.tables import (
    MARKET_RULES,
    MEMBER_PLACE,
    MEMBER_TARIFF,
    PRICE_SERIES,
)
from settlement_node.market.rules.tariffs import MemberTariff, Side, Times
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Put, Row, Table


class Rulebook:
    """What holds in each interval; each change returns its rows."""

    def __init__(self) -> None:
        """Begin without a market."""
        self._markets: dict[str, Market] = {}
        self._tariffs: dict[str, dict[str, MemberTariff]] = {}
        self._places: dict[str, dict[str, MemberPlaces]] = {}

    @property
    def markets(self) -> Mapping[str, Market]:
        """Every market, in the order in which they began."""
        return self._markets

    def terms(self, member: str, market: str, start: int) -> MemberTerms:
        """Return a member's terms; who said nothing has the market's references."""
        held = self._markets[market]
        rules = held.at(start)
        tariff = self._tariffs[market].get(member)
        retail = None if tariff is None else tariff.retail.at(start)
        feed_in = None if tariff is None else tariff.feed_in.at(start)
        place = self.place(member, market, start)
        return MemberTerms(
            rules.references.retail if retail is None else retail,
            rules.references.feed_in if feed_in is None else feed_in,
            held.zone_of(start, place.zone),
            place.pool_weight,
            place.participation,
            place.seller_rate,
        )

    def place(self, member: str, market: str, start: int) -> Place:
        """Return a member's place; without one it is in the first market, at the top, whole."""
        places = self._places[market].get(member)
        place = None if places is None else places.at(start)
        if place is not None:
            return place
        is_first = market == next(iter(self._markets))
        return Place("", participation=WHOLE if is_first else 0)

    def places(self, member: str, market: str) -> MemberPlaces:
        """Return the places that operators have given a member."""
        return self._places[market].get(member) or MemberPlaces()

    def set_rules(self, market: str, start: int, rules: MarketRules) -> Change:
        """Let rules hold in a market from an interval on."""
        held = self._markets.get(market)
        if held is None:
            held = self._markets[market] = Market(market)
            self._tariffs[market] = {}
            self._places[market] = {}
        held.add(Version(start, rules))
        return Put(MARKET_RULES, [_rules_row(market, Version(start, rules))])

    def declare(self, market: str, series: str, values: Sequence[DatedPrice], at: int) -> Change:
        """Take values of a series in."""
        held = self._markets[market]
        held.declare(series, values, at)
        return Put(PRICE_SERIES, [_series_row(market, series, held.series[series])])

    def tell_tariff(self, member: str, tariff: Tariff, at: int) -> Change:
        """Take in what a member says of its tariff."""
        held = self._markets[tariff.market]
        times = Times(held.open_from(at), held.start_after(at + NOTICE), at - held.kept(at))
        told = self._tariffs[tariff.market].setdefault(member, MemberTariff(Side(), Side()))
        told.tell(tariff, times)
        return Put(MEMBER_TARIFF, [_tariff_row(tariff.market, member, told)])

    def give_place(self, member: str, market: str, start: int, place: Place) -> Change:
        """Let a member have a place from an interval on."""
        held = self._places[market].setdefault(member, MemberPlaces())
        held.add(start, place)
        return Put(MEMBER_PLACE, [_place_row(market, member, held)])

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands."""
        for name, market in self._markets.items():
            for version in market.versions:
                yield MARKET_RULES, _rules_row(name, version)
            for series, steps in market.series.items():
                yield PRICE_SERIES, _series_row(name, series, steps)
            for member, tariff in self._tariffs[name].items():
                yield MEMBER_TARIFF, _tariff_row(name, member, tariff)
            for member, places in self._places[name].items():
                yield MEMBER_PLACE, _place_row(name, member, places)

    async def load(self, view: View, first: str) -> None:
        """Take the state from its rows; `first` is the co-op's first market."""
        versions = [_read_rules(row) async for row in every_row(view, MARKET_RULES)]
        for market, version in sorted(versions, key=lambda one: one[0] != first):
            self.set_rules(market, *version)
        async for name, series, data in every_row(view, PRICE_SERIES):
            if isinstance(name, str) and isinstance(series, str) and isinstance(data, bytes):
                steps = PriceSteps.read(decode_json(data), "series")
                self._markets[name].series[series] = steps
        async for name, member, data in every_row(view, MEMBER_TARIFF):
            if isinstance(name, str) and isinstance(member, bytes) and isinstance(data, bytes):
                self._tariffs[name][to_text(member)] = MemberTariff.read(data)
        async for name, member, data in every_row(view, MEMBER_PLACE):
            if isinstance(name, str) and isinstance(member, bytes) and isinstance(data, bytes):
                self._places[name][to_text(member)] = MemberPlaces.read(data)


def _rules_row(market: str, version: Version) -> Row:
    return market, version.start, encode_json(version.rules.to_json())


def _read_rules(row: Row) -> tuple[str, Version]:
    market, start, data = row
    if not (isinstance(market, str) and isinstance(start, int) and isinstance(data, bytes)):
        raise TypeError(f"not the row of a market's rules: {row!r}")
    return market, Version(start, MarketRules.read(decode_json(data)))


def _series_row(market: str, series: str, steps: PriceSteps) -> Row:
    return market, series, encode_json(steps.to_json())


def _tariff_row(market: str, member: str, tariff: MemberTariff) -> Row:
    return market, from_text(member, ID_LENGTH), tariff.data()


def _place_row(market: str, member: str, places: MemberPlaces) -> Row:
    return market, from_text(member, ID_LENGTH), places.data()
