package dev.drover.cli.terminal;

/**
 * Colours, where they help and are wanted; the words say everything without them.
 *
 * @param colour whether escape sequences are written
 */
public record Style(boolean colour) {
  /** No colours. */
  public static final Style PLAIN = new Style(false);

  /** For headings and names. */
  public String strong(String text) {
    return with("1", text);
  }

  /** For what matters less. */
  public String faint(String text) {
    return with("2", text);
  }

  /** For what is well. */
  public String good(String text) {
    return with("32", text);
  }

  /** For what needs a look. */
  public String warn(String text) {
    return with("33", text);
  }

  /** For what is wrong. */
  public String bad(String text) {
    return with("31", text);
  }

  private String with(String code, String text) {
    return !colour || text.isEmpty() ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
  }
}
