-- Tables as in legacy.sql, of which a share of the rows fails. \set rows, warmup and spoilt, their sizes, and percent, the share of
-- bench.failing that fails, spread evenly.
--
-- bench.warmup goes before bench.spoilt, of which the same share fails, that before bench.rows, and that before bench.failing:
-- each refers to the one before it.
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.rows (
  id bigint NOT NULL,
  customer integer NOT NULL,
  status text NOT NULL,
  qty integer,
  price numeric(12, 2) NOT NULL,
  weight double precision,
  ordered_at timestamptz NOT NULL,
  day date,
  paid boolean NOT NULL,
  note text
) WITH (autovacuum_enabled = off);
INSERT INTO bench.rows
SELECT i, 1 + i % 100000, (ARRAY['NEW', 'PAID', 'SHIPPED', 'CLOSED'])[1 + i % 4], 1 + i % 50, (i % 1000000) / 100.0, i / 7.0,
  timestamptz '2020-01-01' + i * interval '1 second', date '2020-01-01' + (i / 86400)::int, i % 3 = 0,
  CASE WHEN i % 5 > 0 THEN 'a note on row ' || i END
FROM generate_series(1, greatest(:rows, :warmup)) i;

CREATE TABLE bench.warmup (LIKE bench.rows);
INSERT INTO bench.warmup SELECT * FROM bench.rows LIMIT :warmup;
DELETE FROM bench.rows WHERE id > :rows;
CREATE TABLE bench.failing (LIKE bench.rows);
INSERT INTO bench.failing
SELECT id, customer, status, CASE WHEN id * :percent / 100 > (id - 1) * :percent / 100 THEN 0 ELSE qty END,
  price, weight, ordered_at, day, paid, note FROM bench.rows;
CREATE TABLE bench.spoilt (LIKE bench.rows);
INSERT INTO bench.spoilt SELECT * FROM bench.failing LIMIT :spoilt;

ALTER TABLE bench.warmup ADD PRIMARY KEY (id);
ALTER TABLE bench.spoilt ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.warmup NOT VALID;
ALTER TABLE bench.rows ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.spoilt NOT VALID;
ALTER TABLE bench.failing ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.rows NOT VALID;
VACUUM (FREEZE, ANALYZE) bench.warmup, bench.spoilt, bench.rows, bench.failing;
