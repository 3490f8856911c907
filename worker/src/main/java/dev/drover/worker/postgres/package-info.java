/**
 * What reading and writing PostgreSQL have in common: connections, failure classes, and values as
 * the server prints and reads them.
 */
@org.jspecify.annotations.NullMarked
package dev.drover.worker.postgres;
