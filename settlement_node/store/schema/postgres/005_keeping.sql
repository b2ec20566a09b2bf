-- State roots that are kept, with the lines that they stand for.

CREATE TABLE "state_root" (
    coop_id bytea NOT NULL,
    "entry" bigint NOT NULL,
    "data" bytea NOT NULL,
    PRIMARY KEY (coop_id, "entry")
);

CREATE TABLE "state_lines" (
    coop_id bytea NOT NULL,
    "index" bigint NOT NULL,
    "lines" bytea NOT NULL,
    PRIMARY KEY (coop_id, "index")
);
