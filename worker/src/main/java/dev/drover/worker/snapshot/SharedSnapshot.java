package dev.drover.worker.snapshot;

import dev.drover.wire.state.SourceSnapshot;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.StateStore.Versioned;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.SourceView;
import dev.drover.worker.database.ViewUnavailableException;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The snapshot that an extract stage's holder has taken, as its readers see it: found in the state
 * bucket when the first transaction needs it, and never another. Used by one thread.
 */
public final class SharedSnapshot implements SourceView {
  private final StateStore state;
  private final String stage;
  private final Database source;
  private @Nullable SourceSnapshot known;

  /**
   * The snapshot of a stage.
   *
   * @param source where it is of
   */
  public SharedSnapshot(StateStore state, String stage, Database source) {
    this.state = state;
    this.stage = stage;
    this.source = source;
  }

  @Override
  public void enter(Connection connection) throws SQLException {
    SourceSnapshot snapshot = known == null ? find() : known;
    known = snapshot;
    try {
      source.enter(connection, snapshot.name(), snapshot.extent());
    } catch (ViewUnavailableException e) {
      known = null; // the holder may know by now why it is gone
      find();
      throw new ViewUnavailableException(
          e.reason(),
          "the snapshot of the source cannot be read through ("
              + e.getMessage()
              + "), though its holder has not lost it: the connection's URL must lead to one and the same server",
          e);
    }
  }

  private SourceSnapshot find() throws ViewUnavailableException {
    SourceSnapshot found = read().map(Versioned::value).orElse(null);
    if (found == null) {
      throw new ViewUnavailableException(
          "SnapshotPending", "the snapshot to read through is not taken yet", null);
    }
    return switch (found.state()) {
      case Held -> found;
      case Lost ->
          throw new ViewUnavailableException(ViewUnavailableException.LOST, found.message(), null);
      case Released ->
          throw new ViewUnavailableException(
              ViewUnavailableException.LOST,
              "the snapshot of "
                  + found.takenAt()
                  + " was given up when all tables were read: to read another one, make another Migration",
              null);
    };
  }

  private Optional<Versioned<SourceSnapshot>> read() throws ViewUnavailableException {
    try {
      return state.snapshot(stage);
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      throw new ViewUnavailableException(
          "NatsUnavailable", "cannot find the snapshot to read through: " + e.getMessage(), e);
    }
  }
}
