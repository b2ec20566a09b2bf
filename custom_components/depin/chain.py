"""A chain of signed statements, each naming the one before."""

from dataclasses import dataclass, replace
from typing import Self

from .home_key import HomeKey
from .protocol.statements.bodies import Body, Stream
from .protocol.statements.envelope import FIRST_PREV, Header, Statement, sign_statement
from .protocol.statements.heads import Head


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of one stream, up to the last statement that this home wrote."""

    coop: str
    member: str
    stream: Stream
    chain: str
    head: Head | None = None

    def write(self, body: Body, key: HomeKey, issued_at: int, salt: str) -> tuple[Statement, Self]:
        """Sign the next statement; return it with the chain that ends in it."""
        header = Header(
            coop=self.coop,
            member=self.member,
            stream=self.stream,
            chain=self.chain,
            seq=self.head.seq + 1 if self.head else 1,
            prev=self.head.hash if self.head else FIRST_PREV,
            issued_at=issued_at,
            salt=salt,
        )
        statement = sign_statement(header, body, key.seed)
        return statement, replace(self, head=statement.head)
