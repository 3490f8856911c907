package dev.drover.operator.events;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.wire.schema.Fingerprints;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes events about Migrations. The same news within ten minutes raises the count of the one
 * event instead of making another. An event that cannot be written is logged and otherwise nobody's
 * loss. Thread-safe.
 */
public final class EventRecorder {
  private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
  private static final Duration WINDOW = Duration.ofMinutes(10);
  private static final int MESSAGE_MAX = 1000;

  private final KubernetesClient client;
  private final Clock clock;
  private final PatchContext apply;
  private final Map<String, Series> series = new ConcurrentHashMap<>();

  public EventRecorder(KubernetesClient client, String component, Clock clock) {
    this.client = client;
    this.clock = clock;
    this.apply =
        new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager(component)
            .withForce(true)
            .build();
  }

  /** Tells a piece of news about a Migration. */
  public void record(Migration about, News news) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    String uid = about.getMetadata().getUid();
    String text = news.message();
    String message = text.length() <= MESSAGE_MAX ? text : text.substring(0, MESSAGE_MAX - 1) + "…";
    series.values().removeIf(s -> s.first.plus(WINDOW).isBefore(now));
    Series counted =
        series.merge(
            Fingerprints.of(uid, news.reason(), message),
            new Series(now, 1),
            (old, fresh) -> new Series(old.first, old.count + 1));
    try {
      client.resource(event(about, news, message, counted, now)).patch(apply);
    } catch (KubernetesClientException e) {
      LOG.warn(
          "event {} of {}/{} was not written: {}",
          news.reason(),
          about.getMetadata().getNamespace(),
          about.getMetadata().getName(),
          e.getMessage());
    }
  }

  private static Event event(
      Migration about, News news, String message, Series counted, Instant now) {
    String suffix =
        Fingerprints.of(
            about.getMetadata().getUid(), news.reason(), message, counted.first.toString());
    return new EventBuilder()
        .withNewMetadata()
        .withName(about.getMetadata().getName() + "." + suffix)
        .withNamespace(about.getMetadata().getNamespace())
        .endMetadata()
        .withNewInvolvedObject()
        .withApiVersion(about.getApiVersion())
        .withKind(about.getKind())
        .withNamespace(about.getMetadata().getNamespace())
        .withName(about.getMetadata().getName())
        .withUid(about.getMetadata().getUid())
        .endInvolvedObject()
        .withType(news.warning() ? "Warning" : "Normal")
        .withReason(news.reason())
        .withMessage(message)
        .withNewSource()
        .withComponent("drover")
        .endSource()
        .withFirstTimestamp(counted.first.toString())
        .withLastTimestamp(now.toString())
        .withCount(counted.count)
        .build();
  }

  private record Series(Instant first, int count) {}
}
