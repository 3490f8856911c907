package dev.drover.worker.metrics;

import dev.drover.wire.decision.Counts;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The meters of one stage's worker; docs/metrics.md lists them. Thread-safe. */
public final class StageMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(StageMetrics.class);

  private final MeterRegistry registry;
  private final Tags tags;
  private final Counter in;
  private final Counter passed;
  private final Counter filtered;
  private final Counter failed;
  private final Counter waiting;
  private final Counter batches;
  private final Counter bytesOut;
  private final Timer work;
  private final Timer publish;
  private final AtomicReference<@Nullable Duration> firstBatch = new AtomicReference<>();

  /** The meters of a stage, tagged with migration, namespace, stage and kind. */
  public StageMetrics(MeterRegistry registry, Tags tags) {
    this.registry = registry;
    this.tags = tags;
    in = records(registry, tags, "in");
    passed = records(registry, tags, "passed");
    filtered = records(registry, tags, "filtered");
    failed = records(registry, tags, "failed");
    waiting = records(registry, tags, "waiting");
    batches =
        Counter.builder("drover.worker.batches")
            .description("Batches decided by this worker")
            .tags(tags)
            .register(registry);
    bytesOut =
        Counter.builder("drover.worker.published")
            .baseUnit("bytes")
            .description("Bytes of batches published by this worker")
            .tags(tags)
            .register(registry);
    work =
        Timer.builder("drover.worker.work")
            .description("Time to work on a batch, or on a load transaction")
            .publishPercentileHistogram(false)
            .tags(tags)
            .register(registry);
    publish =
        Timer.builder("drover.worker.publish")
            .description("Time until a published batch is acknowledged, backpressure included")
            .tags(tags)
            .register(registry);
    TimeGauge.builder("drover.worker.first.batch", this::toFirstBatch, TimeUnit.SECONDS)
        .description("Time from the start of the process to its first batch, waiting included")
        .tags(tags)
        .register(registry);
  }

  /** The meters of what the stage looks up, if it does. */
  public LookupMetrics lookups() {
    return new LookupMetrics(registry, tags);
  }

  /** Seconds; not a number before there is one. */
  private double toFirstBatch() {
    Duration first = firstBatch.get();
    return first == null ? Double.NaN : first.toMillis() / 1000.0;
  }

  private void batchIsThere() {
    if (firstBatch.get() == null) {
      Duration since =
          ProcessHandle.current()
              .info()
              .startInstant()
              .map(start -> Duration.between(start, Instant.now()))
              .orElse(Duration.ZERO);
      if (firstBatch.compareAndSet(null, since)) {
        LOG.info("first batch {} ms after the start of the process", since.toMillis());
      }
    }
  }

  private static Counter records(MeterRegistry registry, Tags tags, String outcome) {
    return Counter.builder("drover.worker.records")
        .description("Records that this worker decided, by outcome; in counts all")
        .tags(tags.and("outcome", outcome))
        .register(registry);
  }

  /** Shows whether this worker waits for the world to be mended. */
  public static void stalled(MeterRegistry registry, Tags tags, BooleanSupplier stalled) {
    io.micrometer.core.instrument.Gauge.builder(
            "drover.worker.stalled", stalled, s -> s.getAsBoolean() ? 1 : 0)
        .strongReference(true)
        .description("1 while this worker waits for a database, NATS or a full queue")
        .tags(tags)
        .register(registry);
  }

  /** A batch was decided by this worker. */
  public void decided(Counts counts) {
    in.increment(counts.in());
    passed.increment(counts.passed());
    filtered.increment(counts.filtered());
    failed.increment(counts.failed());
    waiting.increment(counts.waiting());
    batches.increment();
    batchIsThere();
  }

  /** A batch was published, acknowledged after some time. */
  public void published(int bytes, long nanos) {
    bytesOut.increment(bytes);
    publish.record(nanos, TimeUnit.NANOSECONDS);
    batchIsThere();
  }

  /** A batch was read or judged, or a load transaction carried out. */
  public void worked(long nanos) {
    work.record(nanos, TimeUnit.NANOSECONDS);
  }
}
