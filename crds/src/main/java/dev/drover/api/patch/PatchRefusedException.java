package dev.drover.api.patch;

/**
 * A JSON patch that a record cannot be given. The message says which operation, why, and what to
 * write; it holds no value of the record.
 */
public final class PatchRefusedException extends Exception {
  PatchRefusedException(int operation, String why) {
    super("spec.jsonPatch[%d]: %s".formatted(operation, why));
  }
}
