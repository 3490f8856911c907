package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowingConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker's memory does not grow with the width of what it moves: it has half a pod's as heap. */
class MemoryIT extends ChainScenario {
  private static final long MOST_MIB = 320;
  private static final List<String> STAGES = List.of("read", "clean", "load");

  private static NatsServer roomy;

  @TempDir Path logs;

  @BeforeAll
  static void startRoomy() {
    roomy = NatsServer.start("max_payload: 8MB");
  }

  @AfterAll
  static void stopRoomy() {
    roomy.close();
  }

  @Test
  void rows_of_a_kilobyte() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, repeat(md5(i::text), 32) FROM generate_series(1, 100000) i",
        "ANALYZE");
    assertBounded();
  }

  @Test
  void rows_of_two_hundred_columns() throws Exception {
    List<String> types = List.of("integer", "text", "numeric(12,2)", "timestamptz", "boolean");
    String columns =
        IntStream.range(0, 200)
            .mapToObj(i -> "c" + i + " " + types.get(i % types.size()))
            .collect(Collectors.joining(", "));
    List<String> values =
        List.of(
            "i",
            "'text ' || i",
            "i / 7.0",
            "timestamptz '2020-01-01' + i * interval '1 s'",
            "i % 2 = 0");
    String row =
        IntStream.range(0, 200)
            .mapToObj(i -> values.get(i % values.size()))
            .collect(Collectors.joining(", "));
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, " + columns + ")");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, " + row + " FROM generate_series(1, 30000) i",
        "ANALYZE");
    assertBounded();
  }

  @Test
  void values_of_a_megabyte_among_small_ones() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, note text, raw bytea)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, CASE WHEN i % 100 = 7 THEN repeat(md5(i::text), 32768) ELSE 'n' END,"
            + " CASE WHEN i % 300 = 7 THEN decode(repeat(md5(i::text), 65536), 'hex') END"
            + " FROM generate_series(1, 20000) i",
        "ANALYZE");
    assertBounded();
  }

  @Test
  void a_row_of_a_hundred_megabytes_fails_alone() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, note text, more text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, repeat(md5(i::text), CASE WHEN i = 500 THEN 1600000 ELSE 1 END),"
            + " repeat(md5(i::text), CASE WHEN i = 500 THEN 1600000 ELSE 1 END)"
            + " FROM generate_series(1, 1000) i",
        "ANALYZE");
    assertBounded("(SELECT * FROM item WHERE id <> 500)", "500 RecordTooLarge");
  }

  @Test
  void narrow_rows_that_all_fail() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, v integer)");
    int rows = 400_000;
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, i FROM generate_series(1, " + rows + ") i",
        "ANALYZE");
    assertBounded(
        100_000,
        require("record.v < 0", "NotNegative"),
        "(SELECT * FROM item WHERE v < 0)",
        chain -> {
          Callable<Long> failed =
              () ->
                  chain
                      .nats
                      .jetStreamManagement()
                      .getStreamInfo(chain.names.errorsStream())
                      .getStreamState()
                      .getMsgCount();
          await().atMost(SOON).until(failed, count -> count == rows);
        });
  }

  private void assertBounded() throws Exception {
    assertBounded("item");
  }

  private void assertBounded(String passing, String... failures) throws Exception {
    assertBounded(
        10_000,
        filter("record.id > 0"),
        passing,
        chain ->
            assertThat(chain.failures())
                .extracting(f -> f.detail().key() + " " + f.detail().cause().code())
                .containsExactly(failures));
  }

  /** All three workers as processes with the heap that the chart gives them. */
  private void assertBounded(
      int splitRecords, Step first, String passing, ThrowingConsumer<TestChain> failures)
      throws Exception {
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), splitRecords),
                new StageSpec.Transform("clean", "read", List.of(first, set("id", "record.id"))),
                new StageSpec.Load("load", "clean", "target", null, LoadMode.Upsert, List.of())));
    try (TestChain chain = new TestChain(roomy.url(), name, spec)) {
      ChainPlan plan = plan(chain);
      assertThat(plan.startable()).isTrue();
      List<WorkerProcess> workers = new ArrayList<>();
      try {
        for (String stage : STAGES) {
          workers.add(
              WorkerProcess.start(
                  roomy.url(),
                  name,
                  stage,
                  databases.secrets,
                  logs.resolve(stage + ".log").toFile()));
        }
        chain.dispatchAll(plan);
        awaitFinished(chain, plan);
        failures.accept(chain);
        assertThat(databases.checksum("target", "item"))
            .isEqualTo(databases.checksum("legacy", passing));
        for (int i = 0; i < workers.size(); i++) {
          long peak = workers.get(i).peakMib();
          System.out.println(STAGES.get(i) + ": peak " + peak + " MiB");
          assertThat(peak).as(STAGES.get(i)).isLessThanOrEqualTo(MOST_MIB);
        }
      } finally {
        for (WorkerProcess worker : workers) {
          worker.close();
        }
      }
    }
  }
}
