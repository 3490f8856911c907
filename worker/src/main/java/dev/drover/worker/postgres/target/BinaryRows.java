package dev.drover.worker.postgres.target;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code COPY}'s binary format: for each row a 16-bit count of fields, then for each field its
 * 32-bit length (−1 is null) and its bytes as the type's receive function wants them, all
 * big-endian. Only for columns whose value arrives as what it is: what would need a conversion goes
 * as text, since a conversion of our own might differ from the server's.
 *
 * @param table the table to write to
 */
record BinaryRows(TargetTable table) implements CopyFormat {
  /** The signature, no flags, no extension. */
  private static final byte[] HEADER =
      "PGCOPY\n\u00ff\r\n\0\0\0\0\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);

  private static final byte[] TRAILER = {-1, -1};
  private static final int DAYS_TO_2000 = 10_957;
  private static final long MICROS_TO_2000 = DAYS_TO_2000 * 86_400_000_000L;

  /** How a value is written. */
  private enum Form {
    INT2,
    INT4,
    INT8,
    FLOAT4,
    FLOAT8,
    BOOL,
    DATE,
    TIME,
    TIMESTAMP,
    UUID,
    NUMERIC,
    CONTENT,
    JSONB
  }

  /** Whether every column of a schema has a form that its column in the table receives. */
  static boolean takes(TargetTable table, RecordSchema schema) {
    return schema.columns().stream().allMatch(c -> form(table, c) != null);
  }

  private static @Nullable Form form(TargetTable table, Column column) {
    Optional<TargetColumn> target = table.column(column.name());
    return target.isEmpty() ? null : form(column.type(), target.get());
  }

  private static @Nullable Form form(ColumnType from, TargetColumn to) {
    return switch (to.type()) {
      case SMALLINT -> from == ColumnType.SMALLINT ? Form.INT2 : null;
      case INTEGER -> isInteger(from) && from != ColumnType.BIGINT ? Form.INT4 : null;
      case BIGINT -> isInteger(from) ? Form.INT8 : null;
      case REAL -> from == ColumnType.REAL ? Form.FLOAT4 : null;
      case DOUBLE -> from == ColumnType.DOUBLE ? Form.FLOAT8 : null;
      case DECIMAL -> from == ColumnType.DECIMAL ? Form.NUMERIC : null;
      case BOOLEAN -> from == ColumnType.BOOLEAN ? Form.BOOL : null;
      case DATE -> from == ColumnType.DATE ? Form.DATE : null;
      case TIME -> from == ColumnType.TIME ? Form.TIME : null;
      case TIMESTAMP -> from == ColumnType.TIMESTAMP ? Form.TIMESTAMP : null;
      case TIMESTAMPTZ -> from == ColumnType.TIMESTAMPTZ ? Form.TIMESTAMP : null;
      case UUID -> from == ColumnType.UUID ? Form.UUID : null;
      case BYTES -> from == ColumnType.BYTES ? Form.CONTENT : null;
      case TEXT, ENUM -> isText(from) ? Form.CONTENT : null;
      case JSON -> isText(from) ? json(to.nativeType()) : null;
      case ARRAY, OTHER -> null;
    };
  }

  /** A domain over one of the two is named neither. */
  private static @Nullable Form json(String nativeType) {
    return switch (nativeType) {
      case "json" -> Form.CONTENT;
      case "jsonb" -> Form.JSONB;
      default -> null;
    };
  }

  private static boolean isInteger(ColumnType type) {
    return switch (type) {
      case SMALLINT, INTEGER, BIGINT -> true;
      default -> false;
    };
  }

  private static boolean isText(ColumnType type) {
    return switch (type) {
      case TEXT, ENUM, JSON, OTHER, ARRAY, DECIMAL -> true;
      default -> false;
    };
  }

  @Override
  public String option() {
    return " (FORMAT binary)";
  }

  @Override
  public byte[] header() {
    return HEADER;
  }

  @Override
  public byte[] trailer() {
    return TRAILER;
  }

  @Override
  public Encoder encoder(RecordSchema schema) {
    Form[] forms = schema.columns().stream().map(c -> form(table, c)).toArray(Form[]::new);
    return (row, out) -> append(forms, row, out);
  }

  private static void append(Form[] forms, RowReader row, CopyBuffer out) {
    out.int2(forms.length);
    for (int i = 0; i < forms.length; i++) {
      if (row.start(i) < 0) {
        out.int4(-1);
      } else {
        append(forms[i], row, i, out);
      }
    }
  }

  private static void append(Form form, RowReader row, int column, CopyBuffer out) {
    switch (form) {
      case INT2 -> {
        out.int4(2);
        out.int2((int) row.longValue(column));
      }
      case INT4 -> {
        out.int4(4);
        out.int4((int) row.longValue(column));
      }
      case INT8, TIME -> {
        out.int4(8);
        out.int8(row.longValue(column));
      }
      case FLOAT4 -> {
        out.int4(4);
        out.int4((int) row.fixedValue(column, 0, 4));
      }
      case FLOAT8 -> {
        out.int4(8);
        out.int8(row.fixedValue(column, 0, 8));
      }
      case BOOL -> {
        out.int4(1);
        out.encoded(row.bytes(), row.start(column), row.end(column));
      }
      case DATE -> {
        out.int4(4);
        out.int4(date((int) row.longValue(column)));
      }
      case TIMESTAMP -> {
        out.int4(8);
        out.int8(timestamp(row.longValue(column)));
      }
      case UUID -> {
        out.int4(16);
        out.encoded(row.bytes(), row.start(column), row.end(column));
      }
      case NUMERIC -> Numeric.append(row.bytes(), row.contentStart(column), row.end(column), out);
      case CONTENT -> {
        int start = row.contentStart(column);
        out.int4(row.end(column) - start);
        out.encoded(row.bytes(), start, row.end(column));
      }
      case JSONB -> {
        int start = row.contentStart(column);
        out.int4(row.end(column) - start + 1);
        out.int1(1);
        out.encoded(row.bytes(), start, row.end(column));
      }
    }
  }

  /** What cannot be counted from 2000 is beyond what the server takes, and becomes that. */
  private static int date(int day) {
    boolean infinite = day == Integer.MAX_VALUE || day == Integer.MIN_VALUE;
    return infinite ? day : (int) Math.max(Integer.MIN_VALUE + 1L, (long) day - DAYS_TO_2000);
  }

  private static long timestamp(long micros) {
    boolean infinite = micros == Long.MAX_VALUE || micros == Long.MIN_VALUE;
    return infinite
        ? micros
        : Math.max(Long.MIN_VALUE + 1 + MICROS_TO_2000, micros) - MICROS_TO_2000;
  }
}
