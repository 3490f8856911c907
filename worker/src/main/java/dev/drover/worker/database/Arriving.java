package dev.drover.worker.database;

import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.RecordSchema;
import java.util.Map;

/**
 * Records on their way from a source table, as a plan follows them.
 *
 * @param source the table that they are of
 * @param schema their shape now
 * @param lineage where each field came from
 * @param computed fields that a rule computed, each with the rule's path, such as {@code
 *     spec.stages[1].transform.steps[2].set[0].to}
 */
public record Arriving(
    TablePlan source, RecordSchema schema, Lineage lineage, Map<String, String> computed) {
  public Arriving {
    computed = Map.copyOf(computed);
  }
}
