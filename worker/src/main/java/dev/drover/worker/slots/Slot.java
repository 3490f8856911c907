package dev.drover.worker.slots;

import dev.drover.worker.session.SessionUse;
import java.util.Objects;

/**
 * Who has a slot, as it is written in the bucket.
 *
 * @param id of this one taking, and of no other
 * @param pod who took it
 * @param process which of the pod's processes, of which there is one at a time
 * @param migration {@code <namespace>/<name>}
 * @param stage the stage's name, or what else opens the session
 * @param cap the most sessions that the holder knows to be allowed
 * @param listed whether the server can be asked for others over the session: it shows the holder
 *     that one under its own name, and the holder comes to ask, see {@link Doubts}
 * @param since when it was taken, ISO 8601
 */
public record Slot(
    String id,
    String pod,
    String process,
    String migration,
    String stage,
    SessionUse use,
    int cap,
    State state,
    boolean listed,
    String since) {
  /**
   * In the place of an entry that cannot be read, perhaps of another version: there may be a
   * session.
   */
  static final Slot UNREADABLE =
      new Slot("", "?", "", "?", "?", SessionUse.Hold, Integer.MAX_VALUE, State.Opening, false, "");

  /**
   * @throws NullPointerException if there is anything missing
   * @throws IllegalArgumentException if nobody could have a slot by it
   */
  public Slot {
    Objects.requireNonNull(id);
    Objects.requireNonNull(pod);
    Objects.requireNonNull(process);
    Objects.requireNonNull(use);
    Objects.requireNonNull(state);
    Objects.requireNonNull(since);
    if (cap < 1) {
      throw new IllegalArgumentException("a cap of " + cap);
    }
  }

  /** How far its session is. */
  public enum State {
    /** There is no session, or there is one of which the holder has not said so yet. */
    Opening,
    /** There was a session when this was written; the holder opens no second one. */
    Open,
    /**
     * There was a session, and there may be: its holder has closed it without being told by the
     * server that it is over, or has found another of this number.
     */
    Left
  }

  Slot opened(boolean isListed) {
    return new Slot(id, pod, process, migration, stage, use, cap, State.Open, isListed, since);
  }

  Slot listed(boolean isListed) {
    return new Slot(id, pod, process, migration, stage, use, cap, state, isListed, since);
  }

  Slot left() {
    return new Slot(id, pod, process, migration, stage, use, cap, State.Left, listed, since);
  }

  Slot under(int newCap) {
    return new Slot(id, pod, process, migration, stage, use, newCap, state, listed, since);
  }

  /** Whose share it counts to. */
  String user() {
    return migration + "/" + stage;
  }
}
