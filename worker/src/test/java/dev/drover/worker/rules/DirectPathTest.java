package dev.drover.worker.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The direct path means what CEL's runtime means: each expression by both ways. */
class DirectPathTest {
  private static final RecordLayout LAYOUT =
      RecordLayout.of(
          new RecordSchema(
              "t",
              List.of(
                  new Column("big", ColumnType.BIGINT, false, "bigint"),
                  new Column("qty", ColumnType.INTEGER, true, "integer"),
                  new Column("small", ColumnType.SMALLINT, true, "smallint"),
                  new Column("status", ColumnType.TEXT, false, "text"),
                  new Column("note", ColumnType.TEXT, true, "text"),
                  new Column("paid", ColumnType.BOOLEAN, true, "boolean"),
                  new Column("price", ColumnType.DECIMAL, true, "numeric"),
                  new Column("weight", ColumnType.DOUBLE, true, "double precision"))));

  private static final List<String> TEXTS =
      List.of("", "NEW", "new", "Paid", "ÄÖ ß", "\uD83D\uDE00x", "a'b", "NEW ");
  private static final List<Long> NUMBERS =
      List.of(0L, 1L, -1L, 2L, 7L, 1L << 31, Long.MAX_VALUE, Long.MIN_VALUE, 3_037_000_500L);

  @Test
  void randomExpressionsOnRandomRecords() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int decided = 0;
    int all = 0;
    for (int i = 0; i < 3000; i++) {
      String text =
          switch (i % 3) {
            case 0 -> condition(random, 3);
            case 1 -> number(random, 3);
            default -> text(random, 3);
          };
      if (!(compile(text) instanceof Expressions.Result.Compiled(Expression expression))) {
        continue; // Constants that fail for every record are refused.
      }
      assertThat(expression.isDirect()).as(text).isTrue();
      for (int row = 0; row < 20; row++) {
        @Nullable Object[] slots = slots(random);
        assertThat(outcome(() -> expression.eval(slots)))
            .as("seed %d: %s on %s", seed, text, List.of(java.util.Arrays.toString(slots)))
            .isEqualTo(outcome(() -> expression.evalByRuntime(slots)));
        DirectPath path = DirectPath.of(expression.root(), LAYOUT).orElseThrow();
        decided += path.eval(slots) == DirectPath.UNDECIDED ? 0 : 1;
        all++;
      }
    }
    assertThat(decided).as("decided of %d, seed %d", all, seed).isGreaterThan(all / 3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "record.qty > 0",
        "record.status != 'TEST'",
        "record.status.lowerAscii()",
        "record.qty + 1",
        "record.note == null ? record.qty * 2 : record.qty",
        "record.status in ['NEW', 'PAID']",
        "!(record.paid == true) && record.big >= 10",
        "record.price == null ? 'none' : 'some'",
      })
  void commonRulesAreDirect(String text) {
    assertThat(compiled(text).isDirect()).isEqualTo(!text.contains("price"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "record.weight > 1.5",
        "record.price > decimal('1')",
        "has(record.note)",
        "record.status.matches('N.*')",
        "[1, 2].exists(x, x == record.qty)",
        "record.qty in [1, record.small]",
        "record.status.split('E').size() > 1",
        "double(record.qty) / 2.0",
      })
  void theRestIsTheRuntimes(String text) {
    assertThat(compiled(text).isDirect()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "record.qty > 0",
        "record.big + 9223372036854775807 > 0",
        "record.big - record.big / 0 == 1",
        "record.note + 'x'",
        "record.note.contains('x')",
        "record.paid",
        "record.paid || record.qty / 0 == 1",
        "false && record.qty / 0 == 1",
        "record.qty / 0 == 1 || true",
        "-record.big",
      })
  void failuresAreTheRuntimesOwn(String text) {
    Expression expression = compiled(text);
    @Nullable Object[] slots = new Object[8];
    slots[0] = Long.MAX_VALUE;
    slots[3] = "NEW";
    assertThat(outcome(() -> expression.eval(slots)))
        .isEqualTo(outcome(() -> expression.evalByRuntime(slots)));
  }

  private static Expression compiled(String text) {
    return ((Expressions.Result.Compiled) compile(text)).expression();
  }

  private static Expressions.Result compile(String text) {
    return new Expressions(LAYOUT).compile(text, "path", false, finding -> {});
  }

  private interface Evaluation {
    Object run();
  }

  private static Object outcome(Evaluation evaluation) {
    try {
      return evaluation.run();
    } catch (RuleFailure e) {
      return "fails on " + e.field() + ": " + e.text();
    }
  }

  private static @Nullable Object[] slots(Random random) {
    return new @Nullable Object[] {
      one(random, NUMBERS),
      random.nextInt(6) == 0 ? null : (Object) (random.nextInt(7) - 3),
      random.nextInt(6) == 0 ? null : (Object) (random.nextInt(7) - 3),
      one(random, TEXTS),
      random.nextInt(6) == 0 ? null : one(random, TEXTS),
      random.nextInt(6) == 0 ? null : (Object) random.nextBoolean(),
      null,
      null
    };
  }

  private static <T> T one(Random random, List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  private static String condition(Random random, int depth) {
    if (depth == 0) {
      return one(random, List.of("record.paid", "true", "false", "record.note == null"));
    }
    int d = depth - 1;
    return switch (random.nextInt(10)) {
      case 0 -> "(" + condition(random, d) + " && " + condition(random, d) + ")";
      case 1 -> "(" + condition(random, d) + " || " + condition(random, d) + ")";
      case 2 ->
          "!" + condition(random, 0).replace(" == null", "").replace("record.note", "record.paid");
      case 3 ->
          "("
              + number(random, d)
              + one(random, List.of(" < ", " <= ", " > ", " >= ", " == ", " != "))
              + number(random, d)
              + ")";
      case 4 ->
          "(" + text(random, d) + one(random, List.of(" == ", " != ")) + text(random, d) + ")";
      case 5 ->
          text(random, d)
              + one(random, List.of(".startsWith(", ".endsWith(", ".contains("))
              + text(random, d)
              + ")";
      case 6 -> "(" + text(random, d) + " in ['NEW', '', 'ÄÖ ß'])";
      case 7 -> "(" + number(random, d) + " in [0, 1, -1])";
      case 8 ->
          "("
              + one(random, List.of("record.qty", "record.note", "record.paid"))
              + one(random, List.of(" == ", " != "))
              + "null)";
      default -> condition(random, 0);
    };
  }

  private static String number(Random random, int depth) {
    if (depth == 0) {
      return one(
          random, List.of("record.big", "record.qty", "record.small", "0", "2", "-7", "1000000"));
    }
    int d = depth - 1;
    return switch (random.nextInt(5)) {
      case 0, 1 ->
          "("
              + number(random, d)
              + one(random, List.of(" + ", " - ", " * ", " / ", " % "))
              + number(random, d)
              + ")";
      case 2 -> "size(" + text(random, d) + ")";
      case 3 ->
          "(" + condition(random, d) + " ? " + number(random, d) + " : " + number(random, d) + ")";
      default -> number(random, 0);
    };
  }

  private static String text(Random random, int depth) {
    if (depth == 0) {
      return one(random, List.of("record.status", "record.note", "'new'", "''", "'ß'"));
    }
    int d = depth - 1;
    return switch (random.nextInt(6)) {
      case 0 -> "(" + text(random, d) + " + " + text(random, d) + ")";
      case 1 -> text(random, d) + ".lowerAscii()";
      case 2 -> text(random, d) + ".upperAscii()";
      case 3 -> "string(" + number(random, d) + ")";
      case 4 ->
          "(" + condition(random, d) + " ? " + text(random, d) + " : " + text(random, d) + ")";
      default -> text(random, 0);
    };
  }
}
