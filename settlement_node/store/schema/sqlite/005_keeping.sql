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
