package dev.drover.worker.postgres.target;

import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import java.util.List;

/**
 * What a refusal means for the record that was refused: pure. Codes and messages name columns,
 * constraints and tables; the server's own messages hold values and are never passed on.
 */
final class Judgement {
  private static final String STEP = "load";

  private final TargetTable table;
  private final String sourceTable;
  private final List<String> columns;

  /**
   * @param table the table that refused
   * @param sourceTable the table that the record is of
   * @param columns the columns that the record brings
   */
  Judgement(TargetTable table, String sourceTable, List<String> columns) {
    this.table = table;
    this.sourceTable = sourceTable;
    this.columns = columns;
  }

  /**
   * The verdict on a record that was refused by itself.
   *
   * @param finalAttempt whether what it points to will not arrive any more
   */
  Verdict of(Refusal refusal, boolean finalAttempt) {
    if (refusal.isMissingParent()) {
      Cause cause = new Cause(STEP, "ParentMissing", sourceTable, refusal.constraint());
      String message = "the row that %s points to is not there".formatted(by(refusal));
      return finalAttempt
          ? new Verdict.Failed(FailureClass.Dependency, cause, message)
          : new Verdict.Waiting(cause, message);
    }
    Cause cause = new Cause(STEP, code(refusal), sourceTable, subject(refusal));
    return new Verdict.Failed(FailureClass.Record, cause, message(refusal));
  }

  private String code(Refusal refusal) {
    return switch (refusal.sqlState()) {
      case "23505" -> "DuplicateKey";
      case "23502" -> "NullNotAllowed";
      case "23514" -> hasNoPartition(refusal) ? "NoPartition" : "CheckViolated";
      case "23P01" -> "ExclusionViolated";
      case "22001" -> "ValueTooLong";
      case "22003" -> "NumberOutOfRange";
      case "22P02", "22P03" -> "InvalidText";
      case "22021", "22P05" -> "InvalidCharacter";
      case "22007", "22008" -> "InvalidDateTime";
      case "P0001" -> "Raised";
      case Refusal.CHANGING -> "WouldChange";
      default -> "Sql" + refusal.sqlState();
    };
  }

  private String message(Refusal refusal) {
    if (hasNoPartition(refusal)) {
      return "table %s has no partition for the record".formatted(name());
    }
    return switch (refusal.sqlState()) {
      case "23505" -> "a row with the same key is there already, by " + by(refusal);
      case "23514" -> "the record does not meet " + by(refusal);
      case "23P01" -> "the record and another row exclude each other, by " + by(refusal);
      case "23502" -> "%s must not be null".formatted(where(refusal));
      case "22001" -> "the value is too long for %s".formatted(where(refusal));
      case "22003" -> "the number is out of range for %s".formatted(where(refusal));
      case "22P02", "22P03" -> "the text is no value of %s".formatted(where(refusal));
      case "22021", "22P05" ->
          "%s takes no text with a character that the database cannot store, such as NUL"
              .formatted(where(refusal));
      case "22007", "22008" ->
          "the text is no date or time that %s takes".formatted(where(refusal));
      case "P0001" -> by(refusal) + " refused the record";
      case Refusal.CHANGING ->
          "%s would round or cut the value: give it a type that holds it, or compute one in a transform (set)"
              .formatted(where(refusal));
      default ->
          "%s refused the record with SQLSTATE %s".formatted(where(refusal), refusal.sqlState());
    };
  }

  /**
   * The server names no constraint for a row that fits no partition; a trigger may name none too.
   */
  private static boolean hasNoPartition(Refusal refusal) {
    return refusal.sqlState().equals("23514")
        && refusal.constraint().isEmpty()
        && refusal.routine().isEmpty();
  }

  /** The constraint, or the trigger that speaks in its place. */
  private String by(Refusal refusal) {
    if (!refusal.constraint().isEmpty()) {
      return "constraint %s of table %s".formatted(refusal.constraint(), name());
    }
    return refusal.routine().isEmpty()
        ? "a trigger of table " + name()
        : "trigger function %s of table %s".formatted(refusal.routine(), name());
  }

  private String subject(Refusal refusal) {
    if (!refusal.constraint().isEmpty()) {
      return refusal.constraint();
    }
    String column = column(refusal);
    return column.isEmpty() ? refusal.routine() : column;
  }

  /** The column with its type, or the table if the column is not known. */
  private String where(Refusal refusal) {
    String column = column(refusal);
    if (column.isEmpty()) {
      return "table " + name();
    }
    String type = table.column(column).map(c -> " (" + c.nativeType() + ")").orElse("");
    return "column %s.%s%s".formatted(name(), column, type);
  }

  /** Only a name that the table has: what the server's context looks like is not promised. */
  private String column(Refusal refusal) {
    String column = refusal.column();
    return columns.contains(column) || table.column(column).isPresent() ? column : "";
  }

  private String name() {
    return table.displayName();
  }
}
