package dev.drover.wire.state;

/**
 * The one moment as of which an extract stage reads all of its tables. A pod of its own holds it at
 * the source for as long as its session lives, and writes it under {@code snapshot.<stage>}, once:
 * what is lost or released stays so, and nobody takes another in its place.
 *
 * @param state whether it can be read through
 * @param holder the process that holds it, unlike any other
 * @param name by which the source's other sessions take it over
 * @param extent what it sees, as the source tells of every snapshot: the proof that a session has
 *     this one and not another that was given the same name later
 * @param takenAt when it was taken, ISO-8601 instant
 * @param message why it is lost, for people; empty while it is not
 */
public record SourceSnapshot(
    State state, String holder, String name, String extent, String takenAt, String message) {
  /** What becomes of a snapshot. */
  public enum State {
    /** It is held. */
    Held,
    /** It is gone before all was read, and cannot come back. */
    Lost,
    /** All is read, nobody needs it any more. */
    Released
  }

  /** What keys of snapshots start with. */
  public static final String KEYS = "snapshot.";

  /** The key of a stage's snapshot. */
  public static String key(String stage) {
    return KEYS + stage;
  }

  /** A snapshot that its holder has just taken. */
  public static SourceSnapshot held(String holder, String name, String extent, String takenAt) {
    return new SourceSnapshot(State.Held, holder, name, extent, takenAt, "");
  }

  /** The same, gone. */
  public SourceSnapshot lost(String why) {
    return new SourceSnapshot(State.Lost, holder, name, extent, takenAt, why);
  }

  /** The same, needed no longer. */
  public SourceSnapshot released() {
    return new SourceSnapshot(State.Released, holder, name, extent, takenAt, "");
  }
}
