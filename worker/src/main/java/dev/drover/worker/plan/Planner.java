package dev.drover.worker.plan;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePattern;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.rules.RuleCompiler;
import dev.drover.worker.source.SourcePlan;
import dev.drover.worker.source.SourcePlanner;
import dev.drover.worker.target.Ledger;
import dev.drover.worker.target.SystemFailure;
import dev.drover.worker.target.TargetCatalog;
import dev.drover.worker.target.TargetCheck;
import dev.drover.worker.target.TargetTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Plans a chain: follows each table's schema from its extract through the rules to every load, and
 * writes down what does not fit. Used by one thread, once.
 */
final class Planner {
  private final ChainSpec spec;
  private final String migrationUid;
  private final Endpoints endpoints;
  private final Set<Finding> findings = new LinkedHashSet<>();
  private final Map<String, Set<String>> tablesAt = new HashMap<>();
  private final Map<String, LoadPromise> promises = new HashMap<>();

  Planner(ChainSpec spec, String migrationUid, Endpoints endpoints) {
    this.spec = spec;
    this.migrationUid = migrationUid;
    this.endpoints = endpoints;
  }

  /**
   * The plan.
   *
   * @throws SQLException if a database is away
   * @throws SystemFailure if a target is away
   */
  ChainPlan plan() throws SQLException, SystemFailure {
    List<TablePlan> tables = new ArrayList<>();
    for (int i = 0; i < spec.stages().size(); i++) {
      if (spec.stages().get(i) instanceof StageSpec.Extract extract) {
        SourcePlan source =
            SourcePlanner.plan(endpoints.session(extract.connectionName()), i, extract);
        findings.addAll(source.findings());
        for (TablePlan table : source.tables()) {
          tables.add(table);
          follow(extract.name(), new Arriving(table.schema(), Map.of()));
        }
      }
    }
    if (startable()) {
      refuseStepsForNothing();
    }
    for (int i = 0; i < spec.stages().size(); i++) {
      if (spec.stages().get(i) instanceof StageSpec.Load load) {
        promise(i, load);
      }
    }
    return new ChainPlan(
        findings.stream().sorted(Comparator.comparing(Finding::severity)).toList(),
        startable() ? tables : List.of(),
        promises);
  }

  private boolean startable() {
    return findings.stream().noneMatch(f -> f.severity() == Finding.Severity.Error);
  }

  /**
   * A step that names a table which never comes would silently judge nothing: most likely the name
   * is misspelt, and records that it should keep out would be loaded.
   */
  private void refuseStepsForNothing() {
    for (int i = 0; i < spec.stages().size(); i++) {
      if (spec.stages().get(i) instanceof StageSpec.Transform transform) {
        Set<String> tables = tablesAt.getOrDefault(transform.name(), Set.of());
        for (int s = 0; s < transform.steps().size(); s++) {
          List<String> patterns = transform.steps().get(s).tables();
          for (int p = 0; p < patterns.size(); p++) {
            if (tables.stream().noneMatch(TablePattern.of(patterns.get(p))::matches)) {
              findings.add(
                  Finding.error(
                      "StepMatchesNoTable",
                      "spec.stages[%d].transform.steps[%d].tables[%d]".formatted(i, s, p),
                      "no table that reaches this stage matches %s: write one of %s, with the source's schema, or take it out"
                          .formatted(patterns.get(p), shown(tables))));
            }
          }
        }
      }
    }
  }

  private static String shown(Set<String> tables) {
    String some = tables.stream().sorted().limit(5).collect(Collectors.joining(", "));
    return tables.size() > 5 ? some + ", …" : some;
  }

  /** Records on their way: their shape, and which fields a rule computed, with the rule's path. */
  private record Arriving(RecordSchema schema, Map<String, String> computed) {}

  private void follow(String stage, Arriving arriving) throws SQLException {
    for (StageSpec next : spec.consumersOf(stage)) {
      int index = spec.indexOf(next.name());
      switch (next) {
        case StageSpec.Transform transform -> transform(index, transform, arriving);
        case StageSpec.Load load -> check(index, load, arriving);
        case StageSpec.Extract extract ->
            throw new IllegalStateException("an extract reads no queue: " + extract.name());
      }
    }
  }

  private void transform(int index, StageSpec.Transform stage, Arriving arriving)
      throws SQLException {
    String path = "spec.stages[" + index + "].transform";
    tablesAt.computeIfAbsent(stage.name(), s -> new HashSet<>()).add(arriving.schema().table());
    switch (RuleCompiler.compile(stage.steps(), arriving.schema(), path)) {
      case RuleCompiler.Result.Refused refused -> findings.addAll(refused.findings());
      case RuleCompiler.Result.Compiled compiled -> {
        Map<String, String> computed = new HashMap<>(arriving.computed());
        computed.putAll(compiled.rules().computed());
        follow(stage.name(), new Arriving(compiled.rules().output(), computed));
      }
    }
  }

  private void check(int index, StageSpec.Load load, Arriving arriving) throws SQLException {
    TargetCheck check = new TargetCheck("spec.stages[" + index + "].load", load.mode());
    String target = load.targetOf(arriving.schema().table());
    Optional<TargetTable> table =
        TargetCatalog.find(endpoints.session(load.connectionName()), target);
    if (table.isEmpty()) {
      findings.add(check.tableNotFound(target));
    } else {
      findings.addAll(check.findings(arriving.schema(), table.get(), arriving.computed()));
    }
  }

  private void promise(int index, StageSpec.Load load) throws SQLException, SystemFailure {
    if (!startable()) {
      return; // nothing starts, so nothing is created
    }
    Ledger ledger = Ledgers.of(load, migrationUid);
    Connection session = endpoints.session(load.connectionName());
    LoadPromise promise = ledger.ensure(session);
    promises.put(load.name(), promise);
    new TargetCheck("spec.stages[" + index + "].load", load.mode())
        .ledger(ledger, promise)
        .ifPresent(findings::add);
  }
}
