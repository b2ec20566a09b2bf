-- coop_id leads every key: a co-op's rows lie together, and can move away together. Text sorts by
-- its bytes, as in SQLite.

CREATE TABLE "meta" (
    coop_id bytea NOT NULL,
    "name" text COLLATE "C" NOT NULL,
    "value" bytea NOT NULL,
    PRIMARY KEY (coop_id, "name")
);

CREATE TABLE "entry" (
    coop_id bytea NOT NULL,
    "index" bigint NOT NULL,
    "entry" bytea NOT NULL,
    PRIMARY KEY (coop_id, "index")
);

CREATE TABLE "body" (
    coop_id bytea NOT NULL,
    "index" bigint NOT NULL,
    "body" bytea NOT NULL,
    PRIMARY KEY (coop_id, "index")
);

-- The newest entries and bodies are rows, the older ones lie packed.

CREATE TABLE "bundle" (
    coop_id bytea NOT NULL,
    "number" bigint NOT NULL,
    "entries" bytea NOT NULL,
    PRIMARY KEY (coop_id, "number")
);

CREATE TABLE "pack" (
    coop_id bytea NOT NULL,
    "first" bigint NOT NULL,
    "count" bigint NOT NULL,
    "bodies" bytea NOT NULL,
    PRIMARY KEY (coop_id, "first")
);

-- Packed already: PostgreSQL would only try again.
ALTER TABLE "bundle" ALTER COLUMN "entries" SET STORAGE EXTERNAL;
ALTER TABLE "pack" ALTER COLUMN "bodies" SET STORAGE EXTERNAL;

CREATE TABLE "tile" (
    coop_id bytea NOT NULL,
    "level" bigint NOT NULL,
    "number" bigint NOT NULL,
    "hashes" bytea NOT NULL,
    PRIMARY KEY (coop_id, "level", "number")
);

CREATE TABLE "checkpoint" (
    coop_id bytea NOT NULL,
    "size" bigint NOT NULL,
    "root" bytea NOT NULL,
    "note" bytea NOT NULL,
    "at" bigint NOT NULL,
    PRIMARY KEY (coop_id, "size")
);

-- A statement's hash stands in its entry, and a chain is called by the index of its opening.

CREATE TABLE "statement" (
    coop_id bytea NOT NULL,
    "chain" bigint NOT NULL,
    "seq" bigint NOT NULL,
    "index" bigint NOT NULL,
    PRIMARY KEY (coop_id, "chain", "seq")
);

CREATE TABLE "receipt_group" (
    coop_id bytea NOT NULL,
    "first_index" bigint NOT NULL,
    "count" bigint NOT NULL,
    "due" bigint NOT NULL,
    "signature" bytea NOT NULL,
    PRIMARY KEY (coop_id, "first_index")
);

CREATE TABLE "facts" (
    coop_id bytea NOT NULL,
    "name" text COLLATE "C" NOT NULL,
    "value" bytea NOT NULL,
    PRIMARY KEY (coop_id, "name")
);

CREATE TABLE "member" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member")
);

CREATE TABLE "chain" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "stream" bigint NOT NULL,
    "chain" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member", "stream", "chain")
);

-- Chains that go on no more: nobody keeps them in memory, and no state root holds them.

CREATE TABLE "ended_chain" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "stream" bigint NOT NULL,
    "chain" bytea NOT NULL,
    "index" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member", "stream", "chain")
);

CREATE TABLE "invite" (
    coop_id bytea NOT NULL,
    "code_hash" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "code_hash")
);

CREATE TABLE "announced" (
    coop_id bytea NOT NULL,
    "decision" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "decision")
);

CREATE TABLE "account" (
    coop_id bytea NOT NULL,
    "account" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "account")
);

CREATE TABLE "transfer" (
    coop_id bytea NOT NULL,
    "id" bytea NOT NULL,
    "index" bigint NOT NULL,
    "position" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "id")
);

-- Which transfers are about a bank's movement, or about another transfer.

CREATE TABLE "transfer_about" (
    coop_id bytea NOT NULL,
    "reference" bytea NOT NULL,
    "index" bigint NOT NULL,
    "position" bigint NOT NULL,
    "transfer" bytea NOT NULL,
    PRIMARY KEY (coop_id, "reference", "index", "position")
);

CREATE TABLE "account_history" (
    coop_id bytea NOT NULL,
    "account" bigint NOT NULL,
    "index" bigint NOT NULL,
    "position" bigint NOT NULL,
    "transfer" bytea NOT NULL,
    "debits_pending" bigint NOT NULL,
    "debits_posted" bigint NOT NULL,
    "credits_pending" bigint NOT NULL,
    "credits_posted" bigint NOT NULL,
    PRIMARY KEY (coop_id, "account", "index", "position")
);

CREATE TABLE "pending" (
    coop_id bytea NOT NULL,
    "expires" bigint NOT NULL,
    "id" bytea NOT NULL,
    PRIMARY KEY (coop_id, "expires", "id")
);

-- Where a co-op's transfers begin: an erasure has deleted what was before.

CREATE TABLE "books_beginning" (
    coop_id bytea NOT NULL,
    "entry" bigint NOT NULL,
    "at" bigint NOT NULL,
    PRIMARY KEY (coop_id, "entry", "at")
);

-- What holds in a market, and on which terms its members take part.

CREATE TABLE "market_rules" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "start" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market", "start")
);

CREATE TABLE "price_series" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "series" text COLLATE "C" NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market", "series")
);

CREATE TABLE "member_tariff" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "member" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market", "member")
);

CREATE TABLE "member_place" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "member" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market", "member")
);

-- What members want in a market, whose turn is next there, and what intervals were cleared to:
-- whole until they are settled, and then in the entry that says it.

CREATE TABLE "trader" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "member" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market", "member")
);

CREATE TABLE "market_turn" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market")
);

CREATE TABLE "cleared_interval" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "start" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market", "start")
);

CREATE TABLE "market_interval" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "start" bigint NOT NULL,
    "index" bigint NOT NULL,
    PRIMARY KEY (coop_id, "market", "start")
);

-- Meters, and what was settled with them; a settled interval is never written over.

CREATE TABLE "meter" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "device" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member", "device")
);

CREATE TABLE "preferred" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member", "market")
);

CREATE TABLE "told_quarter" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "direction" bigint NOT NULL,
    "start" bigint NOT NULL,
    "wh" bigint NOT NULL,
    "quality" bigint NOT NULL,
    PRIMARY KEY (coop_id, "member", "direction", "start")
);

CREATE TABLE "begun_import" (
    coop_id bytea NOT NULL,
    "operator" bytea NOT NULL,
    "part" bigint NOT NULL,
    "at" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "operator", "part")
);

CREATE TABLE "settling_progress" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "settled" bigint NOT NULL,
    "final" bigint NOT NULL,
    PRIMARY KEY (coop_id, "market")
);

CREATE TABLE "settling_heard" (
    coop_id bytea NOT NULL,
    "of" text COLLATE "C" NOT NULL,
    "last" bigint NOT NULL,
    "stopped" bigint NOT NULL,
    "silent_from" bigint NOT NULL,
    "silent_until" bigint NOT NULL,
    PRIMARY KEY (coop_id, "of")
);

CREATE TABLE "settling_away" (
    coop_id bytea NOT NULL,
    "since" bigint NOT NULL,
    "until" bigint NOT NULL,
    PRIMARY KEY (coop_id, "since")
);

CREATE TABLE "settled_interval" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "start" bigint NOT NULL,
    "index" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market", "start", "index")
);

CREATE TABLE "settled_member" (
    coop_id bytea NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "start" bigint NOT NULL,
    "member" bytea NOT NULL,
    "index" bigint NOT NULL,
    "position" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "market", "start", "member", "index")
);

CREATE TABLE "late_correction" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "index" bigint NOT NULL,
    "market" text COLLATE "C" NOT NULL,
    "start" bigint NOT NULL,
    PRIMARY KEY (coop_id, "member", "index", "market", "start")
);

-- Statements of account: who stands on them, and what they are made of beside settlement.

CREATE TABLE "billing_party" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member")
);

CREATE TABLE "last_statement" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "year" bigint NOT NULL,
    "serial" bigint NOT NULL,
    PRIMARY KEY (coop_id, "member")
);

CREATE TABLE "statement_of_account" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "year" bigint NOT NULL,
    "serial" bigint NOT NULL,
    "index" bigint NOT NULL,
    "said" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member", "year", "serial")
);

CREATE TABLE "member_movement" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "at" bigint NOT NULL,
    "index" bigint NOT NULL,
    "position" bigint NOT NULL,
    "code" text COLLATE "C" NOT NULL,
    "amount" bigint NOT NULL,
    PRIMARY KEY (coop_id, "member", "at", "index", "position")
);

-- State roots that are kept, with the lines that they stand for.

CREATE TABLE "state_root" (
    coop_id bytea NOT NULL,
    "entry" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "entry")
);

CREATE TABLE "state_lines" (
    coop_id bytea NOT NULL,
    "index" bigint NOT NULL,
    "lines" bytea NOT NULL,
    PRIMARY KEY (coop_id, "index")
);

CREATE TABLE "event" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "id" bigint NOT NULL,
    "kind" text COLLATE "C" NOT NULL,
    "at" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member", "id")
);
