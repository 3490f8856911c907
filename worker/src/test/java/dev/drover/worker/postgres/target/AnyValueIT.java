package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.batch;
import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.database.LoadOutcome;
import dev.drover.worker.postgres.source.RangeReader;
import dev.drover.worker.postgres.source.SourcePlanner;
import dev.drover.worker.text.ValueText;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever a value of a type is, it arrives as the server would print it, in either format of COPY,
 * and is read from there as it was. Each run tries others; the seed is printed with a failure, and
 * {@code -Ddrover.seed=…} tries the same ones again.
 */
class AnyValueIT {
  private static final int ROWS = 2_000;
  private static final long SEED = Long.getLong("drover.seed", System.nanoTime());

  private static final Map<ColumnType, String> NATIVE = new EnumMap<>(ColumnType.class);

  static {
    NATIVE.put(ColumnType.BOOLEAN, "boolean");
    NATIVE.put(ColumnType.SMALLINT, "smallint");
    NATIVE.put(ColumnType.INTEGER, "integer");
    NATIVE.put(ColumnType.BIGINT, "bigint");
    NATIVE.put(ColumnType.REAL, "real");
    NATIVE.put(ColumnType.DOUBLE, "double precision");
    NATIVE.put(ColumnType.DECIMAL, "numeric");
    NATIVE.put(ColumnType.TEXT, "text");
    NATIVE.put(ColumnType.BYTES, "bytea");
    NATIVE.put(ColumnType.DATE, "date");
    NATIVE.put(ColumnType.TIME, "time");
    NATIVE.put(ColumnType.TIMESTAMP, "timestamp");
    NATIVE.put(ColumnType.TIMESTAMPTZ, "timestamptz");
    NATIVE.put(ColumnType.UUID, "uuid");
  }

  /** How the rows get into the table. */
  enum Way {
    Binary,
    /** Beside a column that has no binary form. */
    Text
  }

  @ParameterizedTest
  @EnumSource
  void any_value_arrives_as_the_server_prints_it(Way way) throws Exception {
    List<ColumnType> types = List.copyOf(NATIVE.keySet());
    StringBuilder columns = new StringBuilder("id integer PRIMARY KEY");
    List<Column> schema = new ArrayList<>();
    schema.add(new Column("id", ColumnType.INTEGER, false, "integer"));
    for (ColumnType type : types) {
      columns.append(", v_").append(type).append(' ').append(NATIVE.get(type));
      schema.add(new Column("v_" + type.name().toLowerCase(), type, true, "x"));
    }
    execute(
        "DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop; CREATE TABLE shop.t ("
            + columns
            + ", w inet)");
    if (way == Way.Text) {
      schema.add(new Column("w", ColumnType.OTHER, true, "inet"));
    }
    RecordSchema all = new RecordSchema("shop.t", schema);
    assertThat(CopyFormat.of(table("shop.t"), List.of(all)))
        .isInstanceOf(way == Way.Text ? TextRows.class : BinaryRows.class);

    Random random = new Random(SEED);
    List<Object[]> records = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (int id = 0; id < ROWS; id++) {
      @Nullable Object[] record = new Object[schema.size()];
      record[0] = id;
      StringBuilder text = new StringBuilder().append(id);
      for (int i = 0; i < types.size(); i++) {
        Object value = random.nextInt(10) == 0 ? null : value(types.get(i), random);
        record[i + 1] = value;
        text.append('|').append(value == null ? "~" : text(types.get(i), value));
      }
      records.add(record);
      expected.add(text.toString());
    }

    try (Connection connection = TargetServer.connect()) {
      Loader loader = new Loader(connection, LoadMode.Insert, null);
      LoadOutcome outcome =
          loader.load(table("shop.t"), List.of(batch("b", all, records))).getFirst();
      assertThat(outcome.verdicts()).as("seed %d", SEED).isEmpty();
    }
    String texts =
        String.join(
            ", ", types.stream().map(t -> expression("v_" + t.name().toLowerCase(), t)).toList());
    List<String> arrived = rows("SELECT id, " + texts + " FROM shop.t ORDER BY id");
    assertThat(arrived).hasSameSizeAs(expected);
    for (int id = 0; id < ROWS; id++) {
      assertThat(arrived.get(id)).as("seed %d", SEED).isEqualTo(expected.get(id));
    }
    assertThat(read(types)).as("seed %d", SEED).isEqualTo(expected);
  }

  /** The table as an extract reads it. */
  private static List<String> read(List<ColumnType> types) throws Exception {
    try (Connection connection = TargetServer.connect()) {
      TablePlan plan =
          SourcePlanner.plan(
                  connection, 0, new StageSpec.Extract("read", "x", List.of("shop.t"), ROWS))
              .tables()
              .getFirst();
      RowWriter rows = new RowWriter(plan.schema(), 1 << 20);
      try (RangeReader reader =
          RangeReader.open(connection, plan.schema(), plan.key(), KeyRange.ALL)) {
        for (int i = 0; reader.advance(); i++) {
          reader.appendTo(rows, i);
        }
      }
      List<String> read = new ArrayList<>();
      for (Row row : RowReader.readAll(plan.schema(), rows.toByteArray())) {
        StringBuilder text = new StringBuilder(row.key());
        for (int i = 0; i < types.size(); i++) {
          Object value = row.values()[i + 1];
          text.append('|').append(value == null ? "~" : text(types.get(i), value));
        }
        read.add(text.toString());
      }
      return read;
    }
  }

  /** Of a float there may be two shortest texts, so its bits are compared. */
  private static String text(ColumnType type, Object value) {
    return switch (type) {
      case REAL -> "%08x".formatted(Float.floatToIntBits((Float) value));
      case DOUBLE -> "%016x".formatted(Double.doubleToLongBits((Double) value));
      default -> ValueText.render(type, value);
    };
  }

  private static String expression(String column, ColumnType type) {
    return switch (type) {
      case REAL -> "encode(float4send(" + column + "), 'hex')";
      case DOUBLE -> "encode(float8send(" + column + "), 'hex')";
      default -> column + "::text";
    };
  }

  private static Object value(ColumnType type, Random random) {
    return switch (type) {
      case BOOLEAN -> random.nextBoolean();
      case SMALLINT -> (int) (short) number(random, 16);
      case INTEGER -> (int) number(random, 32);
      case BIGINT -> number(random, 64);
      case REAL -> anyFloat((int) number(random, 32));
      case DOUBLE -> anyDouble(number(random, 64));
      case DECIMAL -> decimal(random);
      case TEXT -> text(random);
      case BYTES -> {
        byte[] bytes = new byte[random.nextInt(40)];
        random.nextBytes(bytes);
        yield bytes;
      }
      // From 4713 BC to 5874897, 294246 and midnight: what the server takes and Drover carries.
      case DATE -> (int) random.nextLong(-2_440_588, 2_145_000_000);
      case TIME -> random.nextLong(0, 86_400_000_001L);
      case TIMESTAMP, TIMESTAMPTZ ->
          random.nextLong(-210_866_803_200_000_000L, 9_223_371_331_200_000_000L);
      case UUID -> new UUID(random.nextLong(), random.nextLong());
      case JSON, ENUM, ARRAY, OTHER -> throw new IllegalArgumentException(type.name());
    };
  }

  /** Of the many NaNs the one that all agree on. */
  private static Float anyFloat(int bits) {
    float value = Float.intBitsToFloat(bits);
    return Float.isNaN(value) ? Float.NaN : value;
  }

  private static Double anyDouble(long bits) {
    double value = Double.longBitsToDouble(bits);
    return Double.isNaN(value) ? Double.NaN : value;
  }

  /** Small and large magnitudes alike. */
  private static long number(Random random, int bits) {
    return random.nextLong() >> (64 - random.nextInt(1, bits + 1));
  }

  private static String decimal(Random random) {
    return switch (random.nextInt(20)) {
      case 0 -> "NaN";
      case 1 -> "Infinity";
      case 2 -> "-Infinity";
      case 3 -> new BigDecimal(BigInteger.ZERO, random.nextInt(9)).toPlainString();
      default -> {
        BigDecimal number =
            new BigDecimal(new BigInteger(random.nextInt(1, 260), random), random.nextInt(0, 50));
        yield (random.nextBoolean() ? number : number.negate()).toPlainString();
      }
    };
  }

  private static String text(Random random) {
    int[] points = new int[random.nextInt(30)];
    Arrays.setAll(
        points,
        i -> {
          int point =
              random.nextInt(3) == 0 ? random.nextInt(1, 0x110000) : random.nextInt(1, 0x80);
          return point >= 0xD800 && point < 0xE000 ? '\\' : point;
        });
    return new String(points, 0, points.length);
  }
}
