package dev.drover.wire.replay;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.wire.batch.Provenance;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a Redrive is, as its worker tells the operator by the state bucket. All counts are of
 * records.
 *
 * @param phase where it is
 * @param message for people
 * @param lastSequence the error queue's last sequence when it began: what comes after it is not its
 * @param selected records that it chose
 * @param sent sent to their stages again
 * @param resolved of these, passed or filtered
 * @param failedAgain of these, set aside once more
 * @param waived given up
 * @param skipped found to be sent or given up by somebody else
 * @param refused not sent because they cannot be sent as asked; they are in the queue still
 * @param samples up to three records, before and after the change
 * @param startedAt ISO-8601 instant
 * @param endedAt ISO-8601 instant; null while it works
 * @param refusals why records were refused, those of most records first
 */
public record RedriveProgress(
    Phase phase,
    String message,
    long lastSequence,
    long selected,
    long sent,
    long resolved,
    long failedAgain,
    long waived,
    long skipped,
    long refused,
    List<Sample> samples,
    String startedAt,
    @Nullable String endedAt,
    List<Refusal> refusals) {
  @SuppressWarnings("NullAway") // absent from what was written without
  public RedriveProgress {
    samples = samples == null ? List.of() : List.copyOf(samples);
    refusals = refusals == null ? List.of() : List.copyOf(refusals);
  }

  /** Progress of which nothing was refused, or nobody told why. */
  public RedriveProgress(
      Phase phase,
      String message,
      long lastSequence,
      long selected,
      long sent,
      long resolved,
      long failedAgain,
      long waived,
      long skipped,
      long refused,
      List<Sample> samples,
      String startedAt,
      @Nullable String endedAt) {
    this(
        phase,
        message,
        lastSequence,
        selected,
        sent,
        resolved,
        failedAgain,
        waived,
        skipped,
        refused,
        samples,
        startedAt,
        endedAt,
        List.of());
  }

  /** This with another message. */
  public RedriveProgress saying(String otherMessage) {
    return new RedriveProgress(
        phase,
        otherMessage,
        lastSequence,
        selected,
        sent,
        resolved,
        failedAgain,
        waived,
        skipped,
        refused,
        samples,
        startedAt,
        endedAt,
        refusals);
  }

  /** This with what was refused, and why. */
  public RedriveProgress refusing(List<Refusal> why) {
    return new RedriveProgress(
        phase,
        message,
        lastSequence,
        selected,
        sent,
        resolved,
        failedAgain,
        waived,
        skipped,
        refused,
        samples,
        startedAt,
        endedAt,
        why);
  }

  /**
   * Why some records were not sent.
   *
   * @param code CamelCase: {@code SourceRowGone}, {@code NoSourceKey}, {@code FailsBefore}, …
   * @param message for people, with what to do; holds no value of a record
   * @param records how many
   */
  public record Refusal(String code, String message, long records) {}

  /** Where a Redrive is. */
  public enum Phase {
    /** Counts what it has to do, and tries the change on it. */
    Surveying,
    /** Sends, and waits for what becomes of it. */
    Running,
    /** Sends nothing, as asked. */
    Suspended,
    /** Cannot be done as asked; nothing was sent. Final. */
    Refused,
    /** Ended early, since too many failed again. Final. */
    Stopped,
    /** Done. Final. */
    Complete
  }

  /**
   * A record that was chosen, for people.
   *
   * @param errorSequence its message in the error queue
   * @param before the record as it failed, at most some KiB
   * @param after as it is sent; null if it cannot be sent as asked
   * @param refusal why not; null if it can
   * @param made which of the record's fields earlier changes made of which others
   */
  public record Sample(
      long errorSequence,
      String stage,
      String table,
      String key,
      @Nullable JsonNode before,
      @Nullable JsonNode after,
      @Nullable String refusal,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) Provenance made) {
    @SuppressWarnings("NullAway") // absent from what was written without
    public Sample {
      made = made == null ? Provenance.NONE : made;
    }
  }

  /** The key of a Redrive's progress in the state bucket, by its uid. */
  public static String key(String uid) {
    return "redrive." + uid + ".progress";
  }

  /** Whether nothing more will happen. */
  @JsonIgnore
  public boolean ended() {
    return phase == Phase.Refused || phase == Phase.Stopped || phase == Phase.Complete;
  }
}
