package dev.drover.worker.rules;

import dev.cel.common.CelIssue;
import dev.cel.common.CelSource;
import dev.cel.common.CelSourceLocation;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Puts CEL's compile errors into words that say what to write instead. */
final class IssueText {
  private static final int MAX_NAMED = 50;

  private static final Pattern NO_OVERLOAD =
      Pattern.compile(
          "found no matching overload for '(.*?)' applied to '(.*?)'( \\(candidates: .*)?",
          Pattern.DOTALL);
  private static final Pattern UNDEFINED_FIELD = Pattern.compile("undefined field '(.*)'");
  private static final Pattern UNDECLARED =
      Pattern.compile("undeclared reference to '(.*?)'.*", Pattern.DOTALL);
  private static final Set<String> CLOCK_OR_CHANCE =
      Set.of("now", "today", "current_date", "current_timestamp", "random", "rand", "uuid");

  private final RecordLayout layout;
  private final boolean everyTable;

  /**
   * @param layout the fields that the expression sees
   * @param everyTable whether its step is for every table
   */
  IssueText(RecordLayout layout, boolean everyTable) {
    this.layout = layout;
    this.everyTable = everyTable;
  }

  String of(CelIssue issue) {
    return at(issue.getSourceLocation()) + text(issue.getMessage());
  }

  /** The words for the place of a part of an expression, with a colon. */
  static String at(CelSource source, long id) {
    Integer offset = source.getPositionsMap().get(id);
    return offset == null ? "" : source.getOffsetLocation(offset).map(IssueText::at).orElse("");
  }

  private static String at(CelSourceLocation location) {
    return "at %scharacter %d: "
        .formatted(
            location.getLine() > 1 ? "line " + location.getLine() + ", " : "",
            location.getColumn() + 1);
  }

  private String text(String message) {
    Matcher field = UNDEFINED_FIELD.matcher(message);
    if (field.matches()) {
      return message + "; " + missing(field.group(1));
    }
    Matcher reference = UNDECLARED.matcher(message);
    if (reference.matches()) {
      return "undeclared reference to '%s'; %s"
          .formatted(reference.group(1), undeclared(reference.group(1)));
    }
    Matcher overload = NO_OVERLOAD.matcher(message);
    if (overload.matches()) {
      String operands = readable(overload.group(2));
      return "'%s' is not defined for %s%s"
          .formatted(operator(overload.group(1)), operands, advice(overload.group(1), operands));
    }
    return readable(message);
  }

  /** That a field isn't there, what is, and what to do about it. */
  String missing(String field) {
    String has =
        "table %s has no field %s at this step; it has %s"
            .formatted(layout.table(), field, fields());
    return everyTable
        ? has
            + "; if the step is not meant for this table, give it tables: [...] with those it is"
            + " meant for"
        : has;
  }

  private String fields() {
    int more = layout.names().size() - MAX_NAMED;
    String named = layout.names().stream().limit(MAX_NAMED).collect(Collectors.joining(", "));
    return named.isEmpty() ? "none" : more > 0 ? named + " and " + more + " more" : named;
  }

  private String undeclared(String name) {
    if (layout.find(name) != null) {
      return "write record." + name;
    }
    return CLOCK_OR_CHANCE.contains(name)
        ? "a rule must give the same result every time, so there is no clock and no chance in it"
        : "there are the variables record and table, CEL's standard functions, those of its"
            + " strings and math extensions (such as lowerAscii, trim, split, replace, substring), and"
            + " decimal(...)";
  }

  private static String advice(String function, String operands) {
    if (function.equals("_?_:_")) {
      return "; both results must be of one type, or null: convert one, such as by decimal(...),"
          + " double(...) or string(...)";
    }
    if (function.equals("_[_]") && operands.startsWith("(record of")) {
      return "; write record.field, or record.`field-name` for a name with other characters";
    }
    if (operands.contains("decimal") && operands.contains("double")) {
      return "; a decimal never meets a double: write decimal(\"9.99\") rather than 9.99, or convert"
          + " by double(...)";
    }
    if (operands.contains("timestamp") && operands.contains("string")) {
      return "; write timestamp('2024-01-31T00:00:00Z') rather than a text";
    }
    if (operands.contains("double") && operands.contains("int")) {
      return "; convert one, such as by double(...) or int(...)";
    }
    if (operands.contains("string")) {
      return "; convert one, such as by string(...), int(...) or decimal(...)";
    }
    return "";
  }

  private static String operator(String function) {
    return switch (function) {
      case "_?_:_" -> "?:";
      case "math.@max" -> "math.greatest";
      case "math.@min" -> "math.least";
      default ->
          function.startsWith("@") || !function.chars().anyMatch(Character::isLetter)
              ? function.replaceAll("[_@]", "")
              : function;
    };
  }

  /** Type names as users write them. */
  static String readable(String text) {
    return text.replace("%%", "%")
        .replace("google.protobuf.Timestamp", "timestamp")
        .replace("google.protobuf.Duration", "duration")
        .replaceAll("wrapper\\(([a-z]+)\\)", "$1");
  }
}
