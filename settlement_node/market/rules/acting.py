"""Which decision follows from what an operator does with a market's rules."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from depin_protocol.bounds import MAX_AMOUNT
from depin_protocol.rules.market_rules import Band, MarketRules
from depin_protocol.rules.member_terms import WHOLE
from depin_protocol.settlement.pool import PoolRule
from depin_protocol.settlement.trades import References
from settlement_node.governance.actions import Action
from settlement_node.governance.community import Community
from settlement_node.governance.member import Standing
from settlement_node.governance.objections import ObjectedError, Objection, about
from settlement_node.instants import shown_time
from settlement_node.intake.said import Said
from settlement_node.log.entries import Decision
from settlement_node.market.rules.actions import DeclareSeries, PlaceMember, SetMarket
from settlement_node.market.rules.market import NOTICE, Market, first_start
from settlement_node.market.rules.rulebook import Rulebook

MARKET_SET: Final = "market_set"
SERIES_DECLARED: Final = "series_declared"
MEMBER_PLACED: Final = "member_placed"

KINDS: Final = frozenset((MARKET_SET, SERIES_DECLARED, MEMBER_PLACED))

MAX_MARKETS: Final = 64
"""Most markets of a co-op."""


type TakesPart = Callable[[str, str, int], bool]
"""Tells whether a member has reported, or has orders in a market from an interval on."""


def decided(
    said: Said,
    action: Action,
    rulebook: Rulebook,
    community: Community,
    takes_part: TakesPart,
) -> Decision:
    """Decide on an action, or raise an ObjectedError."""
    match action:
        case SetMarket():
            return _set_market(said, action, rulebook)
        case DeclareSeries():
            return _declared(said, action, rulebook)
        case PlaceMember():
            earliest = _earliest_place(said, action, rulebook, takes_part)
            return _placed(said, action, rulebook, community, earliest)
    raise TypeError(f"{action!r} is no action on a market's rules")


def market_named(rulebook: Rulebook, name: str) -> Market:
    """Return a market, or raise an ObjectedError."""
    market = rulebook.markets.get(name)
    if market is None:
        raise ObjectedError(Objection.NO_SUCH_MARKET, f"there is no market {name} here")
    return market


def _set_market(said: Said, action: SetMarket, rulebook: Rulebook) -> Decision:
    market = rulebook.markets.get(action.market)
    rules = action.rules
    if market is None:
        if len(rulebook.markets) == MAX_MARKETS:
            raise ObjectedError(
                Objection.PARAMETERS_INVALID, f"a co-op has at most {MAX_MARKETS} markets"
            )
        earliest, step = first_start(rules, said.at), rules.interval
    else:
        if market.versions[-1].rules == rules:
            raise ObjectedError(
                Objection.NOTHING_TO_DO, "the market has, or will have, these rules"
            )
        earliest = market.earliest_change(said.at, rules.interval)
        step = market.common_length(rules.interval)
        for name, steps in market.series.items():
            _check_exposure(rules, name, steps.prices)
    start = _start(action.start, earliest, step)
    result = {"market": action.market, "start": start, "rules": rules.to_json()}
    return about(said, MARKET_SET, result)


def _declared(said: Said, action: DeclareSeries, rulebook: Rulebook) -> Decision:
    market = market_named(rulebook, action.market)
    for _, rules in market.versions:
        _check_exposure(rules, action.series, [price for _, price in action.values])
    return about(said, SERIES_DECLARED, action.to_json())


def _check_exposure(rules: MarketRules, series: str, prices: Iterable[int]) -> None:
    """Insist that with these values nothing can come to more than an account may hold."""
    if series not in rules.series:
        return
    dearest = max(prices, key=abs)
    match series:
        case "band_low" | "band_high":
            after = replace(rules, band=Band(dearest, dearest))
        case "pool_price":
            after = replace(rules, pool=rules.pool and PoolRule(dearest, rules.pool.key))
        case _:
            after = replace(rules, references=References(dearest, dearest))
    if rules.most_wh * max(rules.exposure, after.exposure) >= MAX_AMOUNT:
        raise ObjectedError(
            Objection.PARAMETERS_INVALID,
            f"with the values of {series} most_wh could come to 2^62 smallest units: lower it",
        )


def _earliest_place(
    said: Said, action: PlaceMember, rulebook: Rulebook, takes_part: TakesPart
) -> int:
    """Say from when a place can hold: past every order and every reading of the member there."""
    market = market_named(rulebook, action.market)
    places = rulebook.places(action.member, action.market)
    soon = market.open_from(said.at)
    is_inside = rulebook.place(action.member, action.market, soon).participation > 0
    if not places.starts and not (is_inside and takes_part(action.member, action.market, soon)):
        return soon
    return max([market.start_after(max(soon, said.at + NOTICE)), *places.starts[-1:]])


def _placed(
    said: Said, action: PlaceMember, rulebook: Rulebook, community: Community, earliest: int
) -> Decision:
    market = market_named(rulebook, action.market)
    member = community.members.get(action.member)
    if member is None or member.standing is Standing.LEFT:
        raise ObjectedError(Objection.NO_SUCH_MEMBER, f"nobody here is {action.member}")
    start = earliest
    if action.start is not None:
        start = action.start
        if start < earliest or not market.is_start(start):
            raise _too_early(earliest)
    if action.place.zone not in market.version(start).rules.zone_names:
        raise ObjectedError(
            Objection.PARAMETERS_INVALID,
            f"the market {action.market} has no zone {action.place.zone} at {shown_time(start)}",
        )
    _check_participation(action, start, rulebook)
    line = {
        "member": action.member,
        "market": action.market,
        "start": start,
        **action.place.to_json(),
    }
    return about(said, MEMBER_PLACED, {}, line)


def _check_participation(action: PlaceMember, start: int, rulebook: Rulebook) -> None:
    """Insist that a meter takes part in all markets with no more than its whole."""
    others = [name for name in rulebook.markets if name != action.market]
    later = {
        instant
        for name in others
        for instant in rulebook.places(action.member, name).starts
        if instant > start
    }
    for instant in sorted({start, *later}):
        given = sum(rulebook.place(action.member, name, instant).participation for name in others)
        if given + action.place.participation > WHOLE:
            raise ObjectedError(
                Objection.PARAMETERS_INVALID,
                f"the member takes part in other markets with {given} of {WHOLE}"
                f" at {shown_time(instant)}: lower that first",
            )


def _start(wanted: int | None, earliest: int, step: int) -> int:
    if wanted is None:
        return earliest
    if wanted < earliest or wanted % step:
        raise _too_early(earliest)
    return wanted


def _too_early(earliest: int) -> ObjectedError:
    return ObjectedError(
        Objection.PARAMETERS_INVALID,
        f"parameters.start is no start of an interval from {shown_time(earliest)} on:"
        " give one, or none",
    )
