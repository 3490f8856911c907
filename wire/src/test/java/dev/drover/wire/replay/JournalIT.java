package dev.drover.wire.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.BatchId;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.failure.SomeFailure;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.queues.QueueLayout;
import io.nats.client.Connection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class JournalIT {
  private static final ChainNames NAMES = ChainNames.of("test", "journal", "uid");
  private static NatsServer server;
  private static Connection nats;

  private final Journal journal = new Journal(nats, NAMES);

  @BeforeAll
  static void start() throws Exception {
    server = NatsServer.start();
    nats = server.connect();
    ChainSpec spec =
        new ChainSpec(
            List.of(), List.of(new StageSpec.Extract("read", "legacy", List.of("a.b"), 100)));
    for (var stream : new QueueLayout(NAMES, 1 << 20, 1).streams(spec)) {
      nats.jetStreamManagement().addStream(stream);
    }
  }

  @AfterAll
  static void stop() throws Exception {
    nats.close();
    server.close();
  }

  private static JournalEntry entry(Journal.Page page, String who, Collection<Long> sequences) {
    return JournalEntry.of(
        JournalEntry.Action.replay,
        sequences.stream().map(sequence -> SomeFailure.at(sequence, "load")).toList(),
        page,
        Change.NONE,
        new JournalEntry.By("Redrive", who, who, 1),
        "now");
  }

  @Test
  void a_claim_is_found_by_each_of_its_records() throws Exception {
    long block = 3 * (long) JournalBlock.SIZE;
    Journal.Page page = journal.page(3);
    assertThat(page.last()).isZero();
    List<Long> records = List.of(block, block + 7, block + JournalBlock.SIZE - 1);

    assertThat(journal.append(page, entry(page, "one", records))).isTrue();

    for (long record : records) {
      JournalEntry found = journal.entry(record).orElseThrow();
      assertThat(found.sequences()).isEqualTo(records);
      assertThat(found.batch().text()).isEqualTo("r" + block);
    }
    assertThat(journal.entry(block + 1)).isEmpty();
    assertThat(journal.entry(block + JournalBlock.SIZE)).isEmpty();
  }

  @Test
  void one_claim_of_thousands_is_found_in_a_few_looks() throws Exception {
    long block = 11;
    long first = block * JournalBlock.SIZE;
    Journal.Page page = journal.page(block);
    for (int i = 0; i < 2000; i++) {
      assertThat(journal.append(page, entry(page, "slow", List.of(first + i)))).isTrue();
      page = journal.page(block);
    }
    for (int i : List.of(0, 1, 999, 1998, 1999)) {
      long asked = nats.getStatistics().getOutMsgs();
      JournalEntry found = journal.entry(first + i).orElseThrow();
      assertThat(found.sequences()).containsExactly(first + i);
      assertThat(nats.getStatistics().getOutMsgs() - asked).isLessThan(30);
    }
  }

  @Test
  void a_claim_tells_which_records_of_which_batches_it_is_about() throws Exception {
    Journal.Page page = journal.page(6);
    long first = 6 * (long) JournalBlock.SIZE;
    List<QueuedFailure> failures =
        List.of(
            SomeFailure.in("t-1-7", 3, first, "load"),
            SomeFailure.in("t-2-1", 4, first + 1, "load"),
            SomeFailure.in("t-1-7", 12, first + 2, "load"));
    JournalEntry.By by = new JournalEntry.By("Redrive", "who", "who", 1);
    journal.append(
        page, JournalEntry.of(JournalEntry.Action.waive, failures, page, Change.NONE, by, "now"));

    JournalEntry found = journal.entry(first).orElseThrow();

    assertThat(found.setAsideFrom(new BatchId("t-1-7"))).containsExactly("3", "12");
    assertThat(found.setAsideFrom(new BatchId("t-2-1"))).containsExactly("4");
    assertThat(found.setAsideFrom(new BatchId("t-1"))).isEmpty();
  }

  @Test
  void a_claim_made_for_a_page_that_has_changed_is_refused() throws Exception {
    long block = 5;
    Journal.Page page = journal.page(block);
    long record = block * JournalBlock.SIZE;
    assertThat(journal.append(page, entry(page, "one", List.of(record)))).isTrue();

    assertThat(journal.append(page, entry(page, "two", List.of(record)))).isFalse();
    assertThat(journal.append(page, entry(page, "two", List.of(record + 1)))).isFalse();

    Journal.Page next = journal.page(block);
    assertThat(next.has(record)).isTrue();
    assertThat(journal.append(next, entry(next, "two", List.of(record + 1)))).isTrue();
    assertThat(journal.page(block).claimed().cardinality()).isEqualTo(2);
  }

  @Test
  void of_many_who_want_the_same_records_each_gets_some_and_no_record_is_given_twice()
      throws Exception {
    long block = 8;
    List<Long> wanted =
        LongStream.range(0, 500).mapToObj(i -> block * JournalBlock.SIZE + i).toList();
    try (ExecutorService many = Executors.newFixedThreadPool(8)) {
      List<Callable<List<Long>>> askers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String who = "asker-" + i;
        int size = 1 + 3 * i;
        askers.add(() -> claimAll(block, who, size, wanted));
      }
      Map<Long, Integer> given = new HashMap<>();
      for (Future<List<Long>> got : many.invokeAll(askers)) {
        got.get().forEach(record -> given.merge(record, 1, Integer::sum));
      }

      assertThat(given.keySet()).containsExactlyInAnyOrderElementsOf(wanted);
      assertThat(given.values()).containsOnly(1);
    }
    List<Long> journalled =
        journal.entries(block).stream().flatMap(e -> e.sequences().stream()).toList();
    assertThat(journalled).doesNotHaveDuplicates().hasSize(500);
  }

  private List<Long> claimAll(long block, String who, int size, List<Long> wanted)
      throws Exception {
    List<Long> got = new ArrayList<>();
    while (true) {
      Journal.Page page = journal.page(block);
      List<Long> free = wanted.stream().filter(r -> !page.has(r)).limit(size).toList();
      if (free.isEmpty()) {
        return got;
      }
      if (journal.append(page, entry(page, who, free))) {
        got.addAll(free);
      }
    }
  }
}
