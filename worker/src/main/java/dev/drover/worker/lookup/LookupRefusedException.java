package dev.drover.worker.lookup;

/** What is to be looked up cannot be; the message says what to write instead. */
public final class LookupRefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String path;

  /** A query that cannot be asked. */
  public static LookupRefusedException ofQuery(String message) {
    return new LookupRefusedException(message);
  }

  LookupRefusedException(String message) {
    this("query", message);
  }

  LookupRefusedException(String path, String message) {
    super(message);
    this.path = path;
  }

  /** Where in the enrich of the spec: {@code query}, {@code http.url}. */
  public String path() {
    return path;
  }
}
