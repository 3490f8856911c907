package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.NativeType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.postgres.target.TargetColumn.Filling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether the records that arrive at a load stage fit their table, found out before any moves. Pure
 * and thread-safe.
 *
 * @param path the stage's path in the resource, such as {@code spec.stages[2].load}
 * @param mode how rows are written
 */
public record TargetCheck(String path, LoadMode mode) {

  /** What to find when the target has no table of a name. */
  public Finding tableNotFound(String table) {
    return Finding.error(
        "TargetTableNotFound",
        path,
        "there is no table %s at the target: create it, or map the source table to another one (tables: [{from: …, to: …}])"
            .formatted(table));
  }

  /**
   * What to find about the stage's ledger, if anything: without one, a batch that is delivered
   * again can only be written again by its key.
   */
  public Optional<Finding> ledger(Ledger ledger, LoadPromise promise) {
    if (promise == LoadPromise.ExactlyOnce) {
      return Optional.empty();
    }
    String grant =
        "allow the login to create table %s, or create it and grant SELECT, INSERT and UPDATE on it"
            .formatted(ledger.displayName());
    return Optional.of(
        mode == LoadMode.Insert
            ? Finding.error(
                "LedgerNotPermitted",
                path,
                "mode: Insert needs a ledger at the target: " + grant + ", or use mode: Upsert")
            : Finding.warning(
                "LedgerNotPermitted",
                path,
                "without a ledger at the target a repeated batch overwrites its rows by their key: "
                    + grant));
  }

  /** What to find when the stage may not note what it makes and drops. */
  public Finding notesNotPermitted(Preparation notes) {
    return Finding.error(
        "PreparationNotPermitted",
        path,
        "createTables: IfMissing and indexes: Defer note what they do at the target: allow the login to create table %s, or create it and grant SELECT, INSERT and UPDATE on it"
            .formatted(notes.displayName()));
  }

  /**
   * What does not fit.
   *
   * @param records the records that arrive
   * @param table the table that they are for
   * @param computed fields that a rule computes, each with the rule's path, such as {@code
   *     spec.stages[1].transform.steps[2].set[0].to}
   */
  public List<Finding> findings(
      RecordSchema records, TargetTable table, Map<String, String> computed) {
    List<Finding> findings = new ArrayList<>();
    if (table.kind() == TargetTable.Kind.View) {
      add(findings, "TargetNotWritable", "%s is a view: load into a table", table.displayName());
      return findings;
    }
    if (table.kind() == TargetTable.Kind.Unlogged) {
      add(
          findings,
          "TargetUnlogged",
          "table %s, or a partition of it, is UNLOGGED: a crash of the server would empty it, and what was loaded does not come again: ALTER TABLE … SET LOGGED",
          table.displayName());
    } else if (table.kind() == TargetTable.Kind.Foreign) {
      findings.add(
          Finding.warning(
              "NotExactlyOnce",
              path,
              "table %s, or a partition of it, is a foreign table, whose server commits before this one: a crash in between writes a batch twice; load into that server itself"
                  .formatted(table.displayName())));
    }
    List<TargetColumn> written = new ArrayList<>();
    for (Column field : records.columns()) {
      Optional<TargetColumn> column = table.column(field.name());
      if (column.isEmpty()) {
        add(
            findings,
            "TargetColumnMissing",
            "the record has column %1$s, table %2$s has not: remove it in a transform (remove: [%1$s]) or add it",
            field.name(),
            table.displayName());
      } else if (column.get().filling() == Filling.Computed) {
        add(
            findings,
            "ColumnNotWritable",
            "column %1$s of table %2$s is generated from other columns: remove it in a transform (remove: [%1$s])",
            field.name(),
            table.displayName());
      } else {
        written.add(column.get());
        type(field, column.get(), table, computed.get(field.name()), findings);
      }
    }
    required(records, table, findings);
    hooks(table, findings);
    Optional<List<String>> key =
        mode == LoadMode.Upsert ? key(records, table, findings) : Optional.empty();
    if (key.isPresent()) {
      fixedIdentities(written, key.get(), table, findings);
    }
    access(table, written, key.orElse(List.of()), findings);
    return findings;
  }

  private void hooks(TargetTable table, List<Finding> findings) {
    if (mode == LoadMode.Upsert && table.hooks().rules()) {
      add(
          findings,
          "TargetHasRules",
          "table %s has rules for INSERT or UPDATE, with which there is no ON CONFLICT: drop them, or use mode: Insert",
          table.displayName());
    }
    if (!table.hooks().droppers().isEmpty()) {
      findings.add(
          Finding.warning(
              "RowsMayBeKeptOut",
              path,
              "table %s has a trigger whose function returns NULL for some rows (%s): these count as loaded and are not there. Where that is not meant, disable it meanwhile, or leave such records out in a transform (filter), which is counted"
                  .formatted(table.displayName(), String.join(", ", table.hooks().droppers()))));
    }
  }

  /** Such a column may be given a value at insertion, and no other afterwards. */
  private void fixedIdentities(
      List<TargetColumn> written, List<String> key, TargetTable table, List<Finding> findings) {
    for (TargetColumn column : written) {
      if (column.filling() == Filling.IdentityAlways && !key.contains(column.name())) {
        add(
            findings,
            "ColumnNotWritable",
            "column %1$s of table %2$s is GENERATED ALWAYS AS IDENTITY and not in the key (%3$s): a row that exists would keep its own value: remove it in a transform (remove: [%1$s]), or ALTER it to GENERATED BY DEFAULT",
            column.name(),
            table.displayName(),
            String.join(", ", key));
      }
    }
  }

  private void type(
      Column field,
      TargetColumn column,
      TargetTable table,
      @Nullable String rule,
      List<Finding> to) {
    String where = table.displayName() + "." + column.name();
    if (rule != null && !Conversions.computedFits(field.type(), column.type())) {
      String message =
          "gives %s, but column %s is %s: write %s(…)"
              .formatted(
                  Conversions.ruleType(field.type()),
                  where,
                  column.nativeType(),
                  Conversions.ruleType(column.type()));
      to.add(Finding.error("TypeMismatch", rule, message));
    } else if (rule == null && !Conversions.possible(field.type(), column.type())) {
      add(
          to,
          "TypeMismatch",
          "column %s arrives as %s, but column %s is %s: compute it in a transform (set) or remove it",
          field.name(),
          field.nativeType(),
          where,
          column.nativeType());
    } else if (ExactFit.of(field, column) instanceof Fit.Lossy) {
      add(
          to,
          "TypeMismatch",
          "column %s arrives as %s, and column %s of type %s may cut it with nobody seeing which value: give the column a type that holds all of it, such as text, or remove the field in a transform (remove)",
          field.name(),
          field.nativeType(),
          where,
          column.nativeType());
    } else if (rule == null && Conversions.crossesZones(field.type(), column.type())) {
      to.add(
          Finding.warning(
              "TimeZoneAssumed",
              path,
              "column %s arrives as %s, but column %s is %s: the clock is taken to be that of UTC; compute it in a transform (set) for another zone"
                  .formatted(field.name(), field.nativeType(), where, column.nativeType())));
    }
  }

  private void required(RecordSchema records, TargetTable table, List<Finding> findings) {
    for (TargetColumn column : table.columns()) {
      if (!column.nullable() && !column.hasDefault() && records.indexOf(column.name()).isEmpty()) {
        add(
            findings,
            "RequiredColumnUnset",
            "column %1$s of table %2$s must not be null and has no default, and the record does not bring it: set it in a transform (set: [{field: %1$s, to: …}]) or give it a default",
            column.name(),
            table.displayName());
      }
    }
  }

  private Optional<List<String>> key(
      RecordSchema records, TargetTable table, List<Finding> findings) {
    Optional<List<String>> key = table.keyWithin(records.columnNames());
    if (table.kind() == TargetTable.Kind.Foreign || table.keys().isEmpty()) {
      add(
          findings,
          "NoKeyForUpsert",
          "table %s has no primary key, nor a unique constraint that is checked at once over columns that are not null: use mode: Insert",
          table.displayName());
    } else if (key.isEmpty()) {
      add(
          findings,
          "NoKeyForUpsert",
          "the record does not bring the key (%s) of table %s: set it in a transform, or use mode: Insert",
          String.join(", ", table.keys().getFirst()),
          table.displayName());
    }
    return key;
  }

  /**
   * What to find when records that the source tells apart may have one key at the target: of these
   * the last wins, and all count as loaded.
   *
   * @param sourceKey the columns by which the source tells rows apart; empty if by nothing
   * @param origin the source's column whose values a field holds unchanged
   */
  public Optional<Finding> keyMayRepeat(
      TargetTable table,
      RecordSchema records,
      List<String> sourceKey,
      Function<String, Optional<String>> origin) {
    Optional<List<String>> key = table.keyWithin(records.columnNames());
    if (mode != LoadMode.Upsert || key.isEmpty()) {
      return Optional.empty();
    }
    Set<String> origins =
        key.get().stream()
            .flatMap(field -> origin.apply(field).stream())
            .collect(Collectors.toSet());
    return !sourceKey.isEmpty()
            && origins.containsAll(sourceKey)
            && key.get().stream().noneMatch(column -> comparesOtherwise(records, table, column))
        ? Optional.empty()
        : Optional.of(
            Finding.warning(
                "KeyMayRepeat",
                path,
                "records of %s are told apart by %s at the source, and by (%s) in table %s: of several of one key the last one written wins, and all count as loaded; with mode: Insert the others fail"
                    .formatted(
                        records.table(),
                        sourceKey.isEmpty() ? "nothing" : "(" + String.join(", ", sourceKey) + ")",
                        String.join(", ", key.get()),
                        table.displayName())));
  }

  /** Whether a target's text type may see one text where the source sees two, as citext does. */
  private static boolean comparesOtherwise(RecordSchema records, TargetTable table, String column) {
    String from = records.columns().get(records.indexOf(column).orElseThrow()).nativeType();
    String to = table.column(column).map(TargetColumn::storedType).orElse(from);
    String toBase = NativeType.of(to).base();
    return !toBase.equals(NativeType.of(from).base())
        && (toBase.endsWith("citext") || toBase.equals("character"));
  }

  private void access(
      TargetTable table, List<TargetColumn> written, List<String> key, List<Finding> findings) {
    String name = table.displayName();
    if (!table.access().schemaUsage()) {
      add(findings, "NoInsertPrivilege", "grant USAGE on schema %s", table.schema());
    }
    grant("INSERT", name, written, c -> !c.grants().insert(), findings);
    if (table.access().rowSecurity()) {
      add(
          findings,
          "RowSecurityActive",
          "row security applies to table %s, under which COPY is refused: let the login bypass it (ALTER ROLE … BYPASSRLS)",
          name);
    }
    if (mode == LoadMode.Upsert) {
      grant("SELECT", name, written, c -> !c.grants().select(), findings);
      grant(
          "UPDATE", name, written, c -> !c.grants().update() && !key.contains(c.name()), findings);
      if (!table.access().temporaryTables()) {
        add(findings, "NoTempPrivilege", "mode: Upsert stages rows: grant TEMP on the database");
      }
    }
  }

  private void grant(
      String privilege,
      String table,
      List<TargetColumn> columns,
      Predicate<TargetColumn> lacking,
      List<Finding> findings) {
    String names =
        columns.stream().filter(lacking).map(TargetColumn::name).collect(Collectors.joining(", "));
    if (!names.isEmpty()) {
      add(
          findings,
          "NoInsertPrivilege",
          "the login may not %s: grant %s (%s) on table %s",
          mode == LoadMode.Upsert ? "upsert" : "insert",
          privilege,
          names,
          table);
    }
  }

  private void add(List<Finding> findings, String reason, String message, Object... arguments) {
    findings.add(Finding.error(reason, path, message.formatted(arguments)));
  }
}
