package dev.drover.operator.scaling;

/**
 * How many workers a stage gets.
 *
 * @param stage its name
 * @param replicas workers
 * @param reason why that many
 * @param message the same with its numbers, for people
 * @param sharers workers that may take something from the queue: these, and those that were told to
 *     leave just now
 * @param askers workers that may be at work: these, and those that finish what they have begun
 */
public record StageScale(
    String stage, int replicas, Reason reason, String message, int sharers, int askers) {
  /** Of a stage of which nobody else is at work. */
  public StageScale(String stage, int replicas, Reason reason, String message) {
    this(stage, replicas, reason, message, replicas, replicas);
  }

  /** The same with another number of workers. */
  public StageScale withReplicas(int other) {
    return new StageScale(stage, other, reason, message, sharers, askers);
  }

  StageScale sharing(int taking, int atWork) {
    return new StageScale(
        stage, replicas, reason, message, Math.max(taking, replicas), Math.max(atWork, replicas));
  }
}
