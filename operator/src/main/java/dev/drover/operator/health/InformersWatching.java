package dev.drover.operator.health;

import dev.drover.operator.OperatorLifecycle;
import io.javaoperatorsdk.operator.Operator;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/**
 * Alive while the informers watch. They seek a lost API server again by themselves; only when that
 * takes more than five minutes is the process restarted.
 */
@Liveness
@ApplicationScoped
public class InformersWatching implements HealthCheck {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final OperatorLifecycle lifecycle;
  private final Clock clock = Clock.systemUTC();
  private volatile Instant healthy = clock.instant();

  InformersWatching(OperatorLifecycle lifecycle) {
    this.lifecycle = lifecycle;
  }

  @Override
  public HealthCheckResponse call() {
    boolean watching =
        lifecycle
            .operator()
            .map(Operator::getRuntimeInfo)
            .map(r -> r.allEventSourcesAreHealthy())
            .orElse(true);
    Instant now = clock.instant();
    if (watching) {
      healthy = now;
    }
    return HealthCheckResponse.named("informers watching")
        .status(healthy.plus(PATIENCE).isAfter(now))
        .build();
  }
}
