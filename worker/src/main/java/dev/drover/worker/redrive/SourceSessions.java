package dev.drover.worker.redrive;

import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import dev.drover.worker.database.Databases;
import dev.drover.worker.database.KeyedSource;
import dev.drover.worker.database.SystemFailure;
import dev.drover.worker.enrich.EnrichOnTheWay;
import dev.drover.worker.enrich.RequestPace;
import dev.drover.worker.jetstream.Backoff;
import dev.drover.worker.jetstream.Stalls;
import dev.drover.worker.lookup.HttpLookup;
import dev.drover.worker.lookup.Lookup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Sessions at the sources of a chain, one a connection, opened when rows are asked for; and where
 * stages on the rows' way look up. What is away is waited for, and said to be; who waits for one
 * session holds no other, since that may be the one that is lacking. Used by one thread.
 */
public final class SourceSessions implements AutoCloseable {
  private static final String SOURCE = "source";

  private final Path secrets;
  private final Databases databases;
  private final Stalls stalls;
  private final Map<String, KeyedSource> sources = new HashMap<>();
  private final Map<LookedUp, Lookup> lookups = new HashMap<>();
  private Waiting waiting = why -> {};

  /** Where something is looked up, for all tables by one session. */
  private record LookedUp(ConnectionSpec connection, int timeoutSeconds) {}

  /** Told what is waited for. */
  @FunctionalInterface
  interface Waiting {
    /** Tells it. */
    void since(String why) throws InterruptedException;
  }

  /**
   * Sessions with the databases of a chain.
   *
   * @param secrets folder of the secrets of HTTP lookups
   * @param stalls shows what is waited for
   */
  public SourceSessions(Path secrets, Databases databases, Stalls stalls) {
    this.secrets = secrets;
    this.databases = databases;
    this.stalls = stalls;
  }

  /** The enrich of a stage on the way, as a revision has it; it tells its waiting as this does. */
  EnrichOnTheWay enrich(
      ChainView.Planned chain, StageSpec.Enrich stage, RecordSchema input, StateStore state) {
    return new EnrichOnTheWay(
        chain.revision(),
        stage,
        chain.plan(),
        input,
        () -> lookup(chain.spec(), stage, state),
        stalls,
        this::lookupWaits);
  }

  private void lookupWaits(String why) throws InterruptedException {
    giveUp();
    waiting.since(why);
  }

  private Lookup lookup(ChainSpec spec, StageSpec.Enrich stage, StateStore state) {
    return switch (stage.lookup()) {
      case LookupSpec.Query query ->
          lookups.computeIfAbsent(
              new LookedUp(spec.connection(query.connectionName()), stage.timeoutSeconds()),
              at -> databases.of(at.connection()).lookup(at.timeoutSeconds()));
      case LookupSpec.Http http ->
          new HttpLookup(
              http,
              HttpFiles.under(secrets, stage.name()),
              stage.timeoutSeconds(),
              new RequestPace(state, stage.name()));
    };
  }

  void tell(Waiting someone) {
    waiting = someone;
  }

  /** Rows by their keys, see {@link KeyedSource}; whenever the source gives them. */
  Map<String, KeyedSource.Found> read(
      ConnectionSpec connection, TablePlan table, Collection<String> keys, int most)
      throws InterruptedException {
    Backoff backoff = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10), stalls.leaving());
    while (true) {
      try {
        Map<String, KeyedSource.Found> rows = source(connection).read(table, keys, most);
        stalls.over(SOURCE);
        return rows;
      } catch (SystemFailure e) {
        giveUp();
        String message =
            "cannot read %s at connection %s again: %s"
                .formatted(table.table(), connection.name(), e.getMessage());
        stalls.begin(SOURCE, e.reason(), message);
        waiting.since("waits, " + e.reason() + ": " + message);
      }
      backoff.pause();
    }
  }

  /** To be called while nothing is read: gives up what others wait for. */
  void idle() {
    sources.values().forEach(KeyedSource::idle);
    lookups.values().forEach(Lookup::idle);
  }

  private KeyedSource source(ConnectionSpec connection) {
    return sources.computeIfAbsent(connection.name(), name -> databases.of(connection).rows());
  }

  /** Whatever is needed again is opened again. */
  private void giveUp() {
    sources.values().forEach(KeyedSource::close);
    lookups.values().forEach(Lookup::close);
  }

  @Override
  public void close() {
    giveUp();
  }
}
