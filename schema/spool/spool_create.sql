-- The tables of a new spool, in one transaction of the caller.
-- Digests are SHA-256 values, 32 bytes; times are in microseconds since 1970, UTC.

-- One header in two equal copies on one page: a damaged copy is mended from the other. `checksum` is the first 8 bytes of the
-- SHA-256 of all other fields.
CREATE TABLE header (
    copy            INTEGER PRIMARY KEY CHECK (copy IN (1, 2)),
    stream          TEXT NOT NULL,
    head_sequence   INTEGER NOT NULL CHECK (head_sequence >= 0),
    head_digest     BLOB NOT NULL CHECK (length(head_digest) = 32),
    -- The sequence number before the oldest entry kept, and the digest there.
    tail_sequence   INTEGER NOT NULL CHECK (tail_sequence BETWEEN 0 AND head_sequence),
    tail_digest     BLOB NOT NULL CHECK (length(tail_digest) = 32),
    acknowledged    INTEGER NOT NULL CHECK (acknowledged BETWEEN 0 AND head_sequence),
    highest_epoch   INTEGER NOT NULL,
    highest_term    INTEGER NOT NULL,
    entry_count     INTEGER NOT NULL,
    byte_count      INTEGER NOT NULL,
    damaged_count   INTEGER NOT NULL,
    checksum        BLOB NOT NULL
) STRICT;

-- The entries after the tail, up to the head. A record found damaged is set to NULL; its digest stays, so that the chain goes on.
CREATE TABLE entry (
    sequence        INTEGER PRIMARY KEY,
    kind            INTEGER NOT NULL,
    digest          BLOB NOT NULL CHECK (length(digest) = 32),
    record          BLOB
) STRICT;

-- What was acknowledged by when, one row per minute.
CREATE TABLE acknowledgement (
    minute          INTEGER PRIMARY KEY,
    up_to           INTEGER NOT NULL
) STRICT;

-- Ranges that can no longer be supplied and that no entry on the log declares yet.
CREATE TABLE loss (
    first_sequence  INTEGER PRIMARY KEY,
    last_sequence   INTEGER NOT NULL CHECK (last_sequence >= first_sequence),
    digest_before   BLOB NOT NULL CHECK (length(digest_before) = 32),
    digest_after    BLOB NOT NULL CHECK (length(digest_after) = 32),
    cause           TEXT NOT NULL CHECK (cause IN ('full', 'damaged'))
) STRICT;

-- Small states that outlive a restart: base delays, law states. `checksum` as in the header, over key and content.
CREATE TABLE value (
    key             TEXT PRIMARY KEY,
    content         BLOB NOT NULL,
    checksum        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- 'Fair' in ASCII, so that file(1) and we know the file; the format's version.
PRAGMA application_id = 1180789106;
PRAGMA user_version = 1;
