-- Where a co-op's transfers begin: an erasure has deleted what was before.

CREATE TABLE "books_beginning" (
    coop_id bytea NOT NULL,
    "entry" bigint NOT NULL,
    "at" bigint NOT NULL,
    PRIMARY KEY (coop_id, "entry", "at")
);
