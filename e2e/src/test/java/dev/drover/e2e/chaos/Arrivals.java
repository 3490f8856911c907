package dev.drover.e2e.chaos;

import dev.drover.e2e.Database;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.wire.state.StateStore;
import io.nats.client.Connection;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.PushSubscribeOptions;
import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Where rows ended: in a table of the target, or in the error queue. */
final class Arrivals {
  private Arrivals() {}

  /**
   * A row that ended somewhere.
   *
   * @param rule the number of the rules that transformed it; 0 of a failed record
   * @param whole whether its other columns are what its version has
   */
  record Arrival(String table, int id, int rev, int rule, boolean whole) {}

  @FunctionalInterface
  interface Taker {
    void take(Arrival arrival);
  }

  /** Gives all rows of a target's table, in the order of their ids. */
  static void inTable(Database target, String schema, String table, Taker taker)
      throws SQLException {
    try (java.sql.Connection connection = target.connect()) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(10_000);
        try (ResultSet rows =
            statement.executeQuery(
                """
                SELECT t.id, t.rev, t.rule,
                  (t.qty, t.status, t.amount, t.at, t.note)
                    IS NOT DISTINCT FROM (m.qty, lower(m.status), m.amount, m.at, m.note)
                FROM %s.%s t, LATERAL chaos.make(t.id::int, t.rev) m ORDER BY t.id
                """
                    .formatted(schema, table))) {
          while (rows.next()) {
            taker.take(
                new Arrival(
                    "chaos." + table,
                    rows.getInt(1),
                    rows.getInt(2),
                    rows.getInt(3),
                    rows.getBoolean(4)));
          }
        }
      }
    }
  }

  /** A message of the error queue. */
  record Failure(String stage, Arrival record) {}

  /** All messages of the error queue, of tables as {@code chaos.make} fills them. */
  static List<Failure> inErrorQueue(Connection nats, ChainNames names) throws Exception {
    StateStore state = StateStore.open(nats, names);
    List<Failure> failures = new ArrayList<>();
    for (FailedMessage message : errorQueue(nats, names)) {
      failures.add(failure(message, state));
    }
    return failures;
  }

  /** All messages of the error queue. */
  static List<FailedMessage> errorQueue(Connection nats, ChainNames names) throws Exception {
    List<FailedMessage> failures = new ArrayList<>();
    JetStreamSubscription all =
        nats.jetStream()
            .subscribe(
                names.all("errors"),
                PushSubscribeOptions.builder().stream(names.errorsStream()).ordered(true).build());
    long waiting =
        nats.jetStreamManagement()
            .getStreamInfo(names.errorsStream())
            .getStreamState()
            .getMsgCount();
    while (failures.size() < waiting) {
      Message message = all.nextMessage(Duration.ofSeconds(10));
      if (message == null) {
        throw new IOException("the error queue gave " + failures.size() + " of " + waiting);
      }
      failures.add(FailedMessage.parse(message.getData()));
    }
    all.unsubscribe();
    return failures;
  }

  private static Failure failure(FailedMessage message, StateStore state) throws Exception {
    FailedMessage.Detail detail = message.detail();
    RecordSchema schema = state.schema(detail.schema());
    Row row = RowReader.readAll(schema, message.row()).getFirst();
    Number rev = (Number) row.values()[schema.indexOf("rev").orElseThrow()];
    return new Failure(
        detail.stage(),
        new Arrival(detail.table(), Integer.parseInt(detail.key()), rev.intValue(), 0, true));
  }
}
