-- The review record. This file is never edited again; a change is a new file beside it.
CREATE SCHEMA IF NOT EXISTS overread;
CREATE TABLE overread.schema_step (step BIGINT PRIMARY KEY);

-- One row an event, chained. `seq` runs 1, 2, 3 … without a hole.
CREATE TABLE overread.event (
    seq         BIGINT PRIMARY KEY,
    event_id    TEXT NOT NULL UNIQUE,
    study       TEXT NOT NULL,
    prev_hash   BYTEA NOT NULL,
    hash        BYTEA NOT NULL,
    kind        TEXT NOT NULL,
    actor       TEXT NOT NULL,
    wall_utc    TEXT NOT NULL,
    body        TEXT NOT NULL,
    layout      BIGINT,
    actor_role  TEXT,
    host        TEXT,
    app_build   TEXT,
    tz_offset_s BIGINT,
    mono_ns     BIGINT,
    boot_id     TEXT,
    clock_flag  TEXT,
    sig         BYTEA
);
CREATE INDEX event_by_study ON overread.event (study, seq);

-- Immutable; the event at `seq` holds the content's hash.
CREATE TABLE overread.finding (
    study          TEXT NOT NULL,
    finding_id     TEXT NOT NULL,
    seq            BIGINT NOT NULL UNIQUE REFERENCES overread.event (seq),
    content_sha256 BYTEA NOT NULL,
    content        TEXT NOT NULL,
    PRIMARY KEY (study, finding_id)
);

-- Masks and maps, once each however many findings share them; the findings' contents hold their hashes.
CREATE TABLE overread.blob (
    sha256   BYTEA PRIMARY KEY,
    encoding TEXT NOT NULL,
    bytes    BYTEA NOT NULL
);

-- Other records that were merged into this one, row for row as they were, so that their chains can still be checked.
CREATE TABLE overread.merged_event (
    source      TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    event_id    TEXT NOT NULL,
    study       TEXT NOT NULL,
    prev_hash   BYTEA NOT NULL,
    hash        BYTEA NOT NULL,
    kind        TEXT NOT NULL,
    actor       TEXT NOT NULL,
    wall_utc    TEXT NOT NULL,
    body        TEXT NOT NULL,
    layout      BIGINT,
    actor_role  TEXT,
    host        TEXT,
    app_build   TEXT,
    tz_offset_s BIGINT,
    mono_ns     BIGINT,
    boot_id     TEXT,
    clock_flag  TEXT,
    sig         BYTEA,
    PRIMARY KEY (source, seq)
);

-- Below: convenience, no medical fact, free to change or vanish.
CREATE TABLE overread.view_memory (
    study TEXT PRIMARY KEY,
    state TEXT NOT NULL
);

CREATE TABLE overread.study_memory (
    study  TEXT PRIMARY KEY,
    card   TEXT,
    digest TEXT
);

CREATE TABLE overread.place (
    path          TEXT PRIMARY KEY,
    turn          BIGINT NOT NULL,
    last_used_utc TEXT NOT NULL
);

CREATE TABLE overread.presence (
    study     TEXT NOT NULL,
    instance  TEXT NOT NULL,
    reader    TEXT NOT NULL,
    host      TEXT NOT NULL,
    pid       BIGINT NOT NULL,
    since_utc TEXT NOT NULL,
    seen_utc  TEXT NOT NULL,
    PRIMARY KEY (study, instance)
);

CREATE FUNCTION overread.only_appended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the review record is only appended'; END $$;

CREATE TRIGGER event_is_kept BEFORE UPDATE OR DELETE ON overread.event
    FOR EACH ROW EXECUTE FUNCTION overread.only_appended();
CREATE TRIGGER event_is_not_emptied BEFORE TRUNCATE ON overread.event
    FOR EACH STATEMENT EXECUTE FUNCTION overread.only_appended();
CREATE TRIGGER finding_is_kept BEFORE UPDATE OR DELETE ON overread.finding
    FOR EACH ROW EXECUTE FUNCTION overread.only_appended();
CREATE TRIGGER finding_is_not_emptied BEFORE TRUNCATE ON overread.finding
    FOR EACH STATEMENT EXECUTE FUNCTION overread.only_appended();
CREATE TRIGGER blob_is_kept BEFORE UPDATE OR DELETE ON overread.blob
    FOR EACH ROW EXECUTE FUNCTION overread.only_appended();
CREATE TRIGGER blob_is_not_emptied BEFORE TRUNCATE ON overread.blob
    FOR EACH STATEMENT EXECUTE FUNCTION overread.only_appended();
CREATE TRIGGER merged_event_is_kept BEFORE UPDATE OR DELETE ON overread.merged_event
    FOR EACH ROW EXECUTE FUNCTION overread.only_appended();
CREATE TRIGGER merged_event_is_not_emptied BEFORE TRUNCATE ON overread.merged_event
    FOR EACH STATEMENT EXECUTE FUNCTION overread.only_appended();

-- Also where a session plays a replica.
ALTER TABLE overread.event ENABLE ALWAYS TRIGGER event_is_kept;
ALTER TABLE overread.event ENABLE ALWAYS TRIGGER event_is_not_emptied;
ALTER TABLE overread.finding ENABLE ALWAYS TRIGGER finding_is_kept;
ALTER TABLE overread.finding ENABLE ALWAYS TRIGGER finding_is_not_emptied;
ALTER TABLE overread.blob ENABLE ALWAYS TRIGGER blob_is_kept;
ALTER TABLE overread.blob ENABLE ALWAYS TRIGGER blob_is_not_emptied;
ALTER TABLE overread.merged_event ENABLE ALWAYS TRIGGER merged_event_is_kept;
ALTER TABLE overread.merged_event ENABLE ALWAYS TRIGGER merged_event_is_not_emptied;

-- Not even the owner changes what is only appended.
REVOKE UPDATE, DELETE, TRUNCATE ON overread.event, overread.finding, overread.blob, overread.merged_event
    FROM CURRENT_USER, PUBLIC;
