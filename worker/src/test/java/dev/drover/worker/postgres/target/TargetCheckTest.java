package dev.drover.worker.postgres.target;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.postgres.target.TargetColumn.Filling;
import dev.drover.worker.postgres.target.TargetColumn.Grants;
import dev.drover.worker.postgres.target.TargetTable.Access;
import dev.drover.worker.postgres.target.TargetTable.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetCheckTest {
  private static final String PATH = "spec.stages[2].load";
  private static final String RULE = "spec.stages[1].transform.steps[2].set[0].to";
  private static final Grants ALL = new Grants(true, true, true);
  private static final TargetColumn ID = column("id", ColumnType.BIGINT, "bigint", false, false);
  private static final TargetColumn QTY = column("qty", ColumnType.INTEGER, "integer", true, false);

  @Test
  void records_that_fit_in_any_order_are_fine() {
    assertThat(
            insert(
                table(ID, QTY), field("qty", ColumnType.INTEGER), field("id", ColumnType.BIGINT)))
        .isEmpty();
    assertThat(insert(table(ID, QTY), field("id", ColumnType.BIGINT))).isEmpty();
  }

  @Test
  void a_column_that_the_table_has_not_is_named_with_what_to_do() {
    assertThat(insert(table(ID), field("id", ColumnType.BIGINT), field("note", ColumnType.TEXT)))
        .containsExactly(
            Finding.error(
                "TargetColumnMissing",
                PATH,
                "the record has column note, table shop.orders has not: remove it in a transform"
                    + " (remove: [note]) or add it"));
  }

  @Test
  void a_required_column_that_nobody_sets_is_found_unless_it_has_a_default() {
    TargetColumn required = column("code", ColumnType.TEXT, "text", false, false);
    TargetColumn defaulted = column("made", ColumnType.DATE, "date", false, true);

    assertThat(reasons(insert(table(ID, required, defaulted), field("id", ColumnType.BIGINT))))
        .containsExactly("RequiredColumnUnset");
  }

  @Test
  void a_computed_column_cannot_be_written_and_an_identity_can() {
    TargetColumn computed =
        new TargetColumn(
            "sum", ColumnType.BIGINT, "bigint", "bigint", true, true, Filling.Computed, ALL);
    TargetColumn identity =
        new TargetColumn(
            "id", ColumnType.BIGINT, "bigint", "bigint", false, true, Filling.IdentityAlways, ALL);

    assertThat(
            reasons(
                insert(
                    table(identity, computed),
                    field("id", ColumnType.BIGINT),
                    field("sum", ColumnType.BIGINT))))
        .containsExactly("ColumnNotWritable");
  }

  @Test
  void an_upsert_needs_a_key_that_the_record_brings() {
    TargetTable keyless = with(table(ID, QTY), List.of(), Kind.Table, true, false);

    assertThat(upsert(keyless, field("id", ColumnType.BIGINT)))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.reason()).isEqualTo("NoKeyForUpsert");
              assertThat(finding.message()).contains("use mode: Insert");
            });
    assertThat(insert(keyless, field("id", ColumnType.BIGINT))).isEmpty();
    TargetTable keyed = table(column("id", ColumnType.BIGINT, "bigint", false, true), QTY);
    assertThat(upsert(keyed, field("qty", ColumnType.INTEGER)))
        .singleElement()
        .satisfies(finding -> assertThat(finding.message()).contains("the key (id)"));
  }

  @Test
  void a_computed_value_must_be_of_the_columns_family() {
    assertThat(
            check(LoadMode.Insert)
                .findings(
                    records(field("id", ColumnType.BIGINT), field("qty", ColumnType.TEXT)),
                    table(ID, QTY),
                    Map.of("qty", RULE)))
        .containsExactly(
            Finding.error(
                "TypeMismatch",
                RULE,
                RULE + " gives string, but column shop.orders.qty is integer: write int(…)"));
  }

  @ParameterizedTest
  @CsvSource({
    "BOOLEAN, TIMESTAMP, false",
    "BOOLEAN, INTEGER, false",
    "BOOLEAN, TEXT, true",
    "INTEGER, BIGINT, true",
    "BIGINT, SMALLINT, true",
    "INTEGER, DATE, false",
    "TIMESTAMP, DATE, true",
    "DATE, TIMESTAMPTZ, true",
    "TIME, DATE, false",
    "UUID, BIGINT, false",
    "BYTES, BYTES, true",
    "BYTES, JSON, false",
    "TEXT, INTEGER, true",
    "TEXT, UUID, true",
    "ENUM, ENUM, true",
    "ARRAY, INTEGER, false",
    "INTEGER, OTHER, true"
  })
  void a_passed_through_column_is_refused_only_if_no_value_can_convert(
      ColumnType from, ColumnType to, boolean fits) {
    List<Finding> findings =
        insert(table(column("v", to, "native", true, false)), field("v", from));

    assertThat(reasons(findings)).isEqualTo(fits ? List.of() : List.of("TypeMismatch"));
  }

  @ParameterizedTest
  @CsvSource({
    "TIMESTAMPTZ, TIMESTAMP, true",
    "TIMESTAMPTZ, DATE, true",
    "TIMESTAMP, TIMESTAMPTZ, true",
    "TIMESTAMP, TIMESTAMP, false",
    "TIMESTAMP, DATE, false",
    "TIMESTAMPTZ, TEXT, false"
  })
  void a_zone_that_is_dropped_or_assumed_is_warned_about(
      ColumnType from, ColumnType to, boolean warned) {
    List<Finding> findings =
        insert(table(column("v", to, "native", true, false)), field("v", from));

    assertThat(reasons(findings)).isEqualTo(warned ? List.of("TimeZoneAssumed") : List.of());
    assertThat(findings).allMatch(f -> f.severity() == Finding.Severity.Warning);
  }

  @Test
  void missing_privileges_are_named_by_what_to_grant() {
    TargetColumn readOnly =
        new TargetColumn(
            "qty",
            ColumnType.INTEGER,
            "integer",
            "integer",
            true,
            false,
            Filling.Open,
            new Grants(false, false, true));

    assertThat(
            upsert(
                table(ID, readOnly),
                field("id", ColumnType.BIGINT),
                field("qty", ColumnType.INTEGER)))
        .extracting(Finding::message)
        .containsExactly(
            "the login may not upsert: grant INSERT (qty) on table shop.orders",
            "the login may not upsert: grant UPDATE (qty) on table shop.orders");
    assertThat(insert(table(ID, readOnly), field("id", ColumnType.BIGINT))).isEmpty();
  }

  @Test
  void a_view_row_security_and_no_temporary_tables_are_found() {
    List<List<String>> keys = List.of(List.of("id"));
    Column id = field("id", ColumnType.BIGINT);

    assertThat(reasons(insert(with(table(ID), keys, Kind.View, true, false), id)))
        .containsExactly("TargetNotWritable");
    assertThat(reasons(insert(with(table(ID), keys, Kind.Table, true, true), id)))
        .containsExactly("RowSecurityActive");
    assertThat(reasons(upsert(with(table(ID), keys, Kind.Table, false, false), id)))
        .containsExactly("NoTempPrivilege");
  }

  @Test
  void without_a_ledger_inserts_are_refused_and_upserts_are_warned_about() {
    Ledger ledger = new Ledger("shop", "uid", "load");

    assertThat(check(LoadMode.Insert).ledger(ledger, LoadPromise.UpsertOnly))
        .hasValueSatisfying(f -> assertThat(f.severity()).isEqualTo(Finding.Severity.Error));
    assertThat(check(LoadMode.Upsert).ledger(ledger, LoadPromise.UpsertOnly))
        .hasValueSatisfying(f -> assertThat(f.severity()).isEqualTo(Finding.Severity.Warning));
    assertThat(check(LoadMode.Insert).ledger(ledger, LoadPromise.ExactlyOnce)).isEmpty();
  }

  private static TargetCheck check(LoadMode mode) {
    return new TargetCheck(PATH, mode);
  }

  private static List<Finding> insert(TargetTable table, Column... fields) {
    return check(LoadMode.Insert).findings(records(fields), table, Map.of());
  }

  private static List<Finding> upsert(TargetTable table, Column... fields) {
    return check(LoadMode.Upsert).findings(records(fields), table, Map.of());
  }

  private static List<String> reasons(List<Finding> findings) {
    return findings.stream().map(Finding::reason).toList();
  }

  private static RecordSchema records(Column... fields) {
    return new RecordSchema("public.orders", Arrays.asList(fields));
  }

  private static Column field(String name, ColumnType type) {
    return new Column(name, type, true, "native");
  }

  private static TargetColumn column(
      String name, ColumnType type, String nativeType, boolean nullable, boolean hasDefault) {
    return new TargetColumn(
        name, type, nativeType, nativeType, nullable, hasDefault, Filling.Open, ALL);
  }

  private static TargetTable table(TargetColumn... columns) {
    return new TargetTable(
        "shop",
        "orders",
        Kind.Table,
        Arrays.asList(columns),
        List.of(List.of("id")),
        List.of(),
        new Access(true, true, false));
  }

  private static TargetTable with(
      TargetTable table, List<List<String>> keys, Kind kind, boolean temporary, boolean security) {
    return new TargetTable(
        table.schema(),
        table.name(),
        kind,
        table.columns(),
        keys,
        List.of(),
        new Access(true, temporary, security));
  }
}
