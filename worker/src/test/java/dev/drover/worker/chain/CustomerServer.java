package dev.drover.worker.chain;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.schema.ColumnType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A server of customers over HTTP, which does what it is told, and counts. */
final class CustomerServer implements AutoCloseable {
  static final String SECRET = "Bearer s3cr3t-t0ken";

  /** What it answers, status 0 for nothing at all. */
  record Reply(int status, String body, Map<String, String> headers) {
    static Reply of(int status, String body) {
      return new Reply(status, body, Map.of());
    }
  }

  /** What a customer's request gets. */
  interface Behaviour {
    Reply to(int customer) throws InterruptedException;
  }

  /** Customers 1 to 1000 are there. */
  static final Behaviour WELL =
      customer ->
          customer > 1000
              ? Reply.of(404, "no such customer")
              : Reply.of(200, "{\"account\": {\"tier\": \"tier %d\"}}".formatted(customer));

  final Map<Integer, AtomicInteger> asked = new ConcurrentHashMap<>();
  final Queue<Long> times = new ConcurrentLinkedQueue<>();
  final AtomicInteger most = new AtomicInteger();
  volatile Behaviour behaviour = WELL;
  volatile String token = SECRET;
  private final AtomicInteger underWay = new AtomicInteger();
  private final int port;
  private HttpServer server;

  CustomerServer() throws IOException {
    server = start(0);
    port = server.getAddress().getPort();
  }

  private HttpServer start(int at) throws IOException {
    HttpServer made =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 0);
    made.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    made.createContext("/customers/", this::handle);
    made.start();
    return made;
  }

  void stopServer() {
    server.stop(0);
  }

  void startServer() throws IOException {
    server = start(port);
  }

  private void handle(HttpExchange exchange) throws IOException {
    most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
    times.add(System.nanoTime());
    try (exchange) {
      String path = exchange.getRequestURI().getRawPath();
      int customer = Integer.parseInt(path.substring("/customers/".length()));
      asked.computeIfAbsent(customer, c -> new AtomicInteger()).incrementAndGet();
      Reply reply =
          token.equals(exchange.getRequestHeaders().getFirst("Authorization"))
              ? behaviour.to(customer)
              : Reply.of(401, "who are you?");
      if (reply.status() == 0) {
        return;
      }
      reply.headers().forEach(exchange.getResponseHeaders()::set);
      byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(reply.status(), body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      underWay.decrementAndGet();
    }
  }

  int requests() {
    return times.size();
  }

  /** How it is looked up in, with its secret in the folder. */
  LookupSpec.Http lookup(Path secrets, String stage, int concurrency) throws IOException {
    HttpFiles files = HttpFiles.under(secrets, stage);
    Files.createDirectories(files.folder());
    Files.writeString(files.header("Authorization"), SECRET + "\n");
    return new LookupSpec.Http(
        "http://localhost:" + port + "/customers/{customer}",
        List.of(
            new LookupSpec.Header("Authorization", null), new LookupSpec.Header("X-Of", "shop")),
        false,
        List.of(new LookupSpec.Field("tier", "/account/tier", ColumnType.TEXT, "text", false)),
        List.of(404),
        concurrency,
        1000);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
