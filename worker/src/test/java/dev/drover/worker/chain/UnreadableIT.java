package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.decision.Counts;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.state.SplitCheckpoint;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values that a source holds and that cannot be carried: their records fail, alone. */
class UnreadableIT extends ChainScenario {
  private static final String BAD = "(1, 2, 500, 501, 2000)";

  @BeforeAll
  static void oddlyEncodedDatabases() throws Exception {
    for (String encoding : List.of("sql_ascii", "win1252")) {
      databases.execute(
          "postgres",
          "CREATE DATABASE %1$s TEMPLATE template0 ENCODING '%1$s' LOCALE 'C'".formatted(encoding));
    }
  }

  static Stream<Arguments> values() {
    return Stream.of(
        Arguments.of("legacy", "timestamp", "timestamp '294276-12-31'", "294246"),
        Arguments.of("sql_ascii", "text", "convert_from('\\xff', 'SQL_ASCII')", "SQLSTATE 22021"),
        Arguments.of("win1252", "text", "convert_from('\\x81', 'WIN1252')", "SQLSTATE 22P05"));
  }

  private void run(
      String database, String columns, String rows, LoadMode mode, List<String> keys, String why)
      throws Exception {
    databases.execute(database, "DROP TABLE IF EXISTS item", "CREATE TABLE item " + columns, rows);
    databases.execute("target", "CREATE TABLE item " + columns);
    ChainSpec spec =
        new ChainSpec(
            List.of(
                new ConnectionSpec("legacy", databases.url(database), 4),
                databases.connections().get(1)),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 100_000),
                new StageSpec.Load("load", "read", "target", null, mode, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      SplitCheckpoint read1 = chain.checkpoints(plan).getFirst();
      assertThat(read1.records()).isEqualTo(2000);
      assertThat(read1.failed()).isEqualTo(5);
      assertThat(chain.tally("load")).isEqualTo(new Counts(1995, 1995, 0, 0, 0, 0));
      assertThat(databases.query("target", "SELECT count(*) FROM item WHERE id IN " + BAD))
          .containsExactly("0");
      assertThat(databases.checksum("target", "(SELECT id FROM item)"))
          .isEqualTo(
              databases.checksum(database, "(SELECT id FROM item WHERE id NOT IN " + BAD + ")"));
      assertThat(chain.failures())
          .allSatisfy(
              f -> {
                assertThat(f.detail().stage()).isEqualTo("read");
                assertThat(f.detail().cause().code()).isEqualTo("Unreadable");
                assertThat(f.detail().message()).contains(why).contains("at the source");
              })
          .extracting(f -> f.detail().key())
          .containsExactlyInAnyOrderElementsOf(keys);
    }
  }

  private static String rows(String bad) {
    return "INSERT INTO item SELECT i, CASE WHEN i IN %s THEN %s END FROM generate_series(1, 2000) i"
        .formatted(BAD, bad);
  }

  @ParameterizedTest
  @MethodSource("values")
  void a_record_that_cannot_be_carried_fails_alone(
      String database, String type, String bad, String why) throws Exception {
    run(
        database,
        "(id integer PRIMARY KEY, v " + type + ")",
        rows(bad),
        LoadMode.Upsert,
        List.of("1", "2", "500", "501", "2000"),
        why);
  }

  @ParameterizedTest
  @MethodSource("values")
  void so_does_one_of_a_table_without_a_key(String database, String type, String bad, String why)
      throws Exception {
    databases.execute(database, "DROP TABLE IF EXISTS item");
    databases.execute(database, "CREATE TABLE item (id integer, v " + type + ")", rows(bad));
    List<String> positions =
        databases.query(database, "SELECT ctid::text FROM item WHERE id IN " + BAD);
    run(database, "(id integer, v " + type + ")", rows(bad), LoadMode.Insert, positions, why);
  }

  /** As after a failing disk: the file that has the pieces of a large value has none. */
  @ParameterizedTest
  @ValueSource(strings = {"id integer PRIMARY KEY", "id integer"})
  void so_does_one_that_is_damaged_where_it_is_stored(String id) throws Exception {
    String columns = "(" + id + ", v text)";
    databases.execute(
        "legacy",
        "DROP TABLE IF EXISTS item, nothing",
        "CREATE TABLE nothing (v text)",
        "CREATE TABLE item " + columns,
        "ALTER TABLE item ALTER v SET STORAGE EXTERNAL",
        "INSERT INTO item SELECT i, CASE i WHEN 100 THEN repeat('x', 10000) ELSE 'n' END"
            + " FROM generate_series(1, 2000) i",
        "ANALYZE item");
    databases.execute("target", "CREATE TABLE item " + columns);
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 100_000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Insert, List.of())));
    String before = filesOfPieces("item");
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      keepPiecesIn(filesOfPieces("nothing"));
      chain.dispatchAll(plan);
      awaitFinished(chain, plan);

      assertThat(chain.failures())
          .singleElement()
          .satisfies(
              f -> {
                assertThat(f.detail().cause().code()).isEqualTo("Unreadable");
                assertThat(f.detail().message()).contains("SQLSTATE XX001", "at the source");
              });
      assertThat(databases.query("target", "SELECT count(*) FROM item WHERE v = 'n'"))
          .containsExactly("1999");
    } finally {
      keepPiecesIn(before);
    }
  }

  private static String filesOfPieces(String table) throws Exception {
    return databases
        .query(
            "legacy",
            "SELECT t.relfilenode FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid"
                + " WHERE c.relname = '%s'".formatted(table))
        .getFirst();
  }

  private static void keepPiecesIn(String file) throws Exception {
    databases.execute(
        "legacy",
        "SET allow_system_table_mods = on",
        "UPDATE pg_class SET relfilenode = "
            + file
            + " WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE relname = 'item')",
        "RESET allow_system_table_mods");
  }

  /** Such a record cannot even be named, and a stall and a log hold nobody's values. */
  @Test
  void a_key_that_cannot_be_carried_is_told_and_waited_for() throws Exception {
    databases.execute(
        "legacy",
        "CREATE TABLE item (id timestamp PRIMARY KEY, v integer)",
        "INSERT INTO item SELECT timestamp '2024-01-01' + i * interval '1 day', i FROM generate_series(1, 100) i",
        "INSERT INTO item VALUES ('294276-12-31', 0)",
        "ANALYZE");
    databases.execute("target", "CREATE TABLE item (id timestamp PRIMARY KEY, v integer)");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("read", "legacy", List.of("public.item"), 100_000),
                new StageSpec.Load("load", "read", "target", null, LoadMode.Upsert, List.of())));
    try (TestChain chain = new TestChain(nats.url(), name, spec);
        RunningStage read = RunningStage.start(chain, "read", databases.secrets);
        RunningStage load = RunningStage.start(chain, "load", databases.secrets)) {
      ChainPlan plan = plan(chain);
      chain.dispatchAll(plan);
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(chain.stalls("read"))
                      .singleElement()
                      .satisfies(
                          stall -> {
                            assertThat(stall.reason()).isEqualTo("UnreadableKey");
                            assertThat(stall.message())
                                .contains("row of public.item", "a value of (id)", "at the source")
                                .doesNotContain("2024-04-10");
                          }));
      databases.execute("legacy", "UPDATE item SET id = '2025-01-01' WHERE v = 0");
      awaitFinished(chain, plan);
      assertThat(chain.failures()).isEmpty();
      assertThat(databases.checksum("target", "item"))
          .isEqualTo(databases.checksum("legacy", "item"));
    }
  }
}
