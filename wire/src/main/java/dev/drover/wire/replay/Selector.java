package dev.drover.wire.replay;

import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.names.ChainNames;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which failed records; each field that is given narrows the choice. Pure.
 *
 * @param stage the stage that refused them
 * @param code code of the failure
 * @param fingerprint the cause's
 * @param table source table
 * @param seenAfter failed last at this instant or later, ISO-8601
 * @param seenBefore failed last before this instant, ISO-8601
 * @param keys keys at the source; empty for any
 * @param sequences numbers of their messages in the error queue; empty for any
 * @param upTo the greatest such number; null for any
 */
public record Selector(
    @Nullable String stage,
    @Nullable String code,
    @Nullable String fingerprint,
    @Nullable String table,
    @Nullable String seenAfter,
    @Nullable String seenBefore,
    Set<String> keys,
    Set<Long> sequences,
    @Nullable Long upTo) {
  /** Every failed record. */
  public static final Selector ALL = new Selector(null, null, null, null, null, null, Set.of());

  @SuppressWarnings("NullAway") // absent from what was written without
  public Selector {
    keys = keys == null ? Set.of() : Set.copyOf(keys);
    sequences = sequences == null ? Set.of() : Set.copyOf(sequences);
  }

  /** Records by what is known of their failure, whatever their messages. */
  public Selector(
      @Nullable String stage,
      @Nullable String code,
      @Nullable String fingerprint,
      @Nullable String table,
      @Nullable String seenAfter,
      @Nullable String seenBefore,
      Set<String> keys) {
    this(stage, code, fingerprint, table, seenAfter, seenBefore, keys, Set.of(), null);
  }

  /** No message of theirs comes before this one. */
  public long firstSequence() {
    return sequences.stream().mapToLong(Long::longValue).min().orElse(1);
  }

  /** No message of theirs comes after this one. */
  public long lastSequence() {
    long last = sequences.stream().mapToLong(Long::longValue).max().orElse(Long.MAX_VALUE);
    return upTo == null ? last : Math.min(last, upTo);
  }

  /** Whether a failed record is among them. */
  public boolean chooses(QueuedFailure failure) {
    return (sequences.isEmpty() || sequences.contains(failure.sequence()))
        && (upTo == null || failure.sequence() <= upTo)
        && matches(failure.detail());
  }

  /** The subjects of the error queue among which they are. */
  public List<String> subjects(ChainNames names) {
    return List.of(
        names.errorSubject(stage == null ? "*" : stage, fingerprint == null ? "*" : fingerprint));
  }

  /** Whether what is known of a failure is as asked. */
  public boolean matches(FailedMessage.Detail detail) {
    return is(stage, detail.stage())
        && is(code, detail.cause().code())
        && is(fingerprint, detail.fingerprint())
        && is(table, detail.table())
        && (keys.isEmpty() || keys.contains(detail.key()))
        && inTime(Instant.parse(detail.lastSeen()));
  }

  private boolean inTime(Instant seen) {
    return (seenAfter == null || !seen.isBefore(Instant.parse(seenAfter)))
        && (seenBefore == null || seen.isBefore(Instant.parse(seenBefore)));
  }

  private static boolean is(@Nullable String wanted, String actual) {
    return wanted == null || wanted.equals(actual);
  }
}
