package dev.drover.worker.chain;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOut;

/**
 * The whole chain in one process, warm, without Kubernetes: to profile the workers and to see what
 * a change is worth, each round beside a pipe of COPY as text. Prints rows a second and the
 * CPU-seconds that each kind of process took per million rows. Arguments: rows, rounds, the
 * condition that records must meet at the transform, in CEL, or several with semicolons between,
 * which the rounds take in turn, and the one that they must meet at the target, in SQL.
 */
final class ChainBenchmark {
  private static final String COLUMNS =
      """
      (id bigint PRIMARY KEY, customer integer NOT NULL, status text NOT NULL, qty integer,
        price numeric(12, 2) NOT NULL, weight double precision, ordered_at timestamptz NOT NULL,
        day date, paid boolean NOT NULL, note text)
      """;

  private ChainBenchmark() {}

  public static void main(String[] args) throws Exception {
    int rows = args.length > 0 ? Integer.parseInt(args[0]) : 2_000_000;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 4;
    List<String> conditions = List.of((args.length > 2 ? args[2] : "record.qty > 0").split(";"));
    ChainScenario.start();
    Databases databases = ChainScenario.databases;
    for (String database : List.of("legacy", "target")) {
      databases.execute(database, "CREATE TABLE rows " + COLUMNS);
    }
    databases.execute(
        "legacy",
        """
        INSERT INTO rows
        SELECT i, i %% 100000, (ARRAY['NEW', 'PAID', 'SHIPPED', 'CLOSED'])[1 + i %% 4], 1 + i %% 50,
          (i %% 1000000) / 100.0, i / 7.0, timestamptz '2020-01-01' + i * interval '1 second',
          date '2020-01-01' + (i / 86400)::int, i %% 3 = 0,
          CASE WHEN i %% 5 > 0 THEN 'a note on row ' || i END
        FROM generate_series(1, %d) i
        """
            .formatted(rows),
        "VACUUM ANALYZE rows");
    if (args.length > 3) {
      databases.execute("target", "ALTER TABLE rows ADD CHECK (" + args[3] + ")");
    }
    for (int round = 1; round <= rounds; round++) {
      databases.execute("target", "TRUNCATE rows", "CHECKPOINT");
      double copy = args.length > 3 ? Double.NaN : pipe(databases);
      databases.execute("target", "TRUNCATE rows", "CHECKPOINT");
      Map<String, Double> before = cpu(databases);
      double chain = chain("b" + round, databases, conditions.get((round - 1) % conditions.size()));
      Map<String, Double> after = cpu(databases);
      System.out.printf(
          Locale.ROOT,
          "round %d: COPY pipe %,.0f rows/s, chain %,.0f rows/s, ratio %.2f; CPU-s per million rows:",
          round,
          rows / copy,
          rows / chain,
          copy / chain);
      after.forEach(
          (what, seconds) ->
              System.out.printf(
                  Locale.ROOT,
                  " %s %.2f",
                  what,
                  (seconds - before.getOrDefault(what, 0.0)) * 1e6 / rows));
      System.out.println();
    }
    System.exit(0);
  }

  private static double pipe(Databases databases) throws Exception {
    try (Connection from = DriverManager.getConnection(databases.url("legacy"), "postgres", "x");
        Connection to = DriverManager.getConnection(databases.url("target"), "postgres", "x")) {
      long start = System.nanoTime();
      CopyOut out = from.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY rows TO STDOUT");
      CopyIn in = to.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY rows FROM STDIN");
      byte[] chunk = new byte[1 << 16];
      int size = 0;
      for (byte[] row = out.readFromCopy(); row != null; row = out.readFromCopy()) {
        if (size + row.length > chunk.length) {
          in.writeToCopy(chunk, 0, size);
          size = 0;
        }
        System.arraycopy(row, 0, chunk, size, row.length);
        size += row.length;
      }
      in.writeToCopy(chunk, 0, size);
      in.endCopy();
      return (System.nanoTime() - start) / 1e9;
    }
  }

  private static double chain(String name, Databases databases, String condition) throws Exception {
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.rows"), 250_000),
                new StageSpec.Transform(
                    "clean",
                    "read",
                    List.of(
                        ChainScenario.require(condition, "Refused"),
                        ChainScenario.filter("record.status != 'TEST'"),
                        ChainScenario.set("status", "record.status.lowerAscii()"),
                        ChainScenario.set("customer", "record.customer + 1"))),
                new StageSpec.Load("load", "clean", "target", null, LoadMode.Upsert, List.of())));
    try (TestChain chain = new TestChain(ChainScenario.nats.url(), name, spec, 1L << 30)) {
      ChainPlan plan = ChainScenario.plan(chain);
      List<RunningStage> stages = new ArrayList<>();
      for (String stage : List.of("read", "clean", "load")) {
        stages.add(RunningStage.start(chain, stage, databases.secrets));
      }
      long start = System.nanoTime();
      chain.dispatchAll(plan);
      while (!chain.finished(plan)) {
        LockSupport.parkNanos(50_000_000);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      for (RunningStage stage : stages) {
        stage.close();
      }
      return seconds;
    }
  }

  /** CPU-seconds so far of this process, of the NATS server and of the database server. */
  private static Map<String, Double> cpu(Databases databases) throws Exception {
    Map<String, Double> seconds = new TreeMap<>();
    seconds.put("workers", ownSeconds(ProcessHandle.current()));
    ProcessHandle.current()
        .children()
        .filter(child -> child.info().command().orElse("").endsWith("nats-server"))
        .forEach(nats -> seconds.put("nats", withChildren(nats)));
    long session = Long.parseLong(databases.query("legacy", "SELECT pg_backend_pid()").getFirst());
    ProcessHandle server = ProcessHandle.of(session).flatMap(ProcessHandle::parent).orElseThrow();
    seconds.put("databases", withChildren(server));
    return seconds;
  }

  /** Of a process, of its children, and of those that ended. */
  private static double withChildren(ProcessHandle process) {
    return ownSeconds(process)
        + ticks(process, 13)
        + ticks(process, 14)
        + process.children().mapToDouble(ChainBenchmark::withChildren).sum();
  }

  private static double ownSeconds(ProcessHandle process) {
    return ticks(process, 11) + ticks(process, 12);
  }

  /** A field of /proc/PID/stat, counted behind the command, in seconds. */
  private static double ticks(ProcessHandle process, int field) {
    try {
      String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
      return Double.parseDouble(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[field]) / 100;
    } catch (IOException e) {
      return 0;
    }
  }
}
