package dev.drover.operator.scaling;

import org.jspecify.annotations.Nullable;

/**
 * What scaling knows of one stage.
 *
 * @param stage its name
 * @param reads whether it is an extract, whose backlog is counted in splits
 * @param connection the connection that its workers use; null for none
 * @param minReplicas the fewest workers while anything is left for it
 * @param maxReplicas the most
 * @param current how many workers are wanted now
 * @param backlog what is left for it; null when that is not known
 */
public record StageLoad(
    String stage,
    boolean reads,
    @Nullable String connection,
    int minReplicas,
    int maxReplicas,
    int current,
    @Nullable Backlog backlog) {

  /**
   * What is left for a stage.
   *
   * @param messages messages, or splits of an extract, that wait or are being worked on
   * @param records about how many records that is
   * @param done whether nothing more will come unless somebody replays
   */
  public record Backlog(long messages, long records, boolean done) {
    /** Whether there is nothing to do and nothing to wait for. */
    boolean over() {
      return done && messages == 0 && records == 0;
    }
  }
}
