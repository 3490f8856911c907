package dev.drover.operator.chain;

import static dev.drover.operator.chain.PlayedWorker.REVISION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WaitingRound;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When records that wait for others are given up. */
class WaitingRoundsIT extends PlayedChain {
  @Test
  void records_that_wait_in_vain_are_given_up() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 0);
    advance(plan);
    worker.extract(1, 5);
    worker.clean(Judge.PASS);
    for (Message m : worker.fetch(names.queueStream("clean"), "load")) {
      worker.decide(
          "load",
          dev.drover.wire.batch.BatchHeaders.parse(m.getHeaders()),
          m.getData(),
          row -> PlayedWorker.cause("fk"),
          true);
      m.ackSync(Duration.ofSeconds(5));
    }
    ChainSnapshot waiting = advance(plan);
    assertThat(stages(waiting).get("load").counts().waiting()).isEqualTo(5);
    assertThat(stages(waiting).get("load").done()).isFalse();

    now = now.plusSeconds(20);
    advance(plan);
    assertThat(round()).as("they were not tried yet").isNull();
    for (int attempt = 0; attempt < 2; attempt++) {
      await()
          .untilAsserted(
              () ->
                  assertThat(worker.fetch(names.waitingStream(), "load"))
                      .singleElement()
                      .satisfies(Message::nak));
    }
    await()
        .untilAsserted(
            () -> {
              advance(plan);
              assertThat(round()).isEqualTo(new WaitingRound(1));
            });
  }

  @Test
  void those_that_wait_are_given_up_where_they_keep_out_what_they_wait_for() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    advance(plan);
    worker.extract(2, 5);
    worker.clean(Judge.PASS);
    List<Message> queued = worker.fetch(names.queueStream("clean"), "load");
    assertThat(queued).hasSize(2);
    worker.decide(
        "load",
        dev.drover.wire.batch.BatchHeaders.parse(queued.getFirst().getHeaders()),
        queued.getFirst().getData(),
        row -> PlayedWorker.cause("fk"),
        true);
    queued.getFirst().ackSync(Duration.ofSeconds(5));
    queued.getLast().nak();
    fill(names.waitingStream());
    advance(plan);
    tryInVain(names.waitingStream(), names.queueStream("clean"));

    now = now.plusSeconds(520);
    advance(plan);
    assertThat(round()).as("the queue takes more, and the parents may come in it").isNull();

    fill(names.queueStream("clean"));
    advance(plan);
    tryInVain(names.waitingStream(), names.queueStream("clean"));
    now = now.plusSeconds(20);
    advance(plan);
    assertThat(round()).as("what finds the room full rests longer").isNull();
    now = now.plusSeconds(500);
    await()
        .untilAsserted(
            () -> {
              advance(plan);
              assertThat(round()).isNotNull();
            });

    limit(names.waitingStream(), 8 << 20);
    advance(plan);
    assertThat(round()).as("there is room again").isNull();
  }

  @Test
  void a_load_that_finds_the_room_full_of_anothers_records_is_given_up_though_it_has_none_in()
      throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    advance(plan);
    worker.extract(1, 5);
    worker.clean(Judge.PASS);
    worker.fetch(names.queueStream("clean"), "load").getFirst().nak();
    nats.jetStream().publish(names.waitingSubject("other"), new byte[100]);
    fill(names.waitingStream());
    fill(names.queueStream("clean"));
    advance(plan);
    tryInVain(names.queueStream("clean"));
    now = now.plusSeconds(520);
    await()
        .untilAsserted(
            () -> {
              advance(plan);
              assertThat(round()).isNotNull();
            });
  }

  @Test
  void a_queue_stays_open_while_a_load_that_is_to_be_drained_finds_the_waiting_room_full()
      throws Exception {
    chain.join(REVISION, SPEC, QUEUES, true);
    advance(PlayedWorker.plan(1, 1));
    worker.extract(2, 5);
    worker.clean(Judge.PASS);
    Message first = worker.fetch(names.queueStream("clean"), "load").getFirst();
    worker.decide(
        "load",
        BatchHeaders.parse(first.getHeaders()),
        first.getData(),
        row -> PlayedWorker.cause("fk"),
        true);
    fill(names.waitingStream());
    ChainSpec removed =
        new ChainSpec(
            List.of(),
            List.of(
                SPEC.stages().getFirst(),
                new StageSpec.Load("load", "read", "shop", null, LoadMode.Upsert, List.of())));

    assertThat(told(chain.join("rev2", removed, QUEUES, true)))
        .satisfies(c -> assertThat(c.draining()).isFalse())
        .satisfies(c -> assertThat(c.message()).contains("records of load lack a parent"));
    chain.ensureQueues(SPEC, QUEUES);
    publishRead();

    limit(names.waitingStream(), 8 << 20);
    assertThat(told(chain.join("rev2", removed, QUEUES, true)).draining()).isTrue();
    chain.ensureQueues(SPEC, QUEUES);
    assertThatThrownBy(this::publishRead).isInstanceOf(JetStreamApiException.class);

    fill(names.waitingStream());
    assertThat(told(chain.join("rev2", removed, QUEUES, true)).draining()).isFalse();
    chain.ensureQueues(SPEC, QUEUES);
    publishRead();
  }

  private static Joining.Change told(Joining joining) {
    return ((Joining.Underway) joining).changes().getFirst();
  }

  private void publishRead() throws Exception {
    nats.jetStream().publish(names.queueSubject("read", "x"), new byte[9]);
  }

  /** Two tries of what is in some streams for the load. */
  private void tryInVain(String... streams) {
    for (int attempt = 0; attempt < 2; attempt++) {
      for (String stream : streams) {
        await()
            .untilAsserted(
                () ->
                    assertThat(worker.fetch(stream, "load"))
                        .singleElement()
                        .satisfies(Message::nak));
      }
    }
  }

  private void fill(String stream) throws Exception {
    limit(
        stream,
        nats.jetStreamManagement().getStreamInfo(stream).getStreamState().getByteCount() + 1);
  }

  private WaitingRound round() throws Exception {
    var entry = StateStore.open(nats, names).bucket().get(WaitingRound.key("load"));
    return entry == null ? null : WireJson.parse(entry.getValue(), WaitingRound.class);
  }
}
