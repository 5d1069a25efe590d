-- What `fairlead bench append` compares with, in a database of its own: a log with one JSONB row per event, and our tick rows in a
-- table without index or constraint. Parameters: none. Rows: none.
CREATE TABLE public.jsonb_event (
    position int8 GENERATED ALWAYS AS IDENTITY, id uuid NOT NULL, stream text NOT NULL, seq int8 NOT NULL, kind text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(), body jsonb NOT NULL,
    CONSTRAINT jsonb_event_key PRIMARY KEY (position),
    CONSTRAINT jsonb_event_by_stream UNIQUE (stream, seq),
    CONSTRAINT jsonb_event_by_id UNIQUE (id)
);
CREATE TABLE public.unindexed_tick (LIKE fairlead.tick);
GRANT INSERT ON public.jsonb_event, public.unindexed_tick TO fairlead_shipper;
