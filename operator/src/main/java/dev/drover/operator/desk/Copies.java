package dev.drover.operator.desk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.wire.batch.Provenance;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which fields of a record a JSON patch gives the values of others, told by its operations alone:
 * rather too many than too few. Not thread-safe.
 */
final class Copies {
  /** Stands for every field of the record. */
  static final String EVERY_FIELD = "*";

  /** The most names that are told. */
  private static final int MOST = 500;

  private final Collection<String> fields;
  private final Map<String, Set<String>> sources = new TreeMap<>();

  /**
   * Of a record with these fields.
   *
   * @param made what earlier changes made of which of them
   */
  Copies(Collection<String> fields, Provenance made) {
    this.fields = List.copyOf(fields);
    if (!made.isNone()) {
      fields.forEach(field -> sources.put(field, made.of(field)));
    }
  }

  /** Takes in an operation, whether or not it applies. */
  void follow(JsonNode operation) {
    String path = operation.path("path").asText();
    switch (operation.path("op").asText().toLowerCase(Locale.ROOT)) {
      case "copy", "move" -> give(path, read(operation.path("from").asText()));
      case "add", "replace" -> give(path, Set.of());
      default -> {}
    }
  }

  private void give(String path, Set<String> from) {
    boolean inside = path.indexOf('/', 1) > 0;
    for (String field : isWhole(path) ? fields : List.of(field(path))) {
      Set<String> all = new TreeSet<>(from);
      if (inside) {
        all.addAll(sources.getOrDefault(field, Set.of()));
      }
      sources.put(field, all);
    }
  }

  /**
   * The fields whose values may be in what a pointer points to; one may be {@link #EVERY_FIELD}.
   */
  Set<String> read(String pointer) {
    if (isWhole(pointer)) {
      return Set.of(EVERY_FIELD);
    }
    Set<String> read = new TreeSet<>(sources.getOrDefault(field(pointer), Set.of()));
    read.add(field(pointer));
    return read;
  }

  /**
   * The fields that each of some fields was given the value of, itself apart; those that were given
   * none are left out. Where that is much, {@link #EVERY_FIELD} is all of them.
   */
  Map<String, List<String>> given(Collection<String> changed) {
    Map<String, List<String>> given = new TreeMap<>();
    for (String field : changed) {
      List<String> from =
          sources.getOrDefault(field, Set.of()).stream().filter(f -> !f.equals(field)).toList();
      if (!from.isEmpty()) {
        given.put(field, from);
      }
    }
    return given.values().stream().mapToInt(List::size).sum() > MOST
        ? Map.of(EVERY_FIELD, List.of(EVERY_FIELD))
        : given;
  }

  private static boolean isWhole(String pointer) {
    return !pointer.startsWith("/");
  }

  /** The field that a JSON pointer (RFC 6901) goes into. */
  private static String field(String pointer) {
    return pointer.split("/", 3)[1].replace("~1", "/").replace("~0", "~");
  }
}
