package dev.drover.worker.rules;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

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
    report("rules", rules, RulesBenchmark::plain);
    report("rules, the fourth on a decimal", decimals, RulesBenchmark::plainDecimal);
    Rules failing =
        compiled(List.of(step(null, null, List.of(new Step.Assignment("x", "record.gone + 1")))));
    report("one rule, every record failing on a null", failing, row -> null);
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

  private static byte[] body() {
    RowWriter writer = new RowWriter(schema(), 1 << 20);
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
      writer.append(new Row(i, "" + i, values));
    }
    return writer.toByteArray();
  }

  private static @Nullable Row plain(Row row) {
    Object[] values = row.values();
    int qty = (Integer) values[2];
    String status = (String) values[3];
    if (qty <= 0 || status.equals("TEST")) {
      return null;
    }
    Object[] result = java.util.Arrays.copyOf(values, values.length + 1);
    result[3] = status.toLowerCase(Locale.ROOT);
    result[10] = values[7] == null ? qty * 2L : (long) qty;
    return new Row(row.position(), row.key(), result);
  }

  private static @Nullable Row plainDecimal(Row row) {
    Object[] values = row.values();
    int qty = (Integer) values[2];
    String status = (String) values[3];
    if (qty <= 0 || status.equals("TEST")) {
      return null;
    }
    Object[] result = java.util.Arrays.copyOf(values, values.length + 1);
    result[3] = status.toLowerCase(Locale.ROOT);
    result[10] =
        new BigDecimal((String) values[4]).multiply(BigDecimal.valueOf(qty)).toPlainString();
    return new Row(row.position(), row.key(), result);
  }

  /** From bytes to bytes, both: the reference decodes each row, works on it and encodes it. */
  private static void report(String what, Rules rules, Function<Row, @Nullable Row> reference) {
    byte[] body = body();
    RowWriter out = new RowWriter(rules.output(), body.length * 2);
    double best = 0;
    double bestPlain = 0;
    for (int round = 0; round < ROUNDS; round++) {
      best =
          Math.max(
              best,
              rate(
                  () -> {
                    out.reset();
                    RowReader reader = new RowReader(schema(), body);
                    RuleRun run = rules.over(reader);
                    while (reader.advance()) {
                      if (run.judge() == null) {
                        run.write(out);
                      }
                    }
                  }));
      bestPlain =
          Math.max(
              bestPlain,
              rate(
                  () -> {
                    out.reset();
                    RowReader reader = new RowReader(schema(), body);
                    while (reader.advance()) {
                      Row row = reference.apply(reader.row());
                      if (row != null) {
                        out.append(row);
                      }
                    }
                  }));
    }
    System.out.printf(
        Locale.ROOT,
        "%s: %.2f M records/s; plain Java %.2f M records/s; ratio %.3f%n",
        what,
        best / 1e6,
        bestPlain / 1e6,
        best / bestPlain);
  }

  private static double rate(Runnable work) {
    long begin = System.nanoTime();
    long records = 0;
    long now;
    do {
      work.run();
      records += ROWS;
      now = System.nanoTime();
    } while (now - begin < ROUND_NANOS);
    return records * 1e9 / (now - begin);
  }
}
