-- Where a co-op's transfers begin: an erasure has deleted what was before.

CREATE TABLE "books_beginning" (
    "entry" INTEGER NOT NULL,
    "at" INTEGER NOT NULL,
    PRIMARY KEY ("entry", "at")
) STRICT, WITHOUT ROWID;
