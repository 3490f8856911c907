package dev.drover.worker.slots;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsEndpoint;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.EndpointId;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.PostgresServer;
import dev.drover.worker.session.NoPermitException;
import dev.drover.worker.session.SessionUse;
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
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * A bucket of slots and a server whose sessions they count. By the holders' clock time passes
 * faster than it does, so that silence lasts long enough soon.
 */
abstract class SlotScenario {
  static final ChainNames NAMES = ChainNames.of("shop", "orders", "1");
  static final String APPLICATION = "drover/orders/load";
  static final int FASTER = 10;
  static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path folder;

  private NatsServer server;
  Connection nats;
  StateStore state;
  KeyValue bucket;
  SlotKeeper slots;

  @BeforeEach
  void start() throws Exception {
    server = NatsServer.start();
    nats = connect(server);
    state = StateStore.open(nats, NAMES);
    bucket = nats.keyValue(ChainNames.SLOTS_BUCKET);
    slots = keeper(nats, "load-2");
  }

  /** A connection to a server in which the buckets are made. */
  static Connection connect(NatsServer server) throws Exception {
    Connection connection = new NatsEndpoint(server.url(), null, null).connect("worker");
    QueueLayout layout = new QueueLayout(NAMES, 1 << 20, 1);
    connection.jetStreamManagement().addStream(layout.stateBucket());
    connection.jetStreamManagement().addStream(layout.slotsBucket());
    return connection;
  }

  SlotKeeper keeper(Connection connection, String pod) throws IOException {
    return keeper(connection, pod, () -> FASTER * System.nanoTime());
  }

  SlotKeeper keeper(Connection connection, String pod, LongSupplier clock) throws IOException {
    return new SlotKeeper(
        connection,
        state,
        new Holder("shop", "orders", "load", pod),
        Duration.ofSeconds(3).dividedBy(FASTER),
        clock);
  }

  @AfterEach
  void stop() throws Exception {
    slots.close();
    nats.close();
    server.close();
  }

  Endpoint endpoint(String login, String url) throws Exception {
    return endpoint(login, url, 1, slots);
  }

  Endpoint endpoint(String login, String url, int cap, SlotKeeper keeper) throws Exception {
    ConnectionFiles files = ConnectionFiles.under(folder, login);
    Files.createDirectories(files.username().getParent());
    Files.writeString(files.username(), login);
    Files.writeString(files.password(), "x");
    return new Endpoint(new ConnectionSpec(login, url, cap), files, keeper);
  }

  /** A slot with a session, of a worker that tells nothing any more. */
  static Slot silentSlot(String id, int cap) {
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

  static String url() {
    return PostgresServer.url("postgres");
  }

  static String hash(String login) {
    return EndpointId.of("shop", url(), login).hash();
  }

  /** What a session of a slot is listed as. */
  String sessionName(String login, int number) throws Exception {
    SlotMark mark = new SlotMark(hash(login), new SlotBucket(nats).installation());
    return SlotName.of(APPLICATION, mark, number);
  }

  static void execute(String... statements) throws SQLException {
    try (java.sql.Connection admin = DriverManager.getConnection(url(), "postgres", "postgres");
        Statement statement = admin.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  static int sessions(String login) throws SQLException {
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
  static java.sql.Connection open(Endpoint endpoint) throws SQLException {
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

  /** A holder's own connection to NATS, with another bucket of slots. */
  Connection with(KeyValue other) {
    return proxy(
        Connection.class,
        (method, args) ->
            method.getName().equals("keyValue") && args[0].equals(ChainNames.SLOTS_BUCKET)
                ? other
                : method.invoke(nats, args));
  }

  /** Whether a call of the bucket makes the entry of a slot. */
  static boolean takesSlot(Method method, Object[] args) {
    return method.getName().equals("create") && String.valueOf(args[0]).contains(".slot.");
  }

  interface Call {
    Object on(Method method, Object[] args) throws Exception;
  }

  static <T> T proxy(Class<T> type, Call call) {
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
}
