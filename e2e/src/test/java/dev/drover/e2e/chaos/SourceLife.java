package dev.drover.e2e.chaos;

import dev.drover.e2e.Database;
import dev.drover.e2e.chaos.Expectation.Reader;
import dev.drover.e2e.chaos.ReadingPosition.Split;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The source's own users: they insert, change and delete rows, mostly ahead of the reader, and
 * write down what must arrive therefore. Each turn is one transaction in one split.
 */
final class SourceLife implements Runnable {
  private static final int CHANGES = 15;
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Database source;
  private final ReadingPosition position;
  private final List<Split> splits;
  private final Map<String, Expectation> expectations;
  private final Random random;
  private final Map<Reader, Integer> changes = new EnumMap<>(Reader.class);
  private final boolean[] left;
  private volatile boolean stopping;

  SourceLife(
      Database source,
      ReadingPosition position,
      List<Split> splits,
      Map<String, Expectation> expectations,
      long seed) {
    this.source = source;
    this.position = position;
    this.splits = splits;
    this.expectations = expectations;
    this.random = new Random(seed);
    this.left = new boolean[splits.size()];
  }

  /** Ends after the turn that it is in. */
  void stop() {
    stopping = true;
  }

  /** Rows that were changed, by where the reader was; to be read when {@link #run} has ended. */
  Map<Reader, Integer> changes() {
    return changes;
  }

  @Override
  public void run() {
    try (Connection connection = source.connect()) {
      connection.setAutoCommit(false);
      while (!stopping) {
        turn(connection, choose());
        Thread.sleep(PAUSE);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the source's users cannot work", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Of ten turns seven are ahead, two where somebody reads, one behind. */
  private Split choose() {
    int die = random.nextInt(10);
    Reader wanted = die < 7 ? Reader.YetToCome : die < 9 ? Reader.InTheSplit : Reader.Gone;
    Split some = splits.get(random.nextInt(splits.size()));
    int offset = random.nextInt(splits.size());
    for (int i = 0; i < splits.size(); i++) {
      int n = (i + offset) % splits.size();
      if (reader(n) == wanted) {
        return splits.get(n);
      }
    }
    return some;
  }

  /** A split that is read to its end stays so. */
  private Reader reader(int n) {
    if (left[n]) {
      return Reader.Gone;
    }
    Reader reader = position.of(splits.get(n));
    left[n] = reader == Reader.Gone;
    return reader;
  }

  private void turn(Connection connection, Split split) throws SQLException {
    Expectation expectation = expectations.get(split.table());
    Reader before = position.of(split);
    Set<Integer> ids = new HashSet<>();
    while (ids.size() < CHANGES) {
      int id = split.first() + random.nextInt(split.last() - split.first() + 1);
      // At the start each fourth is there: so that as many are changed as are new.
      ids.add(random.nextBoolean() ? id : Math.max(split.first(), id & ~3));
    }
    Map<Integer, Integer> revisions = new HashMap<>();
    for (int id : ids) {
      revisions.put(id, change(connection, split.table(), id, expectation.atSource(id)));
    }
    connection.commit();
    Reader after = position.of(split);
    Reader reader =
        after == Reader.YetToCome
            ? Reader.YetToCome
            : before == Reader.Gone ? Reader.Gone : Reader.InTheSplit;
    revisions.forEach((id, rev) -> expectation.changed(id, rev, reader));
    changes.merge(reader, revisions.size(), Integer::sum);
  }

  /** Inserts a row that is not there; of those that are, one in five is deleted. */
  private int change(Connection connection, String table, int id, int rev) throws SQLException {
    if (rev < 0) {
      // Never a version that this row had before: each must be told from the others.
      int fresh = 1 + random.nextInt(30_000);
      execute(connection, "INSERT INTO " + table + " SELECT * FROM chaos.make(?, ?)", id, fresh);
      return fresh;
    }
    if (random.nextInt(5) == 0) {
      execute(connection, "DELETE FROM " + table + " WHERE id = ?", id);
      return -1;
    }
    execute(
        connection,
        """
        UPDATE %s t SET rev = m.rev, qty = m.qty, status = m.status, amount = m.amount, at = m.at,
          note = m.note
        FROM chaos.make(?, ?) m WHERE t.id = m.id
        """
            .formatted(table),
        id,
        rev + 1);
    return rev + 1;
  }

  private static void execute(Connection connection, String sql, int... values)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setInt(i + 1, values[i]);
      }
      if (statement.executeUpdate() != 1) {
        throw new IllegalStateException(statement + " changed no row");
      }
    }
  }
}
