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
import dev.drover.worker.target.Duties;
import dev.drover.worker.target.Ledger;
import dev.drover.worker.target.Preparation;
import dev.drover.worker.target.SystemFailure;
import dev.drover.worker.target.TargetCatalog;
import dev.drover.worker.target.TargetCheck;
import dev.drover.worker.target.TargetRoom;
import dev.drover.worker.target.TargetTable;
import java.sql.Connection;
import java.sql.SQLException;
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
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Plans a chain: follows each table's schema from its extract through the rules to every load, and
 * writes down what does not fit. Used by one thread, once.
 */
final class Planner {
  private final ChainSpec spec;
  private final String migrationUid;
  private final Endpoints endpoints;

  /** The first source table that is upserted into a target, by connection and target. */
  private final Map<String, String> upsertedInto = new HashMap<>();

  private final Set<Finding> findings = new LinkedHashSet<>();
  private final Map<String, Set<String>> tablesAt = new HashMap<>();
  private final Map<String, LoadPromise> promises = new HashMap<>();
  private final Map<Integer, List<String>> deferred = new TreeMap<>();
  private final NewTables newTables;
  private final Lookups lookups;

  Planner(ChainSpec spec, String migrationUid, Endpoints endpoints) {
    this.spec = spec;
    this.migrationUid = migrationUid;
    this.endpoints = endpoints;
    this.newTables = new NewTables(endpoints, findings);
    this.lookups = new Lookups(endpoints, findings);
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
            SourcePlanner.plan(
                endpoints.session(extract.connectionName()), spec.placeOf(extract.name()), extract);
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
    tell();
    return new ChainPlan(
        findings.stream().sorted(Comparator.comparing(Finding::severity)).toList(),
        startable() ? tables : List.of(),
        promises,
        startable() ? newTables.all() : List.of(),
        startable() ? lookups.all() : List.of());
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

  /**
   * Records on their way: the table that they are of, their shape, where each field came from, and
   * which fields a rule computed, with the rule's path.
   */
  private record Arriving(
      TablePlan source, RecordSchema schema, Lineage lineage, Map<String, String> computed) {}

  private void follow(String stage, Arriving arriving) throws SQLException {
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
      throws SQLException {
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

  private void enrich(int index, StageSpec.Enrich stage, Arriving arriving) throws SQLException {
    tablesAt.computeIfAbsent(stage.name(), s -> new HashSet<>()).add(arriving.schema().table());
    Optional<RecordSchema> output = lookups.plan(index, stage, arriving.schema());
    if (output.isPresent()) {
      follow(
          stage.name(),
          new Arriving(arriving.source(), output.get(), arriving.lineage(), arriving.computed()));
    }
  }

  private void check(int index, StageSpec.Load load, Arriving arriving) throws SQLException {
    String path = "spec.stages[" + index + "].load";
    TargetCheck check = new TargetCheck(path, load.mode());
    String target = load.targetOf(arriving.schema().table());
    Connection session = endpoints.session(load.connectionName());
    Optional<TargetTable> table = TargetCatalog.find(session, target);
    if (load.mode() == StageSpec.LoadMode.Upsert) {
      String source = arriving.source().table();
      String first = upsertedInto.putIfAbsent(load.connectionName() + " " + target, source);
      if (first != null && !first.equals(source)) {
        findings.add(check.keyMayRepeat(target, first, source));
      }
    }
    if (table.isPresent()) {
      findings.addAll(check.findings(arriving.schema(), table.get(), arriving.computed()));
      check
          .keyMayRepeat(
              table.get(),
              arriving.schema(),
              arriving.source().key(),
              field -> arriving.lineage().unchanged(field))
          .ifPresent(findings::add);
      if (table.get().access().schemaUsage()) {
        Duties duties = Duties.of(session, path, target, load.indexes());
        findings.addAll(duties.findings());
        deferred.computeIfAbsent(index, i -> new ArrayList<>()).addAll(duties.deferred());
      }
    } else if (load.createTables() == StageSpec.CreateTables.IfMissing) {
      findings.addAll(
          check.findings(
              arriving.schema(), newTable(index, load, target, arriving), arriving.computed()));
    } else {
      findings.add(check.tableNotFound(target));
    }
  }

  private TargetTable newTable(int index, StageSpec.Load load, String target, Arriving arriving)
      throws SQLException {
    StageSpec.Extract extract = (StageSpec.Extract) spec.stage(arriving.source().stage());
    return newTables.plan(
        index,
        load,
        target,
        arriving.schema(),
        arriving.lineage(),
        arriving.source(),
        endpoints.session(extract.connectionName()));
  }

  /** Tells what will be made and dropped, once for each stage. */
  private void tell() {
    if (!startable()) {
      return;
    }
    newTables.tell();
    deferred.forEach(
        (index, titles) -> {
          if (!titles.isEmpty()) {
            findings.add(
                Finding.warning(
                    "IndexesDeferred",
                    "spec.stages[" + index + "].load.indexes",
                    "dropped before the first row and built when all are decided: %s; a record whose parent is missing is loaded, and its foreign key refused at the end"
                        .formatted(shown(titles.stream().distinct().toList()))));
          }
        });
  }

  private void promise(int index, StageSpec.Load load) throws SQLException, SystemFailure {
    if (!startable()) {
      return;
    }
    Ledger ledger = Ledgers.of(load, migrationUid);
    Connection session = endpoints.session(load.connectionName());
    TargetCheck check = new TargetCheck("spec.stages[" + index + "].load", load.mode());
    boolean madeWithTables = newTables.any(index) && mayMakeSchema(session, ledger.schema());
    LoadPromise promise = madeWithTables ? LoadPromise.ExactlyOnce : ledger.promise(session);
    promises.put(load.name(), promise);
    check.ledger(ledger, promise).ifPresent(findings::add);
    if (newTables.any(index) || load.indexes() == StageSpec.Indexes.Defer) {
      Preparation notes = Ledgers.preparation(load, migrationUid);
      if (!madeWithTables && !notes.possible(session)) {
        findings.add(check.notesNotPermitted(notes));
      }
    }
  }

  private static boolean mayMakeSchema(Connection session, String schema) throws SQLException {
    TargetRoom room = new TargetRoom(session);
    return !room.hasSchema(schema) && room.mayCreateIn(schema);
  }
}
