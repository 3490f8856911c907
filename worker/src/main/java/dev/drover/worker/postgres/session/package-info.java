/** Sessions with PostgreSQL, and what its failures mean. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.postgres.session;
