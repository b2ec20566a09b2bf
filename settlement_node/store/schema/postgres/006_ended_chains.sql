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
