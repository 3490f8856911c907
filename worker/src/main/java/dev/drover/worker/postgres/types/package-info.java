/** The types of columns as PostgreSQL's catalogue has them, and names as it reads them. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.postgres.types;
