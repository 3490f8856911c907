package dev.drover.wire.failure;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.state.WireJson;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One failed record as the error queue carries it: what is known of the failure, and the record as
 * it entered the stage that refused it. On the wire: the length of the detail (4 bytes, big
 * endian), the detail in JSON, then the record in the encoding of its schema.
 *
 * @param detail what is known
 * @param row the record, one row; empty when it is larger than a message may be
 */
public record FailedMessage(Detail detail, byte[] row) {

  /**
   * What is known of a failure.
   *
   * @param stage the stage that refused the record
   * @param batch the batch it came in
   * @param index its index in that batch
   * @param table source table
   * @param key the record's key at the source
   * @param schema fingerprint of the record's schema
   * @param failureClass whose fault
   * @param cause why
   * @param message for people
   * @param revision chain revision that refused it
   * @param firstSeen when the record failed first, ISO-8601 instant
   * @param lastSeen when it failed now, ISO-8601 instant
   * @param replays how often it was sent again before
   * @param replayOf the message that this one follows, if it was sent again and failed again
   * @param revisions by which chain revision each stage worked on the record, the one that refused
   *     it last: {@code read=… clean=…}; null of a message written before this was noted
   * @param made which of the record's fields earlier changes made of which others
   * @param told fields whose values the message may hold because a rule of the user's makes it of
   *     the record, see {@link dev.drover.wire.plan.Derivation#told}; null of a message written
   *     before this was noted
   */
  public record Detail(
      String stage,
      String batch,
      int index,
      String table,
      String key,
      String schema,
      FailureClass failureClass,
      Cause cause,
      String message,
      String revision,
      String firstSeen,
      String lastSeen,
      int replays,
      @Nullable Long replayOf,
      @Nullable String revisions,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) Provenance made,
      @Nullable List<String> told) {
    @SuppressWarnings("NullAway") // absent from what was written without
    public Detail {
      made = made == null ? Provenance.NONE : made;
      told = told == null ? null : List.copyOf(told);
    }

    /** A failure of which it is not known how the record came. */
    public Detail(
        String stage,
        String batch,
        int index,
        String table,
        String key,
        String schema,
        FailureClass failureClass,
        Cause cause,
        String message,
        String revision,
        String firstSeen,
        String lastSeen,
        int replays,
        @Nullable Long replayOf) {
      this(
          stage,
          batch,
          index,
          table,
          key,
          schema,
          failureClass,
          cause,
          message,
          revision,
          firstSeen,
          lastSeen,
          replays,
          replayOf,
          null,
          Provenance.NONE,
          null);
    }

    /** The cause's name at this stage. */
    @JsonIgnore
    public String fingerprint() {
      return cause.fingerprint(stage);
    }
  }

  /**
   * The id by which the stream knows a second copy of the same failure.
   *
   * @param record what it is told apart by in its batch: its index, or at an extract a hash of its
   *     key; has no slash
   */
  public static String messageId(String stage, BatchId batch, String record) {
    return stage + "/" + batch + "/" + record;
  }

  /** This as a message's body. */
  public byte[] toBytes() {
    byte[] json = WireJson.bytes(detail);
    return ByteBuffer.allocate(4 + json.length + row.length)
        .putInt(json.length)
        .put(json)
        .put(row)
        .array();
  }

  /**
   * Reads a message's body.
   *
   * @throws IllegalArgumentException if it is no failed record's
   */
  public static FailedMessage parse(byte[] body) {
    int length = body.length < 4 ? -1 : ByteBuffer.wrap(body).getInt();
    if (length < 0 || length > body.length - 4) {
      throw new IllegalArgumentException("not a failed record's message");
    }
    return new FailedMessage(
        WireJson.parse(Arrays.copyOfRange(body, 4, 4 + length), Detail.class),
        Arrays.copyOfRange(body, 4 + length, body.length));
  }
}
