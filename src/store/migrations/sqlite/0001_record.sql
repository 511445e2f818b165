-- The review record. This file is never edited again; a change is a new file beside it.

-- One row an event, chained. `seq` runs 1, 2, 3 … without a hole.
CREATE TABLE event (
    seq       INTEGER PRIMARY KEY,
    event_id  TEXT NOT NULL UNIQUE,
    study     TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash      BLOB NOT NULL,
    kind      TEXT NOT NULL,
    actor     TEXT NOT NULL,
    wall_utc  TEXT NOT NULL,
    body      TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_study ON event (study, seq);

-- Immutable; the event at `seq` holds the content's hash.
CREATE TABLE finding (
    study          TEXT NOT NULL,
    finding_id     TEXT NOT NULL,
    seq            INTEGER NOT NULL UNIQUE REFERENCES event (seq),
    content_sha256 BLOB NOT NULL,
    content        TEXT NOT NULL,
    PRIMARY KEY (study, finding_id)
) STRICT;

-- Masks and maps, once each however many findings share them; the findings' contents hold their hashes.
CREATE TABLE blob (
    sha256   BLOB PRIMARY KEY,
    encoding TEXT NOT NULL,
    bytes    BLOB NOT NULL
) STRICT;

CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are only appended'); END;
CREATE TRIGGER event_is_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are only appended'); END;
CREATE TRIGGER finding_stays BEFORE UPDATE ON finding BEGIN SELECT RAISE(ABORT, 'findings are immutable'); END;
CREATE TRIGGER finding_is_kept BEFORE DELETE ON finding BEGIN SELECT RAISE(ABORT, 'findings are immutable'); END;
CREATE TRIGGER blob_stays BEFORE UPDATE ON blob BEGIN SELECT RAISE(ABORT, 'findings are immutable'); END;
CREATE TRIGGER blob_is_kept BEFORE DELETE ON blob BEGIN SELECT RAISE(ABORT, 'findings are immutable'); END;

-- Below: convenience, no medical fact, free to change or vanish.
CREATE TABLE view_memory (
    study TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT;

CREATE TABLE place (
    path          TEXT PRIMARY KEY,
    turn          INTEGER NOT NULL,
    last_used_utc TEXT NOT NULL
) STRICT;
