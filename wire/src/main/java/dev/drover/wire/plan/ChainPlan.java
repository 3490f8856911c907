package dev.drover.wire.plan;

import java.util.List;
import java.util.Map;

/**
 * What planning made of a {@link ChainSpec}: the planner writes it into the state bucket and the
 * operator acts on it. With an error among the findings nothing starts.
 *
 * @param findings what the user should know, errors first
 * @param tables how each table is read; empty if there are errors
 * @param loadPromises per load stage, which promise holds for its target
 * @param newTables tables that the targets lack and load stages make; empty if there are errors
 * @param lookups what enrich stages add, by stage and source table; empty if there are errors
 */
public record ChainPlan(
    List<Finding> findings,
    List<TablePlan> tables,
    Map<String, LoadPromise> loadPromises,
    List<NewTable> newTables,
    List<LookupPlan> lookups) {
  @SuppressWarnings("NullAway") // a plan written before these fields were there lacks them
  public ChainPlan {
    findings = List.copyOf(findings);
    tables = List.copyOf(tables);
    loadPromises = Map.copyOf(loadPromises);
    newTables = newTables == null ? List.of() : List.copyOf(newTables);
    lookups = lookups == null ? List.of() : List.copyOf(lookups);
  }

  /** A plan whose targets have every table. */
  public ChainPlan(
      List<Finding> findings, List<TablePlan> tables, Map<String, LoadPromise> loadPromises) {
    this(findings, tables, loadPromises, List.of(), List.of());
  }

  /** This plan with other tables to read and to make. */
  public ChainPlan with(List<TablePlan> otherTables, List<NewTable> otherNewTables) {
    return new ChainPlan(findings, otherTables, loadPromises, otherNewTables, lookups);
  }

  /** The tables whose records arrive at a stage: those that the extract at its head reads. */
  public List<TablePlan> arrivingAt(ChainSpec spec, String stage) {
    String head = stage;
    for (String from = spec.stage(head).from(); from != null; from = spec.stage(head).from()) {
      head = from;
    }
    String extract = head;
    return tables.stream().filter(t -> t.stage().equals(extract)).toList();
  }

  /** The tables that a load stage makes. */
  public List<NewTable> newTablesOf(String stage) {
    return newTables.stream().filter(t -> t.stage().equals(stage)).toList();
  }

  /** Whether the migration can start. */
  @com.fasterxml.jackson.annotation.JsonIgnore
  public boolean startable() {
    return findings.stream().noneMatch(f -> f.severity() == Finding.Severity.Error);
  }

  /** What a load stage can promise about records that arrive twice. */
  public enum LoadPromise {
    /** A ledger in the target makes each batch count once, whatever is redelivered. */
    ExactlyOnce,
    /** No permission for a ledger: a repeated batch writes the same rows again by their key. */
    UpsertOnly
  }
}
