-- Makes the development database. Outside of any transaction.
-- Parameters: none. Rows: none. SQLSTATE: 42P04 where there is one already.
CREATE DATABASE fairlead;
