package dev.drover.operator.metrics;

import io.micrometer.prometheus.PrometheusMeterRegistry;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/** The meters at /metrics, where workers have theirs too; also at Quarkus' own /q/metrics. */
@Path("/metrics")
public class MetricsResource {
  private final PrometheusMeterRegistry registry;

  MetricsResource(PrometheusMeterRegistry registry) {
    this.registry = registry;
  }

  /** All meters in Prometheus' text format. */
  @GET
  @Produces(MediaType.TEXT_PLAIN)
  public String scrape() {
    return registry.scrape();
  }
}
