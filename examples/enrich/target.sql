DROP SCHEMA IF EXISTS enrich CASCADE;
CREATE SCHEMA enrich;
CREATE TABLE enrich.orders (
  id integer PRIMARY KEY, customer_id integer NOT NULL, country text NOT NULL, cents integer NOT NULL,
  tier text, currency text, vat numeric);

-- The database of the sales people, here in the same server. They forgot some of their customers.
DROP SCHEMA IF EXISTS crm CASCADE;
CREATE SCHEMA crm;
CREATE TABLE crm.customers (id integer PRIMARY KEY, tier text NOT NULL);
INSERT INTO crm.customers SELECT i, CASE WHEN i % 10 = 0 THEN 'gold' ELSE 'basic' END FROM generate_series(1, 1990) i;
ANALYZE crm.customers;
