package dev.drover.e2e.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.e2e.chaos.Arrivals.Arrival;
import dev.drover.e2e.chaos.Arrivals.Failure;
import dev.drover.e2e.chaos.Expectation.Reader;
import dev.drover.e2e.chaos.Version.Fate;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who looks for lost and doubled rows must find them. Rows 4, 8 and 12 are there at the start. */
class AuditTest {
  private static final String TABLE = "chaos.plain";

  private final Expectation expectation = new Expectation(12);
  private final Audit audit = new Audit("load", Map.of(TABLE, expectation), Set.of(1));

  @Test
  void rows_that_each_arrive_once_are_right() {
    arrive(4, 0);
    arrive(8, 0);
    arrive(12, 0);
    assertFound(0, 0, 0);
  }

  @Test
  void a_row_that_is_missing_is_lost() {
    arrive(4, 0);
    arrive(12, 0);
    assertFound(1, 0, 0);
  }

  @Test
  void a_row_that_arrives_twice_is_doubled() {
    arrive(4, 0);
    arrive(4, 0);
    arrive(8, 0);
    arrive(12, 0);
    assertFound(0, 1, 0);
  }

  @Test
  void a_change_ahead_of_the_reader_must_be_seen() {
    expectation.changed(8, 1, Reader.YetToCome);
    arrive(4, 0);
    arrive(8, 0);
    arrive(12, 0);
    assertFound(0, 0, 1);
  }

  @Test
  void a_change_behind_the_reader_must_not_be_seen() {
    expectation.changed(8, 1, Reader.Gone);
    arrive(4, 0);
    arrive(8, 1);
    arrive(12, 0);
    assertFound(0, 0, 1);
  }

  @Test
  void a_change_where_the_reader_is_may_be_seen_or_not() {
    expectation.changed(8, 1, Reader.InTheSplit);
    assertThat(expectation.allows(8, 0)).isTrue();
    assertThat(expectation.allows(8, 1)).isTrue();
    assertThat(expectation.allows(8, -1)).isFalse();
  }

  @Test
  void a_row_that_comes_or_goes_where_the_reader_is_may_arrive_or_not() {
    expectation.changed(8, -1, Reader.InTheSplit);
    expectation.changed(9, 5, Reader.InTheSplit);
    arrive(4, 0);
    arrive(9, 5);
    arrive(12, 0);
    assertFound(0, 0, 0);
  }

  @Test
  void a_row_that_was_deleted_ahead_of_the_reader_must_not_arrive() {
    expectation.changed(8, -1, Reader.YetToCome);
    arrive(4, 0);
    arrive(8, 0);
    arrive(12, 0);
    assertFound(0, 0, 1);
  }

  @Test
  void a_failing_row_has_one_message_and_is_not_loaded() {
    int rev = revision(8, Fate.FailsRule);
    expectation.changed(8, rev, Reader.YetToCome);
    arrive(4, 0);
    audit.failed(new Failure("clean", row(8, rev)));
    arrive(12, 0);
    assertFound(0, 0, 0);
    audit.failed(new Failure("clean", row(8, rev)));
    assertThat(audit.doubled()).isEqualTo(1);
  }

  @Test
  void a_row_that_fits_the_rules_must_not_be_in_the_error_queue() {
    arrive(4, 0);
    audit.failed(new Failure("clean", row(8, 0)));
    arrive(12, 0);
    assertFound(0, 0, 1);
  }

  @Test
  void a_filtered_row_is_nowhere() {
    expectation.changed(8, revision(8, Fate.Filtered), Reader.YetToCome);
    arrive(4, 0);
    arrive(12, 0);
    assertFound(0, 0, 0);
  }

  @Test
  void two_targets_of_one_queue_must_have_the_same_version() {
    Audit archive = new Audit("archive", Map.of(TABLE, expectation), Set.of(1));
    expectation.changed(8, 1, Reader.InTheSplit);
    arrive(8, 0);
    archive.loaded(row(8, 1));
    assertThat(audit.differingFrom(archive)).isEqualTo(1);
  }

  private static int revision(int id, Fate fate) {
    return IntStream.range(1, 2000)
        .filter(rev -> new Version(id, rev).fate(1) == fate)
        .findFirst()
        .orElseThrow();
  }

  private static Arrival row(int id, int rev) {
    return new Arrival(TABLE, id, rev, 1, true);
  }

  private void arrive(int id, int rev) {
    audit.loaded(row(id, rev));
  }

  private void assertFound(long lost, long doubled, long wrong) {
    audit.finish();
    assertThat(audit.lost()).as("lost").isEqualTo(lost);
    assertThat(audit.doubled()).as("doubled").isEqualTo(doubled);
    assertThat(audit.wrong()).as("wrong").isEqualTo(wrong);
  }
}
