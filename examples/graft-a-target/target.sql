DROP SCHEMA IF EXISTS letters CASCADE;
CREATE SCHEMA letters;
CREATE TABLE letters.letter (id integer PRIMARY KEY, reader text, city text NOT NULL);
DROP SCHEMA IF EXISTS archive CASCADE;
CREATE SCHEMA archive;
CREATE TABLE archive.letter (id integer PRIMARY KEY, reader text, city text NOT NULL);
DROP SCHEMA IF EXISTS history CASCADE;
CREATE SCHEMA history;
CREATE TABLE history.letter (id integer PRIMARY KEY, reader text, city text NOT NULL);
