package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SplitCheckpoint;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A disk of NATS that is full: the chain waits and says so, and loses nothing. */
class FullDiskIT extends ChainScenario {
  private static final int ROWS = 200_000;

  private Path disk;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createTempDirectory("drover-disk-");
    mounted = run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk.toString());
    if (!mounted) {
      System.err.println("SKIPPED FullDiskIT: a small file system needs the right to mount one");
    }
    assumeTrue(mounted, "may not mount");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      run("umount", disk.toString());
    }
    Files.deleteIfExists(disk);
  }

  private static boolean run(String... command) throws Exception {
    return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
  }

  @Test
  void a_full_disk_is_told_and_once_there_is_room_everything_arrives() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, note text)");
    databases.execute(
        "legacy",
        "INSERT INTO item SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, "
            + ROWS
            + ") i",
        "ANALYZE");
    Path filler = disk.resolve("filler");
    try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
      file.write(new byte[40 << 20]);
    }
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 50_000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
    try (NatsServer small = NatsServer.startIn(Files.createDirectory(disk.resolve("nats")), "");
        TestChain chain = new TestChain(small.url(), name, spec);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      await().atMost(SOON).until(() -> Files.getFileStore(disk).getUsableSpace() < 1 << 20);
      await().atMost(SOON).until(() -> read.stalls().any());

      Files.delete(filler);
      // NATS closes its JetStream when a disk is full, until it is started anew.
      small.restart();
      try (RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
        await().atMost(SOON).ignoreExceptions().until(() -> chain.finished(plan));
      }
      assertThat(chain.checkpoints(plan).stream().mapToLong(SplitCheckpoint::records).sum())
          .isEqualTo(ROWS);
      assertThat(chain.tally("load")).isEqualTo(new Counts(ROWS, ROWS, 0, 0, 0, 0));
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "item"));
      await().atMost(SOON).until(() -> !read.stalls().any());
    }
  }
}
