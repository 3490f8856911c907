package dev.drover.operator.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.Specs;
import dev.drover.operator.validation.SpecValidator;
import dev.drover.wire.plan.Finding;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrivatePathsTest {
  private static final String LOAD = "    - name: load\n";
  private static final String ARCHIVE =
      """
          - name: archive
            from: clean
            backfill: true
            load: {connectionName: shop, schema: archive}
      """
          .indent(0);

  private static MigrationSpec with(String graft) {
    return Specs.with(LOAD, graft + LOAD);
  }

  @Test
  void a_spec_without_backfill_stays_as_it_is() {
    Migration plain = Specs.migration("", "");
    assertThat(PrivatePaths.expanded(plain)).isSameAs(plain);
  }

  @Test
  void a_graft_reads_copies_of_all_that_is_before_it_and_the_others_stay() {
    MigrationSpec spec = with(ARCHIVE);
    MigrationSpec whole = PrivatePaths.expanded(spec);

    assertThat(whole.stages())
        .extracting(Stage::name)
        .containsExactly("read", "clean", "archive", "load", "archive_clean", "archive_read");
    assertThat(whole.stages())
        .extracting(Stage::from)
        .containsExactly(null, "read", "archive_clean", "clean", "archive_read", null);
    assertThat(whole.stages().get(4).transform()).isEqualTo(spec.stages().get(1).transform());
    assertThat(whole.stages().get(5).extract()).isEqualTo(spec.stages().getFirst().extract());
    assertThat(whole.stages().get(5).scale()).isEqualTo(spec.stages().getFirst().scale());
    assertThat(whole.stages().getFirst()).isEqualTo(spec.stages().getFirst());
    assertThat(PrivatePaths.expanded(whole)).as("there is nothing left to do").isSameAs(whole);
  }

  @Test
  void a_graft_behind_the_extract_and_one_behind_a_graft() {
    MigrationSpec spec =
        with(
            ARCHIVE.replace("from: clean", "from: read")
                + ARCHIVE.replace("archive", "second").replace("from: clean", "from: third")
                + """
                    - name: third
                      from: clean
                      backfill: true
                      transform: {steps: [{filter: "true"}]}
                    - name: fourth
                      from: third
                      load: {connectionName: shop, schema: fourth}
                """
                    .indent(0));
    assertThat(PrivatePaths.expanded(spec).stages())
        .extracting(s -> s.name() + " " + s.from())
        .contains(
            "archive archive_read",
            "archive_read null",
            "second second_third",
            "second_third second_clean",
            "second_clean second_read",
            "third third_clean",
            "third_clean third_read",
            "fourth third");
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "name: archive | name: an-archive-with-a-long-name-12 | ",
        "name: archive | name: archive--2 | BackfillName spec.stages[2].name",
        "load: {connectionName: shop, schema: archive} | extract: {connectionName: legacy, tables: [\"a.b\"]} | ExtractHasFrom spec.stages[2].from",
        "from: clean | from: cleen | UnknownFrom spec.stages[2].from",
        "from: clean | from: load | UnknownFrom spec.stages[2].from",
        "~~~ | ~~~ | ",
      })
  void what_cannot_be_is_told_with_its_path(String text, String replacement, String told) {
    List<String> findings =
        SpecValidator.validate(with(ARCHIVE.replace(text, replacement))).stream()
            .map(f -> f.reason() + " " + f.path())
            .toList();
    if (told == null) {
      assertThat(findings).isEmpty();
    } else {
      assertThat(findings).contains(told);
    }
  }

  @Test
  void a_queue_that_only_grafts_with_copies_name_is_read_by_nobody() {
    MigrationSpec spec = Specs.with("from: clean", "from: clean\n      backfill: true");

    assertThat(SpecValidator.validate(spec))
        .singleElement()
        .returns("QueueUnread", Finding::reason)
        .returns("spec.stages[1]", Finding::path);
  }

  @Test
  void copies_count_among_the_stages_that_a_migration_may_have() {
    String grafts =
        IntStream.range(0, 13)
            .mapToObj(i -> ARCHIVE.replace("name: archive", "name: archive-" + i))
            .collect(Collectors.joining());

    assertThat(BackfillRules.check(with(grafts)))
        .filteredOn(f -> f.reason().equals("TooManyStages"))
        .singleElement()
        .returns("spec.stages", Finding::path)
        .satisfies(f -> assertThat(f.message()).contains("42 stages, and 40 are the most"));
  }

  @Test
  void copies_need_connections_too() {
    MigrationSpec spec = with(ARCHIVE);
    MigrationSpec capped =
        new MigrationSpec(
            spec.connections().stream()
                .map(c -> new Connection(c.name(), c.jdbc(), c.name().equals("legacy") ? 1 : 3))
                .toList(),
            spec.stages(),
            spec.queues(),
            spec.failedRecords(),
            spec.errorBudget(),
            spec.mode(),
            spec.suspend(),
            spec.queueDeletionPolicy(),
            List.of());

    assertThat(SpecValidator.validate(capped))
        .singleElement()
        .returns("CapBelowFloors", Finding::reason)
        .returns("spec.connections[0].maxConnections", Finding::path)
        .satisfies(f -> assertThat(f.message()).contains("read 1, archive_read 1"));
  }

  @Test
  void before_the_start_there_is_nothing_to_backfill() {
    assertThat(BackfillRules.beforeTheStart(Specs.plain())).isEmpty();
    assertThat(BackfillRules.beforeTheStart(with(ARCHIVE)))
        .singleElement()
        .returns("NothingToBackfill", Finding::reason)
        .returns("spec.stages[2].backfill", Finding::path);
  }
}
