package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.chain.PlayedWorker;
import dev.drover.operator.chain.PlayedWorker.Judge;
import dev.drover.wire.plan.ChainPlan;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An error queue that somebody deleted, and what was known of its records. */
class LostErrorQueueIT extends DeskScenario {
  @Test
  void a_failure_in_a_queue_that_was_made_anew_is_taken_for_none_of_before() throws Exception {
    ChainPlan plan = PlayedWorker.plan(1, 1);
    chain.advance(PlayedWorker.REVISION, SPEC, plan, false);
    worker.extract(1, 4);
    worker.clean(Judge.PASS);
    worker.load(odd("Odd"));
    chain.advance(PlayedWorker.REVISION, SPEC, plan, false);
    desk.sync(migration, ref, false);
    await().until(() -> records().size() == 2);
    FailedRecord replayed = records().getFirst();
    FailedRecord open = records().getLast();
    patch(replayed, "{\"correction\":{\"qty\":4},\"action\":\"Replay\"}");
    awaitState(replayed, RecordState.Replaying);
    worker.retry("load", Judge.PASS);
    awaitState(replayed, RecordState.Resolved);

    nats.jetStreamManagement().deleteStream(names.errorsStream());
    chain.ensureQueues(SPEC, new MigrationSpec.Queues("32Mi", 1));
    assertThat(worker.extract(1, 2)).hasSize(1);
    worker.clean(Judge.PASS);
    worker.load(odd("Odd"));
    chain.ensureQueues(SPEC, new MigrationSpec.Queues("16Mi", 1));
    assertThat(inStream(names.errorsStream())).isEqualTo(1);

    await()
        .until(
            () -> {
              desk.sync(migration, ref, false);
              return fresh(List.of(replayed, open)).size() == 1;
            });
    FailedRecord fresh = fresh(List.of(replayed, open)).getFirst();
    awaitState(fresh, RecordState.Open);
    assertThat(status(fresh).errorSequence())
        .isGreaterThan(status(open).errorSequence() + 100_000)
        .isGreaterThan(8192);
    assertThat(inStream(names.errorsStream())).as("it is not taken for one of before").isEqualTo(1);
    assertThat(
            nats.jetStreamManagement()
                .getStreamInfo(names.errorsStream())
                .getConfiguration()
                .getMaxBytes())
        .as("it can be changed as ever")
        .isEqualTo(16 << 20);
    patch(fresh, "{\"correction\":{\"qty\":4},\"action\":\"Replay\"}");
    awaitState(fresh, RecordState.Replaying);
    worker.retry("load", Judge.PASS);
    awaitState(fresh, RecordState.Resolved);
  }

  private List<FailedRecord> fresh(List<FailedRecord> before) {
    List<String> names = before.stream().map(r -> r.getMetadata().getName()).toList();
    return records().stream()
        .filter(r -> !names.contains(r.getMetadata().getName()) && r.getStatus() != null)
        .toList();
  }
}
