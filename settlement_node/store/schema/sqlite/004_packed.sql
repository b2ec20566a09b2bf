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

-- A statement's hash stands in its entry, and a chain is called by the index of its opening.
DROP TABLE "statement";

CREATE TABLE "statement" (
    "chain" INTEGER NOT NULL,
    "seq" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    PRIMARY KEY ("chain", "seq")
) STRICT, WITHOUT ROWID;

-- A log that was begun before this has to be followed once more.
INSERT INTO "meta" SELECT 'rebuilding', x'' WHERE EXISTS (SELECT 1 FROM "entry");
