package dev.drover.worker.redrive;

import dev.drover.wire.batch.Provenance;
import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.replay.RenewedRows;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Records that may go as one batch: of one block, stage and schema, in the order of their
 * sequences. Not thread-safe.
 */
final class Group {
  /** The most records of a batch, so that what is told of each fits into its headers. */
  static final int RECORDS = 4000;

  /** The most that the headers may take, about. */
  private static final int PAST_BYTES = 32 * 1024;

  private static final int SAME_PAST = 8;
  private static final int OTHER_PAST = 48;

  /** What a name costs in the journal beside its letters. */
  private static final int QUOTES = 6;

  private final Renewal.@Nullable Origin origin;
  private final List<QueuedFailure> failures = new ArrayList<>();
  private final List<byte[]> rows = new ArrayList<>();
  private long bytes;
  private int pastBytes;
  private int nameBytes;

  /**
   * What records must have in common to be in one group.
   *
   * @param schema fingerprint of the schema they failed with
   * @param origin how they were made of rows of the source; null if they were not
   * @param made what earlier changes made of which of their fields: a batch tells it of all alike
   */
  record Key(String stage, String schema, Renewal.@Nullable Origin origin, Provenance made) {
    static Key of(Renewal.Renewed.Ready ready) {
      return new Key(
          ready.failure().detail().stage(),
          ready.origin() == null ? ready.failure().detail().schema() : ready.origin().schema(),
          ready.origin(),
          ready.origin() == null ? ready.failure().detail().made() : Provenance.NONE);
    }
  }

  Group(Renewal.@Nullable Origin origin) {
    this.origin = origin;
  }

  /** Adds a record and what is sent of it. */
  void add(QueuedFailure failure, byte[] row) {
    boolean same =
        !failures.isEmpty()
            && failures.getLast().detail().firstSeen().equals(failure.detail().firstSeen());
    if (failures.isEmpty()
        || !failures.getLast().detail().batch().equals(failure.detail().batch())) {
      nameBytes += failure.detail().batch().length() + QUOTES;
    }
    nameBytes += failure.record().length() + QUOTES;
    failures.add(failure);
    rows.add(row);
    bytes += row.length;
    pastBytes += same ? SAME_PAST : OTHER_PAST;
  }

  /** Whether a record more might not fit into the same message, or the entry that claims it. */
  boolean isFullFor(int more, int batchBytes) {
    return failures.size() >= RECORDS
        || pastBytes >= PAST_BYTES
        || nameBytes >= batchBytes / 2
        || (!failures.isEmpty() && bytes + more > batchBytes);
  }

  int size() {
    return failures.size();
  }

  boolean isEmpty() {
    return failures.isEmpty();
  }

  List<QueuedFailure> failures() {
    return failures;
  }

  List<byte[]> rows() {
    return rows;
  }

  /** The records as they are sent, if they were made of rows of the source. */
  Optional<RenewedRows> renewed() {
    if (origin == null) {
      return Optional.empty();
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    rows.forEach(body::writeBytes);
    return Optional.of(
        new RenewedRows(
            origin.schema(), origin.revision(), origin.fromExtract(), body.toByteArray()));
  }

  /** The first records, in a group of their own. */
  Group first(int count) {
    Group first = new Group(origin);
    for (int i = 0; i < count; i++) {
      first.add(failures.get(i), rows.get(i));
    }
    return first;
  }

  /** Without the first records. */
  Group without(int count) {
    Group rest = new Group(origin);
    for (int i = count; i < failures.size(); i++) {
      rest.add(failures.get(i), rows.get(i));
    }
    return rest;
  }

  /** Only the records that a predicate holds for. */
  Group only(Predicate<QueuedFailure> predicate) {
    Group some = new Group(origin);
    for (int i = 0; i < failures.size(); i++) {
      if (predicate.test(failures.get(i))) {
        some.add(failures.get(i), rows.get(i));
      }
    }
    return some;
  }
}
