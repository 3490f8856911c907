package dev.drover.worker.redrive;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.failure.Correction;
import dev.drover.wire.failure.Correction.RefusedException;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.failure.RecordJson;
import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.Step;
import dev.drover.wire.replay.Change;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.Limits;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.rules.RuleCompiler;
import dev.drover.worker.rules.RuleRun;
import dev.drover.worker.rules.Rules;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A change, fit for records of one schema. The same record always becomes the same bytes, so that a
 * batch can be made again. Immutable and thread-safe.
 */
final class RowChange {
  private static final String RULE_PATH = "spec";

  private final RecordSchema schema;
  private final @Nullable JsonNode correction;
  private final @Nullable Rules rules;
  private final List<Step.Assignment> set;
  private final int most;

  private RowChange(
      RecordSchema schema,
      @Nullable JsonNode correction,
      @Nullable Rules rules,
      List<Step.Assignment> set,
      int most) {
    this.schema = schema;
    this.correction = correction;
    this.rules = rules;
    this.set = set;
    this.most = most;
  }

  /**
   * Checks a change against a schema.
   *
   * @param most the most bytes that a record may have
   * @throws RefusedException if it does not fit, whatever the record; the message has the path
   */
  static RowChange of(Change change, RecordSchema schema, int most) throws RefusedException {
    JsonNode correction = change.correction();
    try {
      if (correction != null) {
        RecordJson.corrected(schema, new Object[schema.columns().size()], correction);
      }
    } catch (RecordJson.FieldRefusedException e) {
      throw new RefusedException(of(schema) + e.getMessage());
    }
    Rules rules = change.set().isEmpty() ? null : compile(change.set(), schema);
    return new RowChange(schema, correction, rules, change.set(), most);
  }

  private static Rules compile(List<Step.Assignment> set, RecordSchema schema)
      throws RefusedException {
    for (int i = 0; i < set.size(); i++) {
      if (schema.indexOf(set.get(i).field()).isEmpty()) {
        throw new RefusedException(
            "%sspec.set[%d].field: the record has no field %s; it has %s"
                .formatted(
                    of(schema), i, set.get(i).field(), String.join(", ", schema.columnNames())));
      }
    }
    Step step = new Step(List.of(), null, null, set, List.of(), List.of());
    Rules rules =
        switch (RuleCompiler.compile(List.of(step), schema, RULE_PATH)) {
          case RuleCompiler.Result.Compiled(Rules compiled) -> compiled;
          case RuleCompiler.Result.Refused(List<Finding> findings) ->
              throw new RefusedException(
                  of(schema)
                      + path(findings.getFirst().path())
                      + ": "
                      + findings.getFirst().message());
        };
    for (int i = 0; i < set.size(); i++) {
      Column wanted = column(schema, set.get(i).field());
      Column given = column(rules.output(), set.get(i).field());
      if (wanted.type() != given.type()) {
        throw new RefusedException(
            "%sspec.set[%d].to: gives %s, but field %s is %s: convert it, such as by %s"
                .formatted(
                    of(schema),
                    i,
                    given.nativeType(),
                    wanted.name(),
                    wanted.nativeType(),
                    "string(...), int(...), double(...) or decimal(...)"));
      }
    }
    return rules;
  }

  private static String path(String path) {
    return path.replace(RULE_PATH + ".steps[0].set", "spec.set");
  }

  private static String of(RecordSchema schema) {
    return "records of " + schema.table() + ": ";
  }

  private static Column column(RecordSchema schema, String name) {
    return schema.columns().get(schema.indexOf(name).orElseThrow());
  }

  /**
   * A record as it is sent.
   *
   * @return one row in the encoding of the schema
   * @throws RefusedException if this record cannot be changed so; the message holds no value
   */
  byte[] apply(QueuedFailure failure) throws RefusedException {
    Rules steps = rules;
    if (steps == null) {
      return Correction.apply(failure, schema, correction, most);
    }
    Correction.requireRow(failure);
    RowReader reader = new RowReader(schema, failure.message().row());
    RuleRun run = steps.over(reader);
    reader.advance();
    if (run.judge() instanceof Verdict.Failed failed) {
      throw new RefusedException("spec.set: " + failed.message());
    }
    try {
      RowWriter changed = new RowWriter(steps.output(), failure.message().row().length + 256);
      run.write(changed);
      Row row = RowReader.readAll(steps.output(), changed.toByteArray()).getFirst();
      requireWithinLimits(row);
      // What is computed may be known to be not null; the record keeps the schema it failed with.
      RowWriter writer = new RowWriter(schema, changed.size() + 64);
      writer.append(row);
      return Correction.requireFit(writer.toByteArray(), most);
    } catch (RowWriter.NullInRequiredColumnException e) {
      throw new RefusedException("spec.set: field " + e.column() + " takes no null");
    }
  }

  private void requireWithinLimits(Row row) throws RefusedException {
    for (int i = 0; i < set.size(); i++) {
      int index = schema.indexOf(set.get(i).field()).orElseThrow();
      Column column = schema.columns().get(index);
      Object value = row.values()[index];
      Optional<String> broken = value == null ? Optional.empty() : Limits.broken(column, value);
      if (broken.isPresent()) {
        throw new RefusedException(
            "spec.set[%d].to: the value %s, and field %s is %s"
                .formatted(i, broken.get(), column.name(), column.nativeType()));
      }
    }
  }
}
