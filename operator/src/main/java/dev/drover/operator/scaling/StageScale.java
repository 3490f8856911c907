package dev.drover.operator.scaling;

/**
 * How many workers a stage gets.
 *
 * @param stage its name
 * @param replicas workers
 * @param reason why that many
 * @param message the same with its numbers, for people
 * @param sharers workers that may be at work: these, and those that are still ending
 */
public record StageScale(String stage, int replicas, Reason reason, String message, int sharers) {
  /** The same with another number of workers. */
  public StageScale withReplicas(int other) {
    return new StageScale(stage, other, reason, message, sharers);
  }

  StageScale sharing(int others) {
    return new StageScale(stage, replicas, reason, message, Math.max(others, replicas));
  }
}
