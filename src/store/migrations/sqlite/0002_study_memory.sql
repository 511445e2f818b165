-- What the worklist keeps of each study: convenience, no medical fact, free to change or vanish.
CREATE TABLE study_memory (
    study  TEXT PRIMARY KEY,
    card   TEXT,
    digest TEXT
) STRICT;
