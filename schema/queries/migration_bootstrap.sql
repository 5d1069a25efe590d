-- The table of migrations itself, made before the first of them. Idempotent; runs under the migration lock.
-- Parameters: none. Rows: none. Locks: ours only, and only the first time.
CREATE SCHEMA IF NOT EXISTS fairlead;
CREATE TABLE IF NOT EXISTS fairlead.migration (
    number integer NOT NULL,
    name text NOT NULL,
    checksum bytea NOT NULL,
    oldest_binary integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by text NOT NULL DEFAULT session_user,
    CONSTRAINT migration_key PRIMARY KEY (number),
    CONSTRAINT migration_number_is_positive CHECK (number > 0),
    CONSTRAINT migration_checksum_is_sha256 CHECK (octet_length(checksum) = 32)
);
COMMENT ON TABLE fairlead.migration IS 'One row per migration applied, in order. oldest_binary: the oldest schema version whose binaries still work.';
