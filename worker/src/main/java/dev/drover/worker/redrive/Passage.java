package dev.drover.worker.redrive;

import dev.drover.wire.batch.RowReader;
import dev.drover.wire.batch.RowWriter;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.enrich.EnrichOnTheWay;
import dev.drover.worker.enrich.EnrichOnTheWay.Outcome;
import dev.drover.worker.redrive.Renewal.Renewed;
import dev.drover.worker.rules.RuleCompiler;
import dev.drover.worker.rules.RuleRun;
import dev.drover.worker.rules.Rules;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The stages between a table's extract and the stage that refused some of its records, applied to
 * rows as those stages would: transforms to one row after the other, enriches to all at once. Used
 * by one thread.
 */
final class Passage implements AutoCloseable {
  private static final String RULE_ADVICE =
      ": correct the row at the source or the rule, or waive the record";
  private static final String LOOKUP_ADVICE =
      ": mend what is looked up, correct the row at the source, or waive the record";

  private final List<Station> stations;
  private final RecordSchema output;
  private final Renewal.Origin origin;

  /** One of the stages. */
  private sealed interface Station {
    record Judging(String stage, Rules rules, RecordSchema input) implements Station {}

    record Enriching(String stage, EnrichOnTheWay enrich) implements Station {}
  }

  /**
   * A record on its way: with its row, or refused.
   *
   * @param row null once it is refused
   */
  record Traveller(QueuedFailure failure, byte @Nullable [] row, Renewed.@Nullable Refused why) {
    static Traveller refused(QueuedFailure failure, String code, String message) {
      return new Traveller(failure, null, new Renewed.Refused(failure, code, message));
    }

    Traveller with(byte[] next) {
      return new Traveller(failure, next, null);
    }
  }

  private Passage(List<Station> stations, RecordSchema output, Renewal.Origin origin) {
    this.stations = stations;
    this.output = output;
    this.origin = origin;
  }

  /**
   * Makes ready what the stages do.
   *
   * @param stages in the order in which rows come through them, the extract first
   * @param schema the rows as they are read
   * @param fromExtract whether the rows go into the queue of the extract itself
   * @throws IllegalStateException if a rule does not fit, which planning should have found
   */
  static Passage through(
      ChainView.Planned chain,
      Collection<StageSpec> stages,
      RecordSchema schema,
      boolean fromExtract,
      ChainView.Enriching enriching) {
    List<Station> stations = new ArrayList<>();
    RecordSchema at = schema;
    for (StageSpec stage : stages) {
      switch (stage) {
        case StageSpec.Extract e -> {}
        case StageSpec.Transform transform -> {
          Rules rules = compile(chain, transform, at);
          stations.add(new Station.Judging(transform.name(), rules, at));
          at = rules.output();
        }
        case StageSpec.Enrich enrich -> {
          EnrichOnTheWay looking = enriching.of(enrich, at);
          stations.add(new Station.Enriching(enrich.name(), looking));
          at = looking.output();
        }
        case StageSpec.Load load -> throw new IllegalStateException(load.name() + " has no queue");
      }
    }
    return new Passage(
        List.copyOf(stations),
        at,
        new Renewal.Origin(at.fingerprint(), chain.revision(), fromExtract));
  }

  private static Rules compile(
      ChainView.Planned chain, StageSpec.Transform transform, RecordSchema at) {
    String path = "spec.stages[" + chain.spec().placeOf(transform.name()) + "].transform";
    return switch (RuleCompiler.compile(transform.steps(), at, path)) {
      case RuleCompiler.Result.Compiled c -> c.rules();
      case RuleCompiler.Result.Refused r ->
          throw new IllegalStateException(
              "the rules of revision %s do not fit records of %s: %s: %s"
                  .formatted(
                      chain.revision(),
                      at.table(),
                      r.findings().getFirst().path(),
                      r.findings().getFirst().message()));
    };
  }

  /** The schema of what comes through. */
  RecordSchema output() {
    return output;
  }

  /**
   * What becomes of rows on their way, in their order.
   *
   * @param most the most bytes that a row may have behind any stage
   */
  List<Renewed> renew(List<Traveller> travellers, int most) throws InterruptedException {
    List<Traveller> at = travellers;
    for (Station station : stations) {
      at =
          switch (station) {
            case Station.Judging judging ->
                at.stream().map(t -> t.row() == null ? t : judge(judging, t, most)).toList();
            case Station.Enriching enriching -> enrich(enriching, at, most);
          };
    }
    List<Renewed> renewed = new ArrayList<>(at.size());
    for (Traveller t : at) {
      renewed.add(
          t.row() == null
              ? Objects.requireNonNull(t.why())
              : new Renewed.Ready(t.failure(), t.row(), origin));
    }
    return renewed;
  }

  private static Traveller judge(Station.Judging station, Traveller traveller, int most) {
    byte[] row = Objects.requireNonNull(traveller.row());
    RowReader reader = new RowReader(station.input(), row);
    RuleRun run = station.rules().over(reader);
    reader.advance();
    Verdict verdict = run.judge();
    if (verdict != null) {
      return stopped(traveller, station.stage(), verdict, RULE_ADVICE);
    }
    RowWriter writer = new RowWriter(station.rules().output(), row.length + 256);
    try {
      run.write(writer);
    } catch (RowWriter.NullInRequiredColumnException e) {
      return refused(
          traveller, station.stage(), "NullInRequiredColumn", "field " + e.column(), RULE_ADVICE);
    }
    if (writer.size() > most) {
      return refused(traveller, station.stage(), "RecordTooLarge", null, RULE_ADVICE);
    }
    return traveller.with(writer.toByteArray());
  }

  private static List<Traveller> enrich(
      Station.Enriching station, List<Traveller> travellers, int most) throws InterruptedException {
    List<byte[]> rows = travellers.stream().map(Traveller::row).filter(Objects::nonNull).toList();
    List<Outcome> outcomes = rows.isEmpty() ? List.of() : station.enrich().of(rows, most);
    List<Traveller> next = new ArrayList<>(travellers.size());
    int i = 0;
    for (Traveller t : travellers) {
      if (t.row() == null) {
        next.add(t);
        continue;
      }
      next.add(
          switch (outcomes.get(i++)) {
            case Outcome.Passed passed -> t.with(passed.row());
            case Outcome.Stopped s -> stopped(t, station.stage(), s.verdict(), LOOKUP_ADVICE);
          });
    }
    return next;
  }

  private static Traveller stopped(
      Traveller traveller, String stage, Verdict verdict, String advice) {
    return switch (verdict) {
      case Verdict.Failed failed ->
          refused(traveller, stage, failed.cause().code(), failed.cause().step(), advice);
      case Verdict.Filtered f ->
          Traveller.refused(
              traveller.failure(),
              "FilteredBefore",
              "stage %s leaves the row out as it is now: waive the record, or correct the row or what leaves it out"
                  .formatted(stage));
      case Verdict.Waiting w -> throw new IllegalStateException("it waits for nothing");
      case Verdict.Waived w -> throw new IllegalStateException("it waives nothing");
    };
  }

  /** The stage's own words may hold a value, so they are not repeated. */
  private static Traveller refused(
      Traveller traveller, String stage, String code, @Nullable String where, String advice) {
    return Traveller.refused(
        traveller.failure(),
        "FailsBefore",
        "stage %s refuses the row as it is now, %s%s%s"
            .formatted(stage, code, where == null ? "" : " at " + where, advice));
  }

  /** Gives back what is held where stages look up, until it is needed again. */
  @Override
  public void close() {
    for (Station station : stations) {
      if (station instanceof Station.Enriching enriching) {
        enriching.enrich().close();
      }
    }
  }
}
