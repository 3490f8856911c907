package dev.drover.worker.database;

import dev.drover.wire.plan.Step;
import dev.drover.wire.plan.TablePattern;
import dev.drover.wire.schema.RecordSchema;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where each field of a record came from, followed through the steps of transforms. Pure and
 * immutable.
 *
 * @param fields each field that goes back to a column of the source, by its name now
 */
public record Lineage(Map<String, Origin> fields) {
  public Lineage {
    fields = Map.copyOf(fields);
  }

  /**
   * What a field was.
   *
   * @param column its column at the source
   * @param computed whether a rule has set it since
   */
  public record Origin(String column, boolean computed) {}

  /** Records as they are read. */
  public static Lineage of(RecordSchema schema) {
    Map<String, Origin> fields = new HashMap<>();
    schema.columnNames().forEach(name -> fields.put(name, new Origin(name, false)));
    return new Lineage(fields);
  }

  /** The records of a source table after some steps. */
  public Lineage after(List<Step> steps, String table) {
    Map<String, Origin> next = new HashMap<>(fields);
    for (Step step : steps) {
      if (TablePattern.anyMatches(step.tables(), table)) {
        step.set().forEach(s -> next.computeIfPresent(s.field(), (f, o) -> computed(o)));
        step.rename().forEach(r -> rename(next, r));
        step.remove().forEach(next::remove);
      }
    }
    return new Lineage(next);
  }

  private static Origin computed(Origin origin) {
    return new Origin(origin.column(), true);
  }

  private static void rename(Map<String, Origin> fields, Step.Rename rename) {
    Origin origin = fields.remove(rename.from());
    if (origin != null) {
      fields.put(rename.to(), origin);
    }
  }

  /** The field that a source column became, if it is still there. */
  public Optional<String> fieldOf(String column) {
    return fields.entrySet().stream()
        .filter(f -> f.getValue().column().equals(column))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /** The source column whose values a field holds unchanged, if there is one. */
  public Optional<String> unchanged(String field) {
    return Optional.ofNullable(fields.get(field)).filter(o -> !o.computed()).map(Origin::column);
  }
}
