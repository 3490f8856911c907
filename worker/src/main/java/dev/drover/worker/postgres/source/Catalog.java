package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.SourcePlan;
import dev.drover.worker.postgres.types.Attribute;
import dev.drover.worker.postgres.types.Attributes;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds out what a source has of what an extract stage asks for: tables, columns, keys, references
 * and sizes. Reads the server's catalogue only, in one transaction.
 */
public final class Catalog {
  /** With nothing else on the path, the catalogue prints every user's type with its schema. */
  private static final String SETTINGS = "SET LOCAL search_path = pg_catalog";

  private final Connection connection;
  private final String stage;
  private final String path;
  private final List<Finding> findings = new ArrayList<>();

  private Catalog(Connection connection, String stage, String path) {
    this.connection = connection;
    this.stage = stage;
    this.path = path;
  }

  /**
   * The tables that a stage reads, without splits, and what is wrong with them.
   *
   * @param connection to the stage's source, in no transaction
   * @param index the stage's index in {@code spec.stages}, which findings cite
   */
  public static SourcePlan read(Connection connection, int index, StageSpec.Extract stage)
      throws SQLException {
    String path = "spec.stages[" + index + "].extract.tables";
    try (ReadOnlyTransaction transaction = new ReadOnlyTransaction(connection, SETTINGS)) {
      return new Catalog(connection, stage.name(), path).read(stage.tables());
    }
  }

  private SourcePlan read(List<String> entries) throws SQLException {
    Selection selection = Selection.of(path, entries, Relation.all(connection));
    findings.addAll(selection.findings());
    Map<Relation, String> readable = readable(selection.tables());
    refusePartitionsReadTwice(readable);
    List<TablePlan> plans = plans(readable);
    findings.sort(Comparator.comparing(Finding::severity));
    return new SourcePlan(plans, findings);
  }

  private Map<Relation, String> readable(Map<Relation, String> tables) throws SQLException {
    Map<Relation, String> readable = new HashMap<>();
    for (Map.Entry<Relation, String> entry : tables.entrySet()) {
      Relation table = entry.getKey();
      if (!table.readable()) {
        String role = Quote.identifier(role());
        String name = Quote.table(table.name());
        findings.add(
            Finding.error(
                "NoSelectPrivilege",
                entry.getValue(),
                "the role may not read %s: GRANT USAGE ON SCHEMA %s TO %s; GRANT SELECT ON %s TO %s"
                    .formatted(
                        table.name(),
                        Quote.identifier(table.name().substring(0, table.name().indexOf('.'))),
                        role,
                        name,
                        role)));
        continue;
      }
      if (table.filtered()) {
        findings.add(
            Finding.warning(
                "RowSecurity",
                entry.getValue(),
                "row security shows the role only a part of %s; what it hides is not migrated"
                    .formatted(table.name())));
      }
      if (table.inherited()) {
        findings.add(
            Finding.warning(
                "ChildTables",
                entry.getValue(),
                "of %s only its own rows are read; name the tables that inherit from it as well"
                    .formatted(table.name())));
      }
      readable.put(table, entry.getValue());
    }
    return readable;
  }

  private String role() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT current_user")) {
      row.next();
      return row.getString(1);
    }
  }

  private void refusePartitionsReadTwice(Map<Relation, String> tables) throws SQLException {
    Map<Long, Relation> byOid = new HashMap<>();
    tables.keySet().forEach(table -> byOid.put(table.oid(), table));
    for (Relation table : tables.keySet()) {
      if (table.partition()) {
        try (Statement statement = connection.createStatement();
            ResultSet row =
                statement.executeQuery(
                    "SELECT relid::oid::int8 FROM pg_partition_ancestors("
                        + table.oid()
                        + "::oid)")) {
          while (row.next()) {
            Relation ancestor = byOid.get(row.getLong(1));
            if (ancestor != null && !ancestor.equals(table)) {
              findings.add(
                  Finding.error(
                      "ReadTwice",
                      tables.getOrDefault(table, path),
                      "%s is a partition of %s, which is read as well: name only one of them"
                          .formatted(table.name(), ancestor.name())));
            }
          }
        }
      }
    }
  }

  private List<TablePlan> plans(Map<Relation, String> tables) throws SQLException {
    List<Long> oids = tables.keySet().stream().map(Relation::oid).toList();
    Map<Long, List<Attribute>> attributes = Attributes.of(connection, oids);
    Map<Long, List<String>> keys = TableKeys.of(connection, oids, attributes);
    Map<Long, Set<Long>> parents = References.acyclic(References.among(connection, oids));
    Map<Long, String> names = new HashMap<>();
    tables.keySet().forEach(table -> names.put(table.oid(), table.name()));

    List<TablePlan> plans = new ArrayList<>();
    for (Relation table :
        tables.keySet().stream().sorted(Comparator.comparing(Relation::name)).toList()) {
      RecordSchema schema =
          new RecordSchema(
              table.name(),
              attributes.getOrDefault(table.oid(), List.of()).stream()
                  .map(Attribute::column)
                  .toList());
      List<String> key = keys.getOrDefault(table.oid(), List.of());
      if (key.isEmpty()) {
        findings.add(noKey(table, tables.getOrDefault(table, path)));
      }
      List<String> after =
          parents.getOrDefault(table.oid(), Set.of()).stream()
              .map(parent -> names.getOrDefault(parent, ""))
              .sorted()
              .toList();
      TableSql sql = TableSql.of(connection, schema, key);
      long records = TableSize.of(connection, sql, table.name()).records();
      Long file = key.isEmpty() ? TableFile.of(connection, table.name()) : null;
      plans.add(new TablePlan(stage, table.name(), schema, key, after, records, List.of(), file));
    }
    return plans;
  }

  private static Finding noKey(Relation table, String path) {
    return table.kind() == Relation.Kind.PARTITIONED
        ? Finding.error(
            "NoKey",
            path,
            "%s has no primary key, and positions of its rows are told apart only within a partition: name its partitions instead, or add a key"
                .formatted(table.name()))
        : Finding.warning(
            "NoKey",
            path,
            "%s has no key: it is read in physical order, and until that is done its rows must not be updated, nor the table be rewritten (VACUUM FULL, CLUSTER, pg_repack)"
                .formatted(table.name()));
  }
}
