package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.NewTable.NewColumn;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.Arriving;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.database.TableDetails;
import dev.drover.worker.database.TargetPlanner;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The tables that targets lack and load stages will make, planned from what arrives. Used by one
 * thread, once.
 */
final class NewTables {
  private static final int SHOWN = 20;

  private final Connection session;
  private final Map<String, NewTable> known = new HashMap<>();
  private final Map<Integer, Map<String, NewTable>> byStage = new TreeMap<>();

  /** Tables at the database of a session. */
  NewTables(Connection session) {
    this.session = session;
  }

  /** All of them. */
  List<NewTable> all() {
    return byStage.values().stream().flatMap(tables -> tables.values().stream()).toList();
  }

  /** Whether a stage makes any. */
  boolean any(int stage) {
    return byStage.containsKey(stage);
  }

  /** One finding a stage tells which tables it will make. */
  List<Finding> tell() {
    List<Finding> findings = new ArrayList<>();
    byStage.forEach(
        (index, tables) -> {
          String names =
              tables.values().stream()
                  .limit(SHOWN)
                  .map(NewTables::shown)
                  .collect(Collectors.joining(", "));
          findings.add(
              Finding.warning(
                  "TablesMissing",
                  path(index) + ".createTables",
                  "the target lacks %d tables, which are made before their first row: %s%s; with columns, not null, key, identity and simple defaults of their sources, without foreign keys, checks, secondary indexes, triggers and grants"
                      .formatted(tables.size(), names, tables.size() > SHOWN ? ", …" : "")));
        });
    return findings;
  }

  private static String shown(NewTable table) {
    return table.table()
        + (table.key().isEmpty() ? "" : " (key " + String.join(", ", table.key()) + ")");
  }

  private static String path(int stage) {
    return "spec.stages[" + stage + "].load";
  }

  /**
   * A table that is missing, as it will be.
   *
   * @param index the load stage's index in {@code spec.stages}
   * @param arriving what arrives
   * @param sources knows more of the table that it is of
   * @param findings receives what speaks against the table, and what is worth knowing of it
   */
  TargetTable plan(
      int index,
      StageSpec.Load load,
      Arriving arriving,
      TargetPlanner.Sources sources,
      Collection<Finding> findings)
      throws SQLException, SystemFailure {
    RecordSchema records = arriving.schema();
    String target = load.targetOf(records.table());
    TargetRoom room = new TargetRoom(session);
    NewTable table = known.get(target);
    if (table == null) {
      TableDetails details = sources.of(arriving.source().table());
      table = new NewTableDesign(path(index), load, target, room, details, findings).of(arriving);
      known.put(target, table);
    }
    byStage.computeIfAbsent(index, i -> new TreeMap<>()).putIfAbsent(target, table.of(load.name()));
    return asTarget(table, records, room.temporaryTables());
  }

  /** What the catalogue would say of it if it were there. */
  private static TargetTable asTarget(NewTable table, RecordSchema records, boolean temporary) {
    int dot = table.table().indexOf('.');
    List<TargetColumn> columns =
        table.columns().stream()
            .map(
                c ->
                    new TargetColumn(
                        c.name(),
                        type(records, c),
                        c.type(),
                        c.type(),
                        c.nullable(),
                        c.identity() != null || c.defaultTo() != null,
                        c.identity() == NewTable.Identity.Always
                            ? TargetColumn.Filling.IdentityAlways
                            : TargetColumn.Filling.Open,
                        new TargetColumn.Grants(true, true, true)))
            .toList();
    return new TargetTable(
        table.table().substring(0, dot),
        table.table().substring(dot + 1),
        TargetTable.Kind.Table,
        columns,
        table.key().isEmpty() ? List.of() : List.of(table.key()),
        List.of(),
        TargetTable.Hooks.NONE,
        new TargetTable.Access(true, temporary, false));
  }

  private static ColumnType type(RecordSchema records, NewColumn column) {
    return records.indexOf(column.name()).isPresent()
        ? records.columns().get(records.indexOf(column.name()).orElseThrow()).type()
        : ColumnType.OTHER;
  }
}
