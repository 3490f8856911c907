package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.NewTable;
import dev.drover.wire.plan.NewTable.NewColumn;
import dev.drover.wire.plan.NewTable.NewEnum;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.Arriving;
import dev.drover.worker.database.Lineage;
import dev.drover.worker.database.TableDetails;
import dev.drover.worker.postgres.types.Quote;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Draws up one table that a target lacks: the columns that arrive, with what their source knows of
 * them as far as it means the same at the target. Used by one thread, once.
 */
final class NewTableDesign {
  private final String path;
  private final StageSpec.Load load;
  private final String target;
  private final TargetRoom room;
  private final TableDetails details;
  private final Collection<Finding> findings;
  private final Map<String, NewEnum> enums = new TreeMap<>();
  private final Set<String> schemas = new HashSet<>();

  NewTableDesign(
      String path,
      StageSpec.Load load,
      String target,
      TargetRoom room,
      TableDetails details,
      Collection<Finding> findings) {
    this.path = path + ".createTables";
    this.load = load;
    this.target = target;
    this.room = room;
    this.details = details;
    this.findings = findings;
  }

  NewTable of(Arriving arriving) throws SQLException {
    RecordSchema records = arriving.schema();
    Lineage lineage = arriving.lineage();
    TablePlan source = arriving.source();
    List<String> key = new ArrayList<>();
    for (String column : source.key()) {
      lineage.fieldOf(column).ifPresent(key::add);
    }
    if (key.size() < source.key().size()) {
      key.clear();
    }
    schemas.add(target.substring(0, target.indexOf('.')));
    List<NewColumn> columns = new ArrayList<>();
    for (Column column : records.columns()) {
      columns.add(column(column, records.table(), lineage, key));
    }
    for (String schema : schemas) {
      if (!room.mayCreateIn(schema)) {
        refuse(
            "MayNotCreate",
            room.hasSchema(schema)
                ? "grant CREATE on schema " + schema
                : "create schema " + schema + ", or grant CREATE on the database",
            "the login may not make table " + target);
      }
    }
    boolean primary = source.key().equals(details.primaryKey());
    return new NewTable(load.name(), target, columns, key, primary, List.copyOf(enums.values()));
  }

  private NewColumn column(Column column, String table, Lineage lineage, List<String> key)
      throws SQLException {
    String type = type(column, table);
    Optional<TableDetails.Details> origin =
        lineage.unchanged(column.name()).map(details.columns()::get);
    NewTable.Identity identity = origin.map(TableDetails.Details::identity).orElse(null);
    String defaultTo = origin.map(TableDetails.Details::defaultTo).orElse(null);
    boolean portable = origin.map(TableDetails.Details::portable).orElse(true);
    if (defaultTo != null && (!portable || !type.equals(column.nativeType()))) {
      note(
          "DefaultNotCarriedOver",
          "column %s.%s is made without the default of its source, which uses what only the source has: set it at the target if it is needed"
              .formatted(target, column.name()));
      defaultTo = null;
    }
    if (origin.map(TableDetails.Details::generated).orElse(false)) {
      note(
          "GeneratedColumn",
          "column %1$s.%2$s is computed at the source and is made as a plain column that holds the values: to have it computed, create the table before and remove the field in a transform (remove: [%2$s])"
              .formatted(target, column.name()));
    }
    boolean nullable = column.nullable() && !key.contains(column.name()) && identity == null;
    return new NewColumn(column.name(), type, nullable, identity, defaultTo);
  }

  /** The column's type by its name at the target. */
  private String type(Column column, String table) throws SQLException {
    String natively = column.nativeType();
    boolean array = natively.endsWith("[]");
    String element = array ? natively.substring(0, natively.length() - 2) : natively;
    NewEnum known = details.enums().get(element);
    if (known == null) {
      if (!room.hasType(natively)) {
        refuse(
            "TypeMissing",
            "create it there (CREATE EXTENSION, CREATE DOMAIN, CREATE TYPE), or compute or remove the column in a transform",
            "the target lacks type %s of column %s.%s".formatted(natively, table, column.name()));
      }
      return natively;
    }
    String from = table.substring(0, table.indexOf('.'));
    NewEnum here =
        load.schema() != null && known.schema().equals(from)
            ? new NewEnum(load.schema(), known.name(), known.labels())
            : known;
    String name =
        here.equals(known)
            ? element
            : Quote.identifier(here.schema()) + "." + Quote.identifier(here.name());
    if (!room.hasType(name)) {
      enums.put(name, here);
      schemas.add(here.schema());
    }
    return name + (array ? "[]" : "");
  }

  private void refuse(String reason, String remedy, String what) {
    findings.add(Finding.error(reason, path, what + ": " + remedy));
  }

  private void note(String reason, String message) {
    findings.add(Finding.warning(reason, path, message));
  }
}
