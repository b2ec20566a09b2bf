"""Checks one settled interval of this home: its line, its clearing, its meters."""

from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

from .attestation import Attestation
from .log_watch import LogWatch
from .node import MemberNode, NodeRefusedError, StrangeAnswerError, agreed
from .outbox import Outbox
from .own_words import Declared, OwnWords
from .protocol.checking.clearing_case import ClearingCase
from .protocol.checking.meter_case import Logged, MeterCase, metered_by
from .protocol.checking.public_book import BookOrder, read_orders
from .protocol.checking.rules_shown import ShownRules
from .protocol.checking.settlement_case import SettlementCase, ShownInterval, ToldInterval
from .protocol.checking.shown import ShownLine, read_bytes
from .protocol.checking.verdicts import UnshownError
from .protocol.clearing.pseudonym import pseudonym
from .protocol.log.errors import LogError
from .protocol.log.proof_file import ProofFile
from .protocol.statements.bodies import Stream
from .protocol.statements.envelope import Statement
from .protocol.statements.fields import MAX_COUNT, BodyError, Fields
from .protocol.statements.heads import Head
from .rules_watch import RulesWatch
from .suspicion import examine, require

_MAX_COURSE: Final = 200
_MAX_PROOF: Final = 2**22
_NOT_FOUND: Final = "not-found"


class _Told(NamedTuple):
    """An entry that settled or corrected the interval, and the member's line in it."""

    entry: int
    line: ShownLine


class IntervalChecks:
    """Asks for what an interval came to, and suspects the node where that does not follow."""

    def __init__(  # noqa: PLR0913 - what it stands between
        self,
        *,
        node: MemberNode,
        watch: LogWatch,
        rules: RulesWatch,
        attestation: Attestation,
        words: OwnWords,
        salt: bytes,
    ) -> None:
        """Check for the member who speaks here."""
        self._node = node
        self._watch = watch
        self._rules = rules
        self._attestation = attestation
        self._words = words
        self._salt = salt

    async def check(self, market: str, start: int) -> None:
        """Check an interval as it was settled, and each correction of it."""
        course = await self._course(market, start)
        rules = await self._rules.at(market, start)
        member = self._attestation.speaker.member
        shown = [ShownInterval(await self._watch.entry(one.entry), one.line) for one in course]
        log = self._watch.log
        clearing = await self._clearing(market, start, rules)
        if clearing is not None:
            examine(clearing, log)
        first = SettlementCase(member, shown[0], rules, clearing)
        examine(first, log)
        for later in shown[1:]:
            examine(SettlementCase(member, later, rules, None, shown[0]), log)
        told = shown[0].under(log, member)
        await self._check_meters(shown[0], told, start + rules.rules.interval)

    async def _course(self, market: str, start: int) -> list[_Told]:
        path = f"{self._node.path}/settlements/{market}/{start}"
        answer = await self._node.ask(path)

        def read() -> list[_Told]:
            return list(Fields(answer, "answer").array("course", _MAX_COURSE, _told, 1))

        return agreed(read)

    async def _clearing(self, market: str, start: int, rules: ShownRules) -> ClearingCase | None:
        """Show what the home's orders came to; None where it had none."""
        path = f"{self._node.path}/cleared/{market}/{start}"
        try:
            answer = await self._node.ask(path)
        except NodeRefusedError as error:
            if error.code == _NOT_FOUND:
                return None
            raise

        def read() -> tuple[int, ShownLine, ShownLine | None, bytes | None]:
            fields = Fields(answer, "answer")
            figures, proof = fields.take("figures_line"), fields.take("proof")
            return (
                fields.integer("entry", 0, MAX_COUNT),
                _line(fields.take("own_line")),
                None if figures is None else _line(figures),
                None if proof is None else read_bytes(proof, "proof", _MAX_PROOF),
            )

        index, own, figures, proof = agreed(read)
        book = () if proof is not None else await self._book(market, start)
        name = pseudonym(self._salt, market, start)
        return ClearingCase(await self._watch.entry(index), own, figures, name, rules, proof, book)

    async def _book(self, market: str, start: int) -> tuple[BookOrder, ...]:
        path = f"{self._node.node.path}/markets/{market}/cleared/{start}/book"
        answer = await self._node.ask(path)
        return agreed(lambda: read_orders(Fields(answer, "book").take("orders"), "orders"))

    # Meters

    async def _check_meters(self, shown: ShownInterval, told: ToldInterval, end: int) -> None:
        said = {one.device: one.wh for one in told.settled.meters}
        for declared in list(self._words.declared.values()):
            if declared is None or declared.device.retired:
                continue
            device = declared.device
            statements = await self._attestation.async_ask(
                partial(self._around, device=device.device, start=told.start, end=end)
            )
            due = metered_by(device, statements, told.start, end) if statements else None
            if due is not None and said.get(device.device) != due:
                await self._suspect(shown, declared, statements)

    def _around(self, outbox: Outbox, device: str, start: int, end: int) -> list[Statement]:
        return self._words.around(outbox, device, start, end)

    async def _suspect(
        self, shown: ShownInterval, declared: Declared, statements: list[Statement]
    ) -> None:
        """Find out whether the log had these readings before it settled, and what follows."""
        case = MeterCase(
            self._attestation.speaker.member,
            shown,
            await self._logged("trading", declared.head, declared.wire),
            tuple([await self._logged("metering", one.head, one.wire) for one in statements]),
        )
        with suppress(UnshownError):
            # Unshown are readings that came too late for it, or a meter declared after it began.
            require(case, self._watch.log)

    async def _logged(self, stream: Stream, head: Head, wire: bytes) -> Logged:
        written = await self._node.proof(stream, head)
        try:
            index = ProofFile.parse(written).index
        except LogError as error:
            msg = f"the proof of a statement is not as agreed: {error}"
            raise StrangeAnswerError(msg) from error
        return Logged(wire, await self._watch.entry(index))


def _told(value: object, path: str) -> _Told:
    fields = Fields(value, path)
    return _Told(fields.integer("entry", 0, MAX_COUNT), _line(fields.take("proof")))


def _line(value: object) -> ShownLine:
    if not isinstance(value, dict):
        msg = "a line is no longer shown"
        raise BodyError(msg)
    return ShownLine.read({name: one for name, one in value.items() if name != "count"})
