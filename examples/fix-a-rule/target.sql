DROP SCHEMA IF EXISTS parcels CASCADE;
CREATE SCHEMA parcels;
CREATE TABLE parcels.parcel (
  id integer PRIMARY KEY, kind text NOT NULL, grams integer NOT NULL, city text,
  loaded_at timestamptz NOT NULL DEFAULT now());
