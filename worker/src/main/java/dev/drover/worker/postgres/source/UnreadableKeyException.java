package dev.drover.worker.postgres.source;

import java.sql.SQLException;
import java.util.List;

/**
 * A row whose key itself cannot be carried, so that there is nothing by which to tell of it or to
 * read on behind it.
 */
final class UnreadableKeyException extends SQLException {
  private static final long serialVersionUID = 1L;

  /** The message tells no key, also not the one before it: a log must hold no record's values. */
  UnreadableKeyException(String table, List<String> key, SQLException cause) {
    super(
        "a row of %s has a key that cannot be carried (SQLSTATE %s): look for a value of (%s) that is out of bounds, correct it at the source, and reading goes on"
            .formatted(table, cause.getSQLState(), String.join(", ", key)),
        cause.getSQLState());
  }
}
