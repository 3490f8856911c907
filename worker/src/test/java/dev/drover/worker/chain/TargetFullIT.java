package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A disk of the target that is full: the load says so and waits, no record fails for it, and it
 * goes on by itself once there is room.
 */
class TargetFullIT extends ChainScenario {
  private static final int ROWS = 100_000;
  private static final int DISK_MIB = 96;

  private Path disk;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createTempDirectory("drover-target-");
    mounted = run("mount", "-t", "tmpfs", "-o", "size=" + DISK_MIB + "m", "tmpfs", disk.toString());
    if (!mounted) {
      System.err.println("SKIPPED TargetFullIT: a small file system needs the right to mount one");
    }
    assumeTrue(mounted, "may not mount");
    Path space = Files.createDirectory(disk.resolve("space"));
    databases.execute("target", "CREATE TABLESPACE small LOCATION '" + space + "'");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      databases.execute("target", "DROP TABLE IF EXISTS item", "DROP TABLESPACE IF EXISTS small");
      run("umount", disk.toString());
    }
    Files.deleteIfExists(disk);
  }

  private static boolean run(String... command) throws Exception {
    return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
  }

  /** Leaves so much room, or less. */
  private Path fill(int leaveMib) throws Exception {
    Path filler = disk.resolve("filler");
    try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
      file.write(new byte[(DISK_MIB - leaveMib) << 20]);
    }
    return filler;
  }

  /** Where records fail at the same time, each row is tried by itself while the disk is full. */
  @ParameterizedTest
  @CsvSource({"Insert, 0", "Insert, 500", "Upsert, 0", "Upsert, 500"})
  void a_full_disk_is_told_fails_no_record_and_once_there_is_room_all_goes_on(
      LoadMode mode, int oneBadIn) throws Exception {
    databases.execute("legacy", "CREATE TABLE item (id integer PRIMARY KEY, note text, bad bool)");
    databases.execute(
        "target",
        "CREATE TABLE item (id integer PRIMARY KEY USING INDEX TABLESPACE small, note text,"
            + " bad bool CHECK (NOT bad)) TABLESPACE small");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, repeat(md5(i::text), 8), "
            + (oneBadIn == 0 ? "false" : "i % " + oneBadIn + " = 0")
            + " FROM generate_series(1, "
            + ROWS
            + ") i",
        "ANALYZE");
    Path filler = fill(12);
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 2500),
                new StageSpec.Load("load", "read", "target", null, mode, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      ChainPlan plan = plan(chain);
      try (RunningStage read = RunningStage.start(chain, "read", databases.secrets);
          RunningStage load = RunningStage.startPlanned(chain, "load", databases.secrets, plan)) {
        chain.dispatchAll(plan);
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.stalls("load"))
                        .singleElement()
                        .satisfies(
                            told -> {
                              assertThat(told.reason()).isEqualTo("DatabaseUnavailable");
                              assertThat(told.message()).contains("public.item", "SQLSTATE 53100");
                            }));
        assertThat(chain.tally("load").passed()).isPositive();
        assertOnlyTheBadFail(chain, oneBadIn);

        Files.delete(filler);
        awaitFinished(chain, plan);
        await().atMost(SOON).until(() -> chain.stalls("load").isEmpty());
      }
      int bad = oneBadIn == 0 ? 0 : ROWS / oneBadIn;
      await().atMost(SOON).until(() -> chain.failures().size() == bad);
      assertOnlyTheBadFail(chain, oneBadIn);
      assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS - bad, 0, bad, 0, 0));
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "(SELECT * FROM item WHERE NOT bad)"));
    }
  }

  private static void assertOnlyTheBadFail(TestChain chain, int oneBadIn) throws Exception {
    List<String> bad =
        oneBadIn == 0
            ? List.of()
            : IntStream.rangeClosed(1, ROWS / oneBadIn)
                .mapToObj(i -> Integer.toString(i * oneBadIn))
                .toList();
    assertThat(chain.failures())
        .allSatisfy(f -> assertThat(f.detail().cause().code()).isEqualTo("CheckViolated"))
        .extracting(f -> f.detail().key())
        .doesNotHaveDuplicates()
        .isSubsetOf(bad);
  }
}
