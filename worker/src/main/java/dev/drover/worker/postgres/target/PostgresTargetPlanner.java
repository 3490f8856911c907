package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.StageSpec;
import dev.drover.worker.database.Arriving;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.database.TargetPlanner;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What load stages would meet at a PostgreSQL database. */
public final class PostgresTargetPlanner implements TargetPlanner {
  private static final int SHOWN = 5;

  private final Connection session;
  private final NewTables newTables;

  /** What is dropped for each stage, by its index. */
  private final Map<Integer, Set<String>> deferred = new TreeMap<>();

  /** Asks over a session of the login that will load. */
  public PostgresTargetPlanner(Connection session) {
    this.session = session;
    this.newTables = new NewTables(session);
  }

  @Override
  public List<Finding> check(int place, StageSpec.Load stage, Arriving arriving, Sources sources)
      throws SystemFailure {
    try {
      return found(place, stage, arriving, sources);
    } catch (SQLException e) {
      throw TargetFailure.of("looking at the target", e);
    }
  }

  private List<Finding> found(int place, StageSpec.Load stage, Arriving arriving, Sources sources)
      throws SQLException, SystemFailure {
    List<Finding> findings = new ArrayList<>();
    TargetCheck check = check(place, stage);
    String target = stage.targetOf(arriving.schema().table());
    Optional<TargetTable> table = TargetCatalog.find(session, target);
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
        Duties duties = Duties.of(session, check.path(), target, stage.indexes());
        findings.addAll(duties.findings());
        deferred.computeIfAbsent(place, i -> new LinkedHashSet<>()).addAll(duties.deferred());
      }
    } else if (stage.createTables() == StageSpec.CreateTables.IfMissing) {
      TargetTable made = newTables.plan(place, stage, arriving, sources, findings);
      findings.addAll(check.findings(arriving.schema(), made, arriving.computed()));
    } else {
      findings.add(check.tableNotFound(target));
    }
    return findings;
  }

  private static TargetCheck check(int place, StageSpec.Load stage) {
    return new TargetCheck("spec.stages[" + place + "].load", stage.mode());
  }

  @Override
  public Promised promise(int place, StageSpec.Load stage, String migrationUid)
      throws SystemFailure {
    try {
      return promised(place, stage, migrationUid);
    } catch (SQLException e) {
      throw TargetFailure.of("looking for the ledger", e);
    }
  }

  private Promised promised(int place, StageSpec.Load stage, String migrationUid)
      throws SQLException, SystemFailure {
    List<Finding> findings = new ArrayList<>();
    TargetCheck check = check(place, stage);
    Ledger ledger = Ledgers.of(stage, migrationUid);
    boolean makes = newTables.any(place);
    boolean madeWithTables = makes && mayMakeSchema(ledger.schema());
    LoadPromise promise = madeWithTables ? LoadPromise.ExactlyOnce : ledger.promise(session);
    check.ledger(ledger, promise).ifPresent(findings::add);
    if (makes || stage.indexes() == StageSpec.Indexes.Defer) {
      Preparation notes = Ledgers.preparation(stage, migrationUid);
      if (!madeWithTables && !notes.possible(session)) {
        findings.add(check.notesNotPermitted(notes));
      }
    }
    return new Promised(promise, findings);
  }

  private boolean mayMakeSchema(String schema) throws SQLException {
    TargetRoom room = new TargetRoom(session);
    return !room.hasSchema(schema) && room.mayCreateIn(schema);
  }

  @Override
  public List<NewTable> newTables() {
    return newTables.all();
  }

  @Override
  public List<Finding> undertakings() {
    List<Finding> findings = new ArrayList<>(newTables.tell());
    deferred.forEach(
        (place, titles) -> {
          if (!titles.isEmpty()) {
            findings.add(
                Finding.warning(
                    "IndexesDeferred",
                    "spec.stages[" + place + "].load.indexes",
                    "dropped before the first row and built when all are decided: %s; a record whose parent is missing is loaded, and its foreign key refused at the end"
                        .formatted(shown(titles))));
          }
        });
    return findings;
  }

  private static String shown(Set<String> titles) {
    String some = titles.stream().sorted().limit(SHOWN).collect(Collectors.joining(", "));
    return titles.size() > SHOWN ? some + ", …" : some;
  }
}
