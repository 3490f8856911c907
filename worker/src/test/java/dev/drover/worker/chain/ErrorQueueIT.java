package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.stage.ErrorQueue;
import dev.drover.worker.stage.ErrorQueue.Failure;
import dev.drover.worker.stage.StageContext;
import io.nats.client.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Failed records that are published again after the server has forgotten their ids. */
class ErrorQueueIT extends ChainScenario {
  private static final RecordSchema SCHEMA =
      new RecordSchema(
          "public.item", List.of(new Column("id", ColumnType.INTEGER, false, "integer")));
  private static final String LONG_AGO = Instant.now().minus(Duration.ofHours(13)).toString();

  private TestChain chain;
  private StageContext context;
  private long before;

  @BeforeEach
  void open() throws Exception {
    chain =
        new TestChain(
            nats.url(),
            name,
            new ChainSpec(
                List.of(),
                List.of(
                    new StageSpec.Extract("read", "legacy", List.of("public.item"), 100),
                    new StageSpec.Load(
                        "load", "read", "target", null, LoadMode.Insert, List.of()))));
    chain.remembersIdsOfFailuresFor(Duration.ofMillis(100));
    context = chain.context("load");
    publish(9, 0, 1); // of another batch
    before = 2;
  }

  @AfterEach
  void close() throws Exception {
    context.pace().close();
    context.budget().close();
    context.stalls().close();
    context.nats().close();
    chain.close();
  }

  private static BatchHeaders batch(int number) {
    return new BatchHeaders(
        BatchId.extracted(SplitId.of("public.item", 0), number),
        1,
        9,
        SCHEMA.fingerprint(),
        TestChain.REVISION,
        Origin.queue,
        List.of());
  }

  /** Two causes in turn. */
  private static List<Failure> failures(int... indexes) {
    return IntStream.of(indexes)
        .mapToObj(
            i ->
                new Failure(
                    i,
                    "k" + i,
                    new byte[] {1},
                    new Verdict.Failed(
                        FailureClass.Record, new Cause("load", "c" + i % 2, "t", "f"), "no")))
        .toList();
  }

  private void publish(int batch, int... indexes) throws Exception {
    new ErrorQueue(context).publish(batch(batch), SCHEMA, "rev1", LONG_AGO, failures(indexes));
    Thread.sleep(200); // its ids are forgotten
  }

  private void publishAgain(ErrorQueue errors) throws Exception {
    errors.publishAgain(batch(1), SCHEMA, "rev1", LONG_AGO, before, failures(0, 1, 2, 3));
  }

  private List<Integer> published() throws Exception {
    return chain.failures().stream()
        .filter(f -> f.detail().batch().equals(batch(1).id().text()))
        .map(f -> f.detail().index())
        .toList();
  }

  @Test
  void what_is_in_the_queue_is_not_published_again() throws Exception {
    publish(1, 0, 1, 2, 3);
    publish(8, 0, 1);
    publishAgain(new ErrorQueue(context));
    assertThat(published()).containsExactly(0, 1, 2, 3);
  }

  @Test
  void what_an_attempt_did_not_live_to_publish_is_published_once() throws Exception {
    publish(1, 0, 1);
    ErrorQueue errors = new ErrorQueue(context);
    for (int again = 0; again < 2; again++) {
      publishAgain(errors);
      publishAgain(new ErrorQueue(context));
      Thread.sleep(200);
    }
    assertThat(published()).containsExactly(0, 1, 2, 3);
  }

  @Test
  void what_was_never_published_is_published_whoever_was_taken_out_since() throws Exception {
    publish(8, 0, 1, 2, 3);
    chain.takeOut(before + 1, before + 2, before + 3, before + 4);
    publishAgain(new ErrorQueue(context));
    assertThat(published()).containsExactly(0, 1, 2, 3);
  }

  @Test
  void what_was_taken_out_since_is_not_put_back() throws Exception {
    publish(1, 0, 1, 2, 3);
    publish(8, 0);
    chain.takeOut(before + 1, before + 4);
    publishAgain(new ErrorQueue(context));
    assertThat(published()).containsExactly(1, 2);

    // And the first of the queue, so that no gap is left of it.
    chain.takeOut(1, 2, before + 2, before + 3);
    publishAgain(new ErrorQueue(context));
    assertThat(published()).isEmpty();
  }

  @Test
  void what_was_taken_out_of_a_batch_that_was_published_in_part_is_told_from_the_rest()
      throws Exception {
    publish(1, 0, 1);
    publish(8, 0, 1, 2, 3);
    chain.takeOut(before + 2, before + 3, before + 4, before + 5);
    publishAgain(new ErrorQueue(context));
    assertThat(published()).containsExactly(0, 2, 3);
  }

  @Test
  void a_server_that_starts_again_forgets_ids_and_nothing_comes_back() throws Exception {
    String now = Instant.now().toString();
    chain.remembersIdsOfFailuresFor(Duration.ofHours(24));
    new ErrorQueue(context).publish(batch(1), SCHEMA, "rev1", now, failures(0, 1, 2, 3));
    chain.takeOut(before + 1, before + 4);
    nats.restart();
    await().until(() -> chain.nats.getStatus() == Connection.Status.CONNECTED);

    new ErrorQueue(context)
        .publishAgain(batch(1), SCHEMA, "rev1", now, before, failures(0, 1, 2, 3));

    assertThat(published()).containsExactly(1, 2);
  }
}
