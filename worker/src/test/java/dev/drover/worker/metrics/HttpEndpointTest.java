package dev.drover.worker.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.decision.Counts;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpEndpointTest {
  private static final Tags TAGS = Tags.of("migration", "m", "namespace", "n", "stage", "s");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final StageMetrics metrics = new StageMetrics(registry, TAGS);
  private final AtomicBoolean ready = new AtomicBoolean();
  private final HttpClient client = HttpClient.newHttpClient();
  private HttpEndpoint endpoint;
  private int port;

  @BeforeEach
  void serve() throws Exception {
    StageMetrics.stalled(registry, TAGS, () -> true);
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    endpoint = new HttpEndpoint(port, registry, ready::get);
  }

  @AfterEach
  void stop() {
    endpoint.close();
    client.close();
  }

  private HttpResponse<String> get(String path) throws Exception {
    URI uri = URI.create("http://localhost:" + port + path);
    return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
  }

  @Test
  void it_is_live_at_once_and_ready_when_its_work_has_begun() throws Exception {
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    assertThat(get("/health/ready").statusCode()).isEqualTo(503);
    ready.set(true);
    assertThat(get("/health/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void records_are_counted_by_what_became_of_them() throws Exception {
    metrics.decided(new Counts(10, 4, 3, 2, 1, 0));
    metrics.published(512, 1_000_000);
    String text = get("/metrics").body();
    String tags = "{migration=\"m\",namespace=\"n\",outcome=\"%s\",stage=\"s\"} %s";
    for (String[] count :
        new String[][] {
          {"in", "10.0"},
          {"passed", "4.0"},
          {"filtered", "3.0"},
          {"failed", "2.0"},
          {"waiting", "1.0"}
        }) {
      assertThat(text).contains("drover_worker_records_total" + tags.formatted((Object[]) count));
    }
    assertThat(text)
        .contains(
            "drover_worker_published_bytes_total{migration=\"m\",namespace=\"n\",stage=\"s\"} 512.0")
        .contains("drover_worker_stalled{migration=\"m\",namespace=\"n\",stage=\"s\"} 1.0");
  }

  @Test
  void the_names_are_those_that_are_documented() throws Exception {
    metrics.lookups().failed("LookupTimedOut"); // what only an enrich has
    String documentation =
        Files.readString(Path.of(System.getProperty("drover.root"), "docs", "metrics.md"));
    Set<String> documented = names(Pattern.compile("`(drover_worker_\\w+)`"), documentation);
    Set<String> served =
        names(Pattern.compile("(?m)^# TYPE (drover_worker_\\w+) "), get("/metrics").body());
    served.removeIf(name -> name.endsWith("_max")); // Comes with each summary, as the page says.
    assertThat(served).isNotEmpty().isEqualTo(documented);
  }

  private static Set<String> names(Pattern pattern, String text) {
    Set<String> names = new TreeSet<>();
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }
}
