package dev.drover.worker.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.batch.Row;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.Step;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A table with one row, and steps to apply to it. */
final class Given {
  static final String PATH = "spec.stages[1].transform";

  private final String table;
  private final List<Column> columns = new ArrayList<>();
  private final List<@Nullable Object> values = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();

  private Given(String table) {
    this.table = table;
  }

  static Given table(String table) {
    return new Given(table);
  }

  /** {@code shop.orders}, with a column or two of the usual types. */
  static Given orders() {
    return table("shop.orders")
        .with("id", ColumnType.BIGINT, 7L)
        .with("qty", ColumnType.INTEGER, 3)
        .with("status", ColumnType.TEXT, "NEW")
        .with("price", ColumnType.DECIMAL, "12.50")
        .withNullable("note", ColumnType.TEXT, null)
        .withNullable("discount", ColumnType.INTEGER, null);
  }

  Given with(String name, ColumnType type, Object value) {
    return column(name, type, false, value);
  }

  Given withNullable(String name, ColumnType type, @Nullable Object value) {
    return column(name, type, true, value);
  }

  private Given column(String name, ColumnType type, boolean nullable, @Nullable Object value) {
    columns.add(new Column(name, type, nullable, "native " + type));
    values.add(value);
    return this;
  }

  Given set(String field, String to) {
    return step(
        new Step(
            List.of(), null, null, List.of(new Step.Assignment(field, to)), List.of(), List.of()));
  }

  Given set(Step.Assignment... assignments) {
    return step(new Step(List.of(), null, null, List.of(assignments), List.of(), List.of()));
  }

  Given filter(String condition) {
    return step(new Step(List.of(), null, condition, List.of(), List.of(), List.of()));
  }

  Given require(String that, String code, @Nullable String message) {
    return step(
        new Step(
            List.of(),
            new Step.Require(that, code, message),
            null,
            List.of(),
            List.of(),
            List.of()));
  }

  Given rename(String from, String to) {
    return step(
        new Step(List.of(), null, null, List.of(), List.of(new Step.Rename(from, to)), List.of()));
  }

  Given remove(String... fields) {
    return step(new Step(List.of(), null, null, List.of(), List.of(), List.of(fields)));
  }

  /** Restricts the last step. */
  Given onlyFor(String... tables) {
    Step last = steps.removeLast();
    return step(
        new Step(
            List.of(tables),
            last.require(),
            last.filter(),
            last.set(),
            last.rename(),
            last.remove()));
  }

  Given step(Step step) {
    steps.add(step);
    return this;
  }

  RuleCompiler.Result compile() {
    return RuleCompiler.compile(steps, schema(), PATH);
  }

  Rules rules() {
    RuleCompiler.Result result = compile();
    assertThat(result).isInstanceOf(RuleCompiler.Result.Compiled.class);
    return ((RuleCompiler.Result.Compiled) result).rules();
  }

  List<Finding> findings() {
    RuleCompiler.Result result = compile();
    assertThat(result).isInstanceOf(RuleCompiler.Result.Refused.class);
    return ((RuleCompiler.Result.Refused) result).findings();
  }

  /** The only finding. */
  Finding finding() {
    assertThat(findings()).hasSize(1);
    return findings().getFirst();
  }

  Row row() {
    return new Row(4, "7", values.toArray());
  }

  RecordSchema schema() {
    return new RecordSchema(table, columns);
  }

  Outcome outcome() {
    return Outcome.of(rules(), schema(), row());
  }

  /** The fields of the record that passed. */
  Map<String, @Nullable Object> passed() {
    Rules rules = rules();
    Outcome outcome = Outcome.of(rules, schema(), row());
    assertThat(outcome).isInstanceOf(Outcome.Passed.class);
    @Nullable Object[] result = ((Outcome.Passed) outcome).row().values();
    List<String> names = rules.output().columnNames();
    assertThat(result).hasSize(names.size());
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < result.length; i++) {
      fields.put(names.get(i), result[i]);
    }
    return fields;
  }

  /** The value that an expression gives a new field. */
  @Nullable Object value(String expression) {
    return set("result", expression).passed().get("result");
  }

  /** Whether a condition holds. */
  boolean holds(String condition) {
    return Boolean.TRUE.equals(value(condition));
  }

  Verdict.Failed failed() {
    Outcome outcome = outcome();
    assertThat(outcome).isInstanceOf(Outcome.NotPassed.class);
    Verdict verdict = ((Outcome.NotPassed) outcome).verdict();
    assertThat(verdict).isInstanceOf(Verdict.Failed.class);
    return (Verdict.Failed) verdict;
  }

  /** How an expression for a new field fails. */
  Verdict.Failed failure(String expression) {
    return set("result", expression).failed();
  }

  Column output(String field) {
    RecordSchema output = rules().output();
    return output.columns().get(output.indexOf(field).orElseThrow());
  }

  @Override
  public String toString() {
    return table + columns + Arrays.asList(values.toArray());
  }
}
