-- The newest entries and bodies are rows, the older ones lie packed.

CREATE TABLE "bundle" (
    coop_id bytea NOT NULL,
    "number" bigint NOT NULL,
    "entries" bytea NOT NULL,
    PRIMARY KEY (coop_id, "number")
);

CREATE TABLE "pack" (
    coop_id bytea NOT NULL,
    "first" bigint NOT NULL,
    "count" bigint NOT NULL,
    "bodies" bytea NOT NULL,
    PRIMARY KEY (coop_id, "first")
);

-- Packed already: PostgreSQL would only try again.
ALTER TABLE "bundle" ALTER COLUMN "entries" SET STORAGE EXTERNAL;
ALTER TABLE "pack" ALTER COLUMN "bodies" SET STORAGE EXTERNAL;

-- A statement's hash stands in its entry, and a chain is called by the index of its opening.
DROP TABLE "statement";

CREATE TABLE "statement" (
    coop_id bytea NOT NULL,
    "chain" bigint NOT NULL,
    "seq" bigint NOT NULL,
    "index" bigint NOT NULL,
    PRIMARY KEY (coop_id, "chain", "seq")
);

-- A log that was begun before this has to be followed once more.
INSERT INTO "meta" SELECT DISTINCT coop_id, 'rebuilding', ''::bytea FROM "entry";
