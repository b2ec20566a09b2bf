"""The seeds of the node's own keys, found by the public key that the log names."""

from collections.abc import Iterable

from depin_protocol.keys import fingerprint, public_key


class KeyMissingError(Exception):
    """The log names a key of the node's whose seed is not here."""


class Keyring:
    """The node's own keys."""

    def __init__(self, seeds: Iterable[bytes]) -> None:
        """Hold these seeds."""
        self._seeds = {public_key(seed): seed for seed in seeds}

    def seed(self, public: bytes) -> bytes:
        """Return the seed of a key."""
        try:
            return self._seeds[public]
        except KeyError:
            msg = (
                f"the node's key {fingerprint(public)} is not among its key files:"
                " put the file back, or let an operator announce another key"
            )
            raise KeyMissingError(msg) from None
