-- Before each part of `fairlead bench append`, so that each pays for its own. Needs the superuser. Parameters: none. Rows: none.
CHECKPOINT;
