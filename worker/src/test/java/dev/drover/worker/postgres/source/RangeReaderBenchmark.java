package dev.drover.worker.postgres.source;

import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.TablePlan;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * How fast one thread reads rows of ten mixed columns, against taking the bytes of the same rows as
 * COPY text without looking at them. The first argument is the number of rows.
 */
final class RangeReaderBenchmark {
  private RangeReaderBenchmark() {}

  public static void main(String[] args) throws SQLException {
    int rows = args.length > 0 ? Integer.parseInt(args[0]) : 1_000_000;
    try (SourceServer database = new SourceServer()) {
      database.execute(
          """
          CREATE TABLE mixed (id bigint PRIMARY KEY, customer int NOT NULL, price numeric(12,2),
            status text, note varchar(80), active boolean, created timestamptz, day date,
            token uuid, weight double precision);
          INSERT INTO mixed
          SELECT i, i %% 1000, i / 100.0, (ARRAY['new', 'paid', 'sent'])[i %% 3 + 1],
            'a note about order ' || i, i %% 2 = 0, timestamptz '2024-01-01' + i * interval '1 s',
            date '2024-01-01' + i %% 365, md5(i::text)::uuid, i / 3.0
          FROM generate_series(1, %d) i
          """
              .formatted(rows));
      database.execute("VACUUM ANALYZE mixed");
      TablePlan table = database.table("public.mixed");
      for (int round = 1; round <= 5; round++) {
        double bytesOnly = copyText(database);
        double decoded = decode(database, table);
        System.out.printf(
            "round %d: COPY text undecoded %,.0f rows/s, decoded rows %,.0f rows/s, ratio %.2f%n",
            round, bytesOnly, decoded, decoded / bytesOnly);
      }
    }
  }

  private static double copyText(SourceServer database) throws SQLException {
    long start = System.nanoTime();
    CopyOut copy =
        database
            .connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyOut("COPY (SELECT * FROM mixed ORDER BY id) TO STDOUT");
    long rows = 0;
    while (copy.readFromCopy() != null) {
      rows++;
    }
    return rows * 1e9 / (System.nanoTime() - start);
  }

  private static double decode(SourceServer database, TablePlan table) throws SQLException {
    long start = System.nanoTime();
    long rows = 0;
    RowWriter writer = new RowWriter(table.schema(), 1 << 20);
    try (RangeReader reader =
        RangeReader.open(database.connection, table.schema(), table.key(), KeyRange.ALL)) {
      while (reader.advance()) {
        reader.appendTo(writer, 0);
        rows++;
        if (writer.size() > 1 << 19) {
          writer.reset();
        }
      }
    }
    return rows * 1e9 / (System.nanoTime() - start);
  }
}
