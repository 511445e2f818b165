-- Where, when and by which program each event was written. Events before this step have none and keep their hashes.
ALTER TABLE event ADD COLUMN layout INTEGER;
ALTER TABLE event ADD COLUMN actor_role TEXT;
ALTER TABLE event ADD COLUMN host TEXT;
ALTER TABLE event ADD COLUMN app_build TEXT;
ALTER TABLE event ADD COLUMN tz_offset_s INTEGER;
ALTER TABLE event ADD COLUMN mono_ns INTEGER;
ALTER TABLE event ADD COLUMN boot_id TEXT;
ALTER TABLE event ADD COLUMN clock_flag TEXT;
ALTER TABLE event ADD COLUMN sig BLOB;

-- Other records that were merged into this one, row for row as they were, so that their chains can still be checked.
CREATE TABLE merged_event (
    source      TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    event_id    TEXT NOT NULL,
    study       TEXT NOT NULL,
    prev_hash   BLOB NOT NULL,
    hash        BLOB NOT NULL,
    kind        TEXT NOT NULL,
    actor       TEXT NOT NULL,
    wall_utc    TEXT NOT NULL,
    body        TEXT NOT NULL,
    layout      INTEGER,
    actor_role  TEXT,
    host        TEXT,
    app_build   TEXT,
    tz_offset_s INTEGER,
    mono_ns     INTEGER,
    boot_id     TEXT,
    clock_flag  TEXT,
    sig         BLOB,
    PRIMARY KEY (source, seq)
) STRICT;

CREATE TRIGGER merged_event_stays BEFORE UPDATE ON merged_event
BEGIN SELECT RAISE(ABORT, 'events are only appended'); END;
CREATE TRIGGER merged_event_is_kept BEFORE DELETE ON merged_event
BEGIN SELECT RAISE(ABORT, 'events are only appended'); END;

-- Below: convenience, no medical fact, free to change or vanish.
CREATE TABLE presence (
    study     TEXT NOT NULL,
    instance  TEXT NOT NULL,
    reader    TEXT NOT NULL,
    host      TEXT NOT NULL,
    pid       INTEGER NOT NULL,
    since_utc TEXT NOT NULL,
    seen_utc  TEXT NOT NULL,
    PRIMARY KEY (study, instance)
) STRICT;
