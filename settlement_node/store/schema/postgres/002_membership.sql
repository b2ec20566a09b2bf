-- What a co-op is, and the keys that are announced. A statement is found by its place, and the
-- hashes of a group of receipts stand in the log.

CREATE TABLE "facts" (
    coop_id bytea NOT NULL,
    "name" text COLLATE "C" NOT NULL,
    "value" bytea NOT NULL,
    PRIMARY KEY (coop_id, "name")
);

CREATE TABLE "announced" (
    coop_id bytea NOT NULL,
    "decision" bytea NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "decision")
);

DROP TABLE "statement_hash";

ALTER TABLE "receipt_group" DROP COLUMN "hashes";
