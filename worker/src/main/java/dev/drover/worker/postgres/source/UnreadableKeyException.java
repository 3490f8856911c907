package dev.drover.worker.postgres.source;

import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row whose key itself cannot be carried, so that there is nothing by which to tell of it or to
 * read on behind it.
 */
final class UnreadableKeyException extends SQLException {
  private static final long serialVersionUID = 1L;

  /**
   * @param after the key before it; null if it is the first
   */
  UnreadableKeyException(String table, @Nullable List<String> after, SQLException cause) {
    super(
        "the key of the row of %s %s cannot be carried (SQLSTATE %s): correct it at the source, and reading goes on"
            .formatted(
                table,
                after == null ? "that comes first" : "behind " + KeyText.of(after),
                cause.getSQLState()),
        cause.getSQLState());
  }
}
