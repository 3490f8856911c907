package dev.drover.operator.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.scaling.StageLoad.Backlog;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ScalingPolicyTest {
  private static final Backlog NOTHING_LEFT = new Backlog(0, 0, true);

  @Test
  void backlog_calls_for_workers_up_to_the_maximum() {
    assertThat(one(transform(0, 4, 0, records(120_000)))).isEqualTo(3);
    assertThat(one(transform(0, 4, 0, records(1)))).isEqualTo(1);
    assertThat(one(transform(0, 4, 0, records(9_000_000)))).isEqualTo(4);
    assertThat(reason(transform(0, 4, 0, records(120_000))))
        .isEqualTo("backlog 120000 records, 3 of at most 4 workers");
  }

  @Test
  void messages_count_where_records_are_not_known() {
    assertThat(one(transform(0, 9, 0, new Backlog(17, 0, false)))).isEqualTo(3);
  }

  @Test
  void an_extract_gets_a_worker_a_split() {
    assertThat(one(extract(4, new Backlog(3, 0, false)))).isEqualTo(3);
    assertThat(one(extract(4, new Backlog(900, 0, false)))).isEqualTo(4);
  }

  @Test
  void one_worker_waits_while_more_is_to_come() {
    assertThat(one(transform(0, 4, 0, new Backlog(0, 0, false)))).isEqualTo(1);
    assertThat(reason(transform(0, 4, 0, new Backlog(0, 0, false))))
        .isEqualTo("no backlog, more to come, 1 of at most 4 workers");
  }

  @Test
  void nothing_left_means_no_workers_even_above_a_minimum() {
    assertThat(one(transform(2, 4, 3, NOTHING_LEFT))).isZero();
    assertThat(reason(transform(2, 4, 3, NOTHING_LEFT))).isEqualTo("nothing left");
  }

  @Test
  void the_minimum_holds_while_anything_is_left() {
    assertThat(one(transform(2, 4, 0, new Backlog(0, 0, false)))).isEqualTo(2);
  }

  @Test
  void a_replay_after_the_end_wakes_a_stage_from_zero() {
    assertThat(one(transform(0, 4, 0, new Backlog(1, 1, true)))).isEqualTo(1);
  }

  @Test
  void missing_data_means_hold_never_zero_never_more() {
    assertThat(one(transform(0, 4, 3, null))).isEqualTo(3);
    assertThat(one(transform(0, 4, 0, null))).isZero();
    assertThat(one(transform(0, 2, 3, null))).as("an edit of scale holds even then").isEqualTo(2);
  }

  @Test
  void a_backlog_around_a_threshold_stops_nobody() {
    assertThat(one(transform(0, 4, 2, records(49_000)))).isEqualTo(2);
    assertThat(one(transform(0, 4, 2, records(26_000)))).isEqualTo(2);
    assertThat(one(transform(0, 4, 2, records(25_000)))).isEqualTo(1);
  }

  @Test
  void the_cap_of_a_connection_is_shared_fairly() {
    List<StageScale> scales =
        ScalingPolicy.decide(
            List.of(load("a", "db", 9, records(9_000_000)), load("b", "db", 9, records(100_000))),
            Map.of("db", 5));
    assertThat(scales).extracting(StageScale::replicas).containsExactly(3, 2);
    assertThat(scales.getFirst().reason())
        .isEqualTo(
            "backlog 9000000 records, 3 of at most 9 workers; 9 wanted, held lower by"
                + " maxConnections 5 of connection db");
  }

  @Test
  void a_cap_of_one_goes_downstream_first_and_back_when_that_is_empty() {
    StageLoad read = new StageLoad("read", true, "db", 0, 1, 0, new Backlog(5, 0, false));
    assertThat(
            ScalingPolicy.decide(
                List.of(read, load("load", "db", 1, records(10))), Map.of("db", 1)))
        .extracting(StageScale::replicas)
        .containsExactly(0, 1);
    assertThat(
            ScalingPolicy.decide(
                List.of(read, load("load", "db", 1, new Backlog(0, 0, false))), Map.of("db", 1)))
        .extracting(StageScale::replicas)
        .containsExactly(1, 0);
  }

  @Test
  void no_chain_of_stages_ever_breaks_a_cap_or_a_bound() {
    Random random = new Random(42);
    for (int round = 0; round < 2_000; round++) {
      int cap = 1 + random.nextInt(6);
      List<StageLoad> stages =
          random
              .ints(1 + random.nextInt(5), 0, 1000)
              .mapToObj(
                  i -> {
                    int max = 1 + random.nextInt(5);
                    Backlog backlog =
                        random.nextInt(4) == 0
                            ? null
                            : new Backlog(
                                random.nextInt(50), random.nextInt(400_000), random.nextBoolean());
                    return new StageLoad(
                        "s" + i + "-" + random.nextInt(),
                        random.nextBoolean(),
                        random.nextInt(3) == 0 ? null : "db",
                        random.nextInt(max + 1),
                        max,
                        random.nextInt(6),
                        backlog);
                  })
              .toList();
      List<StageScale> scales = ScalingPolicy.decide(stages, Map.of("db", cap));
      int used = 0;
      for (int i = 0; i < stages.size(); i++) {
        assertThat(scales.get(i).replicas()).isBetween(0, stages.get(i).maxReplicas());
        used += stages.get(i).connection() == null ? 0 : scales.get(i).replicas();
      }
      assertThat(used * ScalingPolicy.CONNECTIONS_PER_WORKER).isLessThanOrEqualTo(cap);
    }
  }

  private static Backlog records(long records) {
    return new Backlog(Math.ceilDiv(records, 8_000), records, false);
  }

  private static StageLoad transform(int min, int max, int current, @Nullable Backlog backlog) {
    return new StageLoad("clean", false, null, min, max, current, backlog);
  }

  private static StageLoad extract(int max, Backlog backlog) {
    return new StageLoad("read", true, "db", 0, max, 0, backlog);
  }

  private static StageLoad load(String name, String connection, int max, Backlog backlog) {
    return new StageLoad(name, false, connection, 0, max, 0, backlog);
  }

  private static int one(StageLoad stage) {
    return decide(stage).replicas();
  }

  private static String reason(StageLoad stage) {
    return decide(stage).reason();
  }

  private static StageScale decide(StageLoad stage) {
    return ScalingPolicy.decide(List.of(stage), Map.of("db", 100)).getFirst();
  }
}
