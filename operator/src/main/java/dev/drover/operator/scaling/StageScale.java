package dev.drover.operator.scaling;

/**
 * How many workers a stage gets.
 *
 * @param stage its name
 * @param replicas workers
 * @param reason why that many
 * @param message the same with its numbers, for people
 */
public record StageScale(String stage, int replicas, Reason reason, String message) {
  /** The same with another number of workers. */
  public StageScale withReplicas(int other) {
    return new StageScale(stage, other, reason, message);
  }
}
