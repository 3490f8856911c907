package dev.drover.worker.jetstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.StateStore;
import io.nats.client.Connection;
import io.nats.client.JetStreamManagement;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an inbox fetches from a real server, also when the way from there is slow. */
class InboxIT {
  private static final String STREAM = "queue";
  private static final String CONSUMER = "stage";
  private static final int SHARE = 6;

  /** Longer than the server holds a request that finds nothing. */
  private static final Duration SLOW = Duration.ofMillis(1200);

  private static NatsServer server;
  private static int chains;

  private Connection nats;
  private JetStreamManagement management;
  private Stalls stalls;

  @BeforeAll
  static void start() {
    server = NatsServer.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void open() throws Exception {
    nats = server.connect();
    management = nats.jetStreamManagement();
    ChainNames names = ChainNames.of("n", "inbox" + chains++, "u");
    management.addStream(new QueueLayout(names, 1 << 20, 1).stateBucket());
    stalls =
        new Stalls(
            StateStore.open(nats, names),
            "load",
            "load-0",
            InstantSource.system().withZone(ZoneOffset.UTC));
    management.addStream(
        StreamConfiguration.builder()
            .name(STREAM)
            .subjects("q.>")
            .storageType(StorageType.Memory)
            .build());
    management.createConsumer(
        STREAM,
        ConsumerConfiguration.builder()
            .durable(CONSUMER)
            .ackPolicy(AckPolicy.Explicit)
            .ackWait(Duration.ofMinutes(10))
            .build());
  }

  @AfterEach
  void close() throws Exception {
    management.deleteStream(STREAM);
    stalls.close();
    nats.close();
  }

  @Test
  void holdsWhatArrivesWhenItsRequestIsLongOver() throws Exception {
    try (SlowWay way = new SlowWay(server.url(), SLOW);
        Connection slow =
            Nats.connect(
                Options.builder()
                    .server(way.url())
                    .connectionTimeout(Duration.ofSeconds(30))
                    .build());
        Inbox inbox = inbox(slow)) {
      for (int i = 0; i < 8; i++) {
        nats.jetStream().publish("q." + i, new byte[] {(byte) i});
        Delivery delivery = inbox.take(Duration.ofSeconds(30));
        assertThat(delivery).as("message %d, sent once", i).isNotNull();
        assertThat(delivery.subject()).isEqualTo("q." + i);
        assertThat(delivery.deliveries()).isOne();
        delivery.ack();
        Thread.sleep(i * 93);
      }
    }
  }

  @Test
  void givesBackAllThatItHoldsWhenItCloses() throws Exception {
    for (int i = 0; i < 100; i++) {
      nats.jetStream().publish("q." + i, new byte[1]);
    }
    try (Inbox inbox = inbox(nats)) {
      assertThat(inbox.take(Duration.ofSeconds(10))).isNotNull();
      await().until(() -> info().getNumAckPending() == SHARE);
    }
    try (Inbox next = inbox(nats)) {
      for (int i = 0; i < 100; i++) {
        Delivery delivery = next.take(Duration.ofSeconds(10));
        assertThat(delivery).as("message %d of 100", i).isNotNull();
        delivery.ack();
      }
      assertThat(info().getNumAckPending()).isZero();
    }
  }

  @Test
  void neverHoldsMoreThanItsShare() throws Exception {
    for (int i = 0; i < 100; i++) {
      nats.jetStream().publish("q." + i, new byte[1]);
    }
    try (Inbox inbox = inbox(nats)) {
      for (int i = 0; i < 100; i++) {
        Delivery delivery = inbox.take(Duration.ofSeconds(10));
        assertThat(delivery).as("message %d of 100", i).isNotNull();
        assertThat(info().getNumAckPending()).isLessThanOrEqualTo(SHARE);
        delivery.ack();
      }
    }
  }

  @Test
  void leavesTheLastSourceItsShareHoweverMuchThereIsInTheFirst() throws Exception {
    management.addStream(
        StreamConfiguration.builder()
            .name("retries")
            .subjects("r.>")
            .storageType(StorageType.Memory)
            .build());
    management.createConsumer(
        "retries",
        ConsumerConfiguration.builder()
            .durable(CONSUMER)
            .ackPolicy(AckPolicy.Explicit)
            .ackWait(Duration.ofMinutes(10))
            .build());
    for (int i = 0; i < 200; i++) {
      nats.jetStream().publish("r." + i, new byte[1]);
      nats.jetStream().publish("q." + i, new byte[1]);
    }
    List<String> order = new ArrayList<>();
    try (Inbox inbox =
        new Inbox(
            nats,
            List.of(
                new Inbox.Source("retries", CONSUMER, 2),
                new Inbox.Source(STREAM, CONSUMER, SHARE)),
            Inbox.Appetite.ANY,
            stalls)) {
      for (int i = 0; i < 120; i++) {
        Delivery delivery = inbox.take(Duration.ofSeconds(10));
        assertThat(delivery).isNotNull();
        order.add(delivery.subject().substring(0, 1));
        delivery.ack();
      }
    } finally {
      management.deleteStream("retries");
    }
    for (int from = 0; from < order.size(); from += 30) {
      assertThat(order.subList(from, from + 30))
          .as("messages %d and on", from)
          .contains("r")
          .filteredOn("q"::equals)
          .hasSizeGreaterThan(10);
    }
  }

  private Inbox inbox(Connection connection) {
    return new Inbox(
        connection, List.of(new Inbox.Source(STREAM, CONSUMER, SHARE)), Inbox.Appetite.ANY, stalls);
  }

  private ConsumerInfo info() throws Exception {
    return management.getConsumerInfo(STREAM, CONSUMER);
  }

  /** A way to a server on which each byte from there takes its time. */
  private static final class SlowWay implements AutoCloseable {
    private record Piece(byte[] bytes, long due) {}

    private final ServerSocket door;
    private final URI to;
    private final Duration delay;

    SlowWay(String url, Duration delay) throws IOException {
      this.to = URI.create(url);
      this.delay = delay;
      this.door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(this::serve);
    }

    String url() {
      return "nats://127.0.0.1:" + door.getLocalPort();
    }

    private void serve() {
      try (Socket client = door.accept();
          Socket far = new Socket(to.getHost(), to.getPort())) {
        BlockingQueue<Piece> under = new LinkedBlockingQueue<>();
        Thread.ofVirtual().start(() -> copy(client, far, null));
        Thread.ofVirtual().start(() -> deliver(under, client));
        copy(far, client, under);
      } catch (IOException e) {
        // The test is over.
      }
    }

    private void copy(Socket from, Socket straight, @Nullable BlockingQueue<Piece> under) {
      try {
        InputStream in = from.getInputStream();
        OutputStream out = straight.getOutputStream();
        byte[] buffer = new byte[1 << 16];
        for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
          if (under == null) {
            out.write(buffer, 0, n);
          } else {
            under.add(new Piece(Arrays.copyOf(buffer, n), System.nanoTime() + delay.toNanos()));
          }
        }
      } catch (IOException e) {
        // The test is over.
      }
    }

    private static void deliver(BlockingQueue<Piece> under, Socket to) {
      try {
        while (true) {
          Piece piece = under.take();
          TimeUnit.NANOSECONDS.sleep(piece.due() - System.nanoTime());
          to.getOutputStream().write(piece.bytes());
        }
      } catch (IOException e) {
        // The test is over.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() throws IOException {
      door.close();
    }
  }
}
