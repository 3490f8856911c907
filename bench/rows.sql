-- Two million rows of ten mixed columns, about 100 bytes each as text: \set rows N first.
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
);
INSERT INTO bench.rows
SELECT i, i % 100000, (ARRAY['NEW', 'PAID', 'SHIPPED', 'CLOSED'])[1 + i % 4], 1 + i % 50, (i % 1000000) / 100.0, i / 7.0,
  timestamptz '2020-01-01' + i * interval '1 second', date '2020-01-01' + (i / 86400)::int, i % 3 = 0,
  CASE WHEN i % 5 > 0 THEN 'a note on row ' || i END
FROM generate_series(1, :rows) i;
ALTER TABLE bench.rows ADD PRIMARY KEY (id);
VACUUM ANALYZE bench.rows;
