"""Members for the tests of intake, without a co-op around them."""

from depin_protocol.keys import public_key
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.history import KeyHistory
from settlement_node.governance.member import Member, Role, Standing
from settlement_node.intake.checking import Checked, admit_in_turn, check, check_again
from settlement_node.intake.streams import named_places
from tests.protocol.spoken import COOP, Home


def member_of(home: Home) -> Member:
    """Take a home in."""
    return Member(
        id=home.member,
        history=KeyHistory(public_key(home.seed)),
        tiers=("software",),
        roles=frozenset((Role.MEMBER,)),
        standing=Standing.ACTIVE,
        name=f"Haus {home.number}",
        pseudonym_salt=bytes(16),
        joined_index=0,
    )


class Street:
    """Members by their names, who take what they say at once."""

    def __init__(self, *homes: Home) -> None:
        self.members = {home.member: member_of(home) for home in homes}
        self._size = 0

    def find(self, name: str) -> Member | None:
        """Return a member."""
        return self.members.get(name)

    def check(self, wire: bytes) -> Checked:
        """Check a statement whose envelope is sound."""
        checked = check(wire, COOP, self.find)
        assert isinstance(checked, Checked), checked
        return checked

    def hear(self, wire: bytes) -> bool:
        """Take a statement in its turn, and tell whether it was new."""
        checked = check_again(self.check(wire), self.find)
        self._look_up(checked)
        admitted = admit_in_turn(checked, self.find)
        if admitted is None:
            return False
        statement, entry = admitted
        self.members[statement.header.member].enter(statement, entry, self._size)
        self._size += 1
        return True

    def _look_up(self, checked: Checked) -> None:
        """Have it at hand that no chain has ended but those that are at hand."""
        header = checked.envelope.header
        if header.member not in self.members:
            return
        named = [(header.stream, header.chain)]
        if isinstance(checked.found, Statement):
            named += [(stream, head.chain) for stream, head in named_places(checked.found)]
        for name, chain in named:
            stream = self.members[header.member].streams[name]
            if stream.lacks_chain(chain):
                stream.remember_chain(chain, None)
