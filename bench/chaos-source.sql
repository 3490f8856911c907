-- After chaos.sql, at the source: \set rows N first.
CREATE TABLE chaos.plain (LIKE chaos.keyed);
INSERT INTO chaos.keyed SELECT m.* FROM generate_series(1, :rows / 2) i, LATERAL chaos.make(4 * i, 0) m;
INSERT INTO chaos.plain SELECT m.* FROM generate_series(1, :rows / 2) i, LATERAL chaos.make(4 * i, 0) m;
ALTER TABLE chaos.keyed ADD PRIMARY KEY (id);
ALTER TABLE chaos.plain ADD PRIMARY KEY (id);
VACUUM ANALYZE chaos.keyed, chaos.plain;
