package dev.drover.worker.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.concurrent.TimeUnit;

/** The meters of what a stage looks up; docs/metrics.md lists them. Thread-safe. */
public final class LookupMetrics {
  private final MeterRegistry registry;
  private final Tags tags;
  private final Timer time;

  /** What was known of a key. */
  public enum Outcome {
    /** Its answer was kept, nobody was asked. */
    kept,
    /** Something was found. */
    found,
    /** Nothing was. */
    missing,
    /** More than one row. */
    ambiguous,
    /** There is no answer for this key alone. */
    refused
  }

  /** The meters of a stage. */
  public LookupMetrics(MeterRegistry registry, Tags tags) {
    this.registry = registry;
    this.tags = tags;
    this.time =
        Timer.builder("drover.worker.lookup")
            .description("Time of a query or a request of a lookup, failed ones included")
            .tags(tags)
            .register(registry);
    for (Outcome outcome : Outcome.values()) {
      keys(outcome); // a rate needs the zero before the first
    }
  }

  /** Of who tells Prometheus nothing. */
  public static LookupMetrics untold() {
    return new LookupMetrics(new CompositeMeterRegistry(), Tags.empty());
  }

  /** A key has its answer. */
  public void key(Outcome outcome) {
    keys(outcome).increment();
  }

  /** A query or request took so long. */
  public void asked(long nanos) {
    time.record(nanos, TimeUnit.NANOSECONDS);
  }

  /**
   * An attempt failed for no fault of a key's.
   *
   * @param reason one of the few that stalls have
   */
  public void failed(String reason) {
    Counter.builder("drover.worker.lookup.failures")
        .description("Attempts to look up that failed for no fault of a record's, by reason")
        .tags(tags.and("reason", reason))
        .register(registry)
        .increment();
  }

  private Counter keys(Outcome outcome) {
    return Counter.builder("drover.worker.lookup.keys")
        .description("Different keys of batches, by what was known of them")
        .tags(tags.and("outcome", outcome.name()))
        .register(registry);
  }
}
