package dev.drover.worker.postgres.target;

import dev.drover.wire.schema.Fingerprints;
import dev.drover.worker.postgres.types.Quote;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The statements that make, and call, a temporary routine that does within the server what {@link
 * Isolation} decides and {@link IsolatingWrite} does from outside: it writes rows of a staging
 * table in ranges, each in a subtransaction, and tells of each row that was refused all by itself.
 * Pure.
 *
 * <p>Ranges are short, the shorter the more rows are refused, so that little is written twice. The
 * row at which a range failed is known: as a statement comes to a row, it sets a sequence to the
 * row's number, which an abort does not undo. The rows before it are then written without it; only
 * if that succeeds is it to blame. What is refused at a statement's end is found row by row. Short
 * ranges are written row by row too, each row converted column by column, so that the column that
 * refuses it is known. What no row is to blame for ends the routine with the server's own error.
 *
 * @param table the table's quoted name
 * @param name the routine's name, which tells the table, the columns and their types apart
 * @param staging the staging table's name
 * @param create statements that make the staging table, its sequence and the routine
 */
record IsolationRoutine(String table, String name, String staging, String create) {
  /** Most rows of a range. */
  private static final int RANGE = 128;

  /** What a subtransaction and its statement cost, in rows written. */
  private static final int RANGE_COST = 5;

  private static final String TEMPLATE =
      """
      CREATE TEMP SEQUENCE {sequence} MINVALUE 0 CACHE 512;
      CREATE TEMP TABLE {staging} ({ord} integer PRIMARY KEY
        DEFAULT pg_catalog.nextval('pg_temp.{sequence}'), {staged}) ON COMMIT DELETE ROWS;
      CREATE FUNCTION pg_temp.{name}(drover_size integer)
      RETURNS TABLE (drover_row integer, drover_state text, drover_column text, drover_place integer,
        drover_constraint text, drover_context text)
      LANGUAGE plpgsql
      SET plan_cache_mode = force_generic_plan
      SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
      AS $drover$
      DECLARE
        drover_at integer := 0;
        drover_stop integer := 0;
        drover_length integer;
        drover_next integer;
        drover_run integer := 0;
        drover_most integer := {range};
        drover_refused integer := 0;
        drover_suspect integer := -1;
        drover_here integer;
        drover_k integer;
        drover_again boolean := false;
        drover_by_row boolean;
        drover_good_expected boolean := false;
        drover_known boolean := false;
        drover_written boolean;
        drover_told boolean;
        drover_s record;
        {variables}
      BEGIN
        -- No row is to blame for what the server refuses even when no row is written.
        {insertRange};
        drover_stop := least(drover_size, {range});
        WHILE drover_at < drover_size LOOP
          drover_length := drover_stop - drover_at;
          drover_by_row := drover_again OR drover_length < 4
            OR drover_most < 8 AND NOT drover_good_expected;
          drover_here := drover_at;
          drover_k := 0;
          BEGIN
            IF drover_by_row THEN
              FOR drover_s IN SELECT * FROM pg_temp.{staging} s
                WHERE s.{ord} >= drover_at AND s.{ord} < drover_stop ORDER BY s.{ord}
              LOOP
                drover_here := drover_s.{ord};
                {assignments}
                drover_k := 0;
                {insertRow};
              END LOOP;
            ELSE
              {insertRange};
            END IF;
            drover_written := true;
          EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS drover_state = RETURNED_SQLSTATE, drover_column = COLUMN_NAME,
              drover_constraint = CONSTRAINT_NAME, drover_context = PG_EXCEPTION_CONTEXT;
            IF left(drover_state, 2) = ANY ('{{systemClasses}}') OR drover_state = ANY ('{{systemStates}}')
              OR drover_state = ANY ('{{altered}}')
                AND (drover_context !~ '^PL/' OR drover_context ~ '^PL/\\S+ \\S+ (pg_temp\\w*[.])?{name}')
            THEN
              RAISE;
            END IF;
            drover_place := drover_k;
            drover_written := false;
          END;
          drover_told := false;
          IF drover_written THEN
            drover_run := drover_run + drover_length;
            drover_at := drover_stop;
            drover_told := drover_at = drover_suspect AND drover_known;
            drover_next := CASE WHEN drover_at = drover_suspect THEN 1 ELSE 2 * drover_length END;
            drover_suspect := -1;
            drover_again := false;
            drover_good_expected := false;
          ELSE
            IF NOT drover_by_row THEN
              drover_here := pg_catalog.currval('pg_temp.{sequence}');
            END IF;
            IF NOT drover_by_row AND (drover_state = '23503' OR drover_good_expected
              OR drover_here < drover_at OR drover_here >= drover_stop - 1)
            THEN
              -- Perhaps refused when the statement was at its end: row by row it will tell.
              drover_again := true;
              drover_next := drover_length;
              drover_suspect := -1;
              drover_good_expected := false;
            ELSE
              -- Its refusal holds once the rows before it are written, if its column is known; but
              -- a check or a trigger may look for those, and has not seen them in one statement.
              drover_known := drover_by_row OR drover_state <> '23514'
                AND drover_context !~ '^PL/' AND (drover_column <> '' OR drover_constraint <> '');
              drover_told := drover_known AND drover_here = drover_at;
              drover_suspect := drover_here;
              drover_good_expected := drover_here > drover_at;
              drover_next := greatest(1, drover_here - drover_at);
              drover_again := false;
            END IF;
          END IF;
          IF drover_told THEN
            drover_row := drover_at;
            RETURN NEXT;
            drover_at := drover_at + 1;
            drover_suspect := -1;
            drover_next := greatest(1, 2 * drover_run);
            drover_run := 0;
            -- A range costs about as much as {rangeCost} rows; half of one is written in vain.
            drover_refused := drover_refused + 1;
            drover_most := least({range}, ceil(sqrt(2.0 * {rangeCost} * drover_at / drover_refused)));
          END IF;
          drover_stop := least(drover_size, drover_at + least(drover_most, drover_next));
        END LOOP;
      END $drover$
      """;

  /**
   * The routine for some columns of a table.
   *
   * @param columns the columns that rows bring, in order
   * @param format how they are sent
   * @param key those by which a row replaces another; empty if rows are inserted only
   * @return empty if the table or a column is of a kind that an {@code INSERT} might treat
   *     otherwise than {@code COPY}
   */
  static Optional<IsolationRoutine> of(
      TargetTable table, List<String> columns, CopyFormat format, List<String> key) {
    if (table.kind() != TargetTable.Kind.Table) {
      return Optional.empty();
    }
    List<TargetColumn> targets = new ArrayList<>();
    List<StagedForm> forms = new ArrayList<>();
    for (String name : columns) {
      table
          .column(name)
          .ifPresent(
              column -> {
                targets.add(column);
                StagedForm.of(column, format).ifPresent(forms::add);
              });
    }
    if (forms.size() < columns.size()) {
      return Optional.empty();
    }
    return Optional.of(routine(table, targets, forms, key));
  }

  private static IsolationRoutine routine(
      TargetTable table, List<TargetColumn> columns, List<StagedForm> forms, List<String> key) {
    List<String> names = columns.stream().map(TargetColumn::name).toList();
    String id = id(table, columns, forms, key);
    String staging = "drover_rows_" + id;
    String name = "drover_isolate_" + id;
    String ord = "drover_ord";
    while (names.contains(ord)) {
      ord += "_";
    }
    String insert =
        "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE "
            .formatted(table.sqlName(), CopyWriter.quoted(names));
    String conflict = key.isEmpty() ? "" : " " + StagedWriter.conflict(table, names, key);
    String sequence = "drover_at_" + id;
    String range =
        "SELECT %s FROM pg_temp.%s s WHERE s.%3$s >= drover_at AND s.%3$s < drover_stop AND pg_catalog.setval('pg_temp.%4$s', s.%3$s) >= 0 ORDER BY s.%3$s"
            .formatted(
                join(columns.size(), ", ", i -> "s." + quoted(columns, i) + forms.get(i).cast()),
                staging,
                ord,
                sequence);
    String create =
        TEMPLATE
            .replace("{name}", name)
            .replace("{sequence}", sequence)
            .replace("{staging}", staging)
            .replace("{ord}", ord)
            .replace("{range}", Integer.toString(RANGE))
            .replace("{rangeCost}", Integer.toString(RANGE_COST))
            .replace("{systemClasses}", String.join(",", Refusal.SYSTEM_CLASSES))
            .replace("{systemStates}", String.join(",", Refusal.SYSTEM_STATES))
            .replace("{altered}", String.join(",", Refusal.ALTERED))
            .replace(
                "{staged}",
                join(columns.size(), ", ", i -> quoted(columns, i) + " " + forms.get(i).type()))
            .replace(
                "{variables}",
                join(
                    columns.size(),
                    " ",
                    i ->
                        "drover_v%d %s.%s%%TYPE;"
                            .formatted(i, table.sqlName(), quoted(columns, i))))
            .replace(
                "{assignments}",
                join(
                    columns.size(),
                    " ",
                    i ->
                        "drover_k := %d; drover_v%d := drover_s.%s%s;"
                            .formatted(i + 1, i, quoted(columns, i), forms.get(i).cast())))
            .replace("{insertRange}", insert + range + conflict)
            .replace(
                "{insertRow}",
                insert
                    + "VALUES ("
                    + join(columns.size(), ", ", i -> "drover_v" + i)
                    + ")"
                    + conflict);
    return new IsolationRoutine(table.sqlName(), name, staging, create);
  }

  /** Sets the number that the next row of the staging table gets. */
  String numberFrom(int row) {
    return "SELECT pg_catalog.setval('pg_temp.%s', %d, false)"
        .formatted(name.replace("drover_isolate_", "drover_at_"), row);
  }

  /** Asks whether the routine, and with it the staging table, is there. */
  String exists() {
    return "SELECT pg_catalog.to_regprocedure('pg_temp.%s(integer)') IS NOT NULL".formatted(name);
  }

  /** Empties the staging table, for another call in the same transaction. */
  String clear() {
    return "TRUNCATE pg_temp." + staging;
  }

  /**
   * Asks whether an {@code INSERT} does to the table what {@code COPY} does: no rule rewrites it.
   */
  String isSuited() {
    return "SELECT NOT relhasrules FROM pg_catalog.pg_class WHERE oid = %s::pg_catalog.regclass"
        .formatted(Quote.literal(table));
  }

  /**
   * Writes the rows in the staging table that the server takes; each row of the answer is one that
   * it refused.
   */
  String call(int size) {
    return "SELECT drover_row, drover_state, drover_column, drover_place, drover_constraint, drover_context FROM pg_temp.%s(%d)"
        .formatted(name, size);
  }

  private static String id(
      TargetTable table, List<TargetColumn> columns, List<StagedForm> forms, List<String> key) {
    List<String> shape = new ArrayList<>(List.of(table.sqlName()));
    for (int i = 0; i < columns.size(); i++) {
      shape.add(columns.get(i).name());
      shape.add(columns.get(i).nativeType());
      shape.add(forms.get(i).toString());
    }
    shape.add("key");
    shape.addAll(key);
    return Fingerprints.of(shape.toArray(String[]::new));
  }

  private static String quoted(List<TargetColumn> columns, int i) {
    return Quote.identifier(columns.get(i).name());
  }

  private static String join(
      int size, String separator, java.util.function.IntFunction<String> part) {
    return IntStream.range(0, size).mapToObj(part).collect(Collectors.joining(separator));
  }
}
