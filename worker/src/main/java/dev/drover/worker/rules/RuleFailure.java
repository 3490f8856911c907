package dev.drover.worker.rules;

/**
 * What an expression asks for cannot be done with this record's values. The message is for a person
 * and holds no value. Carries no stack trace: it is a result, thrown through the evaluator.
 */
final class RuleFailure extends RuntimeException {
  private final String field;

  RuleFailure(String message) {
    this("", message);
  }

  /**
   * @param field the first field concerned; empty if none is known
   */
  RuleFailure(String field, String message) {
    super(message, null, false, false);
    this.field = field;
  }

  String field() {
    return field;
  }

  String text() {
    return String.valueOf(getMessage());
  }
}
