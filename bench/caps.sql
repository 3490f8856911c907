-- What both databases of bench/caps need: a login that nobody else uses, its table, and how slow it is to be.
DROP SCHEMA IF EXISTS caps CASCADE;
SELECT 'CREATE ROLE caps LOGIN PASSWORD ''caps-dev''' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'caps') \gexec
CREATE SCHEMA caps AUTHORIZATION caps;
SET ROLE caps;
CREATE TABLE caps.item (id bigint PRIMARY KEY, a integer NOT NULL, b text NOT NULL);
CREATE TABLE caps.pace (seconds double precision NOT NULL);
