package dev.drover.wire.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.batch.BatchId;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChainNamesTest {
  @Test
  void migrations_whose_names_could_run_into_each_other_have_different_names() {
    Set<String> ids = new HashSet<>();
    for (List<String> m :
        List.of(
            List.of("a-b", "c", "1"),
            List.of("a", "b-c", "1"),
            List.of("a-b", "c", "2"),
            List.of("a.b", "c", "1"),
            List.of("a", "b", "1"),
            List.of("x".repeat(60), "y".repeat(40), "1"),
            List.of("x".repeat(61), "y".repeat(40), "1"))) {
      assertThat(ids.add(ChainNames.of(m.get(0), m.get(1), m.get(2)).id())).isTrue();
    }
  }

  @Test
  void the_longest_names_are_bounded_and_fit_for_nats() {
    ChainNames names = ChainNames.of("n".repeat(63), "m".repeat(40), "uid");
    String stage = "s".repeat(30);

    assertThat(names.queueStream(stage)).hasSizeLessThanOrEqualTo(130).matches("[-_a-z0-9]+");
    assertThat(names.stateBucket()).hasSizeLessThanOrEqualTo(130).matches("[-_a-z0-9]+");
    assertThat(names.errorSubject(stage, "0123456789abcdef")).matches("[-_.a-z0-9]+");
  }

  @Test
  void streams_of_a_stage_cannot_clash_with_the_chains_own() {
    ChainNames names = ChainNames.of("ns", "m", "1");

    for (String stage : List.of("state", "splits", "retries", "errors", "decisions", "journal")) {
      assertThat(
              List.of(
                  names.splitsStream(),
                  names.retriesStream(),
                  names.waitingStream(),
                  names.errorsStream(),
                  names.decisionsStream(),
                  names.journalStream(),
                  "KV_" + names.stateBucket()))
          .doesNotContain(names.queueStream(stage));
    }
  }

  @Test
  void a_split_is_read_back_from_its_name() {
    SplitId id = SplitId.of("public.Odd Table.1", 17);

    assertThat(SplitId.parse(id.toString())).isEqualTo(id);
    assertThat(id.toString()).matches("[0-9a-f]{12}-17");
    assertThat(id.isCutOff()).isFalse();
  }

  @Test
  void a_split_that_was_cut_off_another_has_a_name_of_its_own_that_fits_a_batchs() {
    SplitId id = SplitId.of("public.t", 3).cutOff(1).cutOff(0);

    assertThat(id).isEqualTo(SplitId.of("public.t", "3c1c0")).matches(SplitId::isCutOff);
    assertThat(SplitId.parse(id.toString())).isEqualTo(id);
    assertThat(BatchId.extracted(id, 7).tableHash()).isEqualTo(SplitId.hash("public.t"));
    assertThat(BatchId.extracted(id, 7).text()).matches("[0-9a-f]{12}-3c1c0-7");
    assertThatThrownBy(() -> SplitId.parse(SplitId.hash("public.t") + "-3c"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3c");
  }

  @Test
  void a_batch_keeps_its_tables_name_through_the_chain_and_a_replay_has_none() {
    BatchId batch = BatchId.extracted(SplitId.of("public.t", 3), 7).part(0).part(2).waiting(1);

    assertThat(batch.tableHash()).isEqualTo(SplitId.hash("public.t"));
    assertThat(batch.waiting(2).text()).endsWith("-p0-p2-w2").doesNotContain("-w1");
    assertThat(BatchId.replay(12).part(0).tableHash()).isEmpty();
  }

  @Test
  void a_copys_name_says_of_what_it_is_and_for_whom() {
    PrivateName name = new PrivateName("ar-chive", "clean-1");

    assertThat(name).hasToString("ar-chive_clean-1");
    assertThat(PrivateName.parse(name.toString())).contains(name);
    assertThat(PrivateName.parse("archive-clean")).isEmpty();
    assertThat(PrivateName.plain("ar-chive_clean-1")).isEqualTo("ar-chive--clean-1");
    assertThat(ChainNames.of("ns", "m", "1").queueStream(name.toString())).matches("[-_a-z0-9]+");
  }
}
