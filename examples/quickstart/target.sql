-- The new shop: the same things, said properly.
DROP SCHEMA IF EXISTS shop CASCADE;
CREATE SCHEMA shop;

CREATE TABLE shop.customers (
  id integer PRIMARY KEY,
  name varchar(60) NOT NULL,
  email text NOT NULL UNIQUE,
  country char(2) NOT NULL,
  since date
);
CREATE TABLE shop.products (
  sku text PRIMARY KEY,
  title text NOT NULL,
  price numeric(10, 2) NOT NULL,
  tags text[]
);
CREATE TABLE shop.orders (
  id bigint PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES shop.customers,
  status text NOT NULL CHECK (status IN ('new', 'paid', 'shipped', 'closed')),
  ordered_at timestamptz NOT NULL,
  remark text
);
CREATE TABLE shop.order_lines (
  order_id bigint NOT NULL REFERENCES shop.orders,
  line_no smallint NOT NULL,
  sku text NOT NULL REFERENCES shop.products,
  qty integer NOT NULL CHECK (qty > 0),
  unit_price numeric(12, 2) NOT NULL,
  PRIMARY KEY (order_id, line_no)
);
