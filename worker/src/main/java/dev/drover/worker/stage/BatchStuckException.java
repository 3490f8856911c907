package dev.drover.worker.stage;

/**
 * A batch cannot be worked on as things are: a defect, or somebody's work by hand. The message says
 * what must change, and holds no record's value.
 */
public final class BatchStuckException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** With what must change. */
  public BatchStuckException(String message) {
    super(message);
  }
}
