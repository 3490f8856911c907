package dev.drover.wire.batch;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which fields of a record that was changed before it was sent again hold values of others, or what
 * was made of them: whoever hides one of these hides the field, too. It travels with the record,
 * for what is hidden may be another thing by the time it is shown. Rather too much than too little.
 *
 * @param sources by field, the names of those others; {@link #EVERY_FIELD} stands for any, on both
 *     sides. In the order of the names
 */
public record Provenance(@JsonValue Map<String, List<String>> sources) {
  /** Stands for every field of the record. */
  public static final String EVERY_FIELD = "*";

  private static final List<String> EVERY = List.of(EVERY_FIELD);

  /** Of a record that nobody changed, or only by values from outside. */
  public static final Provenance NONE = new Provenance(Map.of());

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  /** The most characters that the names may have, so that they fit beside what else is told. */
  private static final int MOST = 1500;

  /** Where the names are too many, any field may hold any other. */
  public Provenance {
    Map<String, List<String>> ordered = new TreeMap<>();
    sources.forEach(
        (field, from) -> {
          Set<String> others = new TreeSet<>(from);
          others.remove(field.equals(EVERY_FIELD) ? "" : field);
          if (!others.isEmpty()) {
            ordered.put(field, others.contains(EVERY_FIELD) ? EVERY : List.copyOf(others));
          }
        });
    sources =
        characters(ordered) > MOST
            ? Map.of(EVERY_FIELD, EVERY)
            : Collections.unmodifiableMap(ordered);
  }

  private static int characters(Map<String, List<String>> sources) {
    return sources.entrySet().stream()
        .mapToInt(
            e -> e.getKey().length() + e.getValue().stream().mapToInt(s -> s.length() + 1).sum())
        .sum();
  }

  /** As it was written; null of what was written before this was noted. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Provenance of(Map<String, List<String>> sources) {
    return sources.isEmpty() ? NONE : new Provenance(sources);
  }

  /** As a header's value: JSON, in ASCII whatever the fields are called. */
  String text() {
    try {
      return JSON.writeValueAsString(sources);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("names cannot be written", e);
    }
  }

  /**
   * Reads what {@link #text} gave.
   *
   * @throws IllegalArgumentException if it did not
   */
  static Provenance parse(String text) {
    try {
      return of(JSON.readValue(text, new TypeReference<Map<String, List<String>>>() {}));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not what fields are made of", e);
    }
  }

  /** Whether nothing is told of any field. */
  public boolean isNone() {
    return sources.isEmpty();
  }

  /** The fields whose values went into a field, itself apart. */
  public Set<String> of(String field) {
    if (sources.isEmpty()) {
      return Set.of();
    }
    Set<String> all = new TreeSet<>(sources.getOrDefault(field, List.of()));
    all.addAll(sources.getOrDefault(EVERY_FIELD, List.of()));
    return all;
  }

  /** What is true of the records of both. */
  public Provenance or(Provenance other) {
    if (other.isNone() || other.equals(this)) {
      return this;
    }
    if (isNone()) {
      return other;
    }
    Map<String, List<String>> both = new TreeMap<>(sources);
    other.sources.forEach(
        (field, from) ->
            both.merge(
                field,
                from,
                (a, b) -> {
                  Set<String> all = new TreeSet<>(a);
                  all.addAll(b);
                  return List.copyOf(all);
                }));
    return new Provenance(both);
  }

  /** What is true of all of some records. */
  public static Provenance any(Collection<Provenance> each) {
    return each.stream().distinct().reduce(NONE, Provenance::or);
  }
}
