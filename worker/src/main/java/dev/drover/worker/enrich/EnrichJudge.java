package dev.drover.worker.enrich;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.drover.wire.batch.BatchHeaders;
import dev.drover.wire.batch.Origin;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.jetstream.Patience;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.lookup.Question;
import dev.drover.worker.stage.BatchStuckException;
import dev.drover.worker.stage.Judge;
import dev.drover.worker.stage.JudgedBatch;
import dev.drover.worker.stage.SetAsideException;
import dev.drover.worker.stage.StageContext;
import java.util.List;
import java.util.Optional;

/**
 * Judges by what a lookup finds. The database may say something else tomorrow: so the first answers
 * are written down before anything follows from them, and every later attempt at the batch goes by
 * them, see docs/adr/0011.
 */
public final class EnrichJudge implements Judge {
  private final StageContext context;
  private final EnrichmentBook book;
  private final AnswerLog log;
  private final Asking asking;
  private final Patience patience;

  /**
   * A judge for the context's stage.
   *
   * @param lookup is closed with it
   */
  public EnrichJudge(StageContext context, Lookup lookup) {
    StageSpec.Enrich stage = (StageSpec.Enrich) context.spec().stage(context.stage());
    this.context = context;
    this.book = new EnrichmentBook(context);
    this.log = new AnswerLog(context);
    this.asking =
        new Asking(
            lookup,
            new AnswerCache(stage.cache(), Ticker.systemTicker()),
            context.metrics().lookups(),
            context.stalls(),
            why -> {});
    this.patience = new Patience(context.stalls());
  }

  @Override
  public Optional<JudgedBatch> judge(Arrived batch, String revision)
      throws InterruptedException, SetAsideException {
    Enrichment enrichment = enrichment(batch.input(), revision);
    Question question = enrichment.question();
    if (question == null) {
      return Optional.of(EnrichedBatch.unchanged(batch.input(), batch.body()));
    }
    BatchKeys keys = BatchKeys.of(batch.input(), batch.body(), enrichment.keyColumns(question));
    return switch (known(batch, enrichment, question, keys)) {
      case AnswerLog.Known.Done done -> Optional.empty();
      case AnswerLog.Known.Answered a ->
          Optional.of(
              EnrichedBatch.of(
                  enrichment,
                  question,
                  batch.body(),
                  keys,
                  AnswerCodec.decode(enrichment.answers(question), a.answers()),
                  context.maxRecordBytes()));
      case AnswerLog.Known.Nothing nothing ->
          throw new BatchStuckException("answers of " + batch.headers().id() + " are lost");
    };
  }

  private AnswerLog.Known known(
      Arrived batch, Enrichment enrichment, Question question, BatchKeys keys)
      throws InterruptedException, SetAsideException {
    BatchHeaders headers = batch.headers();
    if (batch.again()) {
      AnswerLog.Known known = log.find(headers, enrichment.revision());
      if (!(known instanceof AnswerLog.Known.Nothing)) {
        return known;
      }
    }
    // Who sends a record again has mended something, perhaps what was looked up.
    boolean anew = headers.origin() == Origin.retry;
    List<Answer> answers =
        asking.answers(
            new Asking.Request(
                headers.id().text(),
                enrichment,
                question,
                keys,
                anew,
                batch.again() ? Asking.IfAlone.LeaveAtOnce : Asking.IfAlone.Leave));
    return log.settle(
        headers, enrichment.revision(), AnswerCodec.encode(enrichment.answers(question), answers));
  }

  @Override
  public void settled(Arrived batch, String revision) throws InterruptedException {
    if (enrichment(batch.input(), revision).question() != null) {
      log.done(batch.headers(), revision);
    }
  }

  private Enrichment enrichment(RecordSchema input, String revision) throws InterruptedException {
    return patience.ask("read the lookup of revision " + revision, () -> book.of(revision, input));
  }

  @Override
  public void idle() {
    asking.idle();
  }

  @Override
  public void rest() {
    asking.rest();
  }

  @Override
  public void close() {
    asking.close();
  }
}
