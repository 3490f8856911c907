package dev.drover.worker.postgres.types;

import dev.drover.wire.schema.Column;

/**
 * A column as a table of the server has it.
 *
 * @param number its number in the catalogue, by which indexes and constraints refer to it
 * @param column its name and type; not nullable only if a validated constraint says so
 * @param storedType the database's name of its type, beneath a domain that of the base type, also
 *     beneath one of an array's elements; for a composite type, and an array of one, {@code ROW(…)}
 *     with the types of its fields
 * @param generated whether its value is computed from other columns and cannot be written
 * @param defaulted whether it has a value when none is given: a default, an identity, a generation
 */
public record Attribute(
    int number, Column column, String storedType, boolean generated, boolean defaulted) {}
