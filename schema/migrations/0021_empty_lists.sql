-- A list without values is surely no bytes at all: a batch took four bytes of zero for one as well, beside others that were none.
-- oldest-binary: 1
-- Locks: only the function it replaces.

SET LOCAL ROLE fairlead_owner;

-- Whether these bytes are surely a packed list, of p_count values, by its header alone (see fairlead.are_plain_lists; p_header: the two bytes in which
-- it says how many). An expression, so that a query holds it inlined.
CREATE OR REPLACE FUNCTION fairlead.is_plain_list(p_list bytea, p_header bytea, p_count int4, p_bits int4, p_base_bytes int4) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_count = 0 THEN p_list = ''
    WHEN octet_length(p_list) >= 4 THEN
        substr(p_list, 2, 2) = p_header AND get_byte(p_list, 3) <= p_base_bytes AND (get_byte(p_list, 0) & 127) <= p_bits
        AND octet_length(p_list) = get_byte(p_list, 3) + (p_count * (get_byte(p_list, 0) & 127) + 39) / 8
        AND CASE WHEN get_byte(p_list, 3) > 0 THEN get_byte(p_list, 4) < 128 ELSE true END
    ELSE false END;

RESET ROLE;
