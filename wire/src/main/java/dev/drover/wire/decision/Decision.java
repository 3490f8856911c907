package dev.drover.wire.decision;

import dev.drover.wire.batch.Origin;
import io.nats.client.impl.Headers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one stage decided about one batch. Written once, before anything follows from it; a later
 * attempt at the same batch does what it says. The body names every record that did not simply
 * pass, by index; the counts are also in headers, so that the tally is read without bodies.
 *
 * @param batch name of the batch
 * @param take the take that was processed; messages of other takes are acknowledged unread
 * @param origin on which way the batch came
 * @param revision chain revision whose rules decided
 * @param inputHash hash of the message's bytes
 * @param counts how many records went where
 * @param parts records in each output message, in order; a load has none
 * @param groups the records that did not pass, by verdict and cause
 * @param errorsAfter last sequence of the errors stream when this was decided: a failed record's
 *     message of this batch comes after it
 * @param decidedAt ISO-8601 instant
 */
public record Decision(
    String batch,
    int take,
    Origin origin,
    String revision,
    String inputHash,
    Counts counts,
    List<Integer> parts,
    List<Group> groups,
    long errorsAfter,
    String decidedAt) {
  private static final String COUNTS = "Drover-Counts";
  private static final String PARTS = "Drover-Parts";
  private static final String ORIGIN = "Drover-Origin";
  private static final String TAKE = "Drover-Take";
  private static final String FAILURES = "Drover-Failures";

  /** The most causes that the headers name; the records of the others are counted as one more. */
  private static final int MOST_CAUSES = 100;

  /** Stands for the causes beyond {@value #MOST_CAUSES} in one batch. */
  public static final String OTHER_CAUSES = "other";

  public Decision {
    parts = List.copyOf(parts);
    groups = List.copyOf(groups);
  }

  /**
   * Records with one verdict and cause.
   *
   * @param kind filtered, failed, waiting or waived
   * @param cause why; null where there is none to tell
   * @param indexes the records' indexes within the batch
   */
  public record Group(Kind kind, @Nullable Cause cause, List<Integer> indexes) {
    public Group {
      indexes = List.copyOf(indexes);
    }
  }

  /** A verdict without its particulars. */
  public enum Kind {
    /** Left out by rule. */
    filtered,
    /** Set aside. */
    failed,
    /** Waits. */
    waiting,
    /** Given up. */
    waived
  }

  /** The verdicts of a batch, gathered by kind and cause. */
  public static List<Group> groups(Iterable<IndexedVerdict> verdicts) {
    record Key(Kind kind, @Nullable Cause cause) {}
    Map<Key, List<Integer>> groups = new LinkedHashMap<>();
    for (IndexedVerdict v : verdicts) {
      Key key =
          switch (v.verdict()) {
            case Verdict.Filtered f -> new Key(Kind.filtered, null);
            case Verdict.Failed f -> new Key(Kind.failed, f.cause());
            case Verdict.Waiting w -> new Key(Kind.waiting, w.cause());
            case Verdict.Waived w -> new Key(Kind.waived, null);
          };
      groups.computeIfAbsent(key, k -> new ArrayList<>()).add(v.index());
    }
    return groups.entrySet().stream()
        .map(e -> new Group(e.getKey().kind(), e.getKey().cause(), e.getValue()))
        .toList();
  }

  /**
   * The headers that carry the tally, and how many records failed of which cause.
   *
   * @param stage the stage that decided
   */
  public Headers toHeaders(String stage) {
    Headers headers =
        new Headers()
            .put(
                COUNTS,
                "%d,%d,%d,%d,%d,%d"
                    .formatted(
                        counts.in(),
                        counts.passed(),
                        counts.filtered(),
                        counts.failed(),
                        counts.waiting(),
                        counts.waived()))
            .put(PARTS, Integer.toString(parts.size()))
            .put(ORIGIN, origin.name())
            .put(TAKE, Integer.toString(take));
    String failures = failuresText(stage);
    if (!failures.isEmpty()) {
      headers.put(FAILURES, failures);
    }
    return headers;
  }

  /** {@code <fingerprint>=<records>}, with commas between. */
  private String failuresText(String stage) {
    StringBuilder text = new StringBuilder();
    int causes = 0;
    long others = 0;
    for (Group group : groups) {
      Cause cause = group.cause();
      if (group.kind() != Kind.failed || cause == null) {
        continue;
      }
      if (causes++ < MOST_CAUSES) {
        text.append(cause.fingerprint(stage)).append('=').append(group.indexes().size());
        text.append(',');
      } else {
        others += group.indexes().size();
      }
    }
    if (others > 0) {
      return text.append(OTHER_CAUSES).append('=').append(others).toString();
    }
    return text.isEmpty() ? "" : text.substring(0, text.length() - 1);
  }

  /**
   * How many records failed by a decision, by the fingerprint of the cause, read from its headers
   * alone.
   *
   * @throws IllegalArgumentException if the headers are not a decision's
   */
  public static Map<String, Long> failures(Headers headers) {
    String text = headers.getFirst(FAILURES);
    if (text == null) {
      return Map.of();
    }
    Map<String, Long> failures = new HashMap<>();
    for (String one : text.split(",", -1)) {
      int equals = one.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException("not a cause and its records: " + one);
      }
      failures.merge(
          one.substring(0, equals), Long.parseLong(one.substring(equals + 1)), Long::sum);
    }
    return failures;
  }

  /**
   * What a decision adds to the tally, read from its headers alone.
   *
   * @param counts its records
   * @param parts messages it promised to the stages after it
   * @param origin on which way the batch came
   * @param take the take that counted
   */
  public record Summary(Counts counts, int parts, Origin origin, int take) {
    /**
     * Reads a decision's headers.
     *
     * @throws IllegalArgumentException if they are not a decision's
     */
    public static Summary parse(@Nullable Headers headers) {
      String counts = headers == null ? null : headers.getFirst(COUNTS);
      if (headers == null || counts == null) {
        throw new IllegalArgumentException("a message without a decision's headers");
      }
      long[] n = new long[6];
      int i = 0;
      for (String number : counts.split(",", -1)) {
        n[i++] = Long.parseLong(number);
      }
      return new Summary(
          new Counts(n[0], n[1], n[2], n[3], n[4], n[5]),
          Integer.parseInt(headers.getFirst(PARTS)),
          Origin.valueOf(headers.getFirst(ORIGIN)),
          Integer.parseInt(headers.getFirst(TAKE)));
    }
  }
}
