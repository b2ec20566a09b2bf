-- Which transfers are about a bank's movement, or about another transfer.

CREATE TABLE "transfer_about" (
    coop_id bytea NOT NULL,
    "reference" bytea NOT NULL,
    "index" bigint NOT NULL,
    "position" bigint NOT NULL,
    "transfer" bytea NOT NULL,
    PRIMARY KEY (coop_id, "reference", "index", "position")
);
