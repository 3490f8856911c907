package dev.drover.worker.redrive;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.redrive.Renewal.Renewed;
import dev.drover.worker.rules.RuleCompiler;
import dev.drover.worker.rules.RuleRun;
import dev.drover.worker.rules.Rules;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The transforms between a table's extract and the stage that refused some of its records, applied
 * to one row after the other as those stages would. Pure; thread-safe.
 */
final class Passage {
  private static final String ADVICE =
      ": correct the row at the source or the rule, or waive the record";

  private final List<Station> stations;
  private final RecordSchema output;
  private final Renewal.Origin origin;

  /** One of the transforms. */
  private record Station(String stage, Rules rules, RecordSchema input) {}

  private Passage(List<Station> stations, RecordSchema output, Renewal.Origin origin) {
    this.stations = stations;
    this.output = output;
    this.origin = origin;
  }

  /**
   * Compiles the transforms.
   *
   * @param transforms in the order in which rows come through them
   * @param schema the rows as they are read
   * @param fromExtract whether the rows go into the queue of the extract itself
   * @throws IllegalStateException if a rule does not fit, which planning should have found
   */
  static Passage through(
      ChainSpec spec,
      String revision,
      List<StageSpec.Transform> transforms,
      RecordSchema schema,
      boolean fromExtract) {
    List<Station> stations = new ArrayList<>();
    RecordSchema at = schema;
    for (StageSpec.Transform transform : transforms) {
      String path = "spec.stages[" + spec.indexOf(transform.name()) + "].transform";
      Rules rules =
          switch (RuleCompiler.compile(transform.steps(), at, path)) {
            case RuleCompiler.Result.Compiled c -> c.rules();
            case RuleCompiler.Result.Refused r ->
                throw new IllegalStateException(
                    "the rules of revision %s do not fit records of %s: %s: %s"
                        .formatted(
                            revision,
                            schema.table(),
                            r.findings().getFirst().path(),
                            r.findings().getFirst().message()));
          };
      stations.add(new Station(transform.name(), rules, at));
      at = rules.output();
    }
    return new Passage(
        List.copyOf(stations), at, new Renewal.Origin(at.fingerprint(), revision, fromExtract));
  }

  /** The schema of what comes through. */
  RecordSchema output() {
    return output;
  }

  /**
   * What becomes of a row on its way.
   *
   * @param row as it was read
   * @param most the most bytes that it may have behind any stage
   */
  Renewed renew(QueuedFailure failure, byte[] row, int most) {
    byte[] at = row;
    for (Station station : stations) {
      RowReader reader = new RowReader(station.input(), at);
      RuleRun run = station.rules().over(reader);
      reader.advance();
      Verdict verdict = run.judge();
      if (verdict != null) {
        return stopped(failure, station.stage(), verdict);
      }
      RowWriter writer = new RowWriter(station.rules().output(), at.length + 256);
      try {
        run.write(writer);
      } catch (RowWriter.NullInRequiredColumnException e) {
        return refused(failure, station.stage(), "NullInRequiredColumn", "field " + e.column());
      }
      if (writer.size() > most) {
        return refused(failure, station.stage(), "RecordTooLarge", null);
      }
      at = writer.toByteArray();
    }
    return new Renewed.Ready(failure, at, origin);
  }

  private static Renewed stopped(QueuedFailure failure, String stage, Verdict verdict) {
    return switch (verdict) {
      case Verdict.Failed failed ->
          refused(failure, stage, failed.cause().code(), failed.cause().step());
      case Verdict.Filtered f ->
          new Renewed.Refused(
              failure,
              "FilteredBefore",
              "stage %s leaves the row out as it is now: waive the record, or correct the row or the filter"
                  .formatted(stage));
      case Verdict.Waiting w -> throw new IllegalStateException("a transform waits for nothing");
      case Verdict.Waived w -> throw new IllegalStateException("a transform waives nothing");
    };
  }

  /** The rule's own words may hold a value, so they are not repeated. */
  private static Renewed refused(
      QueuedFailure failure, String stage, String code, @Nullable String where) {
    return new Renewed.Refused(
        failure,
        "FailsBefore",
        "stage %s refuses the row as it is now, %s%s%s"
            .formatted(stage, code, where == null ? "" : " at " + where, ADVICE));
  }
}
