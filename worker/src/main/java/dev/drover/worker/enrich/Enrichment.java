package dev.drover.worker.enrich;

import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.lookup.Question;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a stage does with the records of one schema under one revision. Immutable and thread-safe.
 *
 * @param revision the chain revision
 * @param stage the stage as that revision has it
 * @param input the records that come
 * @param output the records that go on
 * @param question what is asked for them; null if they pass unchanged
 */
record Enrichment(
    String revision,
    StageSpec.Enrich stage,
    RecordSchema input,
    RecordSchema output,
    @Nullable Question question) {
  /** Answers, each written like a row: in the place of its position stands which kind it is. */
  RecordSchema answers(Question asked) {
    return new RecordSchema(input.table(), asked.columns());
  }

  /** Where is looked up, for messages: without a query, which may hold what is secret. */
  String where() {
    return switch (stage.lookup()) {
      case LookupSpec.Query q -> "connection " + q.connectionName();
      case LookupSpec.Http h -> h.urlWithoutQuery();
    };
  }

  /** Where the fields that are asked by stand in a record. */
  int[] keyColumns(Question asked) {
    return asked.keys().stream()
        .map(Column::name)
        .mapToInt(name -> input.indexOf(name).orElseThrow())
        .toArray();
  }

  /** The fields that are asked by, for messages. */
  static String keyNames(Question asked) {
    List<String> names = asked.keys().stream().map(Column::name).toList();
    return String.join(", ", names);
  }
}
