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

CREATE TABLE "statement" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "stream" bigint NOT NULL,
    "chain" bytea NOT NULL,
    "seq" bigint NOT NULL,
    "hash" bytea NOT NULL,
    "index" bigint NOT NULL,
    PRIMARY KEY (coop_id, "member", "stream", "chain", "seq")
);

CREATE TABLE "statement_hash" (
    coop_id bytea NOT NULL,
    "hash" bytea NOT NULL,
    "index" bigint NOT NULL,
    PRIMARY KEY (coop_id, "hash")
);

CREATE TABLE "receipt_group" (
    coop_id bytea NOT NULL,
    "first_index" bigint NOT NULL,
    "count" bigint NOT NULL,
    "due" bigint NOT NULL,
    "hashes" bytea NOT NULL,
    "signature" bytea NOT NULL,
    PRIMARY KEY (coop_id, "first_index")
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

CREATE TABLE "account_history" (
    coop_id bytea NOT NULL,
    "account" bigint NOT NULL,
    "index" bigint NOT NULL,
    "position" bigint NOT NULL,
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

CREATE TABLE "event" (
    coop_id bytea NOT NULL,
    "member" bytea NOT NULL,
    "id" bigint NOT NULL,
    "kind" text COLLATE "C" NOT NULL,
    "at" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "member", "id")
);

CREATE TABLE "invite" (
    coop_id bytea NOT NULL,
    "code_hash" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "code_hash")
);
