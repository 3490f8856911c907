package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.EndpointId;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.postgres.Endpoint;
import dev.drover.worker.postgres.NoPermitException;
import dev.drover.worker.postgres.PostgresServer;
import dev.drover.worker.postgres.SessionUse;
import io.nats.client.Connection;
import io.nats.client.KeyValue;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Slots whose holders are silent, where nobody is left who could ask the server. By this holder's
 * clock time passes faster than it does, so that silence lasts long enough soon.
 */
class SlotTakeOverIT {
  private static final ChainNames NAMES = ChainNames.of("shop", "orders", "1");
  private static final String APPLICATION = "drover/orders/load";
  private static final int FASTER = 10;
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path folder;

  private NatsServer server;
  private Connection nats;
  private StateStore state;
  private KeyValue bucket;
  private SlotKeeper slots;

  @BeforeEach
  void start() throws Exception {
    server = NatsServer.start();
    nats = new NatsEndpoint(server.url(), null, null).connect("worker");
    QueueLayout layout = new QueueLayout(NAMES, 1 << 20, 1);
    nats.jetStreamManagement().addStream(layout.stateBucket());
    nats.jetStreamManagement().addStream(layout.slotsBucket());
    state = StateStore.open(nats, NAMES);
    bucket = nats.keyValue(ChainNames.SLOTS_BUCKET);
    slots = keeper(nats, "load-2");
  }

  private SlotKeeper keeper(Connection connection, String pod) throws IOException {
    return new SlotKeeper(
        connection,
        state,
        new Holder("shop", "orders", "load", pod),
        Duration.ofSeconds(3).dividedBy(FASTER),
        () -> FASTER * System.nanoTime());
  }

  @AfterEach
  void stop() throws Exception {
    slots.close();
    nats.close();
    server.close();
  }

  private Endpoint endpoint(String login, String url) throws Exception {
    return endpoint(login, url, 1, slots);
  }

  private Endpoint endpoint(String login, String url, int cap, SlotKeeper keeper) throws Exception {
    ConnectionFiles files = ConnectionFiles.under(folder, login);
    Files.createDirectories(files.username().getParent());
    Files.writeString(files.username(), login);
    Files.writeString(files.password(), "x");
    return new Endpoint(new ConnectionSpec(login, url, cap), files, keeper);
  }

  /** A login of the server, and the only slot that it may have taken by a pod that is silent. */
  private Endpoint silent(String login) throws Exception {
    execute("CREATE ROLE " + login + " LOGIN PASSWORD 'x'");
    bucket.create(SlotBucket.slotKey(hash(login), 0), WireJson.bytes(dead(login, 1)));
    return endpoint(login, url());
  }

  private static Slot dead(String id, int cap) {
    return new Slot(
        id,
        "load-1",
        "p",
        "shop/orders",
        "load",
        SessionUse.Work,
        cap,
        Slot.State.Open,
        true,
        Instant.now().toString());
  }

  private static String url() {
    return PostgresServer.url("postgres");
  }

  private static String hash(String login) {
    return EndpointId.of("shop", url(), login).hash();
  }

  private static void execute(String sql) throws SQLException {
    try (java.sql.Connection admin = DriverManager.getConnection(url(), "postgres", "postgres");
        Statement statement = admin.createStatement()) {
      statement.execute(sql);
    }
  }

  private static int sessions(String login) throws SQLException {
    try (java.sql.Connection admin = DriverManager.getConnection(url(), "postgres", "postgres");
        Statement statement = admin.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = '" + login + "'")) {
      row.next();
      return row.getInt(1);
    }
  }

  /** Tries until there is a session, or one is found that is in the way. */
  private static java.sql.Connection open(Endpoint endpoint) throws SQLException {
    while (true) {
      try {
        return endpoint.open(APPLICATION);
      } catch (NoPermitException e) {
        if (e.getMessage().contains("still has")) {
          throw e;
        }
      }
    }
  }

  @Test
  void a_silent_holders_slot_is_taken_over_unless_the_server_still_has_his_session()
      throws Exception {
    Endpoint gone = silent("gone");
    Endpoint frozen = silent("frozen");
    String name = SlotName.of(APPLICATION, hash("frozen"), 0);
    try (java.sql.Connection still =
            DriverManager.getConnection(url() + "?ApplicationName=" + name, "frozen", "x");
        ExecutorService two = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<java.sql.Connection> first =
          two.submit((Callable<java.sql.Connection>) () -> open(gone));
      Future<java.sql.Connection> second =
          two.submit((Callable<java.sql.Connection>) () -> open(frozen));

      try (java.sql.Connection session = first.get()) {
        assertThat(session.isValid(5)).isTrue();
      }
      assertThatExceptionOfType(java.util.concurrent.ExecutionException.class)
          .isThrownBy(second::get)
          .withCauseInstanceOf(NoPermitException.class)
          .withMessageContaining("whose session the server still has");
      assertThat(sessions("frozen")).isEqualTo(1);
      assertThat(still.isValid(5)).isTrue();
    }
    assertThat(bucket.get(SlotBucket.slotKey(hash("gone"), 0))).isNull();
    Slot left =
        WireJson.parse(bucket.get(SlotBucket.slotKey(hash("frozen"), 0)).getValue(), Slot.class);
    assertThat(left.state()).isEqualTo(Slot.State.Left);
  }

  @Test
  void who_is_in_something_long_and_does_not_ask_keeps_no_dead_workers_slot_taken()
      throws Exception {
    silent("deserted");
    Endpoint busy = endpoint("deserted", url(), 2, slots);
    try (SlotKeeper others = keeper(nats, "load-5");
        java.sql.Connection working = busy.open(APPLICATION)) {
      // Its session has looked, and freed what was gone; then a worker dies.
      bucket.put(SlotBucket.slotKey(hash("deserted"), 0), WireJson.bytes(dead("deserted", 2)));
      Endpoint endpoint = endpoint("deserted", url(), 2, others);
      try (java.sql.Connection second =
          await().atMost(SOON).until(() -> open(endpoint), s -> true)) {
        assertThat(second.isValid(5)).isTrue();
        assertThat(working.isValid(5)).isTrue();
      }
    }
  }

  @Test
  void who_asks_again_and_again_is_believed_that_a_frozen_session_is_there() throws Exception {
    execute("CREATE ROLE watched LOGIN PASSWORD 'x'");
    String name = SlotName.of(APPLICATION, hash("watched"), 0);
    try (java.sql.Connection still =
            DriverManager.getConnection(url() + "?ApplicationName=" + name, "watched", "x");
        SlotKeeper others = keeper(nats, "load-6")) {
      bucket.create(SlotBucket.slotKey(hash("watched"), 0), WireJson.bytes(dead("watched", 2)));
      Endpoint asks = endpoint("watched", url(), 2, slots);
      Endpoint waits = endpoint("watched", url(), 2, others);
      try (java.sql.Connection asking = asks.open(APPLICATION);
          ExecutorService one = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<?> waiting = one.submit(() -> open(waits));
        // More than a minute by their clock, and a half beyond.
        await()
            .atMost(SOON)
            .pollInterval(Duration.ofMillis(100))
            .during(Duration.ofSeconds(100).dividedBy(FASTER))
            .until(() -> asks.mayKeep(asking) && sessions("watched") == 2 && !waiting.isDone());
        bucket.delete(SlotBucket.slotKey(hash("watched"), 0));
        ((java.sql.Connection) waiting.get()).close();
      }
      assertThat(still.isValid(5)).isTrue();
    }
  }

  @Test
  void of_several_hosts_it_is_told_that_sessions_cannot_be_listed() throws Exception {
    execute("CREATE ROLE several LOGIN PASSWORD 'x'");
    String host = url().replaceFirst("^jdbc:postgresql://([^/]*)/.*$", "$1");
    endpoint("several", url().replace(host, host + "," + host)).open(APPLICATION).close();
    assertThat(advisory("several").listed()).isFalse();

    slots.close();
    slots = keeper(nats, "load-3");
    endpoint("several", url()).open(APPLICATION).close();
    assertThat(advisory("several").listed()).isTrue();
  }

  /** A connection over which the answer to the first entry that is made is lost. */
  private Connection losingAnAnswer() throws Exception {
    KeyValue real = nats.keyValue(ChainNames.SLOTS_BUCKET);
    AtomicBoolean lost = new AtomicBoolean();
    KeyValue losing =
        proxy(
            KeyValue.class,
            (method, args) -> {
              Object answer = method.invoke(real, args);
              if (method.getName().equals("create") && lost.compareAndSet(false, true)) {
                throw new IOException("timeout");
              }
              return answer;
            });
    return proxy(
        Connection.class,
        (method, args) ->
            method.getName().equals("keyValue") && args[0].equals(ChainNames.SLOTS_BUCKET)
                ? losing
                : method.invoke(nats, args));
  }

  private interface Call {
    Object on(Method method, Object[] args) throws Exception;
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, args) -> {
              try {
                return call.on(method, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  @Test
  void a_slot_of_whose_taking_the_answer_was_lost_is_given_back() throws Exception {
    execute("CREATE ROLE unanswered LOGIN PASSWORD 'x'");
    slots.close();
    slots = keeper(losingAnAnswer(), "load-4");
    Endpoint endpoint = endpoint("unanswered", url());
    assertThatExceptionOfType(NoPermitException.class)
        .isThrownBy(() -> endpoint.open(APPLICATION))
        .withMessageContaining("cannot ask NATS");
    assertThat(bucket.get(SlotBucket.slotKey(hash("unanswered"), 0))).isNotNull();
    await().until(() -> bucket.get(SlotBucket.slotKey(hash("unanswered"), 0)) == null);
    endpoint.open(APPLICATION).close();
  }

  private CapAdvisory advisory(String connection) throws Exception {
    return WireJson.parse(
        state.bucket().get(CapAdvisory.key(connection)).getValue(), CapAdvisory.class);
  }
}
