package dev.drover.wire.batch;

import io.nats.client.impl.Headers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a batch's message says beside its rows.
 *
 * @param id the batch
 * @param take how often its range was read when this one was published, from 1
 * @param records rows in the message
 * @param schema fingerprint of their schema
 * @param revision by which chain revision each stage worked on it so far, {@code read=… clean=…};
 *     of records sent again, first the one by which they had failed
 * @param origin on which way it comes
 * @param replayed for failed records sent again, what each was, in the order of the rows; else
 *     empty
 * @param made what changes made of which fields of the records, on their way here
 */
public record BatchHeaders(
    BatchId id,
    int take,
    int records,
    String schema,
    String revision,
    Origin origin,
    List<Replay> replayed,
    Provenance made) {
  public BatchHeaders {
    replayed = List.copyOf(replayed);
  }

  /** Of records that nobody changed. */
  public BatchHeaders(
      BatchId id,
      int take,
      int records,
      String schema,
      String revision,
      Origin origin,
      List<Replay> replayed) {
    this(id, take, records, schema, revision, origin, replayed, Provenance.NONE);
  }

  /**
   * The past of a record that is sent again.
   *
   * @param errorSequence its message in the error queue
   * @param replays how often it was sent, this time included
   * @param firstSeen when it failed first, ISO-8601 instant
   */
  public record Replay(long errorSequence, int replays, String firstSeen) {}

  /** How an extract of a revision writes the revision of its batches. */
  public static String readBy(String stage, String revision) {
    return stage + "=" + revision;
  }

  /** The revision of what another stage, of its own revision, makes of this batch. */
  public String revisionAfter(String stage, String by) {
    return revision + " " + stage + "=" + by;
  }

  private static final String ID = "Drover-Batch";
  private static final String TAKE = "Drover-Take";
  private static final String RECORDS = "Drover-Records";
  private static final String SCHEMA = "Drover-Schema";
  private static final String REVISION = "Drover-Revision";
  private static final String ORIGIN = "Drover-Origin";
  private static final String REPLAYED = "Drover-Replayed";
  private static final String MADE = "Drover-Made-Of";

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
    if (!replayed.isEmpty()) {
      headers.put(REPLAYED, Replayed.text(replayed));
    }
    if (!made.isNone()) {
      headers.put(MADE, made.text());
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
    String replayed = headers.getFirst(REPLAYED);
    String made = headers.getFirst(MADE);
    return new BatchHeaders(
        new BatchId(headers.getFirst(ID)),
        Integer.parseInt(headers.getFirst(TAKE)),
        Integer.parseInt(headers.getFirst(RECORDS)),
        headers.getFirst(SCHEMA),
        headers.getFirst(REVISION),
        Origin.valueOf(headers.getFirst(ORIGIN)),
        replayed == null ? List.of() : Replayed.parse(replayed),
        made == null ? Provenance.NONE : Provenance.parse(made));
  }
}
