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

-- The newest entries and bodies are rows, the older ones lie packed.

CREATE TABLE "bundle" (
    "number" INTEGER NOT NULL,
    "entries" BLOB NOT NULL,
    PRIMARY KEY ("number")
) STRICT;

CREATE TABLE "pack" (
    "first" INTEGER NOT NULL,
    "count" INTEGER NOT NULL,
    "bodies" BLOB NOT NULL,
    PRIMARY KEY ("first")
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

-- A statement's hash stands in its entry, and a chain is called by the index of its opening.

CREATE TABLE "statement" (
    "chain" INTEGER NOT NULL,
    "seq" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    PRIMARY KEY ("chain", "seq")
) STRICT, WITHOUT ROWID;

CREATE TABLE "receipt_group" (
    "first_index" INTEGER NOT NULL,
    "count" INTEGER NOT NULL,
    "due" INTEGER NOT NULL,
    "signature" BLOB NOT NULL,
    PRIMARY KEY ("first_index")
) STRICT;

CREATE TABLE "facts" (
    "name" TEXT NOT NULL,
    "value" BLOB NOT NULL,
    PRIMARY KEY ("name")
) STRICT, WITHOUT ROWID;

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

-- Chains that go on no more: nobody keeps them in memory, and no state root holds them.

CREATE TABLE "ended_chain" (
    "member" BLOB NOT NULL,
    "stream" INTEGER NOT NULL,
    "chain" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member", "stream", "chain")
) STRICT, WITHOUT ROWID;

CREATE TABLE "invite" (
    "code_hash" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("code_hash")
) STRICT, WITHOUT ROWID;

CREATE TABLE "announced" (
    "decision" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("decision")
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

-- Which transfers are about a bank's movement, or about another transfer.

CREATE TABLE "transfer_about" (
    "reference" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "transfer" BLOB NOT NULL,
    PRIMARY KEY ("reference", "index", "position")
) STRICT, WITHOUT ROWID;

CREATE TABLE "account_history" (
    "account" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "transfer" BLOB NOT NULL,
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

-- Where a co-op's transfers begin: an erasure has deleted what was before.

CREATE TABLE "books_beginning" (
    "entry" INTEGER NOT NULL,
    "at" INTEGER NOT NULL,
    PRIMARY KEY ("entry", "at")
) STRICT, WITHOUT ROWID;

-- What holds in a market, and on which terms its members take part.

CREATE TABLE "market_rules" (
    "market" TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market", "start")
) STRICT, WITHOUT ROWID;

CREATE TABLE "price_series" (
    "market" TEXT NOT NULL,
    "series" TEXT NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market", "series")
) STRICT, WITHOUT ROWID;

CREATE TABLE "member_tariff" (
    "market" TEXT NOT NULL,
    "member" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market", "member")
) STRICT, WITHOUT ROWID;

CREATE TABLE "member_place" (
    "market" TEXT NOT NULL,
    "member" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market", "member")
) STRICT, WITHOUT ROWID;

-- What members want in a market, whose turn is next there, and what intervals were cleared to:
-- whole until they are settled, and then in the entry that says it.

CREATE TABLE "trader" (
    "market" TEXT NOT NULL,
    "member" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market", "member")
) STRICT, WITHOUT ROWID;

CREATE TABLE "market_turn" (
    "market" TEXT NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market")
) STRICT, WITHOUT ROWID;

CREATE TABLE "cleared_interval" (
    "market" TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market", "start")
) STRICT, WITHOUT ROWID;

CREATE TABLE "market_interval" (
    "market" TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    PRIMARY KEY ("market", "start")
) STRICT, WITHOUT ROWID;

-- Meters, and what was settled with them; a settled interval is never written over.

CREATE TABLE "meter" (
    "member" BLOB NOT NULL,
    "device" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member", "device")
) STRICT, WITHOUT ROWID;

CREATE TABLE "preferred" (
    "member" BLOB NOT NULL,
    "market" TEXT NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member", "market")
) STRICT, WITHOUT ROWID;

CREATE TABLE "told_quarter" (
    "member" BLOB NOT NULL,
    "direction" INTEGER NOT NULL,
    "start" INTEGER NOT NULL,
    "wh" INTEGER NOT NULL,
    "quality" INTEGER NOT NULL,
    PRIMARY KEY ("member", "direction", "start")
) STRICT, WITHOUT ROWID;

CREATE TABLE "begun_import" (
    "operator" BLOB NOT NULL,
    "part" INTEGER NOT NULL,
    "at" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("operator", "part")
) STRICT, WITHOUT ROWID;

CREATE TABLE "settling_progress" (
    "market" TEXT NOT NULL,
    "settled" INTEGER NOT NULL,
    "final" INTEGER NOT NULL,
    PRIMARY KEY ("market")
) STRICT, WITHOUT ROWID;

CREATE TABLE "settling_heard" (
    "of" TEXT NOT NULL,
    "last" INTEGER NOT NULL,
    "stopped" INTEGER NOT NULL,
    "silent_from" INTEGER NOT NULL,
    "silent_until" INTEGER NOT NULL,
    PRIMARY KEY ("of")
) STRICT, WITHOUT ROWID;

CREATE TABLE "settling_away" (
    "since" INTEGER NOT NULL,
    "until" INTEGER NOT NULL,
    PRIMARY KEY ("since")
) STRICT, WITHOUT ROWID;

CREATE TABLE "settled_interval" (
    "market" TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market", "start", "index")
) STRICT, WITHOUT ROWID;

CREATE TABLE "settled_member" (
    "market" TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    "member" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("market", "start", "member", "index")
) STRICT, WITHOUT ROWID;

CREATE TABLE "late_correction" (
    "member" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    "market" TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    PRIMARY KEY ("member", "index", "market", "start")
) STRICT, WITHOUT ROWID;

-- Statements of account: who stands on them, and what they are made of beside settlement.

CREATE TABLE "billing_party" (
    "member" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member")
) STRICT, WITHOUT ROWID;

CREATE TABLE "last_statement" (
    "member" BLOB NOT NULL,
    "year" INTEGER NOT NULL,
    "serial" INTEGER NOT NULL,
    PRIMARY KEY ("member")
) STRICT, WITHOUT ROWID;

CREATE TABLE "statement_of_account" (
    "member" BLOB NOT NULL,
    "year" INTEGER NOT NULL,
    "serial" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "said" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member", "year", "serial")
) STRICT;

CREATE TABLE "member_movement" (
    "member" BLOB NOT NULL,
    "at" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "code" TEXT NOT NULL,
    "amount" INTEGER NOT NULL,
    PRIMARY KEY ("member", "at", "index", "position")
) STRICT, WITHOUT ROWID;

-- State roots that are kept, with the lines that they stand for.

CREATE TABLE "state_root" (
    "entry" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("entry")
) STRICT;

CREATE TABLE "state_lines" (
    "index" INTEGER NOT NULL,
    "lines" BLOB NOT NULL,
    PRIMARY KEY ("index")
) STRICT;

CREATE TABLE "event" (
    "member" BLOB NOT NULL,
    "id" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "at" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member", "id")
) STRICT, WITHOUT ROWID;
