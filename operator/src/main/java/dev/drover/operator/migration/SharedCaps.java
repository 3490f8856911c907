package dev.drover.operator.migration;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.operator.validation.Endpoints;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.EndpointId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How many workers connections have room for. Those that lead to one server with one login share
 * the smallest of their caps, as sessions do, and are known by the connection whose that is. Pure;
 * immutable.
 *
 * @param leaders by what connection each is known
 * @param caps by leader
 */
record SharedCaps(Map<String, String> leaders, Map<String, Integer> caps) {
  SharedCaps {
    leaders = Map.copyOf(leaders);
    caps = Map.copyOf(caps);
  }

  /**
   * The room that there is.
   *
   * @param caps in force, by connection; who is not in it has no cap
   */
  static SharedCaps of(List<Connection> connections, Map<String, Integer> caps) {
    Map<EndpointId, List<String>> endpoints = new LinkedHashMap<>();
    connections.stream()
        .filter(c -> caps.containsKey(c.name()))
        .forEach(
            c ->
                endpoints
                    .computeIfAbsent(Endpoints.of(c), endpoint -> new ArrayList<>())
                    .add(c.name()));
    Map<String, String> leaders = new HashMap<>();
    for (List<String> names : endpoints.values()) {
      String least = names.stream().min(Comparator.comparing(caps::get)).orElseThrow();
      names.forEach(name -> leaders.put(name, least));
    }
    Map<String, Integer> shared = new HashMap<>();
    caps.forEach((name, cap) -> shared.merge(leaders.getOrDefault(name, name), cap, Math::min));
    return new SharedCaps(leaders, shared);
  }

  /** By what connection one is known; null of none. */
  @Nullable String leader(@Nullable String connection) {
    return connection == null ? null : known(connection);
  }

  private String known(String connection) {
    return leaders.getOrDefault(connection, connection);
  }

  /** What holders of snapshots leave, one session each. */
  SharedCaps without(Collection<String> holders) {
    Map<String, Integer> left = new HashMap<>(caps);
    for (String holder : holders) {
      left.computeIfPresent(known(holder), (name, cap) -> Math.max(0, cap - 1));
    }
    return new SharedCaps(leaders, left);
  }

  /**
   * What the readers of Redrives leave: one worker for each stage in any case, for what a Redrive
   * has sent may be theirs to decide before it ends. Sessions are counted by their slots.
   */
  SharedCaps besides(Collection<String> readers, ChainSpec chain) {
    Map<String, Integer> left = new HashMap<>(caps);
    for (String reader : readers) {
      String leader = known(reader);
      long users =
          chain.stages().stream()
              .map(stage -> leader(StageConnections.name(stage)))
              .filter(leader::equals)
              .count();
      left.computeIfPresent(leader, (name, cap) -> Math.max(cap - 1, (int) Math.min(cap, users)));
    }
    return new SharedCaps(leaders, left);
  }
}
