-- The log went back (a restore). Parameters: 1 sequence that it still holds.
DELETE FROM acknowledgement WHERE up_to > ?1;
