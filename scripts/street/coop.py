"""The co-op of the demo, so far no more than its invite."""

from secrets import token_bytes

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.invite import CODE_LENGTH, Invite
from depin_protocol.keys import KEY_LENGTH, public_key

ADDRESS = "https://sunny-street.example"


def write_invite() -> str:
    """Write an invite as the operator of a co-op would send it."""
    invite = Invite(
        address=ADDRESS,
        node_key=public_key(token_bytes(KEY_LENGTH)),
        coop=to_text(token_bytes(ID_LENGTH)),
        code=token_bytes(CODE_LENGTH),
    )
    return str(invite)
