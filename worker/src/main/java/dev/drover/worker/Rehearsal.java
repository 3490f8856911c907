package dev.drover.worker;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.SplitId;
import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.Step;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.plan.PlanJob;
import dev.drover.worker.postgres.PostgresDatabases;
import dev.drover.worker.postgres.session.Endpoint;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A small chain from its plan to its last row, in one process, in the operator's place too. It is
 * run once when an image is made, for the JVM to write down what it loaded, linked and profiled: a
 * pod of that image starts with it. It needs a NATS server and a database of its own, and leaves
 * there what it made.
 */
final class Rehearsal {
  private static final String REVISION = "rehearsal";
  private static final String DATABASE = "database";
  private static final long QUEUE_BYTES = 256 << 20;
  private static final Duration AT_MOST = Duration.ofMinutes(2);

  /** Enough for what is done with every record to be known as hot. */
  private static final int ROWS = 200_000;

  private static final int SPLIT_ROWS = 50_000;
  private static final int FAILING_ONE_IN = 1000;

  private static final String SCHEMAS =
      """
      CREATE SCHEMA before;
      CREATE SCHEMA after;
      CREATE TABLE before.rows (
        id bigint PRIMARY KEY, number integer NOT NULL, small smallint, price numeric(12, 2), weight double precision,
        ratio real, yes boolean, word text, code varchar(20), day date, at timestamptz, local timestamp, span time,
        uuid uuid, document jsonb, raw bytea);
      INSERT INTO before.rows
      SELECT i, i %% 1000, i %% 100, i / 100.0, i / 7.0, i / 3.0, i %% 3 = 0, CASE WHEN i %% 5 > 0 THEN 'Word ' || i END,
        'C' || i %% 50, date '2020-01-01' + i %% 1000, timestamptz '2020-01-01' + i * interval '1 second',
        timestamp '2020-01-01' + i * interval '1 minute', time '00:00' + i * interval '1 second',
        md5(i::text)::uuid, '{"a": 1}', '\\x00ff'
      FROM generate_series(1, %d) i;
      -- A column that is loaded as text.
      CREATE TABLE before.lists (id integer PRIMARY KEY, words text[]);
      INSERT INTO before.lists SELECT i, ARRAY['a', 'b'] FROM generate_series(1, 10000) i;
      ANALYZE before.rows, before.lists;
      CREATE TABLE after.rows (LIKE before.rows INCLUDING ALL);
      CREATE TABLE after.lists (LIKE before.lists INCLUDING ALL);
      -- Some rows are there already.
      INSERT INTO after.rows SELECT * FROM before.rows WHERE id %% 1000 = 1;
      """;

  private static final List<Step> STEPS =
      List.of(
          step(
              new Step.Require(
                  "record.id %% %d != 0 && record.price > decimal('0')".formatted(FAILING_ONE_IN),
                  "PriceNotPositive",
                  "'the price is ' + string(record.price)"),
              null,
              List.of()),
          step(null, "record.word == null || record.word != 'TEST'", List.of()),
          step(
              null,
              null,
              List.of(
                  new Step.Assignment("code", "record.code.lowerAscii()"),
                  new Step.Assignment("number", "record.number + 1"))));

  private static Step step(
      Step.@Nullable Require require, @Nullable String filter, List<Step.Assignment> set) {
    return new Step(List.of("before.rows"), require, filter, set, List.of(), List.of());
  }

  private final NatsEndpoint endpoint;
  private final Endpoint database;
  private final ChainSpec spec;
  private final Path secrets;
  private final ChainNames names = ChainNames.of(REVISION, REVISION, REVISION);

  private Rehearsal(NatsEndpoint endpoint, String jdbcUrl, Path secrets) {
    this.endpoint = endpoint;
    this.secrets = secrets;
    ConnectionSpec connection = new ConnectionSpec(DATABASE, jdbcUrl, 4);
    this.database = new Endpoint(connection, ConnectionFiles.under(secrets, DATABASE));
    this.spec =
        new ChainSpec(
            List.of(connection),
            List.of(
                new StageSpec.Extract("read", DATABASE, List.of("before.*"), SPLIT_ROWS),
                new StageSpec.Transform("clean", "read", STEPS),
                new StageSpec.Load(
                    "load", "clean", DATABASE, "after", StageSpec.LoadMode.Upsert, List.of())));
  }

  /**
   * Runs to the end, and ends the process.
   *
   * @param environment NATS_URL; DROVER_REHEARSAL_JDBC_URL, the database; DROVER_SECRETS, a folder
   *     with {@code database/username} and {@code database/password}
   */
  static void run(Map<String, String> environment)
      throws IOException, InterruptedException, SQLException, JetStreamApiException {
    String url = environment.get("DROVER_REHEARSAL_JDBC_URL");
    String secrets = environment.get("DROVER_SECRETS");
    if (url == null || secrets == null) {
      throw new IllegalStateException("set DROVER_REHEARSAL_JDBC_URL and DROVER_SECRETS");
    }
    new Rehearsal(NatsEndpoint.from(environment), url, Path.of(secrets)).play();
    System.exit(0); // by which the workers leave, as they do when a pod ends
  }

  private void play()
      throws IOException, InterruptedException, SQLException, JetStreamApiException {
    try (io.nats.client.Connection nats = endpoint.connect("rehearsal");
        java.sql.Connection session = database.open("rehearsal");
        Statement sql = session.createStatement()) {
      sql.execute(SCHEMAS.formatted(ROWS));
      makeQueues(nats);
      StateStore state = StateStore.open(nats, names);
      state.putSpec(REVISION, spec);
      new PlanJob(state, REVISION, REVISION, new PostgresDatabases(secrets, "rehearsal/plan"))
          .run();
      ChainPlan plan = state.plan(REVISION).orElseThrow();
      if (!plan.startable()) {
        throw new IllegalStateException("the plan is refused: " + plan.findings());
      }
      for (StageSpec stage : spec.stages()) {
        int port = freePort();
        Thread.ofPlatform().daemon().name(stage.name()).start(() -> work(stage.name(), port));
        beAsked(port);
      }
      for (TablePlan table : plan.tables()) {
        dispatch(nats, table);
      }
      await(sql, ROWS - ROWS / FAILING_ONE_IN);
    }
  }

  private void makeQueues(io.nats.client.Connection nats)
      throws IOException, JetStreamApiException {
    QueueLayout layout = new QueueLayout(names, QUEUE_BYTES, 1);
    JetStreamManagement management = nats.jetStreamManagement();
    management.addStream(layout.stateBucket());
    management.addStream(layout.slotsBucket());
    for (StreamConfiguration stream : layout.streams(spec)) {
      management.addStream(stream);
    }
    for (QueueLayout.Place place : layout.consumers(spec)) {
      management.createConsumer(place.stream(), place.consumer());
    }
  }

  private void work(String stage, int port) {
    try {
      Worker.run(
          new WorkerEnvironment(
              REVISION,
              REVISION,
              REVISION,
              Optional.of(stage),
              Optional.empty(),
              REVISION,
              stage,
              secrets,
              port,
              AT_MOST,
              endpoint));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("stage " + stage + " ended", e);
    }
  }

  private void dispatch(io.nats.client.Connection nats, TablePlan table)
      throws IOException, JetStreamApiException {
    for (int i = 0; i < table.splits().size(); i++) {
      nats.jetStream()
          .publish(
              names.splitSubject(table.stage(), SplitId.of(table.table(), i).toString()),
              WireJson.bytes(
                  new SplitMessage(
                      table.table(), Integer.toString(i), table.splits().get(i), REVISION)));
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Asks a worker what the kubelet and Prometheus ask it, until it is ready. */
  private static void beAsked(int port) throws InterruptedException, IOException {
    Instant since = Instant.now();
    for (String path : List.of("/health/live", "/health/ready", "/metrics")) {
      while (!answers(port, path)) {
        giveUpAfter(since, "no worker answers " + path);
      }
    }
  }

  private static boolean answers(int port, String path) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      String request = "GET " + path + " HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return answer.startsWith("HTTP/1.1 200");
    } catch (java.net.ConnectException e) {
      return false;
    }
  }

  private static void await(Statement sql, long rows) throws SQLException, InterruptedException {
    Instant since = Instant.now();
    long there = -1;
    while (there != rows) {
      giveUpAfter(since, there + " rows of " + rows + " are loaded");
      // Those that were there before have their old code until they are loaded again.
      try (ResultSet result =
          sql.executeQuery("SELECT count(*) FROM after.rows WHERE code LIKE 'c%'")) {
        result.next();
        there = result.getLong(1);
      }
    }
  }

  private static void giveUpAfter(Instant since, String where) throws InterruptedException {
    if (Instant.now().isAfter(since.plus(AT_MOST))) {
      throw new IllegalStateException("the rehearsal stands still: " + where);
    }
    Thread.sleep(100);
  }
}
