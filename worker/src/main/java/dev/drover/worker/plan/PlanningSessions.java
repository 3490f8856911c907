package dev.drover.worker.plan;

import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.worker.database.Databases;
import dev.drover.worker.database.PlanningSession;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.session.NoPermitException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** One session per connection of a chain, opened when first asked for. Used by one thread. */
final class PlanningSessions implements AutoCloseable {
  private final ChainSpec spec;
  private final Databases databases;
  private final Map<String, PlanningSession> open = new LinkedHashMap<>();

  PlanningSessions(ChainSpec spec, Databases databases) {
    this.spec = spec;
    this.databases = databases;
  }

  /** The session of a connection. */
  PlanningSession of(String connection) throws SystemFailure {
    PlanningSession known = open.get(connection);
    if (known == null) {
      known = open(connection);
      open.put(connection, known);
    }
    return known;
  }

  /** All that were asked for. */
  Collection<PlanningSession> all() {
    return open.values();
  }

  /** A failure names the connection: two databases may well have the same user. */
  private PlanningSession open(String connection) throws SystemFailure {
    ConnectionSpec named = spec.connection(connection);
    try {
      return databases.of(named).plan();
    } catch (SystemFailure e) {
      throw e.getCause() instanceof NoPermitException
          ? e // names the connection itself
          : e.told(
              "spec.connections[%d] (%s): %s"
                  .formatted(spec.connections().indexOf(named), connection, e.getMessage()));
    }
  }

  @Override
  public void close() {
    open.values().forEach(PlanningSession::close);
    open.clear();
  }
}
