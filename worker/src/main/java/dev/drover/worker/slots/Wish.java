package dev.drover.worker.slots;

import java.util.Objects;

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
  /**
   * @throws NullPointerException if there is anything missing
   * @throws IllegalArgumentException if nobody could have a slot by it
   */
  public Wish {
    Objects.requireNonNull(id);
    Objects.requireNonNull(since);
    if (cap < 1) {
      throw new IllegalArgumentException("a cap of " + cap);
    }
  }

  /** Whose share it counts to. */
  String user() {
    return migration + "/" + stage;
  }
}
