-- After caps.sql, at the source: \set rows N first. Ten rows that are looked up take 12 ms.
INSERT INTO caps.pace VALUES (0.012);
INSERT INTO caps.item SELECT i, i % 50, rpad('row ' || i, 40, '.') FROM generate_series(1, :rows) i;
ANALYZE caps.item;
