package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import io.nats.client.Connection;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What NATS held of a migration is gone: nothing goes on as if it were not. */
class LostQueuesE2E {
  private static final String NAME = "lost";
  private static final int ROWS = 40_000;
  private static final int FAILING = 20;

  private Cluster cluster;
  private Connection nats;
  private Gate gate;
  private ChainNames names;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete(NAME);
    nats = new NatsEndpoint(System.getenv("NATS_URL"), null, null).connect(NAME);
    Cluster.schemaInBoth(NAME, "CREATE TABLE item (id bigint PRIMARY KEY, a int)");
    Cluster.execute(
        "legacy",
        "INSERT INTO lost.item SELECT i, i %% %d FROM generate_series(1, %d) i"
            .formatted(ROWS / FAILING, ROWS),
        "ANALYZE lost.item");
    gate = new Gate(Cluster.database("target"), "lost.item", "id", ROWS / 2);
    String uid =
        cluster
            .apply(
                Manifest.chain(
                    NAME, "lost.item", "{require: {that: \"record.a != 13\", code: Unlucky}}"))
            .getMetadata()
            .getUid();
    names = ChainNames.of("default", NAME, uid);
  }

  @AfterEach
  void stop() throws Exception {
    gate.open();
    cluster.delete(NAME);
    nats.close();
    cluster.close();
  }

  private static String resolved(FailedRecord record) {
    return record.getStatus() == null
        ? ""
        : record.getStatus().conditions().stream()
            .filter(c -> c.type().equals("Resolved"))
            .map(c -> c.status() + " " + c.reason())
            .findFirst()
            .orElse("");
  }

  @Test
  void an_error_queue_that_is_lost_is_told_and_the_loss_can_be_accepted() throws Exception {
    await().atMost(Cluster.SOON).until(() -> cluster.failedRecords(NAME).size() == FAILING);
    nats.jetStreamManagement().purgeStream(names.errorsStream());
    gate.open();

    Condition lost = cluster.awaitCondition(NAME, "Balanced", "False");
    assertThat(lost.reason()).isEqualTo("ErrorQueueLost");
    assertThat(lost.message()).contains("counts 20 failed records", "has 0 of them");
    await().atMost(Cluster.SOON).until(() -> !cluster.events(NAME, "ErrorQueueLost").isEmpty());
    await()
        .atMost(Cluster.SOON)
        .until(
            () ->
                cluster.failedRecords(NAME).stream()
                    .allMatch(r -> resolved(r).equals("False Lost")));
    assertThat(cluster.condition(NAME, "Completed").map(Condition::status)).contains("False");

    for (FailedRecord record : cluster.failedRecords(NAME)) {
      cluster.patch(
          record, "{\"spec\":{\"action\":\"Waive\",\"reason\":\"the queue was purged\"}}");
    }
    cluster.awaitCondition(NAME, "Balanced", "True");
    cluster.awaitCondition(NAME, "Completed", "True");
    assertThat(cluster.status(NAME).progress().waivedRecords()).isEqualTo(FAILING);
    assertThat(Cluster.query("target", "SELECT count(*) FROM lost.item"))
        .containsExactly(Integer.toString(ROWS - FAILING));
  }

  @Test
  void a_state_that_is_lost_is_told_and_nothing_is_begun_anew() throws Exception {
    await().atMost(Cluster.SOON).pollInterval(Duration.ofMillis(100)).until(gate::isReached);
    String bucket = "KV_" + names.stateBucket();
    nats.jetStreamManagement().deleteStream(bucket);

    await()
        .atMost(Cluster.SOON)
        .untilAsserted(
            () ->
                assertThat(cluster.condition(NAME, "QueuesReady"))
                    .hasValueSatisfying(
                        queues -> {
                          assertThat(queues.reason()).isEqualTo("StateLost");
                          assertThat(queues.message())
                              .contains(names.stateBucket(), "Nothing is begun anew");
                        }));
    gate.open();
    await()
        .during(Duration.ofSeconds(10))
        .atMost(Duration.ofSeconds(30))
        .until(() -> !nats.jetStreamManagement().getStreamNames().contains(bucket));
    assertThat(cluster.condition(NAME, "Completed").map(Condition::status)).contains("False");
  }
}
