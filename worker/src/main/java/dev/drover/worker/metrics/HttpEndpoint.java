package dev.drover.worker.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/** Serves {@code /metrics}, {@code /health/live} and {@code /health/ready} by the JDK's server. */
public final class HttpEndpoint implements AutoCloseable {
  private final HttpServer server;

  /**
   * Starts to serve.
   *
   * @param ready whether the worker has begun its work; neither databases nor NATS being away makes
   *     it unready, since a restart would mend neither
   * @throws IOException if the port is taken
   */
  public HttpEndpoint(int port, PrometheusMeterRegistry registry, BooleanSupplier ready)
      throws IOException {
    server = HttpServer.create(new InetSocketAddress(port), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/metrics",
        exchange -> send(exchange, 200, "text/plain; version=0.0.4", registry.scrape()));
    server.createContext("/health/live", exchange -> send(exchange, 200, "text/plain", "live\n"));
    server.createContext(
        "/health/ready",
        exchange -> {
          boolean is = ready.getAsBoolean();
          send(exchange, is ? 200 : 503, "text/plain", is ? "ready\n" : "starting\n");
        });
    server.start();
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
