-- The old shop: grown over years, with the dirt that comes with them. All of it is made up.
DROP SCHEMA IF EXISTS shop CASCADE;
CREATE SCHEMA shop;

CREATE TABLE shop.customers (
  id integer PRIMARY KEY,
  name varchar(120),
  email text,
  country char(2),
  since date,
  legacy_flag text
);
CREATE TABLE shop.products (
  sku text PRIMARY KEY,
  title text NOT NULL,
  price numeric(10, 2),
  tags text[]
);
CREATE TABLE shop.orders (
  id bigint PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES shop.customers,
  status text NOT NULL,
  ordered_at timestamptz NOT NULL,
  note text
);
CREATE TABLE shop.order_lines ( -- nobody ever added a foreign key to the products
  order_id bigint NOT NULL REFERENCES shop.orders,
  line_no smallint NOT NULL,
  sku text NOT NULL,
  qty integer NOT NULL,
  unit_price numeric(12, 2) NOT NULL,
  PRIMARY KEY (order_id, line_no)
);

INSERT INTO shop.customers
SELECT i, (ARRAY['Ada','Béla','Chloé','Dmitri','Ewa','Fatma'])[1 + i % 6] || ' ' || i,
  'Customer' || i || '@Example.org', (ARRAY['DE','FR','PL','TR','HU'])[1 + i % 5],
  date '2009-01-01' + i % 5000, CASE WHEN i % 3 = 0 THEN 'x' END
FROM generate_series(1, 5000) i;

INSERT INTO shop.products
SELECT 'SKU-' || i, 'Article no. ' || i, round((i * 37 % 9000) / 100.0 + 1, 2), ARRAY['shelf ' || i % 40, 'old']
FROM generate_series(1, 600) i;

INSERT INTO shop.orders
SELECT i, 47 + i * 7 % 4850, (ARRAY['NEW','PAID','SHIPPED','Closed'])[1 + i % 4],
  timestamptz '2015-01-01 08:00+00' + i * interval '97 minutes', CASE WHEN i % 10 = 0 THEN 'please ring twice' END
FROM generate_series(1, 40000) i;

INSERT INTO shop.order_lines
SELECT o, l, 'SKU-' || 1 + (o * 13 + l * 5) % 600, 1 + (o + l) % 9, round((o * 31 % 20000) / 100.0 + 1, 2)
FROM generate_series(1, 40000) o, generate_series(1, 3) l;

-- What the years have left behind. Who is there twice has no orders, so it does not matter which of both is loaded first.
UPDATE shop.customers SET email = 'CUSTOMER' || id - 4900 || '@example.ORG' WHERE id BETWEEN 4941 AND 4946; -- the same person twice
UPDATE shop.customers SET country = NULL WHERE id BETWEEN 4951 AND 4955;
UPDATE shop.customers SET name = name || repeat(' and sons', 12) WHERE id BETWEEN 4961 AND 4963;
UPDATE shop.order_lines SET qty = -qty WHERE order_id % 4000 = 17;  -- returns, booked as lines
UPDATE shop.order_lines SET sku = 'SKU-9999' WHERE order_id IN (501, 502) AND line_no = 2; -- discontinued
INSERT INTO shop.orders SELECT 90000 + i, 1, 'TEST', now(), 'go-live check' FROM generate_series(1, 25) i;
INSERT INTO shop.orders VALUES (80001, 4951, 'PAID', '2024-05-06 07:08:09+00', NULL); -- of a customer without country
INSERT INTO shop.order_lines VALUES (80001, 1, 'SKU-1', 2, 9.99);
ANALYZE;
