package dev.drover.operator.health;

import dev.drover.operator.OperatorLifecycle;
import io.javaoperatorsdk.operator.Operator;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready once the operator watches, or stands by for the Lease. */
@Readiness
@ApplicationScoped
public class OperatorStarted implements HealthCheck {
  private final OperatorLifecycle lifecycle;

  OperatorStarted(OperatorLifecycle lifecycle) {
    this.lifecycle = lifecycle;
  }

  @Override
  public HealthCheckResponse call() {
    boolean started =
        lifecycle.operator().map(Operator::getRuntimeInfo).map(r -> r.isStarted()).orElse(false);
    return HealthCheckResponse.named("operator started").status(started).build();
  }
}
