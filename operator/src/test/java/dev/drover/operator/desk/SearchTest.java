package dev.drover.operator.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.operator.Failed;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.Change;
import dev.drover.wire.replay.Journal;
import dev.drover.wire.replay.JournalEntry;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SearchTest {
  private static final int RECORDS = 4000;
  private static final JournalEntry BATCH =
      JournalEntry.of(
          JournalEntry.Action.replay,
          LongStream.rangeClosed(1, RECORDS).mapToObj(s -> message(s, null)).toList(),
          new Journal.Page(0, 0, ""),
          Change.NONE,
          new JournalEntry.By("Redrive", "r", "u", 1),
          "2026-01-01T00:00:00Z");

  private final TreeMap<Long, QueuedFailure> queue = new TreeMap<>();
  private int reads;
  private final LongFunction<Optional<QueuedFailure>> reader =
      from -> {
        reads++;
        return Optional.ofNullable(queue.ceilingEntry(from)).map(e -> e.getValue());
      };

  private void publish(long sequence, @Nullable Long replayOf) {
    queue.put(sequence, message(sequence, replayOf));
  }

  private static QueuedFailure message(long sequence, @Nullable Long replayOf) {
    FailedMessage.Detail d = Failed.detail("steps[0]", "refused", "17");
    return new QueuedFailure(
        sequence,
        new FailedMessage(
            new FailedMessage.Detail(
                d.stage(),
                d.batch(),
                d.index(),
                d.table(),
                d.key(),
                d.schema(),
                d.failureClass(),
                d.cause(),
                d.message(),
                d.revision(),
                d.firstSeen(),
                d.lastSeen(),
                1,
                replayOf),
            new byte[0]));
  }

  private OptionalLong found(Search search, long sequence) {
    for (int visit = 0; visit < 2 * RECORDS / Search.STRIDE; visit++) {
      OptionalLong found = search.find(sequence, BATCH, reader);
      if (found.isPresent()) {
        return found;
      }
    }
    return OptionalLong.empty();
  }

  @Test
  void every_record_of_a_large_batch_is_found_and_each_message_read_once() {
    LongStream.rangeClosed(1, RECORDS).forEach(s -> publish(10_000 + s, s));
    Search search = new Search(5000);

    for (long sequence : List.of(4000L, 2001L, 1L, 3999L)) {
      assertThat(found(search, sequence)).hasValue(10_000 + sequence);
    }
    assertThat(reads).isLessThanOrEqualTo(RECORDS);
  }

  @Test
  void a_visit_reads_a_stride_and_no_more() {
    LongStream.rangeClosed(1, RECORDS).forEach(s -> publish(10_000 + s, s));

    assertThat(new Search(5000).find(RECORDS, BATCH, reader)).isEmpty();

    assertThat(reads).isEqualTo(Search.STRIDE);
  }

  @Test
  void what_comes_later_is_found_later_and_what_is_not_of_the_batch_is_passed_over() {
    publish(6000, null);
    publish(6001, 9000L);
    Search search = new Search(5000);
    assertThat(found(search, 7)).isEmpty();

    publish(6002, 7L);
    reads = 0;

    assertThat(found(search, 7)).hasValue(6002);
    assertThat(reads).isEqualTo(1);
  }
}
