package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A real sample database that nobody here wrote: 11 tables with foreign keys. */
class ChinookE2E {
  private static final Path SCRIPT =
      Path.of(System.getProperty("drover.root"), "../shared/data/chinook/Chinook_PostgreSql.sql");

  @Test
  void every_table_arrives_row_for_row_children_after_their_parents() throws Exception {
    if (!Files.exists(SCRIPT)) {
      System.err.println("SKIPPED ChinookE2E: " + SCRIPT.normalize() + " is not there");
    }
    assumeTrue(Files.exists(SCRIPT), "the Chinook script is not there");
    String script = Files.readString(SCRIPT).replaceFirst("(?s)^.*\\\\c chinook;", "");
    int firstRow = script.indexOf("INSERT INTO");
    Cluster.schemaInBoth("chinook", script.substring(0, firstRow));
    Cluster.execute(
        "legacy", "SET search_path = chinook; " + script.substring(firstRow), "ANALYZE");
    List<String> tables =
        Cluster.query(
            "legacy",
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'chinook'::regnamespace");
    assertThat(tables).hasSize(11);

    try (Cluster cluster = new Cluster()) {
      cluster.delete("chinook");
      cluster.apply(
          Manifest.chain(
              "chinook",
              "chinook.*",
              "{tables: [\"chinook.track\"], require: {that: \"record.milliseconds > 0\", code: NoLength}}"));
      Condition completed = cluster.awaitCondition("chinook", "Completed", "True");

      assertThat(completed.reason()).isEqualTo("AllLoaded");
      for (String table : tables) {
        assertThat(Cluster.checksum("target", "chinook." + table))
            .as(table)
            .isEqualTo(Cluster.checksum("legacy", "chinook." + table));
      }
      long rows = tables.stream().mapToLong(t -> count("chinook." + t)).sum();
      assertThat(cluster.status("chinook").stages())
          .extracting(StageStatus::inRecords, StageStatus::passedRecords)
          .containsOnly(org.assertj.core.groups.Tuple.tuple(rows, rows));
      assertThat(cluster.condition("chinook", "Balanced").orElseThrow().status()).isEqualTo("True");
      cluster.delete("chinook");
    }
  }

  private static long count(String table) {
    try {
      return Long.parseLong(Cluster.query("legacy", "SELECT count(*) FROM " + table).getFirst());
    } catch (java.sql.SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
