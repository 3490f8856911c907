package dev.drover.worker.slots;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;

/**
 * The slots of which a server lists a session.
 *
 * @param numbers their numbers
 * @param own whether the session that was asked over is among them by its slot's name
 * @param other whether another session is listed under that name
 * @param foreign whether there is a session of the same login that another installation counts
 */
record SessionList(Set<Integer> numbers, boolean own, boolean other, boolean foreign) {
  // Of its own login everybody sees all. Workers that help a session with a query have its name.
  private static final String SESSIONS =
      """
      SELECT application_name, pid = pg_catalog.pg_backend_pid(), usename = session_user
      FROM pg_catalog.pg_stat_activity
      WHERE application_name LIKE 'drover/%' AND backend_type = 'client backend'
      """;

  /** Asks over a session in no transaction, and leaves it in none. */
  static SessionList read(Connection session, SlotMark mark, int ownNumber) throws SQLException {
    Set<Integer> numbers = new HashSet<>();
    boolean own = false;
    boolean other = false;
    boolean foreign = false;
    try (Statement statement = session.createStatement();
        ResultSet rows = statement.executeQuery(SESSIONS)) {
      while (rows.next()) {
        String name = rows.getString(1);
        foreign |= rows.getBoolean(3) && SlotName.isForeign(name, mark);
        int number = SlotName.number(name, mark).orElse(-1);
        if (number >= 0) {
          numbers.add(number);
        }
        if (number == ownNumber) {
          own |= rows.getBoolean(2);
          other |= !rows.getBoolean(2);
        }
      }
    }
    if (!session.getAutoCommit()) {
      session.rollback();
    }
    return new SessionList(numbers, own, other, foreign);
  }
}
