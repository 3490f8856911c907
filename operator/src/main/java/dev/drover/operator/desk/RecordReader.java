package dev.drover.operator.desk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordSpec;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.operator.chain.ChainRef;
import dev.drover.operator.chain.NatsLink;
import dev.drover.operator.privacy.Redaction;
import dev.drover.wire.decision.Decision;
import dev.drover.wire.failure.Correction;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.replay.Change;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads failed records of one chain by their schema. Every method throws {@link
 * dev.drover.operator.chain.ChainUnavailableException} when NATS is away or refuses.
 */
final class RecordReader {
  /** Room that a message's headers may take. */
  private static final int HEADERS = 4 * 1024;

  private final NatsLink link;
  private final ChainRef ref;
  private final ErrorQueue errors;
  private final Schemas schemas;
  private final Redaction redaction;

  RecordReader(
      NatsLink link, ChainRef ref, ErrorQueue errors, Schemas schemas, Redaction redaction) {
    this.link = link;
    this.ref = ref;
    this.errors = errors;
    this.schemas = schemas;
    this.redaction = redaction;
  }

  /** What a message tells, without what is hidden. */
  FailedRecordStatus describe(QueuedFailure failure) {
    return RecordStatuses.describe(
        ref.name(),
        failure,
        redaction.show(failure.message(), schema(failure), RecordStatuses.RECORD_LIMIT));
  }

  /** What the resource tells of a message, or else the message itself, or else what is left. */
  FailedRecordStatus described(FailedRecord resource, long sequence) {
    FailedRecordStatus before = resource.getStatus();
    boolean fits = before != null && RecordStatuses.fits(before, redaction);
    return fits && before.errorSequence() == sequence && before.record() != null
        ? before
        : errors.at(sequence).map(this::describe).orElseGet(() -> left(resource, sequence, fits));
  }

  private FailedRecordStatus left(FailedRecord resource, long sequence, boolean fits) {
    FailedRecordStatus before = resource.getStatus();
    if (before == null) {
      return RecordStatuses.unknown(resource, ref.name(), sequence);
    }
    return fits ? before : RecordStatuses.withoutRecord(before, before.history(), redaction);
  }

  /**
   * What a spec changes in a record, found to fit it.
   *
   * @throws Correction.RefusedException if it does not; the message has the path
   */
  Change change(QueuedFailure failure, FailedRecordSpec spec) throws Correction.RefusedException {
    List<JsonNode> patch = spec.jsonPatch();
    if (patch == null) {
      corrected(failure, spec.correction());
      return Change.merging(spec.correction());
    }
    Correction.requireRow(failure);
    Change change =
        PatchedRecord.change(patch, schema(failure), failure.message(), redaction::hides);
    try {
      corrected(failure, change.correction());
    } catch (Correction.RefusedException e) {
      throw new Correction.RefusedException(
          String.valueOf(e.getMessage()).replaceFirst("^spec\\.correction", "spec.jsonPatch"));
    }
    return change;
  }

  /** The record as it is sent again, see {@link Correction#apply}. */
  byte[] corrected(QueuedFailure failure, @Nullable JsonNode correction)
      throws Correction.RefusedException {
    return Correction.apply(failure, schema(failure), correction, link.maxPayload() - HEADERS);
  }

  /** Whether the stage that decided is a load. */
  boolean isLoad(String stage, Decision decision) {
    return link.call(
            "read the spec", nats -> StateStore.open(nats, ref.names()).spec(decision.revision()))
        .map(spec -> spec.stage(stage) instanceof StageSpec.Load)
        .orElse(decision.parts().isEmpty());
  }

  private RecordSchema schema(QueuedFailure failure) {
    return schemas.of(ref.names(), failure.detail().schema());
  }
}
