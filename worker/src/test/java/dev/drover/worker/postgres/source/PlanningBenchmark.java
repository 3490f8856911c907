package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.worker.postgres.session.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;

/**
 * How long it takes to plan a large table, beside counting its rows: the least that a full scan
 * would take. Arguments: how many rows, and the key's type, {@code bigint} or {@code uuid}.
 */
final class PlanningBenchmark {
  private PlanningBenchmark() {}

  public static void main(String[] arguments) throws Exception {
    long rows = arguments.length > 0 ? Long.parseLong(arguments[0]) : 10_000_000;
    String type = arguments.length > 1 ? arguments[1] : "bigint";
    String key = type.equals("uuid") ? "gen_random_uuid()" : "i * 3";
    try (Connection connection = PostgresServer.newDatabase().open("planning");
        Statement statement = connection.createStatement()) {
      statement.execute("SET maintenance_work_mem = '2GB'");
      statement.execute(
          "CREATE UNLOGGED TABLE wide AS SELECT %s AS id, i::int AS qty FROM generate_series(1, %d) i"
              .formatted(key, rows));
      statement.execute("ALTER TABLE wide ADD PRIMARY KEY (id)");
      statement.execute("VACUUM ANALYZE wide");
      for (int round = 0; round < 3; round++) {
        long started = System.nanoTime();
        TablePlan plan =
            SourcePlanner.plan(
                    connection,
                    0,
                    new StageSpec.Extract("read", "legacy", List.of("public.wide"), 100_000))
                .tables()
                .getFirst();
        double planned = (System.nanoTime() - started) / 1e9;
        started = System.nanoTime();
        count(statement, "SELECT count(*) FROM wide");
        double counted = (System.nanoTime() - started) / 1e9;
        System.out.printf(
            "%,d rows by %s: %,d splits planned in %.2f s, counted in %.1f s, largest split %.2f of the mean%n",
            rows, type, plan.splits().size(), planned, counted, largest(statement, plan, rows));
      }
    }
    System.exit(0);
  }

  /** Of every fiftieth split. */
  private static double largest(Statement statement, TablePlan plan, long rows) throws Exception {
    double mean = (double) rows / plan.splits().size();
    double largest = 0;
    for (int i = 1; i < plan.splits().size() - 1; i += 50) {
      KeyRange range = plan.splits().get(i);
      long size =
          count(
              statement,
              "SELECT count(*) FROM wide WHERE id > '%s' AND id <= '%s'"
                  .formatted(range.after().getFirst(), range.upTo().getFirst()));
      largest = Math.max(largest, size / mean);
    }
    return largest;
  }

  private static long count(Statement statement, String query) throws Exception {
    try (ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }
}
