package dev.drover.worker.postgres.target;

import dev.drover.wire.batch.BatchRows;
import dev.drover.wire.batch.Row;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadBatch;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * Rows a second of loading with the ledger against a plain {@code COPY} of text that was rendered
 * before, in the same run on the same server. Prints; asserts nothing. Run by hand, with the test
 * class path; the first argument is the number of rows.
 */
final class LoaderBenchmark {
  private static final RecordSchema SCHEMA =
      TargetServer.schema(
          "id", ColumnType.BIGINT,
          "customer", ColumnType.INTEGER,
          "status", ColumnType.TEXT,
          "amount", ColumnType.DECIMAL,
          "paid", ColumnType.BOOLEAN,
          "made", ColumnType.TIMESTAMPTZ,
          "day", ColumnType.DATE,
          "weight", ColumnType.DOUBLE,
          "note", ColumnType.TEXT,
          "token", ColumnType.UUID);

  private static final Map<String, List<Double>> RATIOS = new LinkedHashMap<>();

  private LoaderBenchmark() {}

  public static void main(String[] arguments) throws Exception {
    int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300_000;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
    List<Row> good = records(rows);
    Map<String, List<Row>> refused = new LinkedHashMap<>();
    refused.put("insert, 1 % bad", with(good, 100, LoaderBenchmark::outOfRange));
    refused.put("insert, 1 % there already", with(good, 100, LoaderBenchmark::thereAlready));
    refused.put("insert, 20 % bad", with(good, 5, LoaderBenchmark::outOfRange));
    refused.put("insert, 100 % bad", with(good, 1, LoaderBenchmark::outOfRange));
    try (Connection connection = TargetServer.connect()) {
      for (int round = 0; round < rounds; round++) {
        measure(connection, "insert", good, 1_000, LoadMode.Insert, false);
        measure(connection, "insert", good, 10_000, LoadMode.Insert, false);
        measure(connection, "insert", good, 16_000, LoadMode.Insert, false);
        for (Map.Entry<String, List<Row>> bad : refused.entrySet()) {
          measure(connection, bad.getKey(), bad.getValue(), 8_000, LoadMode.Insert, false);
        }
        measure(connection, "upsert, all new", good, 10_000, LoadMode.Upsert, false);
        measure(connection, "upsert, all there", good, 10_000, LoadMode.Upsert, true);
        encodeOnly(good);
      }
    }
    RATIOS.forEach(
        (what, ratios) -> {
          ratios.sort(null);
          System.out.printf(
              "%-40s median %.2f of COPY, best %.2f%n",
              what, ratios.get(ratios.size() / 2), ratios.getLast());
        });
    System.exit(0);
  }

  /** Between two plain copies, since a shared machine's speed changes from second to second. */
  private static void measure(
      Connection connection, String what, List<Row> records, int size, LoadMode mode, boolean again)
      throws Exception {
    List<Row> good = records(records.size());
    double before = copy(connection, good);
    double rate = load(connection, records, size, mode, again);
    double after = copy(connection, good);
    double ratio = rate / ((before + after) / 2);
    String name = "%s, %,d a transaction".formatted(what, size);
    RATIOS.computeIfAbsent(name, n -> new ArrayList<>()).add(ratio);
    System.out.printf(
        "%-40s %,9.0f rows/s, COPY %,9.0f and %,9.0f: %.2f%n", name, rate, before, after, ratio);
  }

  private static double copy(Connection connection, List<Row> records) throws Exception {
    create(connection, false);
    EncodedRows rows =
        EncodedRows.of(
            new TextRows(), List.of(batch("all", records).rows()), new CopyBuffer(1 << 27));
    rows.start(rows.size());
    connection.setAutoCommit(true);
    long start = System.nanoTime();
    new CopyWriter(connection, "bench.t", SCHEMA.columnNames()).write(rows, 0, rows.size());
    return rate(records.size(), start);
  }

  private static double load(
      Connection connection, List<Row> records, int size, LoadMode mode, boolean again)
      throws Exception {
    create(connection, again);
    Ledger ledger = new Ledger("bench", "uid", "load");
    ledger.ensure(connection);
    TargetTable table = TargetServer.table("bench.t");
    Loader loader = new Loader(connection, mode, ledger);
    long start = System.nanoTime();
    for (int at = 0; at < records.size(); at += size) {
      List<Row> rows = records.subList(at, Math.min(at + size, records.size()));
      loader.load(table, List.of(batch("b" + at, rows)));
    }
    double rate = rate(records.size(), start);
    connection.setAutoCommit(true);
    return rate;
  }

  private static LoadBatch batch(String id, List<Row> rows) {
    return new LoadBatch(id, 1, "1", "h", BatchRows.of(SCHEMA, rows), LoadBatch.Patience.MayWait);
  }

  private static void encodeOnly(List<Row> records) throws Exception {
    encodeOnly(records, new TextRows());
    encodeOnly(records, new BinaryRows(TargetServer.table("bench.t")));
  }

  private static void encodeOnly(List<Row> records, CopyFormat format) {
    BatchRows rows = batch("all", records).rows();
    CopyBuffer buffer = new CopyBuffer(1 << 27);
    long start = System.nanoTime();
    EncodedRows encoded = EncodedRows.of(format, List.of(rows), buffer);
    encoded.start(encoded.size());
    System.out.printf(
        "  encoding alone as %s: %,.0f rows/s, %d bytes a row%n",
        format.getClass().getSimpleName(),
        rate(records.size(), start),
        buffer.length() / records.size());
  }

  private static double rate(int rows, long start) {
    return rows / ((System.nanoTime() - start) / 1e9);
  }

  private static void create(Connection connection, boolean keepRows) throws Exception {
    connection.setAutoCommit(true);
    try (Statement statement = connection.createStatement()) {
      if (keepRows) {
        statement.execute("DROP TABLE IF EXISTS bench.drover_ledger");
      } else {
        statement.execute(
            """
            DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench;
            CREATE TABLE bench.t (id bigint PRIMARY KEY, customer integer, status text,
              amount numeric(12,2), paid boolean, made timestamptz, day date,
              weight double precision, note text, token uuid)
            """);
      }
      statement.execute("CHECKPOINT");
    }
  }

  private static List<Row> records(int rows) {
    Random random = new Random(1);
    List<Row> records = new ArrayList<>(rows);
    for (int i = 0; i < rows; i++) {
      records.add(
          new Row(
              i,
              "" + i,
              new Object[] {
                (long) i,
                random.nextInt(100_000),
                i % 3 == 0 ? "NEW" : "SHIPPED",
                random.nextInt(100_000) + "." + (10 + random.nextInt(90)),
                random.nextBoolean(),
                1_700_000_000_000_000L + random.nextInt(),
                19_000 + random.nextInt(1_000),
                random.nextDouble(),
                i % 4 == 0 ? null : "a note of some length " + i,
                new java.util.UUID(random.nextLong(), random.nextLong())
              }));
    }
    return records;
  }

  /** Every so many records one is spoilt. */
  private static List<Row> with(List<Row> records, int every, UnaryOperator<Object[]> spoil) {
    List<Row> bad = new ArrayList<>(records);
    for (int i = 57 % every; i < bad.size(); i += every) {
      bad.set(i, new Row(i, "" + i, spoil.apply(bad.get(i).values().clone())));
    }
    return bad;
  }

  /** An amount that its column cannot hold. */
  private static Object[] outOfRange(Object[] values) {
    values[3] = "99999999999999.00";
    return values;
  }

  /** The key of a record before it. */
  private static Object[] thereAlready(Object[] values) {
    values[0] = (long) values[0] - 5;
    return values;
  }
}
