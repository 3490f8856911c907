package dev.drover.wire.nats;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Three real servers that are one NATS, named {@code n0}, {@code n1} and {@code n2}. What a test
 * needs three of them for: whatever is kept three times.
 */
public final class NatsCluster implements AutoCloseable {
  private static final int SERVERS = 3;
  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  private final Map<String, NatsServer> servers = new TreeMap<>();

  private NatsCluster() {}

  /** Starts them, and waits until streams can be made. */
  public static NatsCluster start() {
    NatsCluster cluster = new NatsCluster();
    try {
      List<Integer> ports = freePorts();
      String routes =
          ports.stream()
              .map(port -> "\"nats://127.0.0.1:" + port + "\"")
              .collect(Collectors.joining(", "));
      for (int i = 0; i < SERVERS; i++) {
        Path folder = Files.createTempDirectory("drover-nats-");
        cluster.servers.put(
            "n" + i,
            NatsServer.startIn(
                folder,
                """
                server_name: n%d
                cluster { name: test, listen: "127.0.0.1:%d", routes: [%s] }
                """
                    .formatted(i, ports.get(i), routes)));
      }
      cluster.awaitLeader();
      return cluster;
    } catch (IOException e) {
      cluster.close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /** All of them as one endpoint. */
  public NatsEndpoint endpoint() {
    return new NatsEndpoint(
        servers.values().stream().map(NatsServer::url).collect(Collectors.joining(",")),
        null,
        null);
  }

  /** A new connection, which goes on at another server when its own ends; the caller closes it. */
  public Connection connect() throws IOException, InterruptedException {
    return endpoint().connect("test");
  }

  /** One of them by its name. */
  public NatsServer server(String name) {
    NatsServer server = servers.get(name);
    if (server == null) {
      throw new IllegalArgumentException(name);
    }
    return server;
  }

  /** Ends all, and removes what they keep. */
  @Override
  public void close() {
    servers.values().forEach(NatsServer::close);
  }

  private void awaitLeader() throws IOException {
    Instant limit = Instant.now().plus(START_LIMIT);
    while (true) {
      try (Connection nats = connect()) {
        nats.jetStreamManagement().getAccountStatistics();
        return;
      } catch (IOException | JetStreamApiException e) {
        if (Instant.now().isAfter(limit)) {
          throw new IOException("the servers did not agree on a leader", e);
        }
        sleep();
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted while NATS starts", e);
  }

  /** Held together, so that no port is given twice. */
  private static List<Integer> freePorts() throws IOException {
    List<ServerSocket> held = new ArrayList<>();
    try {
      for (int i = 0; i < SERVERS; i++) {
        held.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      return held.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (ServerSocket socket : held) {
        socket.close();
      }
    }
  }
}
