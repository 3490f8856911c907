package dev.drover.worker.postgres.target;

import dev.drover.worker.postgres.session.SqlFailure;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * What the server said when it refused to write rows, without its messages: those may hold values.
 * The hint does hold values; it serves to find the row and goes no further.
 *
 * @param sqlState the SQLSTATE
 * @param column the column concerned, empty if not known
 * @param constraint the constraint concerned, empty if none
 * @param routine the trigger function that raised the error, empty if none is known
 * @param hint what points to the row
 */
record Refusal(String sqlState, String column, String constraint, String routine, Hint hint) {
  /**
   * First line of a {@code COPY}'s context, in most of the server's languages: {@code COPY orders,
   * line 3, column qty: "x"}.
   */
  private static final Pattern COPY_CONTEXT =
      Pattern.compile(
          "^COPY .+?, \\S+ (\\d{1,9})(?:, \\S+ (.+?)(?:: .*)?|:.*)?$", Pattern.MULTILINE);

  private static final Pattern ROUTINE = Pattern.compile("^PL/\\w+ \\S+ ([^\\s(]+)\\(");

  /**
   * @param line line of the {@code COPY} that was refused, from 1; 0 if not known
   * @param keyColumns columns of the key concerned, empty if not known
   * @param keyValues values of the key concerned
   */
  private record Hint(int line, String keyColumns, String keyValues) {
    @Override
    public String toString() {
      return "line " + line;
    }
  }

  /** The table, a column or a grant is gone. */
  static final Set<String> ALTERED = Set.of("42703", "42P01", "42501");

  /**
   * Classes of codes with which the server or the connection is at fault. Beyond those that every
   * stage knows: transaction state (25, read-only), objects in use and lock timeouts (55), the
   * operating system (58), damage (XX).
   */
  static final Set<String> SYSTEM_CLASSES =
      Set.of("08", "28", "40", "53", "57", "25", "55", "58", "XX");

  /** A {@code COPY} whose form, which is ours, the server doesn't understand. */
  static final Set<String> SYSTEM_STATES = Set.of("22P04");

  /** Of Drover's own: the server would take the value and change it. */
  static final String CHANGING = "22DRV";

  /** The refusal of a value that a column would round or cut. */
  static Refusal changing(String column) {
    return new Refusal(CHANGING, column, "", "", new Hint(0, "", ""));
  }

  /**
   * A refusal that was caught within the server.
   *
   * @param context where the server was, innermost first
   */
  static Refusal reported(String sqlState, String column, String constraint, String context) {
    return new Refusal(sqlState, column, constraint, routine(context), new Hint(0, "", ""));
  }

  static Refusal of(SQLException e) {
    String state = Objects.requireNonNullElse(e.getSQLState(), "");
    ServerErrorMessage server =
        e instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
    if (server == null) {
      return new Refusal(state, "", "", "", new Hint(0, "", ""));
    }
    String where = text(server.getWhere());
    String column = text(server.getColumn());
    int line = 0;
    Matcher copy = COPY_CONTEXT.matcher(where);
    if (copy.find()) {
      line = Integer.parseInt(copy.group(1));
      column = column.isEmpty() ? text(copy.group(2)) : column;
    }
    return new Refusal(
        state,
        column,
        text(server.getConstraint()),
        routine(where),
        key(line, text(server.getDetail())));
  }

  private static String routine(String context) {
    Matcher routine = ROUTINE.matcher(context);
    return routine.find() ? routine.group(1) : "";
  }

  /** Reads {@code Key (a, b)=(1, x) is not present in table "t".} in any language. */
  private static Hint key(int line, String detail) {
    int open = detail.indexOf('(');
    int middle = detail.indexOf(")=(", open + 1);
    int close = detail.lastIndexOf(')');
    return open >= 0 && middle > open && close >= middle + 3
        ? new Hint(line, detail.substring(open + 1, middle), detail.substring(middle + 3, close))
        : new Hint(line, "", "");
  }

  /** Whether the server or the connection is at fault, whatever the rows are. */
  boolean isSystem(SQLException e) {
    if (SqlFailure.classify(e) == SqlFailure.System) {
      return true;
    }
    // What a trigger lacks may hang on the record.
    return SYSTEM_CLASSES.contains(family())
        || SYSTEM_STATES.contains(sqlState)
        || (routine.isEmpty() && ALTERED.contains(sqlState));
  }

  /** Whether the code tells that the record is at fault; if not, isolation settles it. */
  boolean isRecord() {
    return family().equals("22") || family().equals("23") || sqlState.equals("P0001");
  }

  /** Whether a value is at fault by itself, in whatever table. */
  boolean isValue() {
    return family().equals("22");
  }

  /** Whether two rows of one key came in one statement that replaces rows. */
  boolean isKeyTwice() {
    return sqlState.equals(StagedWriter.KEY_TWICE);
  }

  /** Whether a unique key exists already. */
  boolean isDuplicate() {
    return sqlState.equals("23505");
  }

  /** Whether a row that is pointed to is missing. */
  boolean isMissingParent() {
    return sqlState.equals("23503");
  }

  /** The row within {@code [from, to)} that seems to be at fault, or −1. */
  int blamed(EncodedRows rows, int from, int to) {
    if (hint.line > 0) {
      return hint.line <= to - from ? from + hint.line - 1 : -1;
    }
    if (hint.keyColumns.isEmpty()) {
      return -1;
    }
    return KeyMatch.of(rows, hint.keyColumns, hint.keyValues).first(from, to);
  }

  /** All rows that hold the key that was refused; empty if that is not known. */
  List<Integer> sharingKey(EncodedRows rows) {
    return hint.keyColumns.isEmpty()
        ? List.of()
        : KeyMatch.of(rows, hint.keyColumns, hint.keyValues).all();
  }

  private String family() {
    return sqlState.length() == 5 ? sqlState.substring(0, 2) : "";
  }

  private static String text(@Nullable String text) {
    return text == null ? "" : text;
  }
}
