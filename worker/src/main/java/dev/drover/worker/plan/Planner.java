package dev.drover.worker.plan;

import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePattern;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.Arriving;
import dev.drover.worker.database.Lineage;
import dev.drover.worker.database.SourcePlan;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.database.TargetPlanner;
import dev.drover.worker.rules.RuleCompiler;
import java.util.ArrayList;
import java.util.Collection;
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
  private final PlanningSessions sessions;

  /** The first source table that is upserted into a target, by connection and target. */
  private final Map<String, String> upsertedInto = new HashMap<>();

  private final Set<Finding> findings = new LinkedHashSet<>();
  private final Map<String, Set<String>> tablesAt = new HashMap<>();
  private final Map<String, LoadPromise> promises = new HashMap<>();
  private final Lookups lookups;

  Planner(ChainSpec spec, String migrationUid, PlanningSessions sessions) {
    this.spec = spec;
    this.migrationUid = migrationUid;
    this.sessions = sessions;
    this.lookups = new Lookups(sessions, findings);
  }

  /**
   * The plan.
   *
   * @throws SystemFailure if a database is away
   */
  ChainPlan plan() throws SystemFailure {
    List<TablePlan> tables = new ArrayList<>();
    for (int i = 0; i < spec.stages().size(); i++) {
      if (spec.stages().get(i) instanceof StageSpec.Extract extract) {
        SourcePlan source =
            sessions.of(extract.connectionName()).source(spec.placeOf(extract.name()), extract);
        findings.addAll(source.findings());
        for (TablePlan table : source.tables()) {
          tables.add(table);
          follow(
              extract.name(),
              new Arriving(table, table.schema(), Lineage.of(table.schema()), Map.of()));
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
    if (startable()) {
      sessions.all().forEach(session -> findings.addAll(session.target().undertakings()));
    }
    return new ChainPlan(
        findings.stream().sorted(Comparator.comparing(Finding::severity)).toList(),
        startable() ? tables : List.of(),
        promises,
        startable() ? newTables() : List.of(),
        startable() ? lookups.all() : List.of());
  }

  private List<NewTable> newTables() {
    return sessions.all().stream().flatMap(s -> s.target().newTables().stream()).toList();
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
      String path = "spec.stages[" + spec.placeOf(spec.stages().get(i).name()) + "].";
      switch (spec.stages().get(i)) {
        case StageSpec.Transform transform -> {
          for (int s = 0; s < transform.steps().size(); s++) {
            String step = path + "transform.steps[" + s + "].tables";
            refusePatternsForNothing(transform.name(), transform.steps().get(s).tables(), step);
          }
        }
        case StageSpec.Enrich enrich ->
            refusePatternsForNothing(enrich.name(), enrich.tables(), path + "enrich.tables");
        case StageSpec.Extract extract -> {}
        case StageSpec.Load load -> {}
      }
    }
  }

  private void refusePatternsForNothing(String stage, List<String> patterns, String path) {
    Set<String> tables = tablesAt.getOrDefault(stage, Set.of());
    for (int p = 0; p < patterns.size(); p++) {
      if (tables.stream().noneMatch(TablePattern.of(patterns.get(p))::matches)) {
        findings.add(
            Finding.error(
                "StepMatchesNoTable",
                path + "[" + p + "]",
                "no table that reaches this stage matches %s: write one of %s, with the source's schema, or take it out"
                    .formatted(patterns.get(p), shown(tables))));
      }
    }
  }

  private static String shown(Collection<String> tables) {
    String some = tables.stream().sorted().limit(5).collect(Collectors.joining(", "));
    return tables.size() > 5 ? some + ", …" : some;
  }

  private void follow(String stage, Arriving arriving) throws SystemFailure {
    for (StageSpec next : spec.consumersOf(stage)) {
      int index = spec.placeOf(next.name());
      switch (next) {
        case StageSpec.Transform transform -> transform(index, transform, arriving);
        case StageSpec.Enrich enrich -> enrich(index, enrich, arriving);
        case StageSpec.Load load -> check(index, load, arriving);
        case StageSpec.Extract extract ->
            throw new IllegalStateException("an extract reads no queue: " + extract.name());
      }
    }
  }

  private void transform(int index, StageSpec.Transform stage, Arriving arriving)
      throws SystemFailure {
    String path = "spec.stages[" + index + "].transform";
    tablesAt.computeIfAbsent(stage.name(), s -> new HashSet<>()).add(arriving.schema().table());
    switch (RuleCompiler.compile(stage.steps(), arriving.schema(), path)) {
      case RuleCompiler.Result.Refused refused -> findings.addAll(refused.findings());
      case RuleCompiler.Result.Compiled compiled -> {
        Map<String, String> computed = new HashMap<>(arriving.computed());
        computed.putAll(compiled.rules().computed());
        Lineage lineage = arriving.lineage().after(stage.steps(), arriving.schema().table());
        follow(
            stage.name(),
            new Arriving(arriving.source(), compiled.rules().output(), lineage, computed));
      }
    }
  }

  private void enrich(int index, StageSpec.Enrich stage, Arriving arriving) throws SystemFailure {
    tablesAt.computeIfAbsent(stage.name(), s -> new HashSet<>()).add(arriving.schema().table());
    Optional<RecordSchema> output = lookups.plan(index, stage, arriving.schema());
    if (output.isPresent()) {
      follow(
          stage.name(),
          new Arriving(arriving.source(), output.get(), arriving.lineage(), arriving.computed()));
    }
  }

  private void check(int index, StageSpec.Load load, Arriving arriving) throws SystemFailure {
    if (load.mode() == StageSpec.LoadMode.Upsert) {
      warnOfTwoSources(index, load, arriving);
    }
    StageSpec.Extract extract = (StageSpec.Extract) spec.stage(arriving.source().stage());
    findings.addAll(
        sessions
            .of(load.connectionName())
            .target()
            .check(
                index,
                load,
                arriving,
                table -> sessions.of(extract.connectionName()).details(table)));
  }

  private void warnOfTwoSources(int index, StageSpec.Load load, Arriving arriving) {
    String target = load.targetOf(arriving.schema().table());
    String source = arriving.source().table();
    String first = upsertedInto.putIfAbsent(load.connectionName() + " " + target, source);
    if (first != null && !first.equals(source)) {
      findings.add(
          Finding.warning(
              "KeyMayRepeat",
              "spec.stages[" + index + "].load",
              "%s and %s are both loaded into table %s: of records of one key the last one written wins, and all count as loaded; with mode: Insert the others fail"
                  .formatted(first, source, target)));
    }
  }

  private void promise(int index, StageSpec.Load load) throws SystemFailure {
    if (!startable()) {
      return;
    }
    TargetPlanner.Promised promised =
        sessions.of(load.connectionName()).target().promise(index, load, migrationUid);
    promises.put(load.name(), promised.promise());
    findings.addAll(promised.findings());
  }
}
