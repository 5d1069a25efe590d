-- Parameters: none. Rows: days_ahead int4, today included, up to the first day without a partition.
SELECT fairlead.partition_days_ahead() AS days_ahead LIMIT 1;
