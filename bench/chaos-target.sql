-- After chaos.sql, at the target. chaos.plain has no key: a row that is loaded twice is there twice.
CREATE TABLE chaos.plain (LIKE chaos.keyed, CHECK (note <> ''));
ALTER TABLE chaos.keyed ADD PRIMARY KEY (id), ADD CHECK (note <> '');
CREATE SCHEMA chaos_archive;
CREATE TABLE chaos_archive.keyed (LIKE chaos.keyed INCLUDING INDEXES);
CREATE TABLE chaos_archive.plain (LIKE chaos.keyed INCLUDING INDEXES);

-- How long a hundred rows take at least: the run must last as long as its faults.
CREATE TABLE chaos.pace (seconds double precision NOT NULL);
INSERT INTO chaos.pace VALUES (0);
CREATE FUNCTION chaos.dawdle() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_sleep(seconds) FROM chaos.pace WHERE seconds > 0; RETURN NEW; END';
CREATE TRIGGER dawdle BEFORE INSERT ON chaos.keyed FOR EACH ROW WHEN (NEW.id % 400 = 0) EXECUTE FUNCTION chaos.dawdle();
CREATE TRIGGER dawdle BEFORE INSERT ON chaos.plain FOR EACH ROW WHEN (NEW.id % 400 = 0) EXECUTE FUNCTION chaos.dawdle();
