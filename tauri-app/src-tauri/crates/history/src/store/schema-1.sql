-- Times are milliseconds since 1970, UTC. `row` stays the same through a VACUUM, which the
-- full-text tables rely on.
CREATE TABLE conversations (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    model TEXT
) STRICT;

CREATE INDEX conversations_by_use ON conversations (updated, id);

CREATE TABLE messages (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation INTEGER NOT NULL REFERENCES conversations (row) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
    state TEXT NOT NULL CHECK (state IN ('streaming', 'done', 'interrupted', 'failed')),
    created INTEGER NOT NULL,
    model TEXT,
    timings TEXT,
    problem TEXT,
    -- The earlier answer that this one takes the place of, while it is being written.
    replaces INTEGER REFERENCES messages (row) ON DELETE SET NULL,
    -- The last one: what stands behind a long text is only found by reading all of it.
    text TEXT NOT NULL,
    UNIQUE (conversation, position)
) STRICT;

CREATE INDEX messages_that_replace ON messages (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX messages_that_stream ON messages (state) WHERE state = 'streaming';

-- Conversations that were deleted, until the engine has forgotten their context.
CREATE TABLE forgets (
    conversation TEXT PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE found_titles USING fts5 (
    title, content = 'conversations', content_rowid = 'row',
    tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE found_texts USING fts5 (
    text, content = 'messages', content_rowid = 'row',
    tokenize = 'unicode61 remove_diacritics 2'
);

-- Deleted words leave the index at once, not only when it is next merged.
INSERT INTO found_titles (found_titles, rank) VALUES ('secure-delete', 1);
INSERT INTO found_texts (found_texts, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER title_comes AFTER INSERT ON conversations BEGIN
    INSERT INTO found_titles (rowid, title) VALUES (new.row, new.title);
END;
CREATE TRIGGER title_goes AFTER DELETE ON conversations BEGIN
    INSERT INTO found_titles (found_titles, rowid, title) VALUES ('delete', old.row, old.title);
END;
CREATE TRIGGER title_changes AFTER UPDATE OF title ON conversations BEGIN
    INSERT INTO found_titles (found_titles, rowid, title) VALUES ('delete', old.row, old.title);
    INSERT INTO found_titles (rowid, title) VALUES (new.row, new.title);
END;

-- An answer that is being written is saved twice a second: it is indexed once, at its end.
CREATE TRIGGER text_comes AFTER INSERT ON messages WHEN new.state <> 'streaming' BEGIN
    INSERT INTO found_texts (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER text_goes AFTER DELETE ON messages WHEN old.state <> 'streaming' BEGIN
    INSERT INTO found_texts (found_texts, rowid, text) VALUES ('delete', old.row, old.text);
END;
CREATE TRIGGER text_changes AFTER UPDATE OF text, state ON messages BEGIN
    INSERT INTO found_texts (found_texts, rowid, text)
        SELECT 'delete', old.row, old.text WHERE old.state <> 'streaming';
    INSERT INTO found_texts (rowid, text)
        SELECT new.row, new.text WHERE new.state <> 'streaming';
END;
