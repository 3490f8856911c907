package dev.drover.wire.state;

/**
 * How fast a stage may go. Written by the operator under {@code pace.<stage>}, read by the stage's
 * workers every second; no key, no limit.
 *
 * @param recordsPerSecond records a second of all workers together, above 0
 * @param workers among how many it is shared, above 0
 */
public record Pace(long recordsPerSecond, int workers) {
  /** The key of a stage's pace. */
  public static String key(String stage) {
    return "pace." + stage;
  }

  /** Records a second of one worker. */
  public double share() {
    return (double) recordsPerSecond / Math.max(1, workers);
  }
}
