-- A carrier's parcels. Letters have no weight: nobody ever put them on a scale.
DROP SCHEMA IF EXISTS parcels CASCADE;
CREATE SCHEMA parcels;
CREATE TABLE parcels.parcel (id integer PRIMARY KEY, kind text NOT NULL, grams integer NOT NULL, city text);
INSERT INTO parcels.parcel
SELECT i, CASE WHEN i % 20 = 0 THEN 'LETTER' ELSE 'PARCEL' END, CASE WHEN i % 20 = 0 THEN 0 ELSE 100 + i % 5000 END,
  (ARRAY['Ghent', 'Porto', 'Turku'])[1 + i % 3]
FROM generate_series(1, 60000) i;
UPDATE parcels.parcel SET grams = -1 WHERE id IN (7, 8, 9); -- really wrong
ANALYZE parcels.parcel;
