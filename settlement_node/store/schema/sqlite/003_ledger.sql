-- Which transfers are about a bank's movement, or about another transfer.

CREATE TABLE "transfer_about" (
    "reference" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "transfer" BLOB NOT NULL,
    PRIMARY KEY ("reference", "index", "position")
) STRICT, WITHOUT ROWID;
