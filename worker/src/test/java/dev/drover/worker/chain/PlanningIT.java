package dev.drover.worker.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.Finding.Severity;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.Step;
import dev.drover.worker.plan.PlanJob;
import dev.drover.worker.postgres.PostgresDatabases;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What planning finds in bad input, with the path to it, before anything is made. */
class PlanningIT extends ChainScenario {
  @TempDir Path folder;

  @BeforeEach
  void items() throws Exception {
    inBoth("CREATE TABLE item (id integer PRIMARY KEY, qty integer, note text)");
    databases.execute("legacy", "INSERT INTO item SELECT i, i, '' FROM generate_series(1, 10) i");
  }

  private static ChainSpec chain(List<String> tables, Step... steps) {
    return new ChainSpec(
        databases.connections(),
        List.of(
            new StageSpec.Extract("read", "legacy", tables, 1000),
            new StageSpec.Transform("clean", "read", List.of(steps)),
            new StageSpec.Load("load", "clean", "target", null, LoadMode.Upsert, List.of())));
  }

  private ChainPlan planned(ChainSpec spec) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      return plan(chain);
    }
  }

  /** The one finding of a chain that cannot start; nothing is planned, and nothing was made. */
  private Finding refused(ChainSpec spec) throws Exception {
    ChainPlan plan = planned(spec);
    assertThat(plan.startable()).isFalse();
    assertThat(plan.tables()).isEmpty();
    assertThat(plan.loadPromises()).isEmpty();
    assertThat(databases.query("target", "SELECT to_regclass('drover_ledger')"))
        .containsOnlyNulls();
    assertThat(plan.findings()).hasSize(1);
    assertThat(plan.findings().getFirst().severity()).isEqualTo(Severity.Error);
    return plan.findings().getFirst();
  }

  private static void is(Finding finding, String reason, String path, String... words) {
    assertThat(finding.reason()).isEqualTo(reason);
    assertThat(finding.path()).isEqualTo(path);
    assertThat(finding.message()).contains(words);
  }

  @Test
  void a_sound_chain_is_planned_and_nothing_is_made() throws Exception {
    ChainPlan plan = planned(chain(List.of("public.item"), set("qty", "record.qty")));
    assertThat(plan.findings()).isEmpty();
    assertThat(plan.tables()).singleElement().extracting(t -> t.table()).isEqualTo("public.item");
    assertThat(plan.loadPromises()).containsEntry("load", LoadPromise.ExactlyOnce);
    assertThat(databases.query("target", "SELECT to_regclass('drover_ledger')"))
        .as("planning only looks")
        .containsOnlyNulls();
  }

  @Test
  void a_table_that_is_missing_is_told_with_what_is_near() throws Exception {
    is(
        refused(chain(List.of("public.itm"))),
        "TableNotFound",
        "spec.stages[0].extract.tables[0]",
        "public.itm",
        "public.item");
  }

  @Test
  void a_target_table_that_is_missing() throws Exception {
    databases.execute("target", "DROP TABLE item");
    is(
        refused(chain(List.of("public.item"))),
        "TargetTableNotFound",
        "spec.stages[2].load",
        "public.item");
  }

  @Test
  void a_target_column_that_is_missing() throws Exception {
    databases.execute("target", "ALTER TABLE item DROP COLUMN note");
    is(
        refused(chain(List.of("public.item"))),
        "TargetColumnMissing",
        "spec.stages[2].load",
        "note",
        "remove: [note]");
  }

  @Test
  void records_of_different_keys_that_may_become_one_at_the_target() throws Exception {
    databases.execute(
        "target",
        "ALTER TABLE item DROP CONSTRAINT item_pkey",
        "ALTER TABLE item ADD PRIMARY KEY (note)");
    ChainPlan plan = planned(chain(List.of("public.item")));
    assertThat(plan.startable()).isTrue();
    assertThat(plan.findings())
        .singleElement()
        .satisfies(
            f -> {
              assertThat(f.severity()).isEqualTo(Severity.Warning);
              is(f, "KeyMayRepeat", "spec.stages[2].load", "(id)", "(note)", "the last one");
            });
  }

  @Test
  void records_of_two_tables_that_may_become_one_at_the_target() throws Exception {
    databases.execute(
        "legacy", "CREATE TABLE more (id integer PRIMARY KEY, qty integer, note text)");
    List<StageSpec.TableMapping> both =
        List.of(new StageSpec.TableMapping("public.more", "public.item"));
    ChainPlan plan =
        planned(
            new ChainSpec(
                databases.connections(),
                List.of(
                    new StageSpec.Extract(
                        "read", "legacy", List.of("public.item", "public.more"), 1000),
                    new StageSpec.Load("load", "read", "target", null, LoadMode.Upsert, both),
                    new StageSpec.Load("again", "read", "target", null, LoadMode.Upsert, both))));
    assertThat(plan.startable()).isTrue();
    assertThat(plan.findings())
        .isNotEmpty()
        .allSatisfy(
            f -> {
              assertThat(f.reason()).isEqualTo("KeyMayRepeat");
              assertThat(f.message()).contains("public.item and public.more are both loaded");
            });
  }

  @Test
  void an_expression_that_does_not_compile() throws Exception {
    Finding finding = refused(chain(List.of("public.item"), filter("record.qty >")));
    assertThat(finding.path()).isEqualTo("spec.stages[1].transform.steps[0].filter");
  }

  @Test
  void a_field_that_no_record_has() throws Exception {
    Finding finding = refused(chain(List.of("public.item"), filter("record.quantity > 1")));
    assertThat(finding.path()).isEqualTo("spec.stages[1].transform.steps[0].filter");
    assertThat(finding.message()).contains("quantity");
  }

  @Test
  void a_condition_that_is_none() throws Exception {
    Finding finding =
        refused(chain(List.of("public.item"), set("qty", "1"), require("record.qty + 1", "X")));
    assertThat(finding.path()).isEqualTo("spec.stages[1].transform.steps[1].require.that");
    assertThat(finding.message()).contains("bool");
  }

  @Test
  void a_rule_that_gives_a_text_for_a_number() throws Exception {
    is(
        refused(chain(List.of("public.item"), set("qty", "'many'"))),
        "TypeMismatch",
        "spec.stages[1].transform.steps[0].set[0].to",
        "public.item.qty",
        "int(");
  }

  @Test
  void a_step_for_a_table_that_never_comes() throws Exception {
    Step misspelt =
        new Step(
            List.of("public.item", "public.itms*"),
            null,
            "record.qty > 1",
            List.of(),
            List.of(),
            List.of());
    is(
        refused(chain(List.of("public.item"), misspelt)),
        "StepMatchesNoTable",
        "spec.stages[1].transform.steps[0].tables[1]",
        "public.itms*",
        "public.item");
  }

  /** The same with a graft that reads copies of both stages. */
  private static ChainSpec backfilled(List<String> tables, Step... steps) {
    ChainSpec plain = chain(tables, steps);
    List<StageSpec> stages = new ArrayList<>(plain.stages());
    stages.add(
        new StageSpec.Load("archive", "archive_clean", "target", null, LoadMode.Upsert, List.of()));
    stages.add(new StageSpec.Transform("archive_clean", "archive_read", List.of(steps)));
    stages.add(new StageSpec.Extract("archive_read", "legacy", tables, 1000));
    return new ChainSpec(plain.connections(), stages);
  }

  @Test
  void what_is_wrong_with_a_stage_that_was_copied_is_told_once_where_the_user_wrote_it()
      throws Exception {
    assertThat(refused(backfilled(List.of("public.item"), filter("record.quantity > 1"))).path())
        .isEqualTo("spec.stages[1].transform.steps[0].filter");
    assertThat(refused(backfilled(List.of("public.itm"))).path())
        .isEqualTo("spec.stages[0].extract.tables[0]");
    assertThat(planned(backfilled(List.of("public.item"))).tables())
        .extracting(t -> t.stage())
        .containsExactlyInAnyOrder("read", "archive_read");
  }

  /** The chain of a role that may log in and nothing else. */
  private ChainSpec asStranger(String connection) throws Exception {
    databases.execute(
        "postgres",
        "DO $$ BEGIN CREATE ROLE stranger LOGIN PASSWORD 'x'; EXCEPTION WHEN duplicate_object THEN"
            + " NULL; END $$");
    Files.createDirectories(folder.resolve("legacy"));
    Files.createDirectories(folder.resolve("target"));
    for (String c : List.of("legacy", "target")) {
      Files.writeString(
          folder.resolve(c).resolve("username"), c.equals(connection) ? "stranger" : "postgres");
      Files.writeString(folder.resolve(c).resolve("password"), "postgres");
    }
    return chain(List.of("public.item"));
  }

  private ChainPlan plannedWithOwnSecrets(ChainSpec spec) throws Exception {
    try (TestChain chain = new TestChain(nats.url(), name, spec)) {
      new PlanJob(
              chain.state,
              TestChain.REVISION,
              chain.uid,
              new PostgresDatabases(folder, "test plan"))
          .run();
      return chain.state.plan(TestChain.REVISION).orElseThrow();
    }
  }

  @Test
  void a_role_that_may_not_read_is_told_what_to_grant() throws Exception {
    ChainPlan plan = plannedWithOwnSecrets(asStranger("legacy"));
    assertThat(plan.findings()).hasSize(1);
    is(
        plan.findings().getFirst(),
        "NoSelectPrivilege",
        "spec.stages[0].extract.tables[0]",
        "GRANT SELECT",
        "stranger");
  }

  @Test
  void a_role_that_may_not_write_is_told_what_to_grant() throws Exception {
    ChainPlan plan = plannedWithOwnSecrets(asStranger("target"));
    assertThat(plan.startable()).isFalse();
    assertThat(plan.findings())
        .allMatch(f -> f.path().equals("spec.stages[2].load"))
        .anyMatch(f -> f.message().contains("INSERT"));
    assertThat(databases.query("target", "SELECT to_regclass('drover_ledger')"))
        .containsOnlyNulls();
  }

  @Test
  void a_database_that_is_away_is_waited_for_and_named() throws Exception {
    try (ServerSocket away = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = away.getLocalPort();
      away.close();
      ChainSpec usual = chain(List.of("public.item"));
      ChainSpec spec =
          new ChainSpec(
              List.of(
                  new ConnectionSpec(
                      "legacy", "jdbc:postgresql://127.0.0.1:" + port + "/legacy", 2),
                  usual.connections().get(1)),
              usual.stages());
      try (TestChain chain = new TestChain(nats.url(), name, spec)) {
        Thread planning =
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        plan(chain);
                      } catch (Exception e) {
                        throw new AssertionError(e);
                      }
                    });
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(chain.state.planProgress(TestChain.REVISION).orElse(""))
                        .contains("DatabaseUnavailable", "127.0.0.1:" + port));
        assertThat(chain.state.plan(TestChain.REVISION)).isEmpty();

        try (Relay back = new Relay(port, databases.port())) {
          await().atMost(SOON).until(() -> chain.state.plan(TestChain.REVISION).isPresent());
          planning.join();
          assertThat(back.used()).isTrue();
        }
        assertThat(chain.state.plan(TestChain.REVISION).orElseThrow().startable()).isTrue();
      }
    }
  }

  /** Lets a server that listens elsewhere appear at a port. */
  private static final class Relay implements AutoCloseable {
    private final ServerSocket server;
    private final List<Socket> sockets = new ArrayList<>();

    Relay(int port, int to) throws Exception {
      server = new ServerSocket(port, 5, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(() -> accept(to));
    }

    private void accept(int to) {
      try {
        while (true) {
          Socket in = server.accept();
          Socket out = new Socket(InetAddress.getLoopbackAddress(), to);
          synchronized (sockets) {
            sockets.addAll(List.of(in, out));
          }
          Thread.ofVirtual().start(() -> copy(in, out));
          Thread.ofVirtual().start(() -> copy(out, in));
        }
      } catch (java.io.IOException e) {
        // Closed.
      }
    }

    private static void copy(Socket from, Socket to) {
      try (from;
          to) {
        from.getInputStream().transferTo(to.getOutputStream());
      } catch (java.io.IOException e) {
        // Closed by either end.
      }
    }

    boolean used() {
      synchronized (sockets) {
        return !sockets.isEmpty();
      }
    }

    @Override
    public void close() throws Exception {
      server.close();
      synchronized (sockets) {
        for (Socket s : sockets) {
          s.close();
        }
      }
    }
  }

  @Test
  void two_extracts_may_feed_chains_of_one_migration() throws Exception {
    inBoth("CREATE TABLE other (id integer PRIMARY KEY)");
    ChainSpec spec =
        new ChainSpec(
            databases.connections(),
            List.of(
                new StageSpec.Extract("one", "legacy", List.of("public.item"), 1000),
                new StageSpec.Extract("two", "legacy", List.of("public.other"), 1000),
                new StageSpec.Load("a", "one", "target", null, LoadMode.Upsert, List.of()),
                new StageSpec.Load("b", "two", "target", null, LoadMode.Upsert, List.of())));
    ChainPlan plan = planned(spec);
    assertThat(plan.findings()).isEmpty();
    assertThat(plan.tables())
        .extracting(t -> t.stage() + " " + t.table())
        .containsExactly("one public.item", "two public.other");
    assertThat(plan.loadPromises()).containsOnlyKeys("a", "b");
  }
}
