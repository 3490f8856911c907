package dev.drover.worker.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.schema.ColumnType;
import dev.drover.worker.postgres.session.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The server is the judge: it reads our text, and prints the same text back. */
class ValueTextIT {
  private static Connection connection;
  private static final Random RANDOM = new Random(42);

  @BeforeAll
  static void open() throws Exception {
    connection = PostgresServer.newDatabase().open("test");
  }

  @AfterAll
  static void close() throws Exception {
    connection.close();
  }

  record Sample(ColumnType type, String sqlType, List<Object> values) {
    @Override
    public String toString() {
      return type.name();
    }
  }

  static Stream<Sample> samples() {
    return Stream.of(
        new Sample(ColumnType.BOOLEAN, "bool", List.of(true, false)),
        new Sample(
            ColumnType.SMALLINT, "int2", List.of(0, (int) Short.MIN_VALUE, (int) Short.MAX_VALUE)),
        new Sample(ColumnType.INTEGER, "int4", List.of(0, Integer.MIN_VALUE, Integer.MAX_VALUE)),
        new Sample(ColumnType.BIGINT, "int8", List.of(0L, Long.MIN_VALUE, Long.MAX_VALUE)),
        new Sample(
            ColumnType.DECIMAL,
            "numeric",
            List.of("0", "12.50", "-0.001", "NaN", "Infinity", "-Infinity", "9".repeat(200))),
        new Sample(ColumnType.TEXT, "text", List.of("", " ", "ä\t\n\\'\"", "😀", "\\N")),
        new Sample(
            ColumnType.BYTES, "bytea", List.of(new byte[0], new byte[] {0, 1, 127, -128, -1})),
        new Sample(ColumnType.UUID, "uuid", List.of(new UUID(0, 0), new UUID(-1, 1))),
        new Sample(ColumnType.REAL, "float4", floats()),
        new Sample(ColumnType.DATE, "date", dates()),
        new Sample(ColumnType.TIME, "time", times()),
        new Sample(ColumnType.TIMESTAMP, "timestamp", timestamps()),
        new Sample(ColumnType.TIMESTAMPTZ, "timestamptz", timestamps()));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void the_server_prints_what_we_write_and_we_read_it_back(Sample sample) throws Exception {
    try (PreparedStatement query =
        connection.prepareStatement("SELECT CAST(?::text AS " + sample.sqlType + ")::text")) {
      for (Object value : sample.values) {
        String ours = ValueText.render(sample.type, value);
        query.setString(1, ours);
        try (ResultSet row = query.executeQuery()) {
          row.next();
          assertThat(ours).isEqualTo(row.getString(1));
        }
        assertThat(ValueText.parse(sample.type, ours)).isEqualTo(value);
      }
    }
  }

  @Test
  void any_double_arrives_bit_by_bit() throws Exception {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT float8send(?::text::float8), (?::text::float8)::text")) {
      for (Double value : doubles()) {
        String ours = ValueText.render(ColumnType.DOUBLE, value);
        query.setString(1, ours);
        query.setString(2, ours);
        try (ResultSet row = query.executeQuery()) {
          row.next();
          long bits = new java.math.BigInteger(row.getBytes(1)).longValue();
          assertThat(Double.longBitsToDouble(bits)).isEqualTo(value);
          assertThat(Double.parseDouble(row.getString(2))).isEqualTo(value);
          if (ours.length() == row.getString(2).length()) {
            assertThat(ours).isEqualTo(row.getString(2));
          }
        }
        assertThat(ValueText.parse(ColumnType.DOUBLE, ours)).isEqualTo(value);
      }
    }
  }

  private static List<Double> doubles() {
    List<Double> values =
        new ArrayList<>(
            List.of(
                0.0,
                -0.0,
                1.0,
                -1.5,
                0.1,
                1e-4,
                9.9e-5,
                1e14,
                1e15,
                123456789012345.6,
                1e16,
                1e23,
                Double.MAX_VALUE,
                Double.MIN_VALUE,
                Double.MIN_NORMAL,
                9007199254740993.0,
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY));
    for (int i = 0; i < 2000; i++) {
      double value = Double.longBitsToDouble(RANDOM.nextLong());
      values.add(value);
      values.add(RANDOM.nextInt(1_000_000) / 1000.0);
    }
    return values;
  }

  private static List<Object> floats() {
    List<Object> values =
        new ArrayList<>(
            List.of(
                0f,
                -0f,
                1f,
                -1.5f,
                0.1f,
                1e-4f,
                9.9e-5f,
                999999f,
                1e6f,
                123456.7f,
                Float.MAX_VALUE,
                Float.MIN_NORMAL,
                Float.NaN,
                Float.POSITIVE_INFINITY,
                Float.NEGATIVE_INFINITY));
    for (int i = 0; i < 500; i++) {
      values.add(RANDOM.nextInt(1_000_000) / 1000f);
    }
    return values;
  }

  private static List<Object> dates() {
    List<Object> values =
        new ArrayList<>(
            List.of(0, -1, 11016, Integer.MAX_VALUE, Integer.MIN_VALUE, -2440588, 2145042541));
    for (int i = 0; i < 2000; i++) {
      values.add(RANDOM.nextInt(-2_440_588, 2_145_042_541));
      values.add(RANDOM.nextInt(-800_000, 100_000));
    }
    return values;
  }

  private static List<Object> times() {
    List<Object> values =
        new ArrayList<>(List.of(0L, 1L, 86_400_000_000L, 86_399_999_999L, 500_000L));
    for (int i = 0; i < 500; i++) {
      values.add(RANDOM.nextLong(86_400_000_000L));
    }
    return values;
  }

  private static List<Object> timestamps() {
    List<Object> values =
        new ArrayList<>(
            List.of(
                0L,
                -1L,
                1L,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                Long.MAX_VALUE - 1,
                -210_866_803_200_000_000L,
                253_402_300_800_000_000L,
                -62_135_596_800_000_001L));
    for (int i = 0; i < 2000; i++) {
      values.add(RANDOM.nextLong(-210_866_803_200_000_000L, Long.MAX_VALUE));
      values.add(RANDOM.nextLong(4_000_000_000_000_000L));
    }
    return values;
  }
}
