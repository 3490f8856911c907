package dev.drover.wire.state;

/**
 * Tells a load stage that nothing but its waiting room is left, and that a whole round over it
 * brought nothing: whoever fails once more for want of a parent is a failure now. Written by the
 * operator under {@code final.<stage>}, and removed by it as soon as something else arrives for the
 * stage or nothing waits any more.
 *
 * @param decisions how many decisions of the stage there were when it was written
 */
public record WaitingRound(long decisions) {
  /** The key of a stage's round. */
  public static String key(String stage) {
    return "final." + stage;
  }
}
