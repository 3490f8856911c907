package dev.drover.operator.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.api.cluster.ApiServer;
import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.Redrive;
import dev.drover.operator.Reconciliations;
import dev.drover.operator.ServedNamespaces;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.Chains;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.desk.FailedRecordController;
import dev.drover.operator.desk.FailedRecordDesk;
import dev.drover.operator.desk.Requester;
import dev.drover.operator.metrics.MigrationMetrics;
import dev.drover.operator.migration.ChainSource;
import dev.drover.operator.migration.MigrationController;
import dev.drover.operator.redrive.RedriveController;
import dev.drover.operator.workload.RedriveJob;
import dev.drover.operator.workload.WorkloadSettings;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.nats.client.Connection;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A real PostgreSQL refuses records and quotes their values as it does so ({@code Failing row
 * contains (…)}, {@code Key (email)=(…) already exists}). From the worker's load to the resources,
 * samples, events and logs, what is to be hidden shows nowhere; the queue alone keeps it.
 */
class HiddenValuesIT {
  private static final String M = "people";

  /** Is in every e-mail address, and nowhere else. */
  private static final String EMAIL = "planted.example";

  private static final String NINTH = "someone-9@planted.example";

  /** Is in every note. */
  private static final String NOTE = "remark-";

  /** What each of the records 1 to 8 is refused for. */
  private static final List<String> CODES =
      List.of(
          "NullNotAllowed",
          "CheckViolated",
          "DuplicateKey",
          "ExclusionViolated",
          "ValueTooLong",
          "Raised",
          "Sql42P01",
          "InvalidDateTime");

  private static int namespaces;
  private static NatsServer server;
  private static EmbeddedPostgres postgres;
  @TempDir static Path secrets;

  private final KubernetesClient client = ApiServer.get().client();
  private final String namespace = "hidden-" + ++namespaces;
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final List<PodProcess> workers = new ArrayList<>();
  private final List<String> operatorSaid = new CopyOnWriteArrayList<>();
  private final Handler listener = listener();
  private NatsLink link;
  private Connection nats;
  private Operator operator;
  private Kubelets kubelets;
  @TempDir Path folder;
  private Path log;

  @BeforeAll
  static void startServers() throws Exception {
    server = NatsServer.start();
    // Its own log holds what it refuses, and would be among what is said here.
    postgres = EmbeddedPostgres.builder().setServerConfig("log_min_messages", "panic").start();
    execute("postgres", "CREATE DATABASE legacy", "CREATE DATABASE target");
    for (String connection : List.of("legacy", "target")) {
      Path files = Files.createDirectory(secrets.resolve(connection));
      Files.writeString(files.resolve("username"), "postgres");
      Files.writeString(files.resolve("password"), "postgres");
    }
  }

  @AfterAll
  static void stopServers() throws Exception {
    postgres.close();
    server.close();
  }

  @BeforeEach
  void open() throws Exception {
    tables();
    log = Files.createFile(folder.resolve("workers.log"));
    Logger.getLogger("").addHandler(listener);
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("databases")
                .withNamespace(namespace)
                .endMetadata()
                .withStringData(Map.of("username", "postgres", "password", "postgres"))
                .build())
        .create();
    link = new NatsLink(server::endpoint);
    nats = server.connect();
    kubelets = new Kubelets(client, namespace);
    startOperator();
  }

  @AfterEach
  void close() throws Exception {
    for (PodProcess worker : workers) {
      worker.close();
    }
    operator.stop();
    kubelets.close();
    nats.close();
    link.close();
    Logger.getLogger("").removeHandler(listener);
  }

  private void startOperator() {
    WorkloadSettings settings =
        new WorkloadSettings(
            "drover/worker:test",
            "Never",
            List.of(),
            "-Xmx172m",
            new ResourceRequirements(),
            Duration.ofSeconds(30),
            server.url(),
            false,
            false);
    ServedNamespaces served = new ServedNamespaces(Set.of(namespace), Set.of());
    Requester requester = new Requester(false);
    Chains chains = new Chains(link);
    operator = new Operator(config -> Reconciliations.configure(config, client));
    FailedRecordDesk desk =
        FailedRecordController.register(operator, served, link, requester, InstantSource.system());
    RedriveController.register(
        operator, served, settings, null, link, requester, Clock.systemUTC());
    MigrationController.register(
        operator,
        served,
        settings,
        null,
        new ChainSource() {
          @Override
          public Chain of(ChainRef ref) {
            return chains.of(ref);
          }

          @Override
          public void forget(ChainRef ref) {
            chains.forget(ref);
          }
        },
        desk::sync,
        new MigrationMetrics(meters),
        Clock.systemUTC());
    operator.start();
  }

  private Handler listener() {
    return new Handler() {
      @Override
      public void publish(LogRecord line) {
        if (line.getLevel().intValue() >= Level.INFO.intValue()) {
          operatorSaid.add(
              line.getMessage()
                  + Arrays.toString(line.getParameters())
                  + (line.getThrown() == null ? "" : trace(line.getThrown())));
        }
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
  }

  private static String trace(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  private static String url(String database) {
    return "jdbc:postgresql://localhost:" + postgres.getPort() + "/" + database;
  }

  private static void execute(String database, String... statements) throws Exception {
    try (java.sql.Connection c =
            DriverManager.getConnection(url(database), "postgres", "postgres");
        Statement s = c.createStatement()) {
      for (String sql : statements) {
        s.execute(sql);
      }
    }
  }

  /** Records 1 to 8 are refused, each for another reason; of logins the e-mail is the key. */
  private static void tables() throws Exception {
    for (String database : List.of("legacy", "target")) {
      execute(database, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public");
    }
    execute(
        "legacy",
        "CREATE TABLE person (id integer PRIMARY KEY, email text, note text, born text)",
        "INSERT INTO person SELECT i, 'someone-' || i || '@planted.example', 'remark-' || i,"
            + " '1980-01-02' FROM generate_series(1, 300) i",
        "UPDATE person SET note = NULL WHERE id = 1",
        "UPDATE person SET email = 'nobody-2.planted.example' WHERE id = 2",
        "UPDATE person SET email = repeat('long', 20) || email WHERE id = 5",
        "UPDATE person SET born = 'remark-8' WHERE id = 8",
        "CREATE TABLE login (email text PRIMARY KEY, person integer)",
        "INSERT INTO login SELECT email, id FROM person",
        "ANALYZE");
    execute(
        "target",
        """
        CREATE TABLE person (
          id integer PRIMARY KEY,
          email varchar(60) CHECK (position('@' IN email) > 0) UNIQUE,
          note text NOT NULL,
          born date,
          EXCLUDE USING btree (lower(email) WITH =))
        """,
        "CREATE TABLE login (email text PRIMARY KEY, person integer CHECK (person <> 20))",
        "INSERT INTO person VALUES (1003, 'someone-3@planted.example', 'remark-', NULL)",
        "INSERT INTO person VALUES (1004, 'SOMEONE-4@planted.example', 'remark-', NULL)",
        """
        CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.id = 6 THEN
            RAISE EXCEPTION 'not %', NEW.email USING DETAIL = NEW.note, HINT = NEW.email;
          ELSIF NEW.id = 7 THEN
            EXECUTE format('INSERT INTO %I VALUES (1)', 'log of ' || NEW.email);
          END IF;
          RETURN NEW;
        END $$
        """,
        "CREATE TRIGGER watch BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION watch()");
  }

  private String manifest(String failedRecords, String budget) {
    return manifest(
        failedRecords,
        budget,
        "- {name: load, from: read, load: {connectionName: target, mode: Insert}}");
  }

  private String manifest(String failedRecords, String budget, String afterRead) {
    return """
    apiVersion: drover.dev/v1alpha1
    kind: Migration
    metadata: {name: people}
    spec:
      connections:
        - {name: legacy, jdbc: {url: "%s", credentialsSecretRef: {name: databases}}}
        - {name: target, jdbc: {url: "%s", credentialsSecretRef: {name: databases}}}
      failedRecords: %s
      errorBudget: %s
      stages:
        - {name: read, extract: {connectionName: legacy, tables: ["public.*"]}}
        %s
    """
        .formatted(url("legacy"), url("target"), failedRecords, budget, afterRead);
  }

  private void apply(String manifest) {
    ApiServer.Result applied = ApiServer.get().apply(namespace, manifest);
    assertThat(applied.code()).as(applied.output()).isZero();
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(200));
  }

  private PodProcess run(PodTemplateSpec pod) throws Exception {
    PodProcess worker = PodProcess.start(pod, server.url(), secrets, log);
    workers.add(worker);
    return worker;
  }

  /** Plays what starts pods: of the plan's Job, then of each stage. */
  private void work(String... stages) throws Exception {
    runJob(job -> !RedriveJob.isOne(job));
    for (String stage : stages) {
      run(
          await()
              .until(() -> deployment(stage), Optional::isPresent)
              .orElseThrow()
              .getSpec()
              .getTemplate());
    }
  }

  private void runJob(Predicate<Job> wanted) throws Exception {
    Job job =
        await()
            .until(
                () ->
                    client.batch().v1().jobs().inNamespace(namespace).list().getItems().stream()
                        .filter(wanted)
                        .findFirst(),
                Optional::isPresent)
            .orElseThrow();
    run(job.getSpec().getTemplate()).awaitEnd(log);
  }

  private Optional<Deployment> deployment(String stage) {
    return client.apps().deployments().inNamespace(namespace).list().getItems().stream()
        .filter(d -> stage.equals(d.getMetadata().getLabels().get("drover.dev/stage")))
        .findFirst();
  }

  private Migration migration() {
    return client.resources(Migration.class).inNamespace(namespace).withName(M).get();
  }

  private void awaitCondition(String type, String status, String reason) {
    await()
        .alias(type)
        .until(
            () -> migration().getStatus(),
            s ->
                s != null
                    && s.conditions().stream()
                        .anyMatch(
                            c ->
                                c.type().equals(type)
                                    && c.status().equals(status)
                                    && c.reason().equals(reason)));
  }

  private List<FailedRecord> records() {
    return client.resources(FailedRecord.class).inNamespace(namespace).list().getItems();
  }

  private FailedRecordStatus record(String code) {
    return records().stream()
        .map(FailedRecord::getStatus)
        .filter(s -> s != null && s.code().equals(code) && s.table().equals("public.person"))
        .findFirst()
        .orElseThrow();
  }

  /** All that anybody can read of this namespace, the Secret aside. */
  private String allResources() {
    ApiServer.Result all =
        ApiServer.get()
            .kubectl(
                "",
                "get",
                "events,migrations,failedrecords,redrives,deployments,jobs,configmaps",
                "-n",
                namespace,
                "-o",
                "yaml");
    assertThat(all.code()).as(all.output()).isZero();
    return all.output();
  }

  private List<String> events() {
    return client.v1().events().inNamespace(namespace).list().getItems().stream()
        .map(e -> e.getReason() + ": " + e.getMessage())
        .toList();
  }

  private void assertHiddenEverywhere(String... hidden) throws Exception {
    assertThat(allResources()).contains("FailedRecord", "kind: Event").doesNotContain(hidden);
    assertThat(Files.readString(log)).contains("working").doesNotContain(hidden);
    Logger.getLogger("dev.drover.test").info("logs are seen");
    assertThat(String.join("\n", operatorSaid))
        .contains("logs are seen", "'migration' controller started")
        .doesNotContain(hidden);
    assertThat(meters.getMetersAsString()).contains("drover").doesNotContain(hidden);
  }

  /** What the stage's queue of errors has, the only place where all may be. */
  private List<FailedMessage> queued() throws Exception {
    Migration m = migration();
    ChainNames names = new ChainRef(namespace, M, m.getMetadata().getUid()).names();
    List<FailedMessage> queued = new ArrayList<>();
    long last =
        nats.jetStreamManagement()
            .getStreamInfo(names.errorsStream())
            .getStreamState()
            .getLastSequence();
    for (long sequence = 1; sequence <= last; sequence++) {
      try {
        queued.add(
            FailedMessage.parse(
                nats.jetStreamManagement().getMessage(names.errorsStream(), sequence).getData()));
      } catch (io.nats.client.JetStreamApiException e) {
        assertThat(e.getApiErrorCode()).as("it has left").isIn(10037, 10057);
      }
    }
    return queued;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {redact: [/email]}                    | planted.example
          {payload: Redacted}                   | remark-
          {payload: KeysOnly}                   | remark-
          {payload: Redacted, redact: [/email]} | planted.example remark-
          {payload: KeysOnly, redact: [/email]} | planted.example remark-
          """)
  void what_is_hidden_of_records_that_the_server_refuses_shows_nowhere(
      String failedRecords, String hidden) throws Exception {
    apply(manifest(failedRecords, "{maxRecords: 1000}"));
    work("read", "load");
    awaitCondition("Completed", "True", "WithFailures");
    await().until(() -> records().stream().filter(r -> r.getStatus() != null).count() == 9);
    await()
        .until(
            () -> migration().getStatus().failures(),
            causes -> causes.size() == 9 && causes.stream().allMatch(f -> f.records() == 1));

    assertThat(records())
        .extracting(r -> r.getStatus().table() + " " + r.getStatus().code())
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(
                    CODES.stream().map(code -> "public.person " + code),
                    Stream.of("public.login CheckViolated"))
                .toList());
    assertThat(queued())
        .as("the queue keeps the truth")
        .allSatisfy(f -> assertThat(new String(f.row(), StandardCharsets.UTF_8)).contains(EMAIL))
        .allSatisfy(f -> assertThat(f.detail().message()).doesNotContain(EMAIL, NOTE));
    assertShown(failedRecords);

    // Sent again as it is, it is refused again; and a Redrive shows what it would send.
    String name =
        records().stream()
            .filter(r -> r.getStatus().code().equals("DuplicateKey"))
            .findFirst()
            .orElseThrow()
            .getMetadata()
            .getName();
    ApiServer.Result patched =
        ApiServer.get()
            .kubectl(
                "",
                "patch",
                "fr",
                name,
                "-n",
                namespace,
                "--type=merge",
                "-p",
                "{\"spec\":{\"action\":\"Replay\"}}");
    assertThat(patched.code()).as(patched.output()).isZero();
    await().until(() -> record("DuplicateKey").replays() == 1);
    dryRun();

    assertHiddenEverywhere(hidden.split(" "));
  }

  private void assertShown(String failedRecords) throws Exception {
    FailedRecordStatus duplicate = record("DuplicateKey");
    assertThat(duplicate.key()).isEqualTo("3");
    assertThat(duplicate.message()).contains("person_email_key");
    if (failedRecords.contains("KeysOnly")) {
      assertThat(duplicate.record()).isNull();
    } else if (failedRecords.contains("Redacted")) {
      assertThat(duplicate.record())
          .isEqualTo(json("{'id': 3, 'email': '***', 'note': '***', 'born': '***'}"));
    } else {
      assertThat(duplicate.record())
          .isEqualTo(json("{'id': 3, 'email': '***', 'note': 'remark-3', 'born': '1980-01-02'}"));
    }
    MigrationStatus.FailureSummary login =
        migration().getStatus().failures().stream()
            .filter(f -> f.table().equals("public.login"))
            .findFirst()
            .orElseThrow();
    assertThat(login.sampleKey())
        .isEqualTo(failedRecords.contains("redact") ? "***" : "someone-20@planted.example");
  }

  private static JsonNode json(String text) throws Exception {
    return new ObjectMapper().readTree(text.replace('\'', '"'));
  }

  private void dryRun() throws Exception {
    apply(
        """
        apiVersion: drover.dev/v1alpha1
        kind: Redrive
        metadata: {name: again}
        spec:
          migrationName: people
          dryRun: true
          set: [{field: note, to: "'copy of ' + string(record.email)"}]
          selector: {table: public.person}
        """);
    runJob(RedriveJob::isOne);
    await()
        .until(
            () -> client.resources(Redrive.class).inNamespace(namespace).withName("again").get(),
            r ->
                r.getStatus() != null
                    && r.getStatus().conditions().stream()
                        .map(Condition::type)
                        .anyMatch("Complete"::equals)
                    && !r.getStatus().samples().isEmpty());
  }

  /** A transform that refuses the ninth record in words of its own, and changes a key's column. */
  private static String clean(String message) {
    return """
    - name: clean
          from: read
          transform:
            steps:
              - tables: [public.person]
                require: {that: "record.id != 9", code: Ninth, message: "%s"}
              - tables: [public.login]
                set: [{field: email, to: "record.email + '?'"}]
        - {name: load, from: clean, load: {connectionName: target, mode: Insert}}"""
        .formatted(message);
  }

  @Test
  void what_a_rule_says_of_a_hidden_field_and_a_key_that_a_rule_has_changed_show_nowhere()
      throws Exception {
    String budget = "{maxRecords: 1000}";
    apply(manifest("{redact: [/email]}", budget, clean("'found ' + record.email")));
    work("read", "clean", "load");
    awaitCondition("Completed", "True", "WithFailures");
    await().until(() -> records().stream().filter(r -> r.getStatus() != null).count() == 10);

    FailedMessage.Detail ninth = queuedWith("Ninth");
    assertThat(ninth.message()).as("the queue keeps the truth").isEqualTo("found " + NINTH);
    assertThat(ninth.told()).containsExactly("email");
    assertThat(record("Ninth").message()).contains("is not shown");
    FailedMessage.Detail login =
        queued().stream()
            .map(FailedMessage::detail)
            .filter(d -> d.table().equals("public.login"))
            .findFirst()
            .orElseThrow();
    assertThat(login.key()).isEqualTo("someone-20@planted.example");
    assertThat(records())
        .filteredOn(r -> r.getStatus().table().equals("public.login"))
        .singleElement()
        .satisfies(r -> assertThat(r.getStatus().key()).isEqualTo("***"));
    assertHiddenEverywhere(EMAIL);

    // What was said once was said by the rule as it was then.
    String before = records().getFirst().getMetadata().getResourceVersion();
    apply(manifest("{redact: [/email, /born]}", budget, clean("'it is the ninth'")));
    await()
        .until(
            () ->
                records().stream()
                    .filter(r -> r.getStatus().table().equals("public.person"))
                    .allMatch(r -> r.getStatus().maskedFields().contains("born")));
    assertThat(records().getFirst().getMetadata().getResourceVersion()).isNotEqualTo(before);
    assertThat(record("Ninth").message()).contains("is not shown");
    assertHiddenEverywhere(EMAIL);
  }

  private FailedMessage.Detail queuedWith(String code) throws Exception {
    return queued().stream()
        .map(FailedMessage::detail)
        .filter(d -> d.cause().code().equals(code))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void a_budget_that_they_exceed_is_told_without_what_is_hidden() throws Exception {
    execute("legacy", "DELETE FROM login WHERE person < 20", "DELETE FROM person");
    apply(manifest("{redact: [/email]}", "{maxRecords: 0}"));
    work("read", "load");
    awaitCondition("StagesReady", "False", "BudgetExceeded");
    await()
        .untilAsserted(
            () ->
                assertThat(events())
                    .anySatisfy(
                        e ->
                            assertThat(e)
                                .contains("BudgetExceeded: load", "CheckViolated", "such as ***")));
    await().until(() -> records().stream().anyMatch(r -> r.getStatus() != null));

    assertHiddenEverywhere(EMAIL);
  }
}
