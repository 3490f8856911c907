package dev.drover.worker.postgres.source;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** Which tables point to which by foreign keys, and what order among them follows. */
final class References {
  private static final String QUERY =
      """
      SELECT DISTINCT conrelid::int8, confrelid::int8
      FROM pg_constraint
      WHERE contype = 'f' AND conrelid = ANY (?) AND confrelid = ANY (?)
      """;

  private References() {}

  /** The tables that each of some tables points to, of the same tables. */
  static Map<Long, Set<Long>> among(Connection connection, Collection<Long> tables)
      throws SQLException {
    Map<Long, Set<Long>> parents = new HashMap<>();
    tables.forEach(table -> parents.put(table, new TreeSet<>()));
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      query.setArray(1, connection.createArrayOf("oid", tables.toArray()));
      query.setArray(2, connection.createArrayOf("oid", tables.toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          parents.computeIfAbsent(row.getLong(1), t -> new TreeSet<>()).add(row.getLong(2));
        }
      }
    }
    return parents;
  }

  /**
   * The references that can be honoured by an order: those within a cycle, and from a node to
   * itself, are left out. Pure.
   *
   * @param parents for every node, the nodes that it points to
   */
  static <T> Map<T, Set<T>> acyclic(Map<T, Set<T>> parents) {
    Map<T, Integer> component = new Components<>(parents).number();
    Map<T, Set<T>> kept = new HashMap<>();
    parents.forEach(
        (node, targets) -> {
          Set<T> others = new HashSet<>(targets);
          others.removeIf(target -> Objects.equals(component.get(target), component.get(node)));
          kept.put(node, others);
        });
    return kept;
  }

  /**
   * Strongly connected components: the nodes that lie on a cycle together get the same number. This
   * is Tarjan's algorithm with a stack of its own, since chains of tables may be long.
   */
  private static final class Components<T> {
    private final Map<T, Set<T>> graph;
    private final Map<T, Integer> order = new HashMap<>();
    private final Map<T, Integer> lowest = new HashMap<>();
    private final Map<T, Integer> component = new HashMap<>();
    private final Deque<T> open = new ArrayDeque<>();

    Components(Map<T, Set<T>> graph) {
      this.graph = graph;
    }

    Map<T, Integer> number() {
      for (T node : graph.keySet()) {
        if (!order.containsKey(node)) {
          visit(node);
        }
      }
      return component;
    }

    private record Step<T>(T node, List<T> rest) {}

    private void visit(T root) {
      Deque<Step<T>> path = new ArrayDeque<>();
      path.push(enter(root));
      while (!path.isEmpty()) {
        Step<T> step = path.element();
        if (step.rest.isEmpty()) {
          path.pop();
          leave(step.node);
          if (!path.isEmpty()) {
            lower(path.element().node, lowest.getOrDefault(step.node, 0), step.node);
          }
        } else {
          T next = step.rest.removeLast();
          if (!order.containsKey(next)) {
            path.push(enter(next));
          } else {
            lower(step.node, order.getOrDefault(next, 0), next);
          }
        }
      }
    }

    private Step<T> enter(T node) {
      order.put(node, order.size());
      lowest.put(node, order.size() - 1);
      open.push(node);
      return new Step<>(node, new ArrayList<>(graph.getOrDefault(node, Set.of())));
    }

    private void leave(T node) {
      if (order.getOrDefault(node, 0).equals(lowest.get(node))) {
        int number = order.getOrDefault(node, 0);
        T member;
        do {
          member = open.pop();
          component.put(member, number);
        } while (!member.equals(node));
      }
    }

    /** A node reaches as far back as a neighbour that is still open. */
    private void lower(T node, int to, T through) {
      if (!component.containsKey(through)) {
        lowest.merge(node, to, Math::min);
      }
    }
  }
}
