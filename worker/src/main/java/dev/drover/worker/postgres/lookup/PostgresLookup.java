package dev.drover.worker.postgres.lookup;

import dev.drover.wire.schema.Column;
import dev.drover.worker.lookup.Answer;
import dev.drover.worker.lookup.Lookup;
import dev.drover.worker.lookup.LookupQuery;
import dev.drover.worker.lookup.LookupUnavailableException;
import dev.drover.worker.lookup.Question;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.postgres.session.KeptSession;
import dev.drover.worker.postgres.session.SqlFailure;
import dev.drover.worker.text.UnreadableTextException;
import dev.drover.worker.text.ValueText;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one connection of an enrich worker, opened when it is needed and given up after a failure. It
 * cannot write. Used by one thread at a time.
 */
public final class PostgresLookup implements Lookup {
  /** Twice as many keys are asked for at once again after so many batches in time. */
  private static final int RAISED_AFTER = 16;

  private final Endpoint endpoint;
  private final String application;
  private final int timeoutSeconds;
  private volatile @Nullable Connection connection;
  private volatile long queries;
  private int mostKeys = Integer.MAX_VALUE;
  private int inTime;

  /**
   * A session with a database, not opened yet.
   *
   * @param application what the server's session list shows
   * @param timeoutSeconds after which the server gives a query up
   */
  public PostgresLookup(Endpoint endpoint, String application, int timeoutSeconds) {
    this.endpoint = endpoint;
    this.application = application;
    this.timeoutSeconds = timeoutSeconds;
  }

  /** The connection's name in the Migration. */
  public String name() {
    return endpoint.name();
  }

  /** How many queries were sent. */
  public long queries() {
    return queries;
  }

  @Override
  public void ask(Question question, List<@Nullable Object[]> keys, Listener listener)
      throws LookupUnavailableException {
    if (!(question instanceof LookupQuery query)) {
      throw new IllegalArgumentException("a database is asked by queries");
    }
    long started = System.nanoTime();
    try {
      ask(query, keys, listener::answered);
    } finally {
      listener.asked(System.nanoTime() - started);
    }
  }

  /** Is given each answer as soon as it holds. */
  @FunctionalInterface
  private interface Sink {
    void answered(int key, Answer answer);
  }

  /**
   * Asks for keys, all in one query if each can be answered.
   *
   * @param keys different keys, each with a value for each of the query's keys
   * @return an answer for each, in order
   * @throws LookupUnavailableException if the database is away or refuses whatever the key; the
   *     session is then given up. After a timeout, fewer keys are asked for at once
   */
  public List<Answer> ask(LookupQuery query, List<@Nullable Object[]> keys)
      throws LookupUnavailableException {
    Answer[] answers = new Answer[keys.size()];
    ask(query, keys, (key, answer) -> answers[key] = answer);
    return Arrays.asList(answers);
  }

  private void ask(LookupQuery query, List<@Nullable Object[]> keys, Sink sink)
      throws LookupUnavailableException {
    Answer[] answers = new Answer[keys.size()];
    int from = 0;
    while (from < keys.size()) {
      int to = (int) Math.min(keys.size(), (long) from + mostKeys);
      try {
        ask(query, keys, from, to, answers);
      } catch (SQLException e) {
        close();
        LookupUnavailableException failure = LookupFailure.of(endpoint.name(), e);
        if (failure.isTimeout()) {
          mostKeys = Math.max(1, (to - from) / 2);
          inTime = 0;
        }
        throw failure;
      }
      for (int key = from; key < to; key++) {
        sink.answered(key, answers[key]);
      }
      from = to;
    }
    if (++inTime >= RAISED_AFTER) { // it may have been slow for a while only
      inTime = 0;
      mostKeys = (int) Math.min(Integer.MAX_VALUE, 2L * mostKeys);
    }
  }

  /** What fails together, or has too many rows, is asked for in halves. */
  private void ask(
      LookupQuery query, List<@Nullable Object[]> keys, int from, int to, Answer[] answers)
      throws SQLException {
    boolean whole;
    try {
      whole = askOnce(query, keys, from, to, answers);
    } catch (SQLException e) {
      if (!mayBeTheKeys(e)) {
        throw e;
      }
      if (to - from == 1) {
        answers[from] = new Answer.Refused("SQLSTATE " + e.getSQLState());
        return;
      }
      whole = false;
    }
    if (!whole) {
      int middle = (from + to) >>> 1;
      ask(query, keys, from, middle, answers);
      ask(query, keys, middle, to, answers);
    }
  }

  private static boolean mayBeTheKeys(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return SqlFailure.classify(e) == SqlFailure.Record
        || state.startsWith("21")
        || state.startsWith("P0");
  }

  /** Returns false if there are so many rows that they were not all read. */
  private boolean askOnce(
      LookupQuery query, List<@Nullable Object[]> keys, int from, int to, Answer[] answers)
      throws SQLException {
    int most = 2 * (to - from);
    Arrays.fill(answers, from, to, new Answer.Missing());
    Connection session = session();
    KeptSession.require(session);
    try (PreparedStatement statement = session.prepareStatement(LookupSql.of(query))) {
      // One more than the keys can have, so that a query for many rows costs no memory.
      statement.setMaxRows(most + 1);
      bind(session, statement, query.keys(), keys.subList(from, to));
      queries++;
      try (ResultSet rows = statement.executeQuery()) {
        int read = 0;
        while (rows.next()) {
          read++;
          int at = from + Math.toIntExact(rows.getLong(1)) - 1;
          answers[at] =
              answers[at] instanceof Answer.Missing
                  ? found(rows, query.columns())
                  : new Answer.Ambiguous();
        }
        session.commit();
        return read <= most || to - from == 1;
      }
    } catch (SQLException e) {
      try {
        session.rollback();
      } catch (SQLException broken) {
        e.addSuppressed(broken);
      }
      throw e;
    }
  }

  private static Answer found(ResultSet row, List<Column> columns) throws SQLException {
    @Nullable Object[] values = new Object[columns.size()];
    for (int i = 0; i < values.length; i++) {
      String text = row.getString(i + 2);
      try {
        values[i] = text == null ? null : ValueText.parse(columns.get(i).type(), text);
      } catch (UnreadableTextException e) {
        return new Answer.Refused("no record can hold the value of " + columns.get(i).name());
      }
    }
    return new Answer.Found(values);
  }

  static void bind(
      Connection session,
      PreparedStatement statement,
      List<Column> columns,
      List<@Nullable Object[]> keys)
      throws SQLException {
    for (int c = 0; c < columns.size(); c++) {
      List<@Nullable String> texts = new ArrayList<>(keys.size());
      for (@Nullable Object[] key : keys) {
        Object value = key[c];
        texts.add(value == null ? null : ValueText.render(columns.get(c).type(), value));
      }
      statement.setArray(
          c + 1,
          session.createArrayOf(
              LookupSql.arrayType(columns.get(c)), texts.toArray(new @Nullable String[0])));
    }
  }

  @Override
  public void idle() {
    Connection known = connection;
    if (known != null && (!endpoint.mayKeep(known) || endpoint.isMissed(known))) {
      close();
    }
  }

  @Override
  public void rest() {
    Connection known = connection;
    if (known != null && endpoint.mustRest(known) && !endpoint.mayKeep(known)) {
      close();
    }
  }

  private Connection session() throws SQLException {
    Connection known = connection;
    if (known != null && endpoint.mayKeep(known)) {
      return known;
    }
    close();
    Connection opened = endpoint.open(application);
    connection = opened;
    KeptSession.set(
        opened,
        "SET default_transaction_read_only = on; SET statement_timeout = '%ds';"
            .formatted(timeoutSeconds));
    // Each query in a transaction that is begun as read-only: a query can change the default.
    opened.setReadOnly(true);
    opened.setAutoCommit(false);
    return opened;
  }

  @Override
  public void close() {
    Connection open = connection;
    connection = null;
    if (open != null) {
      try {
        open.close();
      } catch (SQLException e) {
        org.slf4j.LoggerFactory.getLogger(PostgresLookup.class)
            .debug("closing a session failed", e);
      }
    }
  }
}
