-- An append's statements are planned once in a session. Left to itself, PostgreSQL plans each of them anew in its first five calls, and has no other
-- plan to find: what a session catches up with is often over by then.
-- oldest-binary: 1
-- Locks: only the functions it alters, for a moment.

SET LOCAL ROLE fairlead_owner;

ALTER FUNCTION fairlead.ticks_look_sound(fairlead.tick_body[]) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION fairlead.append(text, int8, int8, int8, bytea, bytea, fairlead.tick_body[], fairlead.event_body[], text)
    SET plan_cache_mode = force_generic_plan;

RESET ROLE;
