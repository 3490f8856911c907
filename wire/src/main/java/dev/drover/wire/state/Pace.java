package dev.drover.wire.state;

/**
 * How fast a stage may go. Written by the operator under {@code pace.<stage>}, read by the stage's
 * workers every second; no key, no limit. How fast it may ask a server is told the same way, under
 * the name {@link #requests}.
 *
 * @param recordsPerSecond records (or requests) a second of all workers together, above 0
 * @param workers among how many it is shared, above 0
 */
public record Pace(long recordsPerSecond, int workers) {
  /** The key of a stage's pace. */
  public static String key(String stage) {
    return "pace." + stage;
  }

  /** In the place of a stage's name: its requests to the server that it looks up in. */
  public static String requests(String stage) {
    return stage + ".requests";
  }

  /** Records a second of one worker. */
  public double share() {
    return (double) recordsPerSecond / Math.max(1, workers);
  }
}
