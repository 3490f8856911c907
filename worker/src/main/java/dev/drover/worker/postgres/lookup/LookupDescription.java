package dev.drover.worker.postgres.lookup;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.lookup.LookupQuery;
import dev.drover.worker.lookup.LookupRefusedException;
import dev.drover.worker.lookup.QueryText;
import dev.drover.worker.postgres.session.SqlFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.postgresql.core.BaseConnection;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * What a query would add to records, found by asking the database for no key at all. So the
 * database itself checks its grammar, its names, its types and that the login may read.
 */
public final class LookupDescription {
  private LookupDescription() {}

  /**
   * The columns that a query answers, any of which may be null.
   *
   * @param session commits each statement, and does so afterwards
   * @throws LookupRefusedException if the database refuses the query, or its columns cannot be
   *     added
   * @throws SQLException if the database is away
   */
  public static List<Column> columns(Connection session, QueryText query, RecordSchema input)
      throws LookupRefusedException, SQLException {
    LookupQuery lookup = new LookupQuery(query, LookupQuery.keys(query, input), List.of());
    session.setReadOnly(true);
    session.setAutoCommit(false);
    try (PreparedStatement statement = session.prepareStatement(LookupSql.toDescribe(lookup))) {
      PostgresLookup.bind(session, statement, lookup.keys(), List.of());
      try (ResultSet none = statement.executeQuery()) {
        List<Column> columns = new ArrayList<>();
        ResultSetMetaData described = none.getMetaData();
        for (int i = 2; i <= described.getColumnCount(); i++) {
          columns.add(column(session, described, i));
        }
        requireNewNames(columns, input);
        return columns;
      }
    } catch (SQLException e) {
      if (SqlFailure.classify(e) == SqlFailure.System) {
        throw e;
      }
      throw LookupRefusedException.ofQuery(told(e));
    } finally {
      if (!session.isClosed()) {
        session.rollback();
        session.setAutoCommit(true);
        session.setReadOnly(false);
      }
    }
  }

  private static void requireNewNames(List<Column> columns, RecordSchema input)
      throws LookupRefusedException {
    if (columns.isEmpty()) {
      throw LookupRefusedException.ofQuery("the query has no columns: select what is to be added");
    }
    Set<String> seen = new HashSet<>();
    for (Column column : columns) {
      if (column.name().equals("?column?")) {
        throw LookupRefusedException.ofQuery(
            "a column has no name: give it one by AS, such as 1 AS one");
      }
      if (!seen.add(column.name())) {
        throw LookupRefusedException.ofQuery(
            "two columns are called %s: give one of them another name by AS"
                .formatted(column.name()));
      }
      if (input.indexOf(column.name()).isPresent()) {
        throw LookupRefusedException.ofQuery(
            "records of %s have a field %s already: give the query's column another name by AS, or leave it out"
                .formatted(input.table(), column.name()));
      }
    }
  }

  private static Column column(Connection session, ResultSetMetaData described, int index)
      throws SQLException {
    String driverName = described.getColumnTypeName(index);
    String typeName =
        switch (driverName) {
          case "smallserial" -> "int2";
          case "serial" -> "int4";
          case "bigserial" -> "int8";
          default -> driverName;
        };
    int oid = session.unwrap(BaseConnection.class).getTypeInfo().getPGType(typeName);
    return new Column(
        described.getColumnLabel(index),
        type(typeName, described.getColumnType(index)),
        true,
        nativeType(session, oid, modifier(described, index, typeName)));
  }

  /** As a table's columns travel; what has no exact form of its own does as the server's text. */
  private static ColumnType type(String typeName, int sqlType) {
    return switch (typeName) {
      case "bool" -> ColumnType.BOOLEAN;
      case "int2" -> ColumnType.SMALLINT;
      case "int4" -> ColumnType.INTEGER;
      case "int8" -> ColumnType.BIGINT;
      case "float4" -> ColumnType.REAL;
      case "float8" -> ColumnType.DOUBLE;
      case "numeric" -> ColumnType.DECIMAL;
      case "text", "bpchar", "varchar", "name", "citext" -> ColumnType.TEXT;
      case "bytea" -> ColumnType.BYTES;
      case "date" -> ColumnType.DATE;
      case "time" -> ColumnType.TIME;
      case "timestamp" -> ColumnType.TIMESTAMP;
      case "timestamptz" -> ColumnType.TIMESTAMPTZ;
      case "uuid" -> ColumnType.UUID;
      case "json", "jsonb" -> ColumnType.JSON;
      default ->
          switch (sqlType) {
            case Types.ARRAY -> ColumnType.ARRAY;
            case Types.VARCHAR -> ColumnType.ENUM;
            default -> ColumnType.OTHER;
          };
    };
  }

  /** The modifier in the server's form, of types where it limits what a value may be. */
  private static int modifier(ResultSetMetaData described, int index, String typeName)
      throws SQLException {
    int precision = described.getPrecision(index);
    return switch (typeName) {
      case "numeric" ->
          precision == 0 ? -1 : ((precision << 16) | (described.getScale(index) & 0x7ff)) + 4;
      case "varchar", "bpchar" ->
          precision == 0 || precision == Integer.MAX_VALUE ? -1 : precision + 4;
      default -> -1;
    };
  }

  private static String nativeType(Connection session, int oid, int modifier) throws SQLException {
    try (PreparedStatement format =
        session.prepareStatement("SELECT pg_catalog.format_type(?::oid, ?)")) {
      format.setInt(1, oid);
      format.setInt(2, modifier);
      try (ResultSet row = format.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }

  /** The server's words: there are no records yet, so that none of their values is in them. */
  private static String told(SQLException e) {
    ServerErrorMessage server =
        e instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
    String message =
        server == null ? String.valueOf(e.getMessage()) : String.valueOf(server.getMessage());
    String hint = server == null ? "" : Objects.requireNonNullElse(server.getHint(), "");
    return "the database refuses the query: %s%s. %s"
        .formatted(message, hint.isEmpty() ? "" : ". " + hint, advice(e.getSQLState()))
        .strip();
  }

  private static String advice(String state) {
    return switch (String.valueOf(state)) {
      case "42501" -> "Grant the connection's login SELECT on what it reads";
      case "42883" ->
          "A field has its own type, or is text where the type is the source's own: cast it, such as :field::integer";
      case "25006" -> "The query may only read";
      default -> "Correct it";
    };
  }
}
