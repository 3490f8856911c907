-- Where the rows go: tables of one shape, each empty, for the chain, the COPY pipe and pgloader. Vacuuming them by chance
-- in one measurement and not in the other would be noise.
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.rows (
  id bigint PRIMARY KEY,
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
CREATE TABLE bench.first (LIKE bench.rows INCLUDING ALL) WITH (autovacuum_enabled = off);
CREATE TABLE bench.warmup (LIKE bench.rows INCLUDING ALL) WITH (autovacuum_enabled = off);
CREATE TABLE bench.there (LIKE bench.rows INCLUDING ALL) WITH (autovacuum_enabled = off);
CREATE TABLE bench.present (LIKE bench.rows INCLUDING ALL) WITH (autovacuum_enabled = off);
CREATE TABLE bench.spoilt (LIKE bench.rows INCLUDING ALL) WITH (autovacuum_enabled = off);
CREATE TABLE bench.dirty (LIKE bench.rows INCLUDING ALL) WITH (autovacuum_enabled = off);
CREATE TABLE bench.piped (LIKE bench.rows INCLUDING ALL) WITH (autovacuum_enabled = off);
