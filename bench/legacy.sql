-- Tables of ten mixed columns, about 100 bytes a row as text. \set rows and warmup, their sizes, and parts, which of the
-- tables beside bench.rows are wanted.
--
-- Each refers to the one before it, so that Drover reads it when that one is decided: bench.first and bench.warmup go before
-- all (two, since rules are compiled for each table: compiling the compiler is part of getting warm), then bench.rows, bench.present
-- (whose rows the target has already) and bench.dirty (of which one in a hundred fails). bench.there and bench.spoilt are like
-- these two and go before them: a worker's compiler is at work again when rows first go such a way. Of bench.spoilt one in
-- fifty fails, for what is compiled is compiled after so many records that fail, not after so many rows.
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
CREATE TABLE bench.first (LIKE bench.rows);
INSERT INTO bench.first SELECT * FROM bench.rows LIMIT 200000;
CREATE TABLE bench.present (LIKE bench.rows);
INSERT INTO bench.present SELECT * FROM bench.rows WHERE :'parts' LIKE '%present%';
CREATE TABLE bench.there (LIKE bench.rows);
INSERT INTO bench.there SELECT * FROM bench.present WHERE id <= 1000000;
CREATE TABLE bench.dirty (LIKE bench.rows);
INSERT INTO bench.dirty
SELECT id, customer, status, CASE WHEN id % 100 > 0 THEN qty ELSE 0 END, price, weight, ordered_at, day, paid, note
FROM bench.rows WHERE :'parts' LIKE '%dirty%';
CREATE TABLE bench.spoilt (LIKE bench.rows);
INSERT INTO bench.spoilt
SELECT id, customer, status, CASE WHEN id % 50 > 0 THEN qty ELSE 0 END, price, weight, ordered_at, day, paid, note
FROM bench.dirty WHERE id <= 1000000;

ALTER TABLE bench.first ADD PRIMARY KEY (id);
ALTER TABLE bench.warmup ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.first NOT VALID;
ALTER TABLE bench.rows ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.warmup NOT VALID;
ALTER TABLE bench.there ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.rows NOT VALID;
ALTER TABLE bench.present ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.there NOT VALID;
ALTER TABLE bench.spoilt ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.present NOT VALID;
ALTER TABLE bench.dirty ADD PRIMARY KEY (id), ADD FOREIGN KEY (customer) REFERENCES bench.spoilt NOT VALID;
-- Nobody who reads has to set hint bits for those after him.
VACUUM (FREEZE, ANALYZE) bench.first, bench.warmup, bench.rows, bench.there, bench.present, bench.spoilt, bench.dirty;
