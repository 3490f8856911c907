package dev.drover.worker.database;

import dev.drover.worker.lookup.Lookup;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * A database, as one connection of a Migration names it: all that Drover asks of a kind of
 * database. Thread-safe; what it gives is for one thread each, opens its session when it needs one,
 * and asks first whether it may.
 */
public interface Database {
  /** Plans what is to be read, looked up or loaded here. The session is held until it is closed. */
  PlanningSession plan() throws SystemFailure;

  /**
   * To read splits from.
   *
   * @param view as of when it is read
   * @param maxRecordBytes the most bytes of a row; a larger one is told and not had
   */
  SplitSource splits(SourceView view, int maxRecordBytes);

  /** To read single rows again. */
  KeyedSource rows();

  /**
   * Takes a snapshot that others can read through until it is closed.
   *
   * @param tables what will be read, {@code schema.table}
   */
  HeldSnapshot takeSnapshot(List<String> tables) throws SystemFailure;

  /**
   * Makes a transaction, which has just begun, see what a snapshot sees that another session holds.
   *
   * @throws ViewUnavailableException if there is no such snapshot any more
   */
  void enter(Connection transaction, String snapshot, String extent) throws SQLException;

  /** To load into. */
  LoadTarget target(LoadOrder order);

  /**
   * To look up in.
   *
   * @param timeoutSeconds after which a query is given up
   */
  Lookup lookup(int timeoutSeconds);
}
