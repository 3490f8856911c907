package dev.drover.wire.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.failure.SomeFailure;
import dev.drover.wire.state.WireJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RenewedRowsTest {
  private static final JournalEntry.By BY = new JournalEntry.By("Redrive", "again", "u1", 1);

  private static JournalEntry entry() {
    return JournalEntry.of(
        JournalEntry.Action.replay,
        List.of(SomeFailure.at(9, "read"), SomeFailure.at(4, "read")),
        new Journal.Page(0, 0, ""),
        Change.NONE,
        BY,
        "2026-01-01T00:00:00Z");
  }

  @Test
  void what_is_kept_is_read_as_it_was() {
    byte[] rows = {0, 1, 2, -1};
    RenewedRows read = RenewedRows.parse(new RenewedRows("s1", "rev1", true, rows).toBytes());

    assertThat(List.of(read.schema(), read.revision())).containsExactly("s1", "rev1");
    assertThat(read.fromExtract()).isTrue();
    assertThat(read.rows()).isEqualTo(rows);
  }

  @Test
  void an_entry_names_what_is_kept_for_it() {
    String key = RenewedRows.key("u1", "n1");

    JournalEntry read = WireJson.parse(WireJson.bytes(entry().renewedBy(key)), JournalEntry.class);

    assertThat(read).isEqualTo(entry().renewedBy(key));
    assertThat(read.renewed()).isEqualTo("redrive.u1.rows.n1");
  }

  @Test
  void an_entry_of_before_names_nothing() {
    String json = new String(WireJson.bytes(entry()), StandardCharsets.UTF_8);

    assertThat(json).doesNotContain("renewed");
    assertThat(WireJson.parse(WireJson.bytes(entry()), JournalEntry.class).renewed()).isNull();
  }

  @Test
  void the_decision_of_an_extract_promises_the_very_batch_that_follows() {
    RenewedRows rows = new RenewedRows("s1", "rev1", true, new byte[] {1});

    var decision = RetryBatch.readAgain(entry(), rows, 2);
    var output = RetryBatch.output(entry(), rows, 2);

    assertThat(decision.batch()).isEqualTo("r4");
    assertThat(decision.parts()).containsExactly(2);
    assertThat(decision.counts().in()).isEqualTo(2);
    assertThat(decision.counts().passed()).isEqualTo(2);
    assertThat(output.headers().id().text()).isEqualTo("r4-p0");
    assertThat(output.headers().records()).isEqualTo(2);
    assertThat(output.headers().schema()).isEqualTo("s1");
  }
}
