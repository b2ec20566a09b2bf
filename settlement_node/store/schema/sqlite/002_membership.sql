-- What a co-op is, and the keys that are announced. A statement is found by its place, and the
-- hashes of a group of receipts stand in the log.

CREATE TABLE "facts" (
    "name" TEXT NOT NULL,
    "value" BLOB NOT NULL,
    PRIMARY KEY ("name")
) STRICT, WITHOUT ROWID;

CREATE TABLE "announced" (
    "decision" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("decision")
) STRICT, WITHOUT ROWID;

DROP TABLE "statement_hash";

ALTER TABLE "receipt_group" DROP COLUMN "hashes";
