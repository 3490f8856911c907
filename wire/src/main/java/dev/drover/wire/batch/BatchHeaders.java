package dev.drover.wire.batch;

import io.nats.client.impl.Headers;
import org.jspecify.annotations.Nullable;

/**
 * What a batch's message says beside its rows.
 *
 * @param id the batch
 * @param take how often its range was read when this one was published, from 1
 * @param records rows in the message
 * @param schema fingerprint of their schema
 * @param revision chain revision of the stage that wrote it
 * @param origin on which way it comes
 * @param replay for one failed record sent again, what it was; else null
 */
public record BatchHeaders(
    BatchId id,
    int take,
    int records,
    String schema,
    String revision,
    Origin origin,
    @Nullable Replay replay) {

  /**
   * The past of a record that is sent again.
   *
   * @param errorSequence its message in the error queue
   * @param replays how often it was sent, this time included
   * @param firstSeen when it failed first, ISO-8601 instant
   */
  public record Replay(long errorSequence, int replays, String firstSeen) {}

  private static final String ID = "Drover-Batch";
  private static final String TAKE = "Drover-Take";
  private static final String RECORDS = "Drover-Records";
  private static final String SCHEMA = "Drover-Schema";
  private static final String REVISION = "Drover-Revision";
  private static final String ORIGIN = "Drover-Origin";
  private static final String REPLAY_OF = "Drover-Replay-Of";
  private static final String REPLAYS = "Drover-Replays";
  private static final String FIRST_SEEN = "Drover-First-Seen";

  /** These as message headers. */
  public Headers toHeaders() {
    Headers headers =
        new Headers()
            .put(ID, id.text())
            .put(TAKE, Integer.toString(take))
            .put(RECORDS, Integer.toString(records))
            .put(SCHEMA, schema)
            .put(REVISION, revision)
            .put(ORIGIN, origin.name());
    if (replay != null) {
      headers
          .put(REPLAY_OF, Long.toString(replay.errorSequence()))
          .put(REPLAYS, Integer.toString(replay.replays()))
          .put(FIRST_SEEN, replay.firstSeen());
    }
    return headers;
  }

  /**
   * Reads a message's headers.
   *
   * @throws IllegalArgumentException if the message is no batch of Drover's
   */
  public static BatchHeaders parse(@Nullable Headers headers) {
    if (headers == null || headers.getFirst(ID) == null) {
      throw new IllegalArgumentException("a message without batch headers: not written by Drover");
    }
    String replayOf = headers.getFirst(REPLAY_OF);
    return new BatchHeaders(
        new BatchId(headers.getFirst(ID)),
        Integer.parseInt(headers.getFirst(TAKE)),
        Integer.parseInt(headers.getFirst(RECORDS)),
        headers.getFirst(SCHEMA),
        headers.getFirst(REVISION),
        Origin.valueOf(headers.getFirst(ORIGIN)),
        replayOf == null
            ? null
            : new Replay(
                Long.parseLong(replayOf),
                Integer.parseInt(headers.getFirst(REPLAYS)),
                headers.getFirst(FIRST_SEEN)));
  }
}
