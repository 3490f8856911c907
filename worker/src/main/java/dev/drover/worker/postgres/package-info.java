/** PostgreSQL, the one kind of database so far: the only place that knows it. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.postgres;
