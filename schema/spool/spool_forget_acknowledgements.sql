-- Parameters: 1 tail sequence. What was acknowledged at or before it is not kept any more.
DELETE FROM acknowledgement WHERE up_to <= ?1;
