"""What comes of a transfer: values, not exceptions, with words that say what to do."""

import enum
from typing import Final

from settlement_node.ledger.transfers import Transfer


class Outcome(enum.Enum):
    """Every answer to a transfer; the words stand in `value` and hold no figure."""

    CREATED = "Done."
    EXISTS = "It was done before, just so; there is nothing to do."

    LINKED_FAILED = "Another of its chain was refused; correct that one and send the chain again."
    CHAIN_OPEN = "The last transfer is tied to a next one that is not there; send the whole chain."
    ID_MALFORMED = "The id is not 16 bytes that begin with a moment; make it with `transfer_id`."
    ID_AHEAD_OF_TIME = "The id begins with a moment after the logged time; name an earlier one."

    EXISTS_WITH_DIFFERENT_PHASE = "The id was used in another phase; give this transfer its own."
    EXISTS_WITH_DIFFERENT_RESERVATION = "The id ended another reservation; give this its own."
    EXISTS_WITH_DIFFERENT_EXPIRY = "The id was used with another expiry; give this its own."
    EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT = "The id debited another account; give this its own."
    EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT = "The id credited another account; give this its own."
    EXISTS_WITH_DIFFERENT_AMOUNT = "The id moved another amount; give this transfer its own."
    EXISTS_WITH_DIFFERENT_REFERENCE = "The id was about something else; give this its own."
    EXISTS_WITH_DIFFERENT_ASSET = "The id moved another asset; give this transfer its own."
    EXISTS_WITH_DIFFERENT_CODE = "The id had another code; give this transfer its own."
    EXISTS_WITH_DIFFERENT_LINK = "The id stood elsewhere in its chain; give this its own."
    ID_ALREADY_FAILED = "The id was refused before and stays refused; try again under another."

    ACCOUNTS_EQUAL = "It debits and credits one account; name two."
    AMOUNT_OUT_OF_BOUNDS = "The amount is not from 1 to 2^62 - 1; divide it or leave it out."
    REFERENCE_TOO_LONG = "The reference has more than 64 bytes; give a hash of it."
    RESERVATION_NAMED_WITHOUT_NEED = "Only an end of a reservation names one; leave it out."
    RESERVATION_NOT_NAMED = (
        "It ends a reservation and doesn't name it; name another id than its own."
    )
    EXPIRY_WITHOUT_RESERVATION = "Only a reservation expires; leave the expiry out."
    EXPIRY_OUT_OF_BOUNDS = "The expiry is below 0 or beyond 48 bits of milliseconds; correct it."
    EXPIRED_ALREADY = "The reservation would expire before it is made; name a later moment."

    PHASE_DOES_NOT_FIT = "Payouts and orders reserve first, all else moves at once; do that."
    DEBIT_ACCOUNT_NOT_FOUND = "The account to debit is not open; open it, then use a new id."
    CREDIT_ACCOUNT_NOT_FOUND = "The account to credit is not open; open it, then use a new id."
    ASSET_OF_ACCOUNTS_DIFFERS = "One of the accounts is not of this asset; name two that are."
    CODE_DOES_NOT_FIT = "The code doesn't move between such accounts; see its section for which."
    RESERVATION_NOT_FOUND = "The reservation was never made; make it, then use a new id."
    NOT_A_RESERVATION = "What it wants to end is not a reservation; name one."
    RESERVATION_HAS_DIFFERENT_DEBIT_ACCOUNT = "The reservation debits another account; name that."
    RESERVATION_HAS_DIFFERENT_CREDIT_ACCOUNT = "The reservation credits another; name that."
    RESERVATION_HAS_DIFFERENT_ASSET = "The reservation is of another asset; name that."
    RESERVATION_HAS_DIFFERENT_CODE = "The reservation has another code; name that."
    EXCEEDS_RESERVATION = "More than was reserved; take at most that, the rest by a new transfer."
    RESERVATION_HAS_DIFFERENT_AMOUNT = "A void releases all; name the amount that was reserved."
    RESERVATION_ALREADY_POSTED = "The reservation was taken before; there is nothing left of it."
    RESERVATION_ALREADY_VOIDED = "The reservation was released before; make another."
    RESERVATION_EXPIRED = "The reservation expired; make another."
    DEBIT_ACCOUNT_CLOSED = "The account to debit is closed; reopen it, then use a new id."
    CREDIT_ACCOUNT_CLOSED = "The account to credit is closed; reopen it, then use a new id."
    DEBITS_OVERFLOW = (
        "The account's debits would reach 2^62; open another account for what follows."
    )
    CREDITS_OVERFLOW = "The account's credits would reach 2^62; open another for what follows."
    EXCEEDS_CREDITS = (
        "The account to debit has not that much left; bring money in, or ask for less."
    )
    EXCEEDS_DEBITS = (
        "The account to credit has not that much left; bring money in, or ask for less."
    )

    # In C: it is asked at every transfer, and nobody goes through a set of these.
    __hash__ = object.__hash__

    @property
    def done(self) -> bool:
        """Whether the transfer stands in the books, now or from before."""
        return self in _DONE

    @property
    def known(self) -> bool:
        """Whether the id stands in the books from before, for this or for another transfer."""
        return self in _KNOWN

    @property
    def burns(self) -> bool:
        """Whether the state of the books refused it, so that its id may never succeed later."""
        return self in _BURNS


class AccountOutcome(enum.Enum):
    """Every answer to what is asked of an account."""

    DONE = "Done."
    ALREADY_SO = "It is so already; there is nothing to do."
    NOT_FOUND = "There is no such account; open it first."
    STILL_HOLDS = "It still holds something; pay it out or move it, then close it."
    STILL_RESERVED = "Something is still reserved on it; post or void that, then close it."
    LIMIT_OUT_OF_BOUNDS = "The limit is not below 2^62 in absolute value; name a smaller one."
    LIMIT_NOT_FOR_THIS_KIND = "Accounts of this kind have no limit to set; leave it as it is."


def code_of(outcome: Outcome | AccountOutcome) -> str:
    """Write an outcome as the codes of decisions are written."""
    return outcome.name.lower().replace("_", "-")


def words_of(code: str) -> str:
    """Say what such a code of a transfer's means, and what to do."""
    return str(Outcome[code.upper().replace("-", "_")].value)


_DONE: Final = frozenset({Outcome.CREATED, Outcome.EXISTS})

_DIFFERENCES: Final = (
    ("phase", Outcome.EXISTS_WITH_DIFFERENT_PHASE),
    ("reserved_by", Outcome.EXISTS_WITH_DIFFERENT_RESERVATION),
    ("expires", Outcome.EXISTS_WITH_DIFFERENT_EXPIRY),
    ("debit", Outcome.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT),
    ("credit", Outcome.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT),
    ("amount", Outcome.EXISTS_WITH_DIFFERENT_AMOUNT),
    ("reference", Outcome.EXISTS_WITH_DIFFERENT_REFERENCE),
    ("asset", Outcome.EXISTS_WITH_DIFFERENT_ASSET),
    ("code", Outcome.EXISTS_WITH_DIFFERENT_CODE),
    ("linked", Outcome.EXISTS_WITH_DIFFERENT_LINK),
)

_KNOWN: Final = frozenset({Outcome.EXISTS, *(different for _, different in _DIFFERENCES)})

_BURNS: Final = frozenset(
    {
        Outcome.DEBIT_ACCOUNT_NOT_FOUND,
        Outcome.CREDIT_ACCOUNT_NOT_FOUND,
        Outcome.RESERVATION_NOT_FOUND,
        Outcome.DEBIT_ACCOUNT_CLOSED,
        Outcome.CREDIT_ACCOUNT_CLOSED,
        Outcome.DEBITS_OVERFLOW,
        Outcome.CREDITS_OVERFLOW,
        Outcome.EXCEEDS_CREDITS,
        Outcome.EXCEEDS_DEBITS,
        Outcome.EXPIRED_ALREADY,
    }
)


def said_again(before: Transfer, now: Transfer) -> Outcome:
    """Compare a transfer with the one that stands under its id."""
    if before == now:
        return Outcome.EXISTS
    return next(
        outcome for field, outcome in _DIFFERENCES if getattr(before, field) != getattr(now, field)
    )
