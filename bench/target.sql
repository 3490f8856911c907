-- Where the rows go: once through the COPY pipe, once through the chain.
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
);
CREATE TABLE bench.piped (LIKE bench.rows INCLUDING ALL);
