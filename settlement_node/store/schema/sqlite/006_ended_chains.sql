-- Chains that go on no more: nobody keeps them in memory, and no state root holds them.

CREATE TABLE "ended_chain" (
    "member" BLOB NOT NULL,
    "stream" INTEGER NOT NULL,
    "chain" BLOB NOT NULL,
    "index" INTEGER NOT NULL,
    "data" BLOB NOT NULL,
    PRIMARY KEY ("member", "stream", "chain")
) STRICT, WITHOUT ROWID;
