package dev.drover.worker.lookup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.tls.SelfSigned;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests to a server of this process. */
class HttpLookupTest {
  private final Map<Integer, Answer> answers = new ConcurrentHashMap<>();
  private final Queue<String> requests = new ConcurrentLinkedQueue<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private HttpServer server;
  private volatile Behaviour behaviour = HttpLookupTest::well;
  private int paced;

  @TempDir Path secrets;

  private interface Behaviour {
    void to(HttpExchange exchange) throws Exception;
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private static void well(HttpExchange exchange) throws IOException {
    send(exchange, 200, "{\"tier\": \"" + exchange.getRequestURI().getRawPath() + "\"}");
  }

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          requests.add(exchange.getRequestURI() + " " + exchange.getRequestHeaders().entrySet());
          try (exchange) {
            behaviour.to(exchange);
          } catch (Exception e) {
            throw new IOException(e);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    end.countDown();
    server.stop(0);
  }

  private LookupSpec.Http spec(int concurrency, LookupSpec.Header... headers) {
    return new LookupSpec.Http(
        "http://localhost:" + server.getAddress().getPort() + "/c/{id}?apikey=hunter2",
        List.of(headers),
        false,
        List.of(new LookupSpec.Field("tier", "/tier", ColumnType.TEXT, "text", false)),
        List.of(404),
        concurrency,
        1000);
  }

  private HttpLookup lookup(LookupSpec.Http spec) {
    return lookup(spec, 60);
  }

  private HttpLookup lookup(LookupSpec.Http spec, int timeoutSeconds) {
    return new HttpLookup(
        spec,
        HttpFiles.under(secrets, "tiers"),
        timeoutSeconds,
        new HttpLookup.Pacing() {
          @Override
          public void await() {
            synchronized (HttpLookupTest.this) {
              paced++;
            }
          }

          @Override
          public void close() {}
        });
  }

  private void ask(HttpLookup lookup, LookupSpec.Http spec, @Nullable Integer... keys)
      throws Exception {
    answers.clear();
    HttpQuestion question =
        HttpQuestion.of(
            spec,
            new RecordSchema(
                "public.orders", List.of(new Column("id", ColumnType.INTEGER, false, "integer"))));
    lookup.ask(
        question,
        java.util.Arrays.stream(keys).map(k -> new Object[] {k}).toList(),
        new Lookup.Listener() {
          @Override
          public void answered(int key, Answer answer) {
            assertThat(answers.put(key, answer)).isNull();
          }

          @Override
          public void asked(long nanos) {
            assertThat(nanos).isPositive();
          }
        });
  }

  private static Integer[] keys(int n) {
    return IntStream.range(0, n).boxed().toArray(Integer[]::new);
  }

  @Test
  void every_key_gets_its_own_answer() throws Exception {
    LookupSpec.Http spec = spec(8, new LookupSpec.Header("X-Of", "shop"));
    try (HttpLookup lookup = lookup(spec)) {
      ask(lookup, spec, keys(300));
    }
    assertThat(answers).hasSize(300);
    answers.forEach(
        (key, answer) -> assertThat(((Answer.Found) answer).values()).containsExactly("/c/" + key));
    assertThat(requests)
        .hasSize(300)
        .allMatch(r -> r.contains("X-of=[shop]") && r.contains("Accept=[application/json]"));
    assertThat(paced).isEqualTo(300);
  }

  @Test
  void a_key_without_a_value_is_not_asked_for() throws Exception {
    LookupSpec.Http spec = spec(8);
    try (HttpLookup lookup = lookup(spec)) {
      ask(lookup, spec, (Integer) null);
    }
    assertThat(answers.get(0)).isInstanceOf(Answer.Missing.class);
    assertThat(requests).isEmpty();
  }

  private static Behaviour misdeed(String name, CountDownLatch end) {
    return switch (name) {
      case "broken" -> exchange -> {};
      case "silent" -> exchange -> end.await();
      case "slow body" ->
          exchange -> {
            exchange.sendResponseHeaders(200, 0);
            OutputStream body = exchange.getResponseBody();
            body.write("{\"tier\": ".getBytes(StandardCharsets.UTF_8));
            body.flush();
            end.await();
          };
      case "html" -> exchange -> send(exchange, 200, "<html>7");
      case "elsewhere" ->
          exchange -> {
            exchange.getResponseHeaders().set("Location", "/other");
            send(exchange, 302, "{}");
          };
      default -> exchange -> send(exchange, Integer.parseInt(name), "{\"tier\": \"7\"}");
    };
  }

  @ParameterizedTest
  @CsvSource({
    "broken, LookupUnavailable",
    "silent, LookupTimedOut",
    "slow body, LookupTimedOut",
    "html, LookupMalformed",
    "elsewhere, LookupRedirected",
    "401, LookupForbidden",
    "503, LookupUnavailable",
    "405, LookupUnavailable",
  })
  void a_server_that_is_not_well_is_left_in_peace_and_asked_carefully_the_next_time(
      String misdeed, String reason) throws Exception {
    LookupSpec.Http spec = spec(3);
    behaviour = misdeed(misdeed, end);
    try (HttpLookup lookup = lookup(spec, reason.equals("LookupTimedOut") ? 1 : 60)) {
      LookupUnavailableException e =
          catchThrowableOfType(
              LookupUnavailableException.class, () -> ask(lookup, spec, keys(100)));
      assertThat(e.reason()).isEqualTo(reason);
      assertThat(e)
          .hasMessageContaining("/c/{id}")
          .hasMessageNotContaining("hunter2")
          .hasMessageContaining("100 of 100 keys")
          .hasNoCause();
      // The client itself asks a second time when a connection breaks.
      int times = misdeed.equals("broken") ? 2 : 1;
      assertThat(requests).hasSizeLessThanOrEqualTo(5 * times);
      requests.clear();
      assertThatThrownBy(() -> ask(lookup, spec, keys(100)));
      assertThat(requests).hasSize(times);
      behaviour = HttpLookupTest::well;
      ask(lookup, spec, keys(100));
      assertThat(answers).hasSize(100);
    }
  }

  @Test
  void one_key_without_an_answer_keeps_no_other_back() throws Exception {
    LookupSpec.Http spec = spec(3);
    behaviour =
        exchange -> {
          if (exchange.getRequestURI().getPath().equals("/c/7")) {
            send(exchange, 500, "");
          } else {
            well(exchange);
          }
        };
    try (HttpLookup lookup = lookup(spec)) {
      assertThatThrownBy(() -> ask(lookup, spec, keys(50)))
          .hasMessageContaining("answers 500 (1 of 50 keys");
      assertThat(answers).hasSize(49);
    }
  }

  @Test
  void a_key_that_is_too_long_for_the_server_is_that_records_alone() throws Exception {
    LookupSpec.Http spec = spec(3);
    behaviour =
        exchange -> {
          if (exchange.getRequestURI().getPath().equals("/c/7")) {
            send(exchange, 431, "");
          } else {
            well(exchange);
          }
        };
    try (HttpLookup lookup = lookup(spec)) {
      ask(lookup, spec, keys(50));
    }
    assertThat(answers).hasSize(50);
    assertThat(answers.values()).filteredOn(Answer.Refused.class::isInstance).hasSize(1);
  }

  @Test
  void an_answer_of_too_many_bytes_is_not_received() throws Exception {
    LookupSpec.Http spec = spec(3);
    behaviour =
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          byte[] more = new byte[64 * 1024];
          while (end.getCount() > 0) {
            exchange.getResponseBody().write(more);
          }
        };
    try (HttpLookup lookup = lookup(spec)) {
      ask(lookup, spec, 1);
    }
    assertThat(answers.get(0))
        .isInstanceOfSatisfying(
            Answer.Refused.class, r -> assertThat(r.why()).contains("more than 1000 bytes"));
  }

  @Test
  void a_secret_is_read_anew_and_one_that_no_header_can_hold_is_not_told() throws Exception {
    LookupSpec.Http spec = spec(3, new LookupSpec.Header("Authorization", null));
    try (HttpLookup lookup = lookup(spec)) {
      assertThatThrownBy(() -> ask(lookup, spec, 1))
          .isInstanceOfSatisfying(
              LookupUnavailableException.class,
              e -> assertThat(e.reason()).isEqualTo("LookupForbidden"))
          .hasMessageContaining("Authorization")
          .hasMessageContaining("Secret");
      Path file = HttpFiles.under(secrets, "tiers").header("Authorization");
      Files.createDirectories(file.getParent());
      Files.writeString(file, "Bearer s3cr3t\ns3cr3t");
      assertThatThrownBy(() -> ask(lookup, spec, 1))
          .hasMessageContaining("Authorization")
          .satisfies(e -> assertThat(e.toString()).doesNotContain("s3cr3t"))
          .hasNoCause();
      assertThat(requests).isEmpty();
      Files.writeString(file, "Bearer one\n");
      ask(lookup, spec, 1);
      Files.writeString(file, "Bearer two\r\n");
      ask(lookup, spec, 1);
    }
    assertThat(requests).hasSize(2);
    assertThat(requests.poll()).contains("Authorization=[Bearer one]");
    assertThat(requests.poll()).contains("Authorization=[Bearer two]");
  }

  /** Serves the same over TLS from now on. */
  private void overTls(SelfSigned own) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    char[] password = "for-a-test".toCharArray();
    try (InputStream in = Files.newInputStream(own.key().resolveSibling("store.p12"))) {
      store.load(in, password);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    HttpsServer secured =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    secured.setHttpsConfigurator(new HttpsConfigurator(context));
    secured.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    secured.createContext(
        "/",
        exchange -> {
          try (exchange) {
            well(exchange);
          }
        });
    secured.start();
    server.stop(0);
    server = secured;
  }

  @Test
  void the_server_must_descend_from_the_ca_of_the_secret() throws Exception {
    SelfSigned own = SelfSigned.in(Files.createDirectory(secrets.resolve("own")));
    SelfSigned strange = SelfSigned.in(Files.createDirectory(secrets.resolve("strange")));
    overTls(own);
    LookupSpec.Http plain = spec(2);
    LookupSpec.Http spec =
        new LookupSpec.Http(
            plain.url().replace("http:", "https:"),
            List.of(),
            true,
            plain.fields(),
            plain.missingStatuses(),
            2,
            1000);
    Path ca = HttpFiles.under(secrets, "tiers").ca();
    Files.createDirectories(ca.getParent());
    try (HttpLookup lookup = lookup(spec)) {
      assertThatThrownBy(() -> ask(lookup, spec, 1)).hasMessageContaining("ca.crt");
      Files.writeString(ca, "no certificate");
      assertThatThrownBy(() -> ask(lookup, spec, 1)).hasMessageContaining("PEM");
      Files.copy(strange.certificate(), ca, StandardCopyOption.REPLACE_EXISTING);
      assertThatThrownBy(() -> ask(lookup, spec, 1)).hasMessageContaining("no TLS with it");
      Files.copy(own.certificate(), ca, StandardCopyOption.REPLACE_EXISTING);
      ask(lookup, spec, 1);
    }
    assertThat(answers.get(0)).isInstanceOf(Answer.Found.class);
  }

  @Test
  void an_interruption_ends_what_is_under_way() throws Exception {
    LookupSpec.Http spec = spec(3);
    CountDownLatch begun = new CountDownLatch(3);
    behaviour =
        exchange -> {
          begun.countDown();
          end.await();
        };
    try (HttpLookup lookup = lookup(spec, 600);
        ExecutorService asking = Executors.newSingleThreadExecutor()) {
      Future<?> asked =
          asking.submit(
              () -> {
                ask(lookup, spec, keys(10));
                return null;
              });
      begun.await();
      asking.shutdownNow();
      assertThatThrownBy(asked::get).hasCauseInstanceOf(InterruptedException.class);
    }
    assertThat(answers).isEmpty();
  }
}
