package dev.drover.cli.record;

/**
 * An edited record that cannot be sent; the message says which line or field, and what to write.
 */
public final class EditRefusedException extends Exception {
  EditRefusedException(String message) {
    super(message);
  }
}
