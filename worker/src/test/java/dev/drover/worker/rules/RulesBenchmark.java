package dev.drover.worker.rules;

import dev.drover.wire.batch.Row;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * How many records a core takes through four rules on ten columns, beside the same in plain Java in
 * the same run. Run it by hand; it asserts nothing about time.
 */
public final class RulesBenchmark {
  private static final int ROWS = 4096;
  private static final int ROUNDS = 7;
  private static final long ROUND_NANOS = 1_500_000_000L;

  private RulesBenchmark() {}

  public static void main(String[] args) {
    List<Step> steps =
        List.of(
            new Step(
                List.of(),
                new Step.Require("record.qty > 0", "QtyNotPositive", null),
                null,
                List.of(),
                List.of(),
                List.of()),
            step(null, "record.status != 'TEST'", List.of()),
            step(null, null, List.of(new Step.Assignment("status", "record.status.lowerAscii()"))),
            step(
                null,
                null,
                List.of(
                    new Step.Assignment(
                        "total", "record.note == null ? record.qty * 2 : record.qty"))));
    Rules rules = compiled(steps);
    Rules decimals =
        compiled(
            List.of(
                steps.get(0),
                steps.get(1),
                steps.get(2),
                step(
                    null,
                    null,
                    List.of(new Step.Assignment("total", "record.price * record.qty")))));
    Row[] rows = rows();
    report("rules", rows, rules::apply, RulesBenchmark::plain);
    report("rules, the fourth on a decimal", rows, decimals::apply, RulesBenchmark::plainDecimal);
    Rules failing =
        compiled(List.of(step(null, null, List.of(new Step.Assignment("x", "record.gone + 1")))));
    report("one rule, every record failing on a null", rows, failing::apply, row -> "failed");
    long begin = System.nanoTime();
    for (int i = 0; i < 100; i++) {
      compiled(steps);
    }
    System.out.printf(
        Locale.ROOT, "compiling the four: %.1f ms%n", (System.nanoTime() - begin) / 1e8);
  }

  private static Step step(Step.Require require, String filter, List<Step.Assignment> set) {
    return new Step(List.of(), require, filter, set, List.of(), List.of());
  }

  private static Rules compiled(List<Step> steps) {
    return switch (RuleCompiler.compile(steps, schema(), "spec.stages[1].transform")) {
      case RuleCompiler.Result.Compiled(Rules rules) -> rules;
      case RuleCompiler.Result.Refused refused ->
          throw new IllegalStateException(refused.toString());
    };
  }

  private static RecordSchema schema() {
    return new RecordSchema(
        "shop.orders",
        List.of(
            new Column("id", ColumnType.BIGINT, false, "bigint"),
            new Column("customer", ColumnType.INTEGER, false, "integer"),
            new Column("qty", ColumnType.INTEGER, false, "integer"),
            new Column("status", ColumnType.TEXT, false, "text"),
            new Column("price", ColumnType.DECIMAL, false, "numeric(10,2)"),
            new Column("created", ColumnType.TIMESTAMPTZ, false, "timestamptz"),
            new Column("paid", ColumnType.BOOLEAN, false, "boolean"),
            new Column("note", ColumnType.TEXT, true, "text"),
            new Column("weight", ColumnType.DOUBLE, true, "double precision"),
            new Column("gone", ColumnType.INTEGER, true, "integer")));
  }

  private static Row[] rows() {
    Row[] rows = new Row[ROWS];
    for (int i = 0; i < ROWS; i++) {
      Object[] values = {
        (long) i,
        i % 100,
        i % 7 + 1,
        i % 3 == 0 ? "NEW" : "PAID",
        i + ".50",
        i * 1_000_000L,
        i % 2 == 0,
        i % 4 == 0 ? null : "note " + i,
        i * 0.5,
        null
      };
      rows[i] = new Row(i, "" + i, values);
    }
    return rows;
  }

  private static Object plain(Row row) {
    Object[] values = row.values();
    int qty = (Integer) values[2];
    String status = (String) values[3];
    if (qty <= 0 || status.equals("TEST")) {
      return row;
    }
    Object[] result = java.util.Arrays.copyOf(values, values.length + 1);
    result[3] = status.toLowerCase(Locale.ROOT);
    result[10] = values[7] == null ? qty * 2L : (long) qty;
    return new Row(row.position(), row.key(), result);
  }

  private static Object plainDecimal(Row row) {
    Object[] values = row.values();
    int qty = (Integer) values[2];
    String status = (String) values[3];
    if (qty <= 0 || status.equals("TEST")) {
      return row;
    }
    Object[] result = java.util.Arrays.copyOf(values, values.length + 1);
    result[3] = status.toLowerCase(Locale.ROOT);
    result[10] =
        new BigDecimal((String) values[4]).multiply(BigDecimal.valueOf(qty)).toPlainString();
    return new Row(row.position(), row.key(), result);
  }

  private static void report(
      String what, Row[] rows, Function<Row, Object> rules, Function<Row, Object> reference) {
    double best = 0;
    double bestPlain = 0;
    for (int round = 0; round < ROUNDS; round++) {
      best = Math.max(best, rate(rows, rules));
      bestPlain = Math.max(bestPlain, rate(rows, reference));
    }
    System.out.printf(
        Locale.ROOT,
        "%s: %.2f M records/s; plain Java %.2f M records/s; ratio %.3f%n",
        what,
        best / 1e6,
        bestPlain / 1e6,
        best / bestPlain);
  }

  private static double rate(Row[] rows, Function<Row, Object> work) {
    long begin = System.nanoTime();
    long records = 0;
    int sink = 0;
    long now;
    do {
      for (Row row : rows) {
        sink += work.apply(row) == row ? 1 : 0;
      }
      records += rows.length;
      now = System.nanoTime();
    } while (now - begin < ROUND_NANOS);
    if (sink == Integer.MIN_VALUE) {
      System.out.println(sink);
    }
    return records * 1e9 / (now - begin);
  }
}
