/** Lookups by a query to PostgreSQL. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.postgres.lookup;
