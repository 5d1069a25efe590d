-- The newest grant of each cluster. Parameters: none. Rows: cluster text; body text; by cluster.
SELECT cluster, body FROM fairlead.grant_head ORDER BY cluster LIMIT 100000;
