"""What can go wrong with a store; each error says what to do."""


class StoreError(Exception):
    """A store could not do what it was asked."""


class RowError(StoreError):
    """A row or key does not fit its table: the caller's mistake; nothing was written."""


class RefusedError(StoreError):
    """The engine refused these changes, such as ones to a table that it does not have."""


class StoreFullError(StoreError):
    """The disk is full; nothing of the commit was written."""


class StoreReadOnlyError(StoreError):
    """The file, folder or database cannot be written."""


class StoreInputOutputError(StoreError):
    """The disk reports an error; whether the commit was kept shows after a new start."""


class StoreDamagedError(StoreError):
    """The store's file is not what was written."""


class StoreOwnedError(StoreError):
    """Another process has this co-op's store open."""


class StoreFencedError(StoreError):
    """Another process has taken this co-op's store over; this one must stop."""


class StoreClosedError(StoreError):
    """The store was closed, or has stopped after an error."""


class StoreUnreachableError(StoreError):
    """The database does not answer; nothing of the commit was written."""


class CommitUnknownError(StoreError):
    """The database went away during a commit, and whether it was kept cannot be learnt."""


class UnsafeSqliteError(StoreError):
    """This SQLite has a bug that can damage files."""


class UnsafeDatabaseError(StoreError):
    """This database server is set up to lose what it has acknowledged."""


class SchemaTooNewError(StoreError):
    """The store was written by a newer version of this program."""


class MigrationChangedError(StoreError):
    """A migration that was applied is not the one this program has."""


class MigrationFilesError(StoreError):
    """The program's own migrations are not numbered 1, 2, 3 and so on."""


class BackupRefusedError(StoreError):
    """A backup is damaged, of another kind, or too new; nothing was written."""


class NotEmptyError(StoreError):
    """A backup is restored only where there is nothing yet."""


class WrongStoreError(StoreError):
    """The file is of another program, or of another co-op."""
