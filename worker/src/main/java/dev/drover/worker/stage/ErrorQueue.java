package dev.drover.worker.stage;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.plan.Derivation;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.Fingerprints;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.jetstream.Publisher;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Sets failed records aside: one message each, however often a batch is worked on. Thread-safe. */
public final class ErrorQueue {
  /** Batches whose failures are known to have come, the newest. */
  private static final int REMEMBERED = 20_000;

  private final StageContext context;
  private final PublishedFailures published;

  /** A sequence of the queue after which their failures came, by batch. */
  private final Map<String, Long> whole =
      Collections.synchronizedMap(
          new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
              return size() > REMEMBERED;
            }
          });

  /** The error queue as a worker writes it. */
  public ErrorQueue(StageContext context) {
    this.context = context;
    this.published = new PublishedFailures(context);
  }

  /**
   * A record to set aside.
   *
   * @param index its index in the batch as the stage received it
   * @param key its key at the source
   * @param row the record as it came, encoded; empty if no message can hold it
   */
  public record Failure(int index, String key, byte[] row, Verdict.Failed verdict) {
    /** The failure of a reader's current row. */
    public static Failure of(int index, RowReader rows, Verdict.Failed verdict) {
      return new Failure(index, rows.key(), rows.encodedRow(), verdict);
    }
  }

  /**
   * Publishes the failures of a batch that nobody has published before, and returns when every one
   * is in the queue.
   *
   * @return a sequence of the queue after which all of them are; 0 if there are none
   * @param schema schema of the rows
   * @param revision chain revision that refused them
   * @param decidedAt when it was decided, ISO-8601: the same on every attempt
   */
  public long publish(
      BatchHeaders headers,
      RecordSchema schema,
      String revision,
      String decidedAt,
      List<Failure> failures)
      throws InterruptedException {
    if (failures.isEmpty()) {
      return 0;
    }
    long after = send(headers, schema, revision, decidedAt, failures);
    whole.put(headers.id().text(), after);
    return after;
  }

  private long send(
      BatchHeaders headers,
      RecordSchema schema,
      String revision,
      String decidedAt,
      List<Failure> failures)
      throws InterruptedException {
    String fingerprint = schema.fingerprint();
    String revisions = revisions(headers, revision);
    Map<Cause, Shared> causes = new HashMap<>();
    List<Publisher.Outgoing> messages = new ArrayList<>();
    long first = Long.MAX_VALUE;
    for (Failure failure : failures) {
      // A batch of narrow rows that all fail has messages for many times its own size.
      if (messages.size() == Publisher.TOGETHER) {
        first = Math.min(first, context.publisher().publishAll(messages));
        messages.clear();
      }
      Shared shared =
          causes.computeIfAbsent(
              failure.verdict().cause(),
              cause -> new Shared(subject(cause), told(headers, revision, cause)));
      messages.add(
          new Publisher.Outgoing(
              shared.subject(),
              new FailedMessage(
                      detail(
                          headers,
                          schema,
                          fingerprint,
                          revision,
                          revisions,
                          shared.told(),
                          decidedAt,
                          failure),
                      failure.row())
                  .toBytes(),
              id(headers, failure)));
    }
    return Math.min(first, context.publisher().publishAll(messages)) - 1;
  }

  /**
   * Publishes those failures of a batch that an earlier attempt decided and did not live to
   * publish. Looks for the others in the queue, and for those that have left it in the journal, so
   * none is lost and none comes back.
   *
   * @param after a sequence of the queue after which those are that were published
   * @return the same, closer to them if they had to be looked for
   */
  public long publishAgain(
      BatchHeaders headers,
      RecordSchema schema,
      String revision,
      String decidedAt,
      long after,
      List<Failure> failures)
      throws InterruptedException {
    if (failures.isEmpty()) {
      return after;
    }
    Long known = whole.get(headers.id().text());
    if (known != null) {
      return known;
    }
    PublishedFailures.Found there =
        published.find(
            headers.id(),
            failures.stream().map(f -> f.verdict().cause()).distinct().map(this::subject).toList(),
            failures.stream().map(this::record).collect(Collectors.toSet()),
            after);
    List<Failure> left =
        failures.stream().filter(f -> !there.records().contains(record(f))).toList();
    long begin =
        left.isEmpty()
            ? there.after()
            : Math.min(there.after(), send(headers, schema, revision, decidedAt, left));
    whole.put(headers.id().text(), begin);
    return begin;
  }

  /**
   * Which records of a batch an earlier reading of it set aside, by what they are {@linkplain
   * #toldApartBy told apart by}. Goes through what the stage has set aside: for after a crash.
   */
  public Set<String> setAside(BatchId batch) throws InterruptedException {
    return published.all(batch);
  }

  /**
   * What a record of an extracted batch is told apart by: another reading may give it another
   * index, and it is still the same one.
   *
   * @param key its key at the source
   */
  public static String toldApartBy(String key) {
    return Fingerprints.of(key);
  }

  private String record(Failure failure) {
    return isExtract() ? toldApartBy(failure.key()) : Integer.toString(failure.index());
  }

  private String id(BatchHeaders headers, Failure failure) {
    return FailedMessage.messageId(context.stage(), headers.id(), record(failure));
  }

  private boolean isExtract() {
    return context.spec().stage(context.stage()).from() == null;
  }

  /** What a batch's failures of one cause have in common: found out once, for there may be many. */
  private record Shared(String subject, List<String> told) {}

  private String subject(Cause cause) {
    return context.names().errorSubject(context.stage(), cause.fingerprint(context.stage()));
  }

  private FailedMessage.Detail detail(
      BatchHeaders headers,
      RecordSchema schema,
      String fingerprint,
      String revision,
      String revisions,
      List<String> told,
      String at,
      Failure failure) {
    BatchHeaders.@Nullable Replay replay =
        headers.replayed().isEmpty() ? null : headers.replayed().get(failure.index());
    BatchId batch = headers.id();
    return new FailedMessage.Detail(
        context.stage(),
        batch.text(),
        failure.index(),
        schema.table(),
        cut(failure.key()),
        fingerprint,
        failure.verdict().failureClass(),
        failure.verdict().cause(),
        cut(failure.verdict().message()),
        revision,
        replay == null ? at : replay.firstSeen(),
        at,
        replay == null ? 0 : replay.replays(),
        replay == null ? null : replay.errorSequence(),
        revisions,
        headers.made(),
        told);
  }

  /** By rules of another revision than this worker's, of which nothing is known here: any. */
  private List<String> told(BatchHeaders headers, String revision, Cause cause) {
    StageSpec stage = context.spec().stage(context.stage());
    return stage instanceof StageSpec.Transform && !revision.equals(context.revision())
        ? List.of(Provenance.EVERY_FIELD)
        : Derivation.told(headers.made(), stage, cause.step());
  }

  /** What an extract reads it has worked on already; to the others it has come. */
  private String revisions(BatchHeaders headers, String revision) {
    return isExtract() ? headers.revision() : headers.revisionAfter(context.stage(), revision);
  }

  private static String cut(String text) {
    return text.length() <= 4000 ? text : text.substring(0, 3999) + "…";
  }
}
