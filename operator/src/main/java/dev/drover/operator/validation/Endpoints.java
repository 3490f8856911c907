package dev.drover.operator.validation;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.wire.plan.EndpointId;

/** Which connections lead to one server with one login, and share its sessions. Pure. */
public final class Endpoints {
  private Endpoints() {}

  /** The login is told by the Secret: what that holds is not known here. */
  public static EndpointId of(Connection connection) {
    return EndpointId.of(
        "here", connection.jdbc().url(), connection.jdbc().credentialsSecretRef().name());
  }
}
