package dev.drover.worker.lookup;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A query as its user wrote it, with {@code :field} or {@code :"Field"} for fields of a record. Not
 * a parameter is what stands in strings, quoted names, comments and dollar quotes, and a cast
 * ({@code ::type}). Immutable.
 */
public final class QueryText {
  private final List<Piece> pieces;

  private QueryText(List<Piece> pieces) {
    this.pieces = List.copyOf(pieces);
  }

  private sealed interface Piece {
    /** SQL, with question marks doubled where the driver would take them for its own. */
    record Sql(String text) implements Piece {}

    record Parameter(String field) implements Piece {}
  }

  /**
   * Reads a query.
   *
   * @throws LookupRefusedException if it is not one SELECT, or something in it does not end
   */
  public static QueryText parse(String query) throws LookupRefusedException {
    return new QueryText(new Scanner(query).scan());
  }

  /** The fields that it asks by, each once, in order of their first mention. */
  public List<String> fields() {
    LinkedHashSet<String> fields = new LinkedHashSet<>();
    for (Piece piece : pieces) {
      if (piece instanceof Piece.Parameter p) {
        fields.add(p.field());
      }
    }
    return List.copyOf(fields);
  }

  /** The query with an expression in the place of each field. */
  public String with(UnaryOperator<String> expression) {
    StringBuilder sql = new StringBuilder();
    for (Piece piece : pieces) {
      switch (piece) {
        case Piece.Sql s -> sql.append(s.text());
        case Piece.Parameter p -> sql.append(expression.apply(p.field()));
      }
    }
    return sql.toString();
  }

  /** Goes through the text once. */
  private static final class Scanner {
    private static final String ONE_SELECT =
        "write one query that begins with SELECT or WITH, and nothing after it";

    private final String text;
    private final List<Piece> pieces = new ArrayList<>();
    private final StringBuilder sql = new StringBuilder();
    private int at;
    private int depth;

    Scanner(String text) {
      this.text = text;
    }

    List<Piece> scan() throws LookupRefusedException {
      boolean begun = false;
      while (at < text.length()) {
        if (!begun && !Character.isWhitespace(text.charAt(at)) && !atComment()) {
          requireSelect();
          begun = true;
        }
        if (text.charAt(at) == ';') {
          requireNothingAfter(at + 1);
          break;
        }
        step();
      }
      if (!begun) {
        throw new LookupRefusedException("there is no query: " + ONE_SELECT);
      }
      if (depth != 0) {
        throw new LookupRefusedException("a parenthesis is not closed");
      }
      flush();
      return pieces;
    }

    private void step() throws LookupRefusedException {
      char c = text.charAt(at);
      if (c == '\'') {
        take(string(at, false));
      } else if (c == '"') {
        take(quoted(at, "a quoted name"));
      } else if (atComment()) {
        take(comment());
      } else if (c == '$') {
        dollar();
      } else if (startsWord(c)) {
        word();
      } else if (Character.isDigit(c)) {
        take(number());
      } else if (c == ':') {
        colon();
      } else {
        symbol(c);
      }
    }

    private void symbol(char c) throws LookupRefusedException {
      if (c == '(') {
        depth++;
      } else if (c == ')' && --depth < 0) {
        throw new LookupRefusedException("a parenthesis is closed that was not opened");
      }
      sql.append(c);
      if (c == '?') {
        sql.append(c);
      }
      at++;
    }

    private void colon() throws LookupRefusedException {
      if (text.startsWith("::", at) || text.startsWith(":=", at)) {
        take(at + 2);
        return;
      }
      int from = at + 1;
      if (from < text.length() && text.charAt(from) == '"') {
        int end = quoted(from, "a field's quoted name");
        parameter(text.substring(from + 1, end - 1).replace("\"\"", "\""), end);
      } else if (from < text.length() && startsWord(text.charAt(from))) {
        int end = from;
        while (end < text.length() && inWord(text.charAt(end)) && text.charAt(end) != '$') {
          end++;
        }
        parameter(text.substring(from, end), end);
      } else {
        take(from);
      }
    }

    private void parameter(String field, int end) {
      flush();
      pieces.add(new Piece.Parameter(field));
      at = end;
    }

    /** A word; with e or E before a quote it is a string in which a backslash escapes. */
    private void word() throws LookupRefusedException {
      int end = at;
      while (end < text.length() && inWord(text.charAt(end))) {
        end++;
      }
      boolean escapes = end - at == 1 && (text.charAt(at) == 'e' || text.charAt(at) == 'E');
      boolean quote = end < text.length() && text.charAt(end) == '\'';
      take(escapes && quote ? string(end, true) : end);
    }

    /** A number ends where something else begins, also a letter. */
    private int number() {
      int end = at;
      while (end < text.length() && inWord(text.charAt(end))) {
        end++;
      }
      return end;
    }

    private void dollar() throws LookupRefusedException {
      int end = at + 1;
      while (end < text.length() && inWord(text.charAt(end)) && text.charAt(end) != '$') {
        end++;
      }
      if (end > at + 1 && Character.isDigit(text.charAt(at + 1))) {
        throw new LookupRefusedException(
            text.substring(at, end) + " is no field of a record: write :field, such as :id");
      }
      if (end >= text.length() || text.charAt(end) != '$') {
        take(end);
        return;
      }
      String tag = text.substring(at, end + 1);
      int close = text.indexOf(tag, end + 1);
      if (close < 0) {
        throw new LookupRefusedException("text that begins with " + tag + " does not end with it");
      }
      take(close + tag.length());
    }

    private int string(int from, boolean escapes) throws LookupRefusedException {
      int i = from + 1;
      while (i < text.length()) {
        char c = text.charAt(i);
        if (c == '\\' && escapes) {
          i += 2;
        } else if (c != '\'') {
          i++;
        } else if (i + 1 < text.length() && text.charAt(i + 1) == '\'') {
          i += 2;
        } else {
          return i + 1;
        }
      }
      throw new LookupRefusedException("a string is not closed: a ' is missing");
    }

    private int quoted(int from, String what) throws LookupRefusedException {
      int i = from + 1;
      while (i < text.length()) {
        if (text.charAt(i) != '"') {
          i++;
        } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
          i += 2;
        } else if (i == from + 1) {
          throw new LookupRefusedException(what + " is empty");
        } else {
          return i + 1;
        }
      }
      throw new LookupRefusedException(what + " is not closed: a \" is missing");
    }

    private boolean atComment() {
      return text.startsWith("--", at) || text.startsWith("/*", at);
    }

    private int comment() throws LookupRefusedException {
      if (text.startsWith("--", at)) {
        int end = at;
        while (end < text.length() && text.charAt(end) != '\n' && text.charAt(end) != '\r') {
          end++;
        }
        return end;
      }
      int open = 0;
      int i = at;
      while (i < text.length()) {
        if (text.startsWith("/*", i)) {
          open++;
          i += 2;
        } else if (text.startsWith("*/", i)) {
          open--;
          i += 2;
          if (open == 0) {
            return i;
          }
        } else {
          i++;
        }
      }
      throw new LookupRefusedException("a comment is not closed: */ is missing");
    }

    private void requireSelect() throws LookupRefusedException {
      int from = at;
      while (from < text.length()
          && (text.charAt(from) == '(' || Character.isWhitespace(text.charAt(from)))) {
        from++;
      }
      int end = from;
      while (end < text.length() && inWord(text.charAt(end))) {
        end++;
      }
      String first = text.substring(from, end);
      if (!first.equalsIgnoreCase("select") && !first.equalsIgnoreCase("with")) {
        throw new LookupRefusedException(ONE_SELECT);
      }
    }

    /** One semicolon may end the query, followed by spaces and comments. */
    private void requireNothingAfter(int from) throws LookupRefusedException {
      flush();
      at = from;
      while (at < text.length()) {
        if (atComment()) {
          at = comment();
        } else if (Character.isWhitespace(text.charAt(at))) {
          at++;
        } else {
          throw new LookupRefusedException("there is more than one statement: " + ONE_SELECT);
        }
      }
    }

    private void take(int end) {
      sql.append(text, at, end);
      at = end;
    }

    private void flush() {
      if (!sql.isEmpty()) {
        pieces.add(new Piece.Sql(sql.toString()));
        sql.setLength(0);
      }
    }

    private static boolean startsWord(char c) {
      return c == '_' || c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    private static boolean inWord(char c) {
      return startsWord(c) || (c >= '0' && c <= '9') || c == '$';
    }
  }
}
