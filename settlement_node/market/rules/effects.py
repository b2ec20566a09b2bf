"""What a decision about a market's rules does."""

from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.fields import ID, MARKET, BodyError, Fields
from settlement_node.governance.arriving import line_of
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.market.rules.acting import MARKET_SET, SERIES_DECLARED
from settlement_node.market.rules.actions import DeclareSeries
from settlement_node.market.rules.places import Place
from settlement_node.market.rules.rulebook import Rulebook
from settlement_node.store.tables import Change


def applied(decision: Decision, rulebook: Rulebook, at: int) -> tuple[Change, str | None]:
    """Let a decision take effect; return its row, and the member whom it concerns alone."""
    result = Fields(decision.result, "result")
    try:
        if decision.kind == MARKET_SET:
            rules = MarketRules.read(result.take("rules"))
            start = result.time("start")
            return rulebook.set_rules(result.text("market", MARKET), start, rules), None
        if decision.kind == SERIES_DECLARED:
            told = DeclareSeries.read(result)
            return rulebook.declare(told.market, told.series, told.values, at), None
        line = line_of(decision)
        member, market = line.text("member", ID), line.text("market", MARKET)
        start = line.time("start")
        return rulebook.give_place(member, market, start, Place.take(line)), member
    except BodyError as error:
        raise DecisionError(f"{decision.kind}: {error}") from None
