"""A chain of signed statements."""

from custom_components.depin.chain import Chain
from custom_components.depin.home_key import make_key
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.statements.bodies import Body
from custom_components.depin.protocol.statements.envelope import (
    FIRST_PREV,
    read_statement,
    signature_holds,
)
from custom_components.depin.protocol.statements.membership import ChainOpening
from custom_components.depin.protocol.statements.trading import Curve, Order

_NOON = 1_790_000_000_000


def test_a_chain_goes_on_from_its_last_statement() -> None:
    """Each statement is signed, numbered and names the one before."""
    key = make_key()
    coop, name = to_text(bytes(16)), to_text(bytes(range(16)))
    chain = Chain(coop, member_id(coop, key.public), "trading", name)
    bodies: list[Body] = [
        ChainOpening(),
        Order("street", (Curve(_NOON, "ask", ((70_000, 400),)),)),
        Order("street", (Curve(_NOON, "ask", ((80_000, 350),)),)),
    ]
    prev = FIRST_PREV
    for seq, body in enumerate(bodies, start=1):
        salt = to_text(bytes([seq]) * 16)
        written, chain = chain.write(body, key, _NOON + seq, salt)
        statement = read_statement(written.wire)
        assert signature_holds(statement.wire, key.public)
        assert not signature_holds(statement.wire, make_key().public)
        assert statement.body == body
        header = statement.header
        assert (header.coop, header.member) == (chain.coop, chain.member)
        assert (header.stream, header.chain) == ("trading", name)
        assert (header.seq, header.prev) == (seq, prev)
        assert (header.issued_at, header.salt) == (_NOON + seq, salt)
        assert chain.head == statement.head
        prev = statement.hash
