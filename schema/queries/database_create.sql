-- Makes the development database. Outside of any transaction; refused (42P04) where there is one.
CREATE DATABASE fairlead
