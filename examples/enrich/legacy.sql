-- A shop's orders: whose they are and to which country they go, but not what a customer is worth, nor in which currency he pays.
DROP SCHEMA IF EXISTS enrich CASCADE;
CREATE SCHEMA enrich;
CREATE TABLE enrich.orders (id integer PRIMARY KEY, customer_id integer NOT NULL, country text NOT NULL, cents integer NOT NULL);
INSERT INTO enrich.orders
SELECT i, 1 + i % 2000, (ARRAY['DE', 'FR', 'CH', 'XX'])[1 + i % 4], 100 + i % 5000
FROM generate_series(1, 40000) i;
ANALYZE enrich.orders;
