package dev.drover.worker.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Row;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NullnessTest {
  private static final List<String> FIELDS = List.of("a", "b", "c");
  private static final RecordSchema SCHEMA =
      new RecordSchema(
          "t",
          FIELDS.stream().map(f -> new Column(f, ColumnType.INTEGER, true, "integer")).toList());

  private final Random random = new Random(7);

  @Test
  void a_result_said_never_to_be_null_never_is() {
    int certain = 0;
    for (int i = 0; i < 400; i++) {
      String condition = condition(3);
      String number = number(3);
      Rules rules =
          ((RuleCompiler.Result.Compiled)
                  RuleCompiler.compile(
                      List.of(
                          new Step(List.of(), null, condition, List.of(), List.of(), List.of()),
                          new Step(
                              List.of(),
                              null,
                              null,
                              List.of(new Step.Assignment("d", number)),
                              List.of(),
                              List.of())),
                      SCHEMA,
                      "p"))
              .rules();
      List<Column> columns = rules.output().columns();
      certain += columns.getLast().nullable() ? 0 : 1;
      for (int row = 0; row < 27; row++) {
        Object[] values = {value(row % 3), value(row / 3 % 3), value(row / 9)};
        if (Outcome.of(rules, SCHEMA, new Row(row, "", values))
            instanceof Outcome.Passed(Row passed)) {
          for (int c = 0; c < columns.size(); c++) {
            if (!columns.get(c).nullable()) {
              assertThat(passed.values()[c])
                  .as("%s after filter %s, then %s", columns.get(c).name(), condition, number)
                  .isNotNull();
            }
          }
        }
      }
    }
    assertThat(certain).isBetween(20, 380);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "has({'x': record.a}.x) ? record.a : 0",
        "[record.a].filter(x, true)[0]",
        "{'x': record.a}.x",
        "{'x': record.a}['x']",
        "record.a == record.b ? record.a : 0",
        "record.a != record.b ? record.a : 0",
        "record.a in [1] ? 0 : record.a"
      })
  void what_may_give_null_is_said_to(String expression) {
    Given given = Given.table("t").withNullable("a", ColumnType.INTEGER, null);
    assertThat(
            given
                .withNullable("b", ColumnType.INTEGER, 1)
                .set("d", expression)
                .output("d")
                .nullable())
        .isTrue();
  }

  private static Integer value(int choice) {
    return choice == 0 ? null : choice;
  }

  private String field() {
    return "record." + FIELDS.get(random.nextInt(FIELDS.size()));
  }

  private String number(int depth) {
    return switch (random.nextInt(depth == 0 ? 3 : 7)) {
      case 0, 1 -> field();
      case 2 -> random.nextBoolean() ? "1" : "2";
      case 3 -> "(" + number(depth - 1) + " + " + number(depth - 1) + ")";
      case 4 -> "[" + number(depth - 1) + ", " + field() + "][0]";
      default ->
          "("
              + condition(depth - 1)
              + " ? "
              + number(depth - 1)
              + " : "
              + (random.nextInt(4) == 0 ? "null" : number(depth - 1))
              + ")";
    };
  }

  private String condition(int depth) {
    return switch (random.nextInt(depth == 0 ? 4 : 8)) {
      case 0 -> field() + " == null";
      case 1 -> field() + " != null";
      case 2 -> "has(" + field() + ")";
      case 3 -> field() + (random.nextBoolean() ? " < " : " == ") + field();
      case 4 -> "!(" + condition(depth - 1) + ")";
      case 5 -> "(" + condition(depth - 1) + " && " + condition(depth - 1) + ")";
      case 6 -> "(" + condition(depth - 1) + " || " + condition(depth - 1) + ")";
      default -> number(depth - 1) + " > 1";
    };
  }
}
