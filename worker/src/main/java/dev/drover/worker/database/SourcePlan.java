package dev.drover.worker.database;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.TablePlan;
import java.util.List;

/**
 * What planning found at the source of one extract stage.
 *
 * @param tables how each table is read, in the order of their names; those with an error left out
 * @param findings what the user should know, errors first
 */
public record SourcePlan(List<TablePlan> tables, List<Finding> findings) {
  public SourcePlan {
    tables = List.copyOf(tables);
    findings = List.copyOf(findings);
  }

  /** Whether there is something that keeps the stage from starting. */
  public boolean hasErrors() {
    return findings.stream().anyMatch(f -> f.severity() == Finding.Severity.Error);
  }
}
