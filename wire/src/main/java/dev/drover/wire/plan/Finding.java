package dev.drover.wire.plan;

/**
 * Something that planning found and the user should know.
 *
 * @param severity whether the migration can start in spite of it
 * @param reason CamelCase word, such as {@code TableNotFound}
 * @param path where in the resource's spec, such as {@code
 *     spec.stages[1].transform.steps[0].filter}
 * @param message what is wrong and what to write instead; holds no secret and no record's value
 */
public record Finding(Severity severity, String reason, String path, String message) {
  /** How serious a finding is. */
  public enum Severity {
    /** Nothing starts before it is mended. */
    Error,
    /** Worth knowing; the migration runs. */
    Warning
  }

  /** A finding that keeps the migration from starting. */
  public static Finding error(String reason, String path, String message) {
    return new Finding(Severity.Error, reason, path, message);
  }

  /** A finding that the migration can live with. */
  public static Finding warning(String reason, String path, String message) {
    return new Finding(Severity.Warning, reason, path, message);
  }
}
