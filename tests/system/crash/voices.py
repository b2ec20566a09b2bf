"""Who speaks to the node during a hunt, keeps what was promised, and insists on it afterwards.

Whatever else a node promises one day gets a voice of its own here, and a place in `hunt.voices`.
"""

import time
from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from typing import Any, Final, Protocol

from depin_protocol.encoding import from_text
from depin_protocol.invite import CODE_LENGTH
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.trading import Preference
from settlement_node.governance.actions import (
    Action,
    GiveInvite,
    Reinstate,
    Suspend,
    action_body,
    invite_hash,
)
from settlement_node.governance.member import Role
from settlement_node.ledger.accounts import AccountKind
from settlement_node.ledger.actions import OpenBankAccount, RecordDeposit
from tests.node.api.neighbour import Neighbour, Reply, ask, now, random_id, readings
from tests.system.crash.breaches import Breach, Findings

_MOST_AT_ONCE: Final = 12
_AGAIN_AT_ONCE: Final = 200
_BUSY: Final = (429, 503)
_DAY: Final = 86_400_000
_PAUSE: Final = 0.05
_CASH: Final = "CASH"


class Voice(Protocol):
    """Somebody who speaks; a node that goes away meanwhile shows as OSError or HTTPException."""

    @property
    def promises(self) -> int:
        """How much was promised."""
        ...

    @property
    def owed(self) -> int:
        """What is still to be said again, or said at all, before all is known to be honoured."""
        ...

    def doubt(self, random: Random, *, everything: bool) -> None:
        """Want to hear again what was promised since the last cut, some of it, or all."""
        ...

    def insist(self, port: int) -> None:
        """Say again a part of what is owed, and note what is answered otherwise than before."""
        ...

    def speak(self, port: int) -> None:
        """Say something new."""
        ...


class HomeVoice:
    """A home: it keeps what it said until it is promised, and sends the same bytes again."""

    def __init__(self, home: Neighbour, random: Random, findings: Findings) -> None:
        """Speak for a member that has opened nothing yet."""
        self.home = home
        self._random = random
        self._findings = findings
        self._unanswered: list[Statement] = []
        self._promised: list[tuple[Statement, Any]] = []
        self._doubted: list[tuple[Statement, Any]] = []
        self._heard = 0
        """How many promises were there when the node was last started."""

    @property
    def promises(self) -> int:
        """How much was promised."""
        return len(self._promised)

    @property
    def promised(self) -> Sequence[tuple[Statement, Any]]:
        """What was promised, and the receipts."""
        return self._promised

    @property
    def owed(self) -> int:
        """What is to be said again, or said at all."""
        return len(self._doubted) + len(self._unanswered)

    def doubt(self, random: Random, *, everything: bool) -> None:
        """Want to hear again what is new since the last start, and a few older promises."""
        if everything:
            self._doubted = list(self._promised)
        else:
            older = self._promised[: self._heard]
            self._doubted += self._promised[self._heard :]
            self._doubted += random.sample(older, min(len(older), 5))
        self._heard = len(self._promised)

    def insist(self, port: int) -> None:
        """Send the same bytes again: the same receipts have to come."""
        if not self._doubted:
            self._send(port)
            return
        part = self._doubted[:_AGAIN_AT_ONCE]
        answers = self._answers(self.home.tell(port, *(statement for statement, _ in part)))
        if answers is None:
            return
        for (statement, receipt), answer in zip(part, answers, strict=True):
            if answer != receipt:
                self._findings.note(Breach.LOST, f"{statement.header}: {receipt} became {answer}")
        del self._doubted[:_AGAIN_AT_ONCE]

    def speak(self, port: int) -> None:
        """Say a few things at once, and wait for the receipts."""
        if not self.home.heads:
            self.say(port, self.home.open("metering"), self.home.open("trading"))
            return
        said = [self._something() for _ in range(self._random.randint(1, _MOST_AT_ONCE))]
        self.say(port, *said)

    def _something(self) -> Statement:
        if self._random.random() < 0.2:
            return self.home.say("trading", Preference("street", ()))
        return self.home.say("metering", readings(self._random.randrange(10**9)))

    def say(self, port: int, *statements: Statement) -> None:
        """Send these after what waits."""
        self._unanswered += statements
        self._send(port)

    def _send(self, port: int) -> None:
        if not self._unanswered:
            return
        answers = self._answers(self.home.tell(port, *self._unanswered))
        if answers is None:
            return
        for statement, answer in zip(self._unanswered, answers, strict=True):
            if answer.get("statement") == statement.hash:
                self._promised.append((statement, answer))
            else:
                self._findings.note(Breach.REFUSED, f"{statement.header}: {answer}")
        self._unanswered = []

    def _answers(self, reply: Reply) -> list[Any] | None:
        if reply.status == 200:
            return list(reply.json)
        refused(reply, self._findings)
        return None


class OperatorVoice(HomeVoice):
    """The operator: invites, suspends and reinstates, and books what members pay in."""

    def __init__(self, home: Neighbour, random: Random, findings: Findings) -> None:
        """Speak with the key of the co-op's folder."""
        super().__init__(home, random, findings)
        self.codes: deque[bytes] = deque()
        """Of invites that were promised, for whoever wants to join."""
        self.members: list[str] = []
        self._given: list[bytes] = []
        self._paid_in: Counter[str] = Counter()

    def insist(self, port: int) -> None:
        """Let an invite be used once it is promised."""
        super().insist(port)
        self._release()

    def speak(self, port: int) -> None:
        """Do one thing as operator."""
        if not self.home.heads:
            box = action_body(OpenBankAccount(_CASH), "a cash box")
            self.say(port, self.home.open("trading"), self.home.say("trading", box))
            return
        if len(self.codes) < 3:
            code = from_text(random_id(), CODE_LENGTH)
            self._given.append(code)
            action = action_body(
                GiveInvite(invite_hash(code), now() + _DAY, Role.MEMBER), "a new neighbour"
            )
        else:
            action = action_body(self._something_to_do(), "to see")
        self.say(port, self.home.say("trading", action))
        self._release()
        time.sleep(_PAUSE)

    def _something_to_do(self) -> Action:
        member = self._random.choice(self.members)
        amount = self._random.randint(1, 10**12)
        deposit = RecordDeposit(member, _CASH, amount)
        choices: list[Action] = [Suspend(member), Reinstate(member), deposit]
        doing = self._random.choice(choices)
        if doing is deposit:
            self._paid_in[member] += amount
        return doing

    def count_money(self, port: int) -> None:
        """Look at every account: each asset sums to zero, and who paid in has just that."""
        token = self.home.token(port)
        sums: Counter[str] = Counter()
        held: Counter[str] = Counter()
        after = 0
        path = f"/v1/coops/{self.home.coop}/accounts"
        while page := ask(port, f"{path}?after={after}", Authorization=token).json:
            for account in page:
                sums[account["asset"]] += account["holds"]
                if account["kind"] == AccountKind.MEMBER_MONEY.name:
                    held[account["owner"]] += account["holds"]
            after = page[-1]["account"]
        for what, found, wanted in (("sums", sums, Counter()), ("members", held, self._paid_in)):
            # Counters that differ in zeros alone are the same.
            if found != wanted:
                self._findings.note(Breach.UNBALANCED, f"{what}: {found}, not {wanted}")

    def _release(self) -> None:
        if not self._unanswered:
            self.codes.extend(self._given)
            self._given = []


class NewcomerVoice:
    """Those who come: each joins with an invite, says a few things, and makes room for the next."""

    def __init__(self, operator: OperatorVoice, random: Random, findings: Findings) -> None:
        """Join with the operator's invites."""
        self._operator = operator
        self._random = random
        self._findings = findings
        self._coming: tuple[Neighbour, bytes] | None = None
        self._joined: list[tuple[bytes, Any]] = []
        self._doubted: list[tuple[bytes, Any]] = []
        self._heard = 0
        self.homes: list[HomeVoice] = []

    @property
    def promises(self) -> int:
        """How many joined, and what they were promised then."""
        return len(self._joined) + sum(home.promises for home in self.homes)

    @property
    def owed(self) -> int:
        """What is to be said again, or said at all."""
        coming = self._coming is not None
        return coming + len(self._doubted) + sum(home.owed for home in self.homes)

    def doubt(self, random: Random, *, everything: bool) -> None:
        """Want to hear again that they are members."""
        self._doubted += self._joined[0 if everything else self._heard :]
        self._heard = len(self._joined)
        for home in self.homes:
            home.doubt(random, everything=everything)

    def insist(self, port: int) -> None:
        """Ask to join again with the same bytes: the same answer has to come."""
        if self._doubted:
            request, answer = self._doubted[-1]
            reply = self._ask(port, request)
            if reply is not None:
                self._doubted.pop()
                if reply.json != answer:
                    self._findings.note(Breach.LOST, f"who joined: {answer} became {reply.json}")
        elif self._coming is not None:
            self._join(port, *self._coming)
        else:
            for home in self.homes:
                home.insist(port)

    def speak(self, port: int) -> None:
        """Let the next one join, when there is an invite."""
        if self._coming is None:
            if not self._operator.codes:
                time.sleep(_PAUSE)
                return
            home = Neighbour(self._operator.home.coop)
            self._coming = home, home.request(self._operator.codes.popleft())
        self._join(port, *self._coming)

    def _join(self, port: int, home: Neighbour, request: bytes) -> None:
        reply = self._ask(port, request)
        if reply is None:
            return
        self._joined.append((request, reply.json))
        self._coming = None
        voice = HomeVoice(home, self._random, self._findings)
        self.homes.append(voice)
        voice.speak(port)
        voice.speak(port)

    def _ask(self, port: int, request: bytes) -> Reply | None:
        path = f"/v1/coops/{self._operator.home.coop}/members"
        reply = ask(port, path, request, "application/vnd.depin.join-request")
        if reply.status == 201:
            return reply
        refused(reply, self._findings)
        return None


def refused(reply: Reply, findings: Findings) -> None:
    """Wait if the node is busy; nothing else may keep it from taking an honest request."""
    if reply.status not in _BUSY:
        findings.note(Breach.REFUSED, f"{reply.status} {reply.content[:300]!r}")
    time.sleep(_PAUSE)
