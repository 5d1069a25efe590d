-- One commit of the row-per-event log that `fairlead bench append` compares with.
-- Parameters: $1 stream text; $2 first sequence number int8; $3 ids text[]; $4 bodies text[] (JSON). Rows: none.
INSERT INTO public.jsonb_event (id, stream, seq, kind, body)
SELECT e.id::uuid, $1::text, $2::int8 + e.place - 1, 'sample', e.body::jsonb
FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS e (id, body, place);
