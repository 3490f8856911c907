package dev.drover.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec.Action;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.StartAt;
import dev.drover.cli.terminal.Style;
import dev.drover.cli.terminal.Terminal;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command of the built file against a real API server; the operator is played. */
class KubectlDroverIT {
  private static final String SHOP = "terminal";
  private static final String EMPTY = "terminal-empty";
  private static final KubernetesClient CLIENT = ApiServer.get().client();
  private static final String STATUS =
      """
      status:
        observedGeneration: 1
        startTime: "2026-11-24T10:00:00Z"
        completionTime: "2026-11-24T10:01:40Z"
        stagesReady: 3/3
        conditions:
          - {type: Completed, status: "True", reason: WithFailures, message: done, lastTransitionTime: "2026-11-24T10:00:00Z"}
          - {type: Balanced, status: "False", reason: QueueLost, message: read is gone, lastTransitionTime: "2026-11-24T10:00:00Z"}
          - {type: Ready, status: "False", reason: QueueLost, message: read is gone, lastTransitionTime: "2026-11-24T10:00:00Z"}
        progress: {extractedRecords: 5000, loadedRecords: 4997, filteredRecords: 0, failedRecords: 3, waitingRecords: 0, waivedRecords: 0, percent: 100%}
        stages:
          - {name: load, kind: load, state: Done, inRecords: 5000, passedRecords: 4997, filteredRecords: 0, failedRecords: 3, waitingRecords: 0, waivedRecords: 0, backlogRecords: 0, backlogMessages: 0, scaling: {desired: 0, current: 0, ready: 0, reason: Done, message: all is decided}}
        failures:
          - {records: 3, stage: load, step: load, code: CheckViolated, table: shop.item, subject: no_seven, fingerprint: 0123456789abcdef, firstSeenTime: "2026-11-24T10:00:00Z", lastSeenTime: "2026-11-24T10:00:10Z", sampleKey: "7", message: the row violates no_seven}
      """;

  private static PlayedOperator operator;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    for (String namespace : List.of(SHOP, EMPTY)) {
      CLIENT
          .resource(
              new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
          .create();
    }
    ApiServer.Result made =
        ApiServer.get()
            .apply(
                SHOP,
                """
                apiVersion: drover.dev/v1alpha1
                kind: Migration
                metadata: {name: shop}
                spec:
                  connections:
                    - name: legacy
                      jdbc: {url: "jdbc:postgresql://legacy/shop", credentialsSecretRef: {name: l}}
                  stages:
                    - name: read
                      extract: {connectionName: legacy, tables: ["shop.item"]}
                    - name: load
                      from: read
                      load: {connectionName: legacy}
                """);
    assertThat(made.code()).as(made.output()).isZero();
    Migration shop = CLIENT.resources(Migration.class).inNamespace(SHOP).withName("shop").get();
    shop.setStatus(Serialization.unmarshal(migrationYaml(), Migration.class).getStatus());
    CLIENT.resource(shop).updateStatus();
    may("viewer", "get,list,watch", "migrations,failedrecords,redrives");
    operator = new PlayedOperator(CLIENT, SHOP);
  }

  private static String migrationYaml() {
    return "apiVersion: drover.dev/v1alpha1\nkind: Migration\nmetadata: {name: shop}\n" + STATUS;
  }

  private static void may(String user, String verbs, String resources) {
    String all = resources.replace(",", ".drover.dev,") + ".drover.dev";
    for (List<String> command :
        List.of(
            List.of("create", "role", user, "--verb=" + verbs, "--resource=" + all, "-n", SHOP),
            List.of(
                "create", "rolebinding", user, "--role=" + user, "--user=" + user, "-n", SHOP))) {
      ApiServer.Result bound = ApiServer.get().kubectl("", command.toArray(String[]::new));
      assertThat(bound.code()).as(bound.output()).isZero();
    }
  }

  @AfterAll
  static void stop() throws InterruptedException {
    operator.close();
  }

  @BeforeEach
  void makeRecord() {
    CLIENT.resources(Redrive.class).inNamespace(SHOP).delete();
    CLIENT.resources(FailedRecord.class).inNamespace(SHOP).delete();
    make("shop-load-12", "{\"id\": 7, \"qty\": 7, \"label\": \"item 7\", \"email\": \"***\"}");
  }

  private static void make(String name, String record) {
    FailedRecord made =
        Serialization.unmarshal(
            Records.yaml(name, record)
                .replace("namespace: here", "namespace: " + SHOP)
                .replace("replays: 0", "replays: 0\n  maskedFields: [email]"),
            FailedRecord.class);
    var status = made.getStatus();
    FailedRecord created = CLIENT.resource(made).create();
    created.setStatus(status);
    CLIENT.resource(created).updateStatus();
  }

  private static FailedRecord record(String name) {
    return CLIENT.resources(FailedRecord.class).inNamespace(SHOP).withName(name).get();
  }

  private static Program.Said drover(String... arguments) {
    return drover(new Program(), arguments);
  }

  private static Program.Said drover(Program program, String... arguments) {
    return program.with("KUBECONFIG", ApiServer.get().kubeconfig().toString()).run(arguments);
  }

  private static Program.Said here(String... arguments) {
    return here(new Program(), arguments);
  }

  private static Program.Said here(Program program, String... arguments) {
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "-n";
    all[arguments.length + 1] = SHOP;
    return drover(program, all);
  }

  /** An editor that does what this script does with the file {@code $1}. */
  private Program editor(String script) {
    Path file = folder.resolve("editor");
    try {
      Files.writeString(file, "#!/bin/sh\n" + script + "\n");
      assertThat(file.toFile().setExecutable(true)).isTrue();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return new Program().with("EDITOR", file.toString()).with("KUBE_EDITOR", "");
  }

  @Test
  void status_lists_migrations_and_what_needs_a_look() {
    assertThat(here("status").ends(0).out())
        .containsPattern("terminal +shop +NotReady +QueueLost +3/3 +4,997 +3 +100%")
        .contains("! Balanced QueueLost: read is gone")
        .contains("! 3 open failures of 1 cause: kubectl drover failures shop -n terminal");
    assertThat(here("status", "shop").ends(0).out())
        .contains("read 5,000 = loaded 4,997 + filtered 0 + failed 3")
        .containsPattern("load +load +Done +0/0 +0 +5,000 +4,997 +0 +3 +0 +50/s +Done");
    assertThat(drover("status", "-A").ends(0).out()).contains("shop");
    assertThat(drover("status", "-n", EMPTY).ends(0).err())
        .contains("There are no Migrations in namespace terminal-empty");
  }

  @Test
  void status_as_json() {
    JsonNode one = here("status", "shop", "-o", "json").ends(0).json().at("/migrations/0");

    assertThat(one.get("failedRecords").asInt()).isEqualTo(3);
    assertThat(one.at("/stages/0/lagRecords").isNumber()).isTrue();
    assertThat(one.at("/stages/0/outPerSecond").isNull()).isTrue();
    assertThat(one.at("/attention/0/reason").asText()).isEqualTo("QueueLost");
    assertThat(drover("status", "-n", EMPTY, "-o", "json").ends(0).json().get("migrations"))
        .isEmpty();
  }

  @Test
  void top_shows_a_frame_of_all_stages() {
    assertThat(here("top", "--once").ends(0).out())
        .contains("MIGRATION   STAGE   STATE")
        .containsPattern("shop +load +Done +0/0");
    Program.Said json = here("top", "--once", "-o", "json").ends(0);
    assertThat(json.out().lines()).as("a frame a line").hasSize(1);
    assertThat(json.json().at("/migrations/0/stages/0/name").asText()).isEqualTo("load");
  }

  @Test
  void failures_drill_down_from_causes_to_a_record() {
    assertThat(here("failures", "shop").ends(0).out())
        .containsPattern("3 +load +load +CheckViolated +shop.item +no_seven +0123456789abcdef");
    assertThat(here("failures", "shop", "0123").ends(0).out())
        .containsPattern("shop-load-12 +shop.item +7 +Open +0 ");
    assertThat(here("failures", "shop", "shop-load-12").ends(0).out())
        .contains("CheckViolated: the row violates no_seven")
        .contains("email | \"***\"")
        .contains("Not shown (***): email");
    JsonNode causes = here("failures", "shop", "CheckViolated", "-o", "json").ends(0).json();
    assertThat(causes.at("/causes/0/records").asInt()).isEqualTo(3);
    assertThat(causes.at("/records/0/original/qty").asInt()).isEqualTo(7);
    assertThat(causes.at("/records/0/corrected").isNull()).isTrue();
    assertThat(here("failures", "shop", "shop-load-12", "-o", "json").ends(0).json().get("key"))
        .hasToString("\"7\"");
  }

  @Test
  void a_cause_or_record_that_is_not_there_is_said_so() {
    assertThat(here("failures", "shop", "ffff").ends(3).err())
        .contains("no open failures of a cause ffff")
        .contains("give one of 0123456789abcdef");
    assertThat(here("fix", "shop-load-99").ends(3).err())
        .contains("there is no FailedRecord shop-load-99 in namespace terminal");
  }

  @Test
  void an_unknown_migration_is_answered_with_those_that_there_are() {
    for (List<String> command :
        List.of(
            List.of("status", "shoe"),
            List.of("failures", "shoe"),
            List.of("top", "shoe", "--once"),
            List.of("redrive", "shoe", "--all"),
            List.of("waive", "-m", "shoe", "--all", "--reason", "x"))) {
      assertThat(here(command.toArray(String[]::new)).ends(3).err())
          .contains("error: there is no Migration shoe in namespace terminal")
          .contains("use one of shop");
    }
    assertThat(drover("status", "shop", "-n", EMPTY).ends(3).err())
        .contains("there is none there at all: check -n");
  }

  @Test
  void fix_corrects_in_an_editor_replays_and_says_what_came_of_it() {
    Program.Said said =
        here(editor("sed -i -e 's/^qty: 7/qty: 8/' \"$1\""), "fix", "shop-load-12").ends(0);

    assertThat(said.err()).contains("* qty   | 7        | 8").doesNotContain("label");
    assertThat(said.out()).isEqualTo("shop-load-12: Replayed: loaded\n");
    assertThat(record("shop-load-12").getSpec().action()).isEqualTo(Action.Replay);
    assertThat(record("shop-load-12").getSpec().correction()).isEqualTo(Records.json("{'qty': 8}"));
    assertThat(record("shop-load-12").getMetadata().getManagedFields())
        .as("who wrote spec, for the history")
        .extracting(m -> m.getManager())
        .contains("kubectl-drover");
    assertThat(here("fix", "shop-load-12", "--as-is").ends(1).err())
        .contains("is out of the way already (Replayed)");
    assertThat(here("failures", "shop", "shop-load-12").ends(0).out())
        .contains("* qty   | 7        | 8")
        .containsPattern("Replay +.* ago +kubectl-drover +\\S+ +Replayed");
  }

  @Test
  void the_editor_may_have_options_and_the_file_is_for_the_user_alone() throws IOException {
    Path seen = folder.resolve("seen");
    Program program = editor("stat -c %a \"$2\" > " + seen + "; sed -i 's/^qty: 7/qty: 9/' \"$2\"");
    program.with("EDITOR", folder.resolve("editor") + " --wait");

    here(program, "fix", "shop-load-12").ends(0);

    assertThat(seen).hasContent("600");
  }

  @Test
  void fix_as_json_answers_with_the_outcome_alone() {
    JsonNode outcome =
        here(
                editor("sed -i -e 's/^qty: 7/qty: null/' \"$1\""),
                "fix",
                "shop-load-12",
                "--reason",
                "a slip",
                "-o",
                "json")
            .ends(0)
            .json();

    assertThat(outcome)
        .isEqualTo(
            Records.json(
                "{'namespace': 'terminal', 'record': 'shop-load-12', 'action': 'Replay',"
                    + " 'correction': {'qty': null}, 'result': 'Replayed', 'message': 'loaded'}"));
    FailedRecord asked = record("shop-load-12");
    assertThat(asked.getSpec().correction().get("qty").isNull()).as("keeps its null").isTrue();
    assertThat(asked.getSpec().reason()).isEqualTo("a slip");
  }

  @Test
  void what_fails_again_can_be_corrected_further_and_the_same_be_asked_again() {
    assertThat(here("fix", "shop-load-12", "--as-is").ends(1).out())
        .contains("FailedAgain: failed again: the row violates no_seven");
    assertThat(here("fix", "shop-load-12", "--as-is").ends(1).out()).contains("FailedAgain");
    assertThat(record("shop-load-12").getSpec().attempt()).isEqualTo(1);

    here(editor("sed -i -e 's/^qty: 7/qty: 10/' \"$1\""), "fix", "shop-load-12").ends(0);
  }

  @Test
  void a_correction_that_the_operator_refuses_is_said_so() {
    make("shop-load-13", "{\"id\": 8, \"qty\": null}");

    assertThat(here("fix", "shop-load-13", "--set", "qty=many").ends(1).out())
        .contains("shop-load-13: Refused: spec.correction.qty: the value does not fit int4");
  }

  @Test
  void what_is_lost_cannot_be_corrected_and_the_way_on_is_named() {
    FailedRecord lost = record("shop-load-12");
    lost.setStatus(
        Records.of("{}", "status: \"False\", reason: Open", "status: \"False\", reason: Lost")
            .getStatus());
    CLIENT.resource(lost).updateStatus();

    assertThat(here(editor("sed -i -e 's/^qty: 7/qty: 8/' \"$1\""), "fix", "shop-load-12").ends(1))
        .extracting(Program.Said::err)
        .asString()
        .contains("FailedRecord shop-load-12 is lost", "kubectl drover waive shop-load-12");
    assertThat(record("shop-load-12").getMetadata().getGeneration()).isEqualTo(1);
  }

  @Test
  void an_edit_that_cannot_be_right_is_refused_before_anything_is_sent() {
    for (String[] edit :
        new String[][] {
          {"s/^qty: 7/qty: many/", "qty: write a whole number, without quotes; it was 7"},
          {"s/^qty:/quantity:/", "the record has no field quantity; it has email, id, label, qty"},
          {"/^label/d", "field label is missing"},
          {"s/^qty: 7/qty: [/", "this is no YAML"},
        }) {
      assertThat(
              here(editor("sed -i -e '" + edit[0] + "' \"$1\""), "fix", "shop-load-12")
                  .ends(2)
                  .err())
          .contains("FailedRecord shop-load-12, nothing was sent")
          .contains(edit[1]);
    }
    assertThat(record("shop-load-12").getMetadata().getGeneration()).isEqualTo(1);
  }

  @Test
  void an_edit_that_cannot_be_right_is_opened_again_with_the_reason() {
    editor(
        """
        if grep -q '^# NOT SENT: line [0-9]*: qty: write a whole number' "$1"; then
          sed -i -e 's/^qty: many/qty: 8/' "$1"
        else
          sed -i -e 's/^qty: 7/qty: many/' "$1"
        fi""");
    Map<String, String> environment = Map.of("EDITOR", folder.resolve("editor").toString());
    StringWriter said = new StringWriter();

    assertThat(typed(environment, "", said, "fix", "shop-load-12")).as(said.toString()).isZero();
    assertThat(record("shop-load-12").getSpec().correction()).isEqualTo(Records.json("{'qty': 8}"));
  }

  @Test
  void an_edit_that_stays_wrong_is_given_up() {
    editor("sed -i -e 's/^qty: 7/qty: many/' \"$1\"");
    Map<String, String> environment = Map.of("EDITOR", folder.resolve("editor").toString());
    StringWriter said = new StringWriter();

    assertThat(typed(environment, "", said, "fix", "shop-load-12")).isEqualTo(2);
    assertThat(said.toString()).contains("qty: write a whole number");
    assertThat(record("shop-load-12").getMetadata().getGeneration()).isEqualTo(1);
  }

  @Test
  void an_editor_that_changes_nothing_or_fails_sends_nothing() {
    assertThat(here(editor("true"), "fix", "shop-load-12").ends(6).err())
        .contains("nothing was changed");
    assertThat(here(editor(": > \"$1\""), "fix", "shop-load-12").ends(6).err())
        .contains("nothing differs");
    assertThat(here(editor("exit 3"), "fix", "shop-load-12").ends(6).err())
        .contains("ended with 3");
    assertThat(
            here(new Program().with("EDITOR", "no-such-editor"), "fix", "shop-load-12")
                .ends(6)
                .err())
        .contains("set EDITOR to an editor that is installed");
    assertThat(here("fix", "shop-load-12", "--set", "qty=8", "--dry-run").ends(0).out())
        .contains("DryRun: nothing was sent");
    assertThat(record("shop-load-12").getMetadata().getGeneration()).isEqualTo(1);
  }

  @Test
  void what_somebody_else_asked_meanwhile_is_not_overwritten() {
    String other =
        "%s --kubeconfig=%s -n %s patch fr shop-load-12 --type=merge -p '{\"spec\":{\"attempt\":5}}' > /dev/null"
            .formatted(
                Path.of(System.getProperty("drover.bin"), "kubectl"),
                ApiServer.get().kubeconfig(),
                SHOP);

    assertThat(
            here(editor(other + "\nsed -i -e 's/^qty: 7/qty: 8/' \"$1\""), "fix", "shop-load-12")
                .ends(8)
                .err())
        .contains("somebody else asked something of shop-load-12 in namespace terminal meanwhile");
    assertThat(record("shop-load-12").getSpec().action()).isEqualTo(Action.None);
  }

  @Test
  void an_answer_that_does_not_come_in_time_is_no_success() {
    assertThat(here("fix", "shop-load-12", "--set", "qty=404", "--timeout", "1s").ends(7).out())
        .contains("Sent: not known in time");
    make("shop-load-14", "{\"id\": 8, \"qty\": 7}");
    here("fix", "shop-load-14", "--set", "qty=404", "--no-wait").ends(0);
  }

  @Test
  void redrive_looks_first_and_sends_when_told_to() {
    Program.Said said =
        here("redrive", "shop", "--code", "CheckViolated", "--set", "qty=8", "--yes").ends(0);

    assertThat(said.err())
        .contains("DryRun: 3 records are chosen; nothing was sent")
        .contains("* qty   | 7        | 8")
        .contains("3 of 3 sent, 3 resolved")
        .contains("Resolved: of 3 records");
    assertThat(redrives()).as("the dry run is gone").hasSize(1);
    Redrive made = redrives().getFirst();
    assertThat(made.getMetadata().getName()).startsWith("shop-redrive-");
    assertThat(made.getSpec().selector().code()).isEqualTo("CheckViolated");
    assertThat(made.getSpec().selector().upToErrorSequence())
        .as("what comes after the dry run is not agreed to")
        .isEqualTo(40);
    assertThat(made.getSpec().set())
        .extracting(a -> a.field() + "=" + a.to())
        .containsExactly("qty=8");
  }

  private static List<Redrive> redrives() {
    return CLIENT.resources(Redrive.class).inNamespace(SHOP).list().getItems();
  }

  @Test
  void redrive_reads_the_source_again_when_told_to_and_takes_no_change_then() {
    // Here one record without a change fails again.
    here("redrive", "shop", "--code", "CheckViolated", "--start-at", "Source", "--yes").ends(1);
    assertThat(redrives())
        .singleElement()
        .satisfies(r -> assertThat(r.getSpec().startAt()).isEqualTo(StartAt.Source));

    assertThat(
            here("redrive", "shop", "--all", "--start-at", "Source", "--set", "qty=8")
                .ends(2)
                .err())
        .contains("--start-at Source", "take --set and --correction out");
  }

  @Test
  void redrive_sends_nothing_where_nobody_can_be_asked() {
    assertThat(here("redrive", "shop", "--all").ends(6).err())
        .contains("Nothing was sent: nobody can be asked here. --yes goes on without asking.");
    assertThat(here("redrive", "shop", "--code", "Nothing", "--yes").ends(1).err())
        .contains("NothingSelected");
    assertThat(here("redrive", "shop", "--all", "--dry-run").ends(0).err()).contains("DryRun");
    assertThat(redrives()).isEmpty();
  }

  @Test
  void redrive_as_json_has_the_dry_run_and_what_came_of_it() {
    JsonNode report =
        here(
                "redrive",
                "shop",
                "--stage",
                "load",
                "--ramp",
                "1,10",
                "--stop-on",
                "5%",
                "--rate",
                "100",
                "--reason",
                "mended",
                "--yes",
                "-o",
                "json")
            .ends(1)
            .json();

    assertThat(report.get("result").asText()).isEqualTo("SomeFailed");
    assertThat(report.at("/dryRun/selected").asInt()).isEqualTo(3);
    assertThat(report.at("/redrive/failedAgain").asInt()).isEqualTo(1);
    Redrive made = redrives().getFirst();
    assertThat(made.getSpec().ramp()).containsExactly(1, 10);
    assertThat(made.getSpec().stopOn().percent()).isEqualTo(5);
    assertThat(made.getSpec().ratePerSecond()).isEqualTo(100);
    assertThat(made.getSpec().reason()).isEqualTo("mended");
    assertThat(
            here("redrive", "shop", "--all", "-o", "json").ends(6).json().get("redrive").isNull())
        .isTrue();
  }

  /** Runs in this process, before a terminal that is played. */
  private static int typed(String input, StringWriter said, String... arguments) {
    return typed(Map.of(), input, said, arguments);
  }

  private static int typed(
      Map<String, String> environment, String input, StringWriter said, String... arguments) {
    PrintWriter writer = new PrintWriter(said);
    Terminal terminal =
        new Terminal(
            writer,
            writer,
            new BufferedReader(new StringReader(input)),
            true,
            Style.PLAIN,
            100,
            environment);
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 3);
    all[arguments.length] = "-n";
    all[arguments.length + 1] = SHOP;
    all[arguments.length + 2] = "--kubeconfig=" + ApiServer.get().kubeconfig();
    return KubectlDrover.run(terminal, InstantSource.system(), all);
  }

  @Test
  void redrive_asks_whoever_sits_there() {
    StringWriter said = new StringWriter();

    assertThat(typed("n\n", said, "redrive", "shop", "--all")).isEqualTo(6);
    assertThat(said.toString()).contains("Send 3 records again? [y/N]");
    assertThat(redrives()).isEmpty();
    assertThat(typed("y\n", said, "redrive", "shop", "--all", "--set", "qty=8")).isZero();
    assertThat(typed("", said, "waive", "-m", "shop", "--all", "--reason", "x")).isEqualTo(6);
    assertThat(said.toString()).contains("Give up 3 records for good? [y/N]");
  }

  @Test
  void waive_gives_up_named_records_with_a_reason() {
    make("shop-load-15", "{\"id\": 9, \"qty\": 7}");

    assertThat(
            here("waive", "shop-load-12", "shop-load-15", "--reason", "duplicates").ends(0).out())
        .isEqualTo(
            """
            shop-load-12: Waived: given up, as asked
            shop-load-15: Waived: given up, as asked
            """);
    assertThat(record("shop-load-15").getSpec().reason()).isEqualTo("duplicates");
  }

  @Test
  void waive_with_a_wrong_name_gives_up_nothing() {
    here("waive", "shop-load-12", "shop-load-99", "--reason", "duplicates").ends(3);

    assertThat(record("shop-load-12").getMetadata().getGeneration()).isEqualTo(1);
  }

  @Test
  void waive_must_have_a_reason() {
    assertThat(here("waive", "shop-load-12").ends(2).err()).contains("--reason");
    assertThat(here("waive", "shop-load-12", "--reason", " ").ends(2).err()).contains("say why");
    assertThat(here("waive", "-m", "shop", "--reason", "x").ends(2).err())
        .contains("say which records");
    assertThat(here("waive", "--reason", "x").ends(2).err()).contains("name FailedRecords");
  }

  @Test
  void waive_with_a_selector_looks_first() {
    assertThat(here("waive", "-m", "shop", "--code", "X", "--reason", "x").ends(6).err())
        .contains("3 records are chosen");
    JsonNode report =
        here("waive", "-m", "shop", "--code", "X", "--reason", "old", "--yes", "-o", "json")
            .ends(0)
            .json();
    assertThat(report.at("/redrive/waived").asInt()).isEqualTo(3);
    assertThat(redrives()).extracting(r -> r.getSpec().reason()).containsExactly("old");
    assertThat(here("waive", "shop-load-12", "--reason", "x", "-o", "json").ends(0).json())
        .isEqualTo(
            Records.json(
                "{'records': [{'namespace': 'terminal', 'record': 'shop-load-12', 'action': 'Waive',"
                    + " 'correction': null, 'result': 'Waived', 'message': 'given up, as asked'}]}"));
  }

  @Test
  void who_may_not_is_told_which_role_to_ask_for() {
    assertThat(here("status", "--as", "stranger").ends(4).err())
        .contains("error: you may not list migrations in namespace terminal")
        .contains("-failures-view");
    here("failures", "shop", "shop-load-12", "--as", "viewer").ends(0);
    assertThat(here("fix", "shop-load-12", "--set", "qty=8", "--as", "viewer").ends(4).err())
        .contains("you may not patch failedrecords shop-load-12")
        .contains("-failures-correct");
    assertThat(here("redrive", "shop", "--all", "--yes", "--as", "viewer").ends(4).err())
        .contains("you may not create redrives")
        .contains("-failures-correct");
    assertThat(here("waive", "shop-load-12", "--reason", "x", "--as", "viewer").ends(4).err())
        .contains("-failures-waive");
    assertThat(record("shop-load-12").getMetadata().getGeneration()).isEqualTo(1);
  }

  @Test
  void what_was_typed_is_kept_where_it_is_refused() throws IOException {
    Program program = editor("sed -i -e 's/^qty: 7/qty: 8/' \"$1\"");
    String said = here(program, "fix", "shop-load-12", "--as", "viewer").ends(4).err();

    Path kept = kept(said);
    assertThat(kept).content().contains("qty: 8");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
        .isEqualTo("rw-------");
    Files.delete(kept);
  }

  private static Path kept(String said) {
    return Path.of(
        said.lines()
            .filter(l -> l.contains("is kept in"))
            .findFirst()
            .orElseThrow()
            .replaceFirst(".* ", ""));
  }

  @Test
  void what_was_typed_is_kept_where_it_cannot_be_right() throws IOException {
    Program wrong = editor("sed -i -e 's/^qty: 7/qty: many/' \"$1\"");
    Path kept = kept(here(wrong, "fix", "shop-load-12").ends(2).err());
    assertThat(kept).content().contains("qty: many");
    Files.delete(kept);

    Program latin = editor("printf 'label: M\\374ller\\n' > \"$1\"");
    String said = here(latin, "fix", "shop-load-12").ends(2).err();
    assertThat(said).contains("is no UTF-8", "nothing was sent");
    kept = kept(said);
    assertThat(Files.readAllBytes(kept)).contains((byte) 0xFC);
    Files.delete(kept);
    assertThat(record("shop-load-12").getMetadata().getGeneration()).isEqualTo(1);
  }

  @Test
  void waivers_of_which_one_is_refused_tell_what_became_of_each() {
    for (String name : List.of("shop-load-15", "shop-load-16")) {
      make(name, "{\"id\": 9, \"qty\": 7}");
    }
    may("half", "get,list,watch", "migrations,failedrecords,redrives");
    for (List<String> command :
        List.of(
            List.of(
                "create",
                "role",
                "half-waive",
                "--verb=patch",
                "--resource=failedrecords.drover.dev",
                "--resource-name=shop-load-12",
                "-n",
                SHOP),
            List.of(
                "create",
                "rolebinding",
                "half-waive",
                "--role=half-waive",
                "--user=half",
                "-n",
                SHOP))) {
      ApiServer.Result bound = ApiServer.get().kubectl("", command.toArray(String[]::new));
      assertThat(bound.code()).as(bound.output()).isZero();
    }

    JsonNode told =
        here(
                "waive",
                "shop-load-12",
                "shop-load-15",
                "shop-load-16",
                "--reason",
                "duplicates",
                "--as",
                "half",
                "-o",
                "json")
            .ends(4)
            .json();

    assertThat(told.at("/records"))
        .extracting(r -> r.at("/record").asText() + " " + r.at("/result").asText())
        .containsExactly("shop-load-12 Waived", "shop-load-15 NotSent", "shop-load-16 NotSent");
  }

  @Test
  void a_cluster_that_is_not_there_is_said_so() throws IOException {
    Path kubeconfig = folder.resolve("kubeconfig");
    Files.writeString(
        kubeconfig,
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: away, cluster: {server: "https://127.0.0.1:1"}}]
        users: [{name: me, user: {token: t}}]
        contexts: [{name: away, context: {cluster: away, user: me}}]
        current-context: away
        """);

    assertThat(new Program().run("status", "--kubeconfig", kubeconfig.toString()).ends(5).err())
        .contains("error: cannot reach the API server at https://127.0.0.1:1")
        .contains("to do: check --context");
    assertThat(
            new Program()
                .run("status", "--kubeconfig", kubeconfig.toString(), "--context", "home")
                .ends(2)
                .err())
        .contains("the kubeconfig has no context home")
        .contains("use one of [away]");
    assertThat(new Program().run("status", "--kubeconfig", "/no/such").ends(2).err())
        .contains("--kubeconfig /no/such cannot be read");
    assertThat(
            new Program()
                .with("KUBECONFIG", ApiServer.get().kubeconfig() + ":" + kubeconfig)
                .run("status", "--context", "away")
                .ends(5)
                .err())
        .as("a context of the second file")
        .contains("https://127.0.0.1:1");
    Files.writeString(kubeconfig, "{no: [yaml");
    assertThat(new Program().run("status", "--kubeconfig", kubeconfig.toString()).ends(2).err())
        .contains("the kubeconfig cannot be understood");
  }

  @Test
  void a_wrong_command_line_says_where_help_is() {
    assertThat(here("stauts").ends(2).err()).contains("to do: see kubectl drover --help");
    assertThat(here("redrive", "shop").ends(2).err()).contains("say which records");
    assertThat(here("redrive", "shop", "--all", "--stop-on", "x").ends(2).err())
        .contains("--stop-on x: write a number, 50, or a percentage, 5%");
    assertThat(here("redrive", "shop", "--all", "--correction", "[]").ends(2).err())
        .contains("--correction is an object of fields");
    assertThat(here("status", "-o", "yaml").ends(2).err()).contains("json");
    assertThat(here("redrive", "shop", "--fingerprint", "xyz", "--yes").ends(8).err())
        .contains("spec.selector.fingerprint");
    assertThat(new Program().run("fix", "--help").ends(0).out())
        .contains("Usage: kubectl drover fix")
        .contains("Exit codes:");
  }

  @Test
  void an_old_java_is_said_so() throws IOException {
    Path home = Files.createDirectories(folder.resolve("java/bin")).getParent();
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
    Path java = home.resolve("bin/java");
    Files.writeString(java, "#!/bin/sh\necho never\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();

    Program.Said said =
        new Program()
            .with("JAVA_HOME", home.toString())
            .with("PATH", home.resolve("bin") + ":/usr/bin:/bin")
            .with("DROVER_JVMS", folder.resolve("none").toString())
            .run("status");

    assertThat(said.ends(69).err())
        .contains("needs Java 25 or newer")
        .contains("to do: install one");
  }

  @Test
  void kubectl_finds_it_as_a_plugin() throws IOException {
    Path kubectl = Path.of(System.getProperty("drover.bin"), "kubectl");
    Path file = Path.of(System.getProperty("drover.root"), "cli", "target", "kubectl-drover");
    Files.createSymbolicLink(folder.resolve("kubectl-drover"), file);
    Process found = plugin(kubectl, "drover", "failures", "shop", "-n", SHOP, "-o", "json");
    String out = new String(found.getInputStream().readAllBytes());
    assertThat(out).contains("\"openRecords\" : 3");
  }

  private Process plugin(Path kubectl, String... arguments) throws IOException {
    List<String> command = new java.util.ArrayList<>(List.of(kubectl.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PATH", folder + ":/usr/bin:/bin");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("XDG_CACHE_HOME", folder.toString());
    builder.environment().put("KUBECONFIG", ApiServer.get().kubeconfig().toString());
    return builder.start();
  }

  @Test
  void completion_knows_commands_and_options() throws Exception {
    assertThat(new Program().run("completion", "zsh").ends(0).out()).contains("bashcompinit");
    Path bash = folder.resolve("bash");
    Files.writeString(bash, new Program().run("completion", "bash").ends(0).out());
    assertThat(
            shell(
                "source "
                    + bash
                    + "; COMP_WORDS=(kubectl-drover wa); COMP_CWORD=1; COMP_LINE='kubectl-drover wa'; COMP_POINT=17; _complete_kubectl-drover kubectl-drover wa kubectl-drover 2> /dev/null; echo \"${COMPREPLY[@]}\""))
        .contains("waive");
    Path plugin = folder.resolve("kubectl_complete-drover");
    Files.writeString(plugin, new Program().run("completion", "kubectl").ends(0).out());
    assertThat(shell("bash " + plugin + " ''")).contains("status", "failures", "fix", ":4");
    assertThat(shell("bash " + plugin + " redrive --fing")).isEqualTo("--fingerprint\n:4\n");
  }

  private static String shell(String script) throws Exception {
    Process process = new ProcessBuilder("bash", "-c", script).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }
}
