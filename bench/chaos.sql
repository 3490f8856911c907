-- What both databases of bench/chaos need: a row's columns follow from its id and from how often it was changed. Its twin in
-- Java is dev.drover.e2e.chaos.Version; 1999 is prime, so that each kind of row is met in every part of a table.
DROP SCHEMA IF EXISTS chaos CASCADE;
DROP SCHEMA IF EXISTS chaos_archive CASCADE;
CREATE SCHEMA chaos;
CREATE TABLE chaos.keyed (
  id bigint NOT NULL,
  rev integer NOT NULL,
  qty integer NOT NULL,
  status text NOT NULL,
  amount numeric(12, 2) NOT NULL,
  at timestamptz NOT NULL,
  note text NOT NULL,
  rule integer NOT NULL
);
CREATE FUNCTION chaos.make(id int, rev int) RETURNS chaos.keyed LANGUAGE sql IMMUTABLE AS $$
  SELECT id::bigint, rev, CASE h WHEN 5 THEN 0 ELSE 1 + h % 50 END,
    CASE h WHEN 3 THEN 'TEST' ELSE (ARRAY['NEW', 'PAID', 'SENT'])[1 + h % 3] END,
    ((id % 100000 + rev) / 100.0)::numeric(12, 2),
    timestamptz '2020-01-01 00:00:00Z' + id * interval '1 second' + rev * interval '1 hour',
    CASE h WHEN 7 THEN '' ELSE md5(id || '/' || rev) || repeat('x', id % 40) END, 0
  FROM (SELECT ((id * 7919::bigint + rev * 104729::bigint) % 1999)::int AS h) v
$$;
