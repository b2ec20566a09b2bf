"""What can be wrong with something that claims to come from a log."""


class LogError(ValueError):
    """Something of a log is malformed, or does not follow from what is signed."""


class ProofError(LogError):
    """A Merkle proof does not hold, or the one asked for does not exist."""


class NoteError(LogError):
    """A signed note is malformed."""


class NoteSignatureError(LogError):
    """A note lacks a signature that is needed, or carries one that fails."""


class VerifierKeyError(LogError):
    """A verifier key is malformed, or of a type that is not for this use."""


class CheckpointError(LogError):
    """The text of a checkpoint is malformed, or speaks of another log."""


class TileError(LogError):
    """The coordinates or the content of a tile or an entry bundle are malformed."""


class ProofFileError(LogError):
    """A proof file is malformed."""
