package dev.drover.operator.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TallyTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final Tally tally = new Tally();

  private void decide(long sequence, String batch, Origin origin, Counts counts, int parts) {
    tally.add(
        sequence, "load", new BatchId(batch), new Decision.Summary(counts, parts, origin, 1), NOW);
  }

  @Test
  void a_decision_that_is_shown_twice_counts_once() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 10, 0, 0, 0, 0), 1);
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 10, 0, 0, 0, 0), 1);

    assertThat(tally.stage("load").now().in()).isEqualTo(10);
    assertThat(tally.stage("load").decisions()).isEqualTo(1);
  }

  @Test
  void a_record_that_was_sent_again_and_passed_is_failed_no_more() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 8, 0, 2, 0, 0), 1);
    decide(2, "r1", Origin.retry, new Counts(1, 1, 0, 0, 0, 0), 1);

    assertThat(tally.stage("load").now()).isEqualTo(new Counts(10, 9, 0, 1, 0, 0));
  }

  @Test
  void a_record_that_failed_again_is_failed_once() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 8, 0, 2, 0, 0), 1);
    decide(2, "r1", Origin.retry, new Counts(1, 0, 0, 1, 0, 0), 0);

    assertThat(tally.stage("load").now()).isEqualTo(new Counts(10, 8, 0, 2, 0, 0));
  }

  @Test
  void a_waived_record_is_waived_instead_of_failed() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 8, 0, 2, 0, 0), 1);
    decide(2, "r1", Origin.retry, new Counts(1, 0, 0, 0, 0, 1), 0);

    assertThat(tally.stage("load").now()).isEqualTo(new Counts(10, 8, 0, 1, 0, 1));
    assertThat(tally.stage("load").now().balanced()).isTrue();
  }

  @Test
  void records_that_waited_are_counted_where_they_ended() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 5, 0, 0, 5, 0), 0);
    decide(2, "abc-0-0-w1", Origin.waiting, new Counts(5, 3, 0, 0, 2, 0), 0);
    decide(3, "abc-0-0-w2", Origin.waiting, new Counts(2, 0, 0, 2, 0, 0), 0);

    assertThat(tally.stage("load").now()).isEqualTo(new Counts(10, 8, 0, 2, 0, 0));
    assertThat(tally.stage("load").decidedBatches()).as("the first only").isEqualTo(1);
  }

  @Test
  void the_parts_of_every_origin_are_promised() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 9, 0, 1, 0, 0), 2);
    decide(2, "r1", Origin.retry, new Counts(1, 1, 0, 0, 0, 0), 1);

    assertThat(tally.stage("load").parts()).isEqualTo(3);
  }

  @Test
  void a_replay_belongs_to_no_table() {
    decide(1, "abc-0-0", Origin.queue, new Counts(10, 9, 0, 1, 0, 0), 1);
    decide(2, "r1-p0", Origin.queue, new Counts(1, 1, 0, 0, 0, 0), 1);

    assertThat(tally.table("load", "abc").decidedBatches()).isEqualTo(1);
    assertThat(tally.stage("load").decidedBatches()).isEqualTo(2);
  }

  private void decided(long sequence, String stage, String batch, int records, int parts) {
    tally.add(
        sequence,
        stage,
        new BatchId(batch),
        new Decision.Summary(new Counts(records, records, 0, 0, 0, 0), parts, Origin.queue, 1),
        NOW);
  }

  private static Edge edge(
      String queue, String reader, long since, @Nullable Long until, @Nullable Integer peer) {
    return new Edge(queue, reader, since, until, peer, Map.of());
  }

  @Test
  void a_stage_that_was_there_from_the_start_is_promised_all() {
    tally.join(new Edges("r", List.of(Edge.original("read", "load"))));

    assertThat(tally.promised("load", 7)).isEqualTo(7);
    assertThat(tally.handedTo("load", 70)).isEqualTo(70);
  }

  @Test
  void a_branch_is_promised_what_was_not_decided_before_and_what_was_and_is_still_queued() {
    Edge branch = new Edge("read", "archive", 3, null, 0, Map.of("abc-0-2", 10L));
    tally.join(new Edges("r", List.of(Edge.original("read", "load"), branch)));
    decided(1, "load", "abc-0-0", 10, 0);
    decided(2, "load", "abc-0-1", 20, 0);
    decided(3, "load", "abc-0-2", 10, 0);
    decided(4, "load", "abc-0-3", 10, 0);

    assertThat(tally.promised("archive", 5)).isEqualTo(3);
    assertThat(tally.handedTo("archive", 60)).isEqualTo(30);
    assertThat(tally.passedBefore("archive")).isEqualTo(30);
    assertThat(tally.promised("archive", "abc", 5)).isEqualTo(3);
    assertThat(tally.promised("archive", "other", 5)).isEqualTo(5);
    assertThat(tally.promised("load", 5)).isEqualTo(5);
  }

  @Test
  void a_stage_that_comes_between_sees_the_rest_and_the_one_behind_gets_both() {
    tally.join(
        new Edges(
            "r",
            List.of(
                edge("read", "load", 0, 2L, null),
                edge("read", "stamp", 2, null, 0),
                edge("stamp", "load", 2, null, null))));
    decided(1, "load", "abc-0-0", 10, 0);
    decided(2, "load", "abc-0-1", 10, 0);
    decided(3, "stamp", "abc-0-2", 10, 1);
    decided(4, "load", "abc-0-2-p0", 10, 0);

    assertThat(tally.promised("stamp", 3)).isEqualTo(1);
    assertThat(tally.promised("load", tally.stage("stamp").parts())).isEqualTo(3);
    assertThat(tally.handedTo("load", 10)).isEqualTo(30);
  }

  @Test
  void a_stage_that_came_and_went_leaves_what_it_decided_to_itself() {
    tally.join(
        new Edges(
            "r",
            List.of(
                edge("read", "load", 0, 1L, null),
                edge("read", "stamp", 1, 3L, 0),
                edge("stamp", "load", 1, 3L, null),
                edge("read", "load", 3, null, 1))));
    decided(1, "load", "abc-0-0", 10, 0);
    decided(2, "stamp", "abc-0-1", 10, 1);
    decided(3, "load", "abc-0-1-p0", 10, 0);

    // Of four batches read, one went straight, one by the other stage, two are to come.
    assertThat(tally.promised("load", 4)).isEqualTo(4);
    assertThat(tally.handedTo("load", 40)).isEqualTo(40);
  }

  @Test
  void what_was_summed_up_when_an_edge_began_is_known_only_if_the_edge_was() {
    decided(1, "load", "abc-0-0", 10, 0);
    decided(2, "load", "abc-0-1", 10, 0);
    Edge now = edge("read", "archive", 2, null, 0);
    Edge earlier = edge("read", "archive", 1, null, 0);

    assertThat(tally.join(new Edges("r", List.of(Edge.original("read", "load"), now)))).isTrue();
    assertThat(tally.join(new Edges("r", List.of(Edge.original("read", "load"), earlier))))
        .isFalse();
  }
}
