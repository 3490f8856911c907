/** What Drover asks of a database, whatever its kind. */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.database;
