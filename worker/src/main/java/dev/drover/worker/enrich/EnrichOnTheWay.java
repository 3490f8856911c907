package dev.drover.worker.enrich;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.drover.wire.decision.Verdict;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.lookup.Question;
import dev.drover.worker.metrics.LookupMetrics;
import dev.drover.worker.stage.JudgedBatch;
import dev.drover.worker.stage.SetAsideException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An enrich for rows that do not come in its queue: what it would make of them, without a decision.
 * Every row is looked up anew. Used by one thread.
 */
public final class EnrichOnTheWay implements AutoCloseable {
  private final Enrichment enrichment;
  private final Supplier<Lookup> opening;
  private final Stalls stalls;
  private final Waiting waiting;
  private @Nullable Asking asking;

  /** Told what is waited for. */
  @FunctionalInterface
  public interface Waiting {
    /** Tells it. */
    void since(String why) throws InterruptedException;
  }

  /** What becomes of a row. */
  public sealed interface Outcome {
    /** It goes on, with what was found. */
    record Passed(byte[] row) implements Outcome {}

    /** It does not. */
    record Stopped(Verdict verdict) implements Outcome {}
  }

  /**
   * An enrich as a revision has it.
   *
   * @param plan the revision's
   * @param opening makes a lookup of the stage's kind, which is closed with this
   * @throws IllegalArgumentException if the plan does not fit the rows
   */
  public EnrichOnTheWay(
      String revision,
      StageSpec.Enrich stage,
      ChainPlan plan,
      RecordSchema input,
      Supplier<Lookup> opening,
      Stalls stalls,
      Waiting waiting) {
    this.enrichment = EnrichmentBook.enrichment(revision, stage, plan, input);
    this.opening = opening;
    this.stalls = stalls;
    this.waiting = waiting;
  }

  /** The schema of what goes on. */
  public RecordSchema output() {
    return enrichment.output();
  }

  /**
   * What becomes of rows, in their order. Waits for a lookup that is away.
   *
   * @param most the most bytes that a row may have afterwards
   */
  public List<Outcome> of(List<byte[]> rows, int most) throws InterruptedException {
    Question question = enrichment.question();
    if (question == null) {
      return rows.stream().<Outcome>map(Outcome.Passed::new).toList();
    }
    ByteArrayOutputStream batch = new ByteArrayOutputStream();
    rows.forEach(batch::writeBytes);
    int[] columns = enrichment.keyColumns(question);
    BatchKeys keys = BatchKeys.of(enrichment.input(), batch.toByteArray(), columns);
    List<Answer> answers =
        answers(
            new Asking.Request("a Redrive", enrichment, question, keys, true, Asking.IfAlone.Wait));
    List<Outcome> outcomes = new ArrayList<>(rows.size());
    for (int i = 0; i < rows.size(); i++) {
      BatchKeys own = BatchKeys.of(enrichment.input(), rows.get(i), columns);
      List<Answer> answer = List.of(answers.get(keys.ofRow().get(i)));
      outcomes.add(outcome(EnrichedBatch.of(enrichment, question, rows.get(i), own, answer, most)));
    }
    return outcomes;
  }

  private List<Answer> answers(Asking.Request request) throws InterruptedException {
    try {
      return asking().answers(request);
    } catch (SetAsideException e) {
      throw new IllegalStateException("who waits is not set aside", e);
    }
  }

  private static Outcome outcome(JudgedBatch judged) {
    return judged.verdicts().isEmpty()
        ? new Outcome.Passed(judged.passed().cut(List.of(1)).getFirst())
        : new Outcome.Stopped(judged.verdicts().getFirst().verdict());
  }

  private Asking asking() {
    Asking known = asking;
    if (known == null) {
      known =
          new Asking(
              opening.get(),
              new AnswerCache(null, Ticker.systemTicker()),
              LookupMetrics.untold(),
              stalls,
              waiting);
      asking = known;
    }
    return known;
  }

  /** Gives back what is held where it looks up, until it is needed again. */
  @Override
  public void close() {
    if (asking != null) {
      asking.close();
      asking = null;
    }
  }
}
