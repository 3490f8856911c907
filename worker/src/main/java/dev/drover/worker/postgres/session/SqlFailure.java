package dev.drover.worker.postgres.session;

import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;

/** What a database's refusal says about whose fault it is, by its SQLSTATE. */
public enum SqlFailure {
  /** The world is wrong: the connection, resources, a lost conflict, the credentials. */
  System,
  /** A record is wrong: a value or a constraint. */
  Record,
  /** A record points to one that is not there yet. */
  Dependency,
  /** The code alone does not say; isolation settles it. */
  Unknown;

  /** The class of a failure, by the first exception of its chain that has a code. */
  public static SqlFailure classify(SQLException failure) {
    for (SQLException e = failure; e != null; e = e.getNextException()) {
      String state = e.getSQLState();
      if (state != null && state.length() == 5) {
        return ofState(state);
      }
    }
    return isConnection(failure) ? System : Unknown;
  }

  private static SqlFailure ofState(String state) {
    if (state.equals("23503")) {
      return Dependency;
    }
    return switch (state.substring(0, 2)) {
      case "22", "23" -> Record;
      case "08", "28", "40", "53", "57" -> System;
      default -> Unknown;
    };
  }

  private static boolean isConnection(SQLException failure) {
    for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof IOException
          || t instanceof SQLRecoverableException
          || t instanceof SQLTransientConnectionException
          || t instanceof SQLNonTransientConnectionException) {
        return true;
      }
    }
    return false;
  }
}
