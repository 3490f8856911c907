package dev.drover.e2e.chaos;

import dev.drover.e2e.Cluster;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/**
 * The servers of NATS. Of several only one may be missing at a time: with two gone there is no
 * majority, and what one alone had acknowledged could be given up by the others.
 */
final class NatsServers {
  private static final Duration WHOLE_AGAIN = Duration.ofMinutes(2);

  private final Cluster cluster;
  private final int count;
  private final HttpClient http =
      HttpClient.newBuilder()
          .proxy(HttpClient.Builder.NO_PROXY)
          .connectTimeout(Duration.ofSeconds(1))
          .build();

  NatsServers(Cluster cluster, int count) {
    this.cluster = cluster;
    this.count = count;
  }

  /**
   * Waits until each server has all streams and consumers that it is to have, up to what their
   * leaders have. A lone server may be hit at any time.
   *
   * @return how long that took
   * @throws org.awaitility.core.ConditionTimeoutException if they do not get there
   */
  Duration awaitWhole() {
    long since = System.nanoTime();
    if (count > 1) {
      Awaitility.await("NATS is whole again")
          .pollInSameThread()
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(250))
          .atMost(WHOLE_AGAIN)
          .ignoreExceptions()
          .until(this::whole);
    }
    return Duration.ofNanos(System.nanoTime() - since);
  }

  private boolean whole() throws IOException, InterruptedException {
    List<Pod> pods =
        cluster
            .client
            .pods()
            .inNamespace("drover-system")
            .withLabel("app", "nats")
            .list()
            .getItems();
    int healthy = 0;
    for (Pod pod : pods) {
      healthy += pod.getMetadata().getDeletionTimestamp() == null && healthy(pod) ? 1 : 0;
    }
    return healthy == count;
  }

  private boolean healthy(Pod pod) throws IOException, InterruptedException {
    HttpRequest question =
        HttpRequest.newBuilder(URI.create("http://" + pod.getStatus().getPodIP() + ":8222/healthz"))
            .timeout(Duration.ofSeconds(2))
            .build();
    return http.send(question, BodyHandlers.discarding()).statusCode() == 200;
  }
}
