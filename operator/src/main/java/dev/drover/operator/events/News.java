package dev.drover.operator.events;

/**
 * Something that happened to a Migration.
 *
 * @param warning whether somebody should look
 * @param reason CamelCase word
 * @param message for people
 */
public record News(boolean warning, String reason, String message) {
  /** What was to be expected. */
  public static News normal(String reason, String message) {
    return new News(false, reason, message);
  }

  /** What somebody should look at. */
  public static News warning(String reason, String message) {
    return new News(true, reason, message);
  }
}
