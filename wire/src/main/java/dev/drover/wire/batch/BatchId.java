package dev.drover.wire.batch;

import dev.drover.wire.names.SplitId;

/**
 * The name of a batch, kept through the chain and fit for a subject's token. It says where the
 * batch comes from: {@code <split>-<ordinal>} for one that was extracted, {@code r<error sequence>}
 * for failed records sent again, by the first of them, and a suffix for each stage since: {@code
 * -p<part>} for a part of a stage's output, {@code -w<attempt>} for records that waited. {@code -x}
 * is no batch: what is decided under it are records that this one lacks.
 *
 * @param text the name
 */
public record BatchId(String text) {
  /** A batch as extracted. */
  public static BatchId extracted(SplitId split, long ordinal) {
    return new BatchId(split + "-" + ordinal);
  }

  /**
   * Failed records that are sent again. No other batch has this name, since a record is sent at
   * most once.
   *
   * @param first sequence in the error queue of the first of them
   */
  public static BatchId replay(long first) {
    return new BatchId("r" + first);
  }

  /** A part of what a stage made of this batch. */
  public BatchId part(int index) {
    return new BatchId(text + "-p" + index);
  }

  /** The records of this batch that wait, about to be tried for the n-th time. */
  public BatchId waiting(int attempt) {
    int tail = text.lastIndexOf("-w");
    return new BatchId((tail < 0 ? text : text.substring(0, tail)) + "-w" + attempt);
  }

  /**
   * Under which those of its records are given up whose messages were deleted before it was sent.
   */
  public BatchId lacking() {
    return new BatchId(text + "-x");
  }

  /** The table's hash in the name of an extracted batch and its parts; empty for a replay. */
  public String tableHash() {
    return text.startsWith("r") ? "" : text.substring(0, text.indexOf('-'));
  }

  @Override
  public String toString() {
    return text;
  }
}
