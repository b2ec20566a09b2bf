"""Names that several modules of the integration share."""

from typing import Final

DOMAIN: Final = "depin"

CONF_INVITE: Final = "invite"
CONF_COOP: Final = "coop"
CONF_MEMBER: Final = "member"
CONF_NODE_KEY: Final = "node_key"
CONF_INVITE_CODE: Final = "invite_code"
CONF_PSEUDONYM_SALT: Final = "pseudonym_salt"
CONF_ORIGIN: Final = "origin"
CONF_LOG_KEY: Final = "log_key"
CONF_SAMPLES_MIB: Final = "samples_mib"
CONF_KEPT: Final = "kept"
