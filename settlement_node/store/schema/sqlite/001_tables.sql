-- Wide rows with one integer key stay rowid tables, where SQLite keeps long rows best; all
-- others lie in the order of their keys.

CREATE TABLE "meta" (
    "name" TEXT NOT NULL,
    "value" BLOB NOT NULL,
    PRIMARY KEY ("name")
) STRICT, WITHOUT ROWID;

CREATE TABLE "entry" (
    "index" INTEGER NOT NULL,
    "entry" BLOB NOT NULL,
    PRIMARY KEY ("index")
) STRICT;

CREATE TABLE "body" (
    "index" INTEGER NOT NULL,
    "body" BLOB NOT NULL,
    PRIMARY KEY ("index")
) STRICT;

CREATE TABLE "tile" (
    "level" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "hashes" BLOB NOT NULL,
    PRIMARY KEY ("level", "number")
) STRICT, WITHOUT ROWID;

CREATE TABLE "checkpoint" (
    "size" INTEGER NOT NULL,
    "root" BLOB NOT NULL,
    "note" BLOB NOT NULL,
    "at" INTEGER NOT NULL,
    PRIMARY KEY ("size")
) STRICT;

CREATE TABLE "statement" (
    "member" BLOB NOT NULL,
    "stream" INTEGER NOT NULL,
    "chain" BLOB NOT NULL,
    "seq" INTEGER NOT NULL,
    "hash" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    PRIMARY KEY ("member", "stream", "chain", "seq")
) STRICT, WITHOUT ROWID;

CREATE TABLE "statement_hash" (
    "hash" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    PRIMARY KEY ("hash")
) STRICT, WITHOUT ROWID;

CREATE TABLE "receipt_group" (
    "first_index" INTEGER NOT NULL,
    "count" INTEGER NOT NULL,
    "due" INTEGER NOT NULL,
    "hashes" BLOB NOT NULL,
    "signature" BLOB NOT NULL,
    PRIMARY KEY ("first_index")
) STRICT;

CREATE TABLE "member" (
    "member" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member")
) STRICT, WITHOUT ROWID;

CREATE TABLE "chain" (
    "member" BLOB NOT NULL,
    "stream" INTEGER NOT NULL,
    "chain" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member", "stream", "chain")
) STRICT, WITHOUT ROWID;

CREATE TABLE "account" (
    "account" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("account")
) STRICT;

CREATE TABLE "transfer" (
    "id" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "account_history" (
    "account" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "debits_pending" INTEGER NOT NULL,
    "debits_posted" INTEGER NOT NULL,
    "credits_pending" INTEGER NOT NULL,
    "credits_posted" INTEGER NOT NULL,
    PRIMARY KEY ("account", "index", "position")
) STRICT, WITHOUT ROWID;

CREATE TABLE "pending" (
    "expires" INTEGER NOT NULL,
    "id" BLOB NOT NULL,
    PRIMARY KEY ("expires", "id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "event" (
    "member" BLOB NOT NULL,
    "id" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "at" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member", "id")
) STRICT, WITHOUT ROWID;

CREATE TABLE "invite" (
    "code_hash" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("code_hash")
) STRICT, WITHOUT ROWID;
