package dev.drover.worker.database;

import dev.drover.wire.plan.ConnectionSpec;

/** Where the databases of a chain are had, of whichever kind. Thread-safe. */
@FunctionalInterface
public interface Databases {
  /** The database of a connection. Nothing is opened yet. */
  Database of(ConnectionSpec connection);
}
