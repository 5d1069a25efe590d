-- Makes the daily partitions from today (UTC) on. Parameters: $1 how many days int4. Rows: days_ahead int4. SQLSTATE: 22023 out of range.
SELECT fairlead.make_partitions((clock_timestamp() AT TIME ZONE 'UTC')::date, $1::int4) AS days_ahead LIMIT 1;
