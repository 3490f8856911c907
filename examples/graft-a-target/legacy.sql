-- Letters to a newspaper, by readers who sign or do not.
DROP SCHEMA IF EXISTS letters CASCADE;
CREATE SCHEMA letters;
CREATE TABLE letters.letter (id integer PRIMARY KEY, reader text, city text NOT NULL);
INSERT INTO letters.letter
SELECT i, CASE WHEN i % 4 = 0 THEN NULL ELSE 'Reader ' || i END, (ARRAY['Ghent', 'Porto', 'Turku'])[1 + i % 3]
FROM generate_series(1, 90000) i;
ANALYZE letters.letter;
