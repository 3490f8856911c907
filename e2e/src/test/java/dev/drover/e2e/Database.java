package dev.drover.e2e;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * A database as this machine reaches it; every call opens a session of its own.
 *
 * @param url its JDBC URL
 */
public record Database(String url, String user, String password) {
  public Connection connect() throws SQLException {
    return DriverManager.getConnection(url, user, password);
  }

  public void execute(String... statements) throws SQLException {
    try (Connection c = connect();
        Statement s = c.createStatement()) {
      for (String sql : statements) {
        s.execute(sql);
      }
    }
  }

  /** The first column of a query's rows. */
  public List<String> query(String sql) throws SQLException {
    try (Connection c = connect();
        Statement s = c.createStatement();
        ResultSet r = s.executeQuery(sql)) {
      List<String> found = new ArrayList<>();
      while (r.next()) {
        found.add(r.getString(1));
      }
      return found;
    }
  }

  /** A hash over all rows of a table, or of a query in parentheses, whatever their order. */
  public String checksum(String table) throws SQLException {
    return query(
            "SELECT count(*) || ' rows ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "
                + table
                + " t")
        .getFirst();
  }
}
