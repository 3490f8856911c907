package dev.drover.worker.redrive;

import dev.drover.wire.failure.QueuedFailure;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.replay.RedriveOrder;
import dev.drover.worker.database.KeyedSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Reads the rows of failed records at the source, as they are now, and takes them through the
 * stages before the one that refused them. What comes through is sent to that stage in the place of
 * the record that failed there; what does not stays in the error queue.
 */
final class FromSource implements Renewal {
  /** A longer key was cut when the failure was written down. */
  private static final int LONGEST_KEY = 4000;

  private final RedriveContext context;
  private final SourceSessions sessions;
  private final Map<String, ChainView> views = new HashMap<>();

  FromSource(RedriveContext context, SourceSessions sessions) {
    this.context = context;
    this.sessions = sessions;
  }

  private record Place(String stage, String table) {}

  @Override
  public List<Renewed> of(List<QueuedFailure> failures, RedriveOrder order)
      throws InterruptedException {
    ChainView view = view(Objects.requireNonNull(order.sourceRevision(), "reads no source"));
    Map<Place, List<QueuedFailure>> places = new LinkedHashMap<>();
    for (QueuedFailure failure : failures) {
      places
          .computeIfAbsent(
              new Place(failure.detail().stage(), failure.detail().table()), p -> new ArrayList<>())
          .add(failure);
    }
    Map<Long, Renewed> bySequence = new HashMap<>();
    for (Map.Entry<Place, List<QueuedFailure>> place : places.entrySet()) {
      Place at = place.getKey();
      for (Renewed one :
          renew(view.passage(at.stage(), at.table()), at.table(), place.getValue())) {
        bySequence.put(one.failure().sequence(), one);
      }
    }
    return failures.stream()
        .map(f -> Objects.requireNonNull(bySequence.get(f.sequence())))
        .toList();
  }

  private List<Renewed> renew(ChainView.Way way, String table, List<QueuedFailure> failures)
      throws InterruptedException {
    return switch (way) {
      case ChainView.Way.Closed(String code, String message) ->
          failures.stream().<Renewed>map(f -> new Renewed.Refused(f, code, message)).toList();
      case ChainView.Way.Open(TablePlan plan, ConnectionSpec connection, Passage passage) -> {
        // The stage that gets the records reads it by its fingerprint.
        context
            .patience()
            .ask("write a schema of " + table, () -> context.state().putSchema(passage.output()));
        List<String> keys =
            failures.stream().map(f -> f.detail().key()).filter(FromSource::isWhole).toList();
        Map<String, KeyedSource.Found> rows =
            sessions.read(connection, plan, keys, context.maxRecordBytes());
        List<Passage.Traveller> travellers = new ArrayList<>(failures.size());
        for (QueuedFailure failure : failures) {
          travellers.add(traveller(failure, table, rows));
        }
        yield passage.renew(travellers, context.maxRecordBytes());
      }
    };
  }

  private static boolean isWhole(String key) {
    return key.length() < LONGEST_KEY;
  }

  private Passage.Traveller traveller(
      QueuedFailure failure, String table, Map<String, KeyedSource.Found> rows) {
    KeyedSource.Found found = rows.get(failure.detail().key());
    if (found == null) {
      return Passage.Traveller.refused(
          failure,
          ChainView.NO_KEY,
          "the key of the record in %s is too long to be kept with it: send it with startAt: Stage, or move it by hand"
              .formatted(table));
    }
    return switch (found) {
      case KeyedSource.Found.Gone g ->
          Passage.Traveller.refused(
              failure,
              "SourceRowGone",
              "no row of %s has the record's key any more: waive the record, or restore its row"
                  .formatted(table));
      case KeyedSource.Found.Unreadable u ->
          Passage.Traveller.refused(
              failure,
              "SourceRowUnreadable",
              "the row in %s holds a value that cannot be carried: correct it at the source"
                  .formatted(table));
      case KeyedSource.Found.TooLarge t ->
          Passage.Traveller.refused(
              failure,
              "SourceRowTooLarge",
              "the row in %s has more bytes than a message holds, %d: shorten it at the source, or raise NATS' max_payload"
                  .formatted(table, context.maxRecordBytes()));
      case KeyedSource.Found.Read(byte[] row) -> new Passage.Traveller(failure, row, null);
    };
  }

  private ChainView view(String revision) throws InterruptedException {
    ChainView view = views.get(revision);
    if (view == null) {
      ChainView.Planned chain =
          context
              .patience()
              .ask(
                  "read plan " + revision, () -> ChainView.Planned.read(context.state(), revision));
      view =
          new ChainView(
              chain, (stage, input) -> sessions.enrich(chain, stage, input, context.state()));
      views.put(revision, view);
    }
    return view;
  }

  @Override
  public void close() {
    sessions.close();
    views.values().forEach(ChainView::close);
  }
}
