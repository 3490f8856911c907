package dev.drover.worker.stage;

import org.jspecify.annotations.Nullable;

/**
 * An exception that nobody foresaw, as it may be told: its class and place, and those of what it
 * was caused by. What it says is told only if it is one of Drover's own, for a message of others
 * may hold a value of the record at hand. Pure.
 */
public final class Unforeseen {
  private static final String OWN = "dev.drover.";

  /** A chain of causes may be a circle. */
  private static final int DEEPEST = 8;

  private Unforeseen() {}

  /** In one line. */
  public static String text(Throwable thrown) {
    StringBuilder text = new StringBuilder();
    @Nullable Throwable at = thrown;
    for (int depth = 0; at != null && depth < DEEPEST; depth++, at = at.getCause()) {
      text.append(depth == 0 ? "" : ", caused by ").append(said(at)).append(place(at));
    }
    return text.toString();
  }

  /** With its stack traces, for a log. */
  public static Throwable untold(Throwable thrown) {
    return untold(thrown, 0);
  }

  private static Throwable untold(Throwable thrown, int depth) {
    Throwable cause = thrown.getCause();
    Untold untold =
        new Untold(
            said(thrown), cause == null || depth >= DEEPEST ? null : untold(cause, depth + 1));
    untold.setStackTrace(thrown.getStackTrace());
    return untold;
  }

  private static String said(Throwable thrown) {
    String type = thrown.getClass().getName();
    return type.startsWith(OWN) && thrown.getMessage() != null
        ? thrown.getMessage()
        : type.substring(type.lastIndexOf('.') + 1);
  }

  /** Where Drover's own code met it, and where it was thrown if that is elsewhere. */
  private static String place(Throwable thrown) {
    StackTraceElement[] trace = thrown.getStackTrace();
    if (thrown.getClass().getName().startsWith(OWN) || trace.length == 0) {
      return "";
    }
    for (StackTraceElement frame : trace) {
      if (frame.getClassName().startsWith(OWN)) {
        return " at " + (frame.equals(trace[0]) ? "" : trace[0] + ", ") + frame;
      }
    }
    return " at " + trace[0];
  }

  /** Stands for another. */
  private static final class Untold extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Untold(String said, @Nullable Throwable cause) {
      super(said, cause, false, true);
    }

    @Override
    public String toString() {
      return String.valueOf(getMessage());
    }
  }
}
