package dev.drover.worker.slots;

/**
 * Who waits for a slot, as it is written in the bucket.
 *
 * @param id of the one that waits
 * @param migration {@code <namespace>/<name>}
 * @param stage the stage's name, or what else wants a session
 * @param cap the most sessions that it knows to be allowed
 * @param since when it began to wait, ISO 8601
 */
public record Wish(String id, String migration, String stage, int cap, String since) {
  /** Whose share it counts to. */
  String user() {
    return migration + "/" + stage;
  }
}
