-- The target of bench/chaos-redrive has no key, so that a row that came twice would be there twice; ledger and all are made anew.
DROP SCHEMA IF EXISTS returns CASCADE;
CREATE SCHEMA returns;
CREATE TABLE returns.item (id integer NOT NULL, qty integer NOT NULL);
\if :source
  ALTER TABLE returns.item ADD PRIMARY KEY (id);
  INSERT INTO returns.item SELECT i, -1 - i % 1000 FROM generate_series(1, :rows) i;
  ANALYZE returns.item;
\else
  ALTER TABLE returns.item ADD CONSTRAINT not_seven CHECK (qty <> 7);
\endif
