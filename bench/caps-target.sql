-- After caps.sql, at the target. A hundred rows take 0.3 s, so that transactions last for some seconds.
ALTER TABLE caps.item ADD mark bigint NOT NULL;
INSERT INTO caps.pace VALUES (0.3);
CREATE FUNCTION caps.dawdle() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_sleep(seconds) FROM caps.pace WHERE seconds > 0; RETURN NEW; END';
CREATE TRIGGER dawdle BEFORE INSERT ON caps.item FOR EACH ROW WHEN (NEW.id % 100 = 0) EXECUTE FUNCTION caps.dawdle();
