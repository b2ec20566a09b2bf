"""An invite as an owner pastes it into a form."""

from typing import Final

import voluptuous as vol
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
from yarl import URL

from .const import CONF_INVITE
from .protocol.invite import DamagedInviteError, Invite, NoInviteError, parse_invite

INVITE_FORM: Final = vol.Schema(
    {vol.Required(CONF_INVITE): TextSelector(TextSelectorConfig(multiline=True))}
)


def read_pasted(text: str, errors: dict[str, str]) -> Invite | None:
    """Return the invite in a text, or say in the form what is wrong with it."""
    try:
        invite = parse_invite(text)
        URL(invite.address)
    except NoInviteError:
        errors[CONF_INVITE] = "no_invite"
    except DamagedInviteError:
        errors[CONF_INVITE] = "invite_damaged"
    # Of yarl too: for an address that has the form of one, with a port that none can have.
    except ValueError:
        errors[CONF_INVITE] = "invite_unusable"
    else:
        return invite
    return None
