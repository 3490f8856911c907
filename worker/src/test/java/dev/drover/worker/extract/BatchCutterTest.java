package dev.drover.worker.extract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.SplitSource;
import dev.drover.worker.stage.ErrorQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BatchCutterTest {
  private static final int KIB = 1024;
  private static final int BATCH = 512 * KIB;
  private static final int MESSAGE = 900 * KIB;
  private static final RecordSchema SCHEMA =
      new RecordSchema("public.t", List.of(new Column("v", ColumnType.TEXT, false, "text")));

  private final List<@Nullable String> values = new ArrayList<>();
  private long now;

  /** Rows keyed 1, 2, …; null is a missing value, and {@code !} one that cannot be read. */
  private final class Given implements SplitSource.Rows {
    private int at = -1;

    @Override
    public boolean advance() {
      if (at + 1 == values.size()) {
        return false;
      }
      at++;
      return true;
    }

    @Override
    public SplitSource.@Nullable Unreadable unreadable() {
      return "!".equals(values.get(at))
          ? new SplitSource.Unreadable("Unreadable", "no such year")
          : null;
    }

    @Override
    public int appendTo(RowWriter writer, int position) {
      return writer.append(new Row(position, key(), new Object[] {values.get(at)}));
    }

    @Override
    public String key() {
      return Integer.toString(at + 1);
    }

    @Override
    public List<String> keyParts() {
      return List.of(key());
    }

    @Override
    public List<String> keyPartsBefore() {
      return List.of(Integer.toString(at));
    }

    @Override
    public void close() {}
  }

  private BatchCutter cutter() {
    return new BatchCutter(SCHEMA, new Given(), List.of("0"), BATCH, MESSAGE, () -> now);
  }

  private void rows(int count, int bytes) {
    for (int i = 0; i < count; i++) {
      values.add("x".repeat(bytes));
    }
  }

  private List<CutBatch> all() throws Exception {
    BatchCutter cutter = cutter();
    List<CutBatch> batches = new ArrayList<>();
    for (CutBatch b = cutter.next(); b != null; b = cutter.next()) {
      batches.add(b);
    }
    return batches;
  }

  private static List<String> keys(CutBatch batch) {
    return RowReader.readAll(SCHEMA, batch.body()).stream().map(Row::key).toList();
  }

  @Test
  void no_rows_are_no_batch() throws Exception {
    assertThat(cutter().next()).isNull();
    assertThat(cutter().fullMessage()).isNull();
    assertThat(cutter().more()).isFalse();
  }

  @Test
  void ranges_are_closed_and_follow_each_other() throws Exception {
    rows(5000, 1000);
    List<CutBatch> batches = all();
    List<String> after = List.of("0");
    int seen = 0;
    for (CutBatch batch : batches) {
      assertThat(batch.range().after()).isEqualTo(after);
      assertThat(keys(batch).getFirst()).isEqualTo(Integer.toString(seen + 1));
      seen += batch.records();
      assertThat(batch.range().upTo()).containsExactly(Integer.toString(seen));
      after = batch.range().upTo();
    }
    assertThat(seen).isEqualTo(5000);
  }

  @Test
  void the_first_batches_are_small_and_none_is_larger_than_it_should_be() throws Exception {
    rows(5000, 1000);
    List<CutBatch> batches = all();
    assertThat(batches.getFirst().body().length).isBetween(30 * KIB, 32 * KIB);
    assertThat(batches.get(1).body().length).isBetween(62 * KIB, 64 * KIB);
    assertThat(batches).allMatch(b -> b.body().length <= BATCH);
    assertThat(batches.get(5).body().length).isGreaterThan(BATCH - 2 * KIB);
  }

  @Test
  void a_record_between_the_size_of_a_batch_and_of_a_message_goes_alone() throws Exception {
    rows(1, 10);
    rows(1, 800 * KIB);
    rows(1, 10);
    assertThat(all())
        .extracting(BatchCutterTest::keys)
        .containsExactly(List.of("1"), List.of("2"), List.of("3"));
  }

  @Test
  void a_record_that_no_message_can_hold_fails_and_its_values_are_not_kept() throws Exception {
    rows(1, 10);
    rows(1, 1000 * KIB);
    rows(1, 10);
    CutBatch batch = all().getFirst();
    assertThat(batch.records()).isEqualTo(3);
    assertThat(batch.rows()).isEqualTo(2);
    assertThat(keys(batch)).containsExactly("1", "3");
    ErrorQueue.Failure failure = batch.failures().getFirst();
    assertThat(failure.index()).isEqualTo(1);
    assertThat(failure.key()).isEqualTo("2");
    assertThat(failure.row()).isEmpty();
    assertThat(failure.verdict().cause().code()).isEqualTo("RecordTooLarge");
  }

  @Test
  void records_without_a_required_or_with_an_unreadable_value_fail_by_their_own_codes()
      throws Exception {
    values.add("a");
    values.add(null);
    values.add("!");
    CutBatch batch = all().getFirst();
    assertThat(keys(batch)).containsExactly("1");
    assertThat(batch.range().upTo()).containsExactly("3");
    assertThat(batch.failures())
        .extracting(f -> f.key() + " " + f.verdict().cause().code())
        .containsExactly("2 NullInRequiredColumn", "3 Unreadable");
  }

  @Test
  void a_batch_of_failures_alone_has_no_body_but_a_range() throws Exception {
    values.add("!");
    CutBatch batch = all().getFirst();
    assertThat(batch.records()).isEqualTo(1);
    assertThat(batch.rows()).isZero();
    assertThat(batch.body()).isEmpty();
    assertThat(batch.range().upTo()).containsExactly("1");
  }

  @Test
  void a_slow_source_does_not_hold_back_what_was_read() throws Exception {
    rows(3, 10);
    BatchCutter cutter =
        new BatchCutter(
            SCHEMA,
            new Given(),
            null,
            BATCH,
            MESSAGE,
            () -> now += Duration.ofMillis(250).toNanos());
    assertThat(cutter.next().records()).isEqualTo(1);
    assertThat(cutter.next().records()).isEqualTo(1);
  }

  @Test
  void a_worker_that_stood_still_takes_no_row_for_the_last() throws Exception {
    rows(2, 800 * KIB);
    BatchCutter cutter =
        new BatchCutter(
            SCHEMA,
            new Given(),
            null,
            BATCH,
            MESSAGE,
            () -> now += Duration.ofMinutes(1).toNanos());
    assertThat(cutter.next()).isNotNull().extracting(CutBatch::records).isEqualTo(1);
    assertThat(cutter.next()).as("did not fit the one before").isNotNull();
    assertThat(cutter.next()).isNull();
  }

  @Test
  void a_range_read_again_fills_a_message_and_tells_whether_there_is_more() throws Exception {
    rows(10, 300 * KIB);
    BatchCutter cutter = cutter();
    CutBatch first = cutter.fullMessage();
    assertThat(first.records()).isEqualTo(2);
    assertThat(first.body().length).isLessThanOrEqualTo(MESSAGE);
    assertThat(first.range().upTo()).containsExactly("2");
    assertThat(cutter.more()).isTrue();
    assertThat(keys(cutter.fullMessage())).containsExactly("3", "4");
  }

  @Test
  void a_range_read_again_to_its_end_has_no_more() throws Exception {
    rows(500, 1000);
    BatchCutter cutter = cutter();
    assertThat(cutter.fullMessage().records()).isEqualTo(500);
    assertThat(cutter.more()).isFalse();
  }
}
