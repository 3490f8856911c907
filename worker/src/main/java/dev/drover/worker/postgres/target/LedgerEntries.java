package dev.drover.worker.postgres.target;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.drover.wire.decision.Counts;
import dev.drover.wire.decision.IndexedVerdict;
import dev.drover.worker.database.LoadBatch;
import dev.drover.worker.database.LoadOutcome.AlreadyDecided;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the rows of a {@link Ledger} within a loading transaction. Every exception here
 * is a System failure: the caller lets none of them count against a record.
 */
final class LedgerEntries {
  private static final TypeReference<List<IndexedVerdict>> VERDICTS = new TypeReference<>() {};
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectReader READER = JSON.readerFor(VERDICTS);
  // Written with its static type: a bare list would lose the verdicts' type names.
  private static final ObjectWriter WRITER = JSON.writerFor(VERDICTS);

  private final Ledger ledger;
  private final Connection connection;

  LedgerEntries(Ledger ledger, Connection connection) {
    this.ledger = ledger;
    this.connection = connection;
  }

  /** The ledger's quoted name, for SQL. */
  String sqlName() {
    return ledger.sqlName();
  }

  /**
   * Claims batches for this transaction: waits for any other that claims one of them until it ends.
   *
   * @param batches in ascending order of their ids, each once, so that claims cannot deadlock
   * @return ids of those that nobody has decided; rolling back gives them up
   */
  Set<String> claim(List<LoadBatch> batches) throws SQLException {
    String insert =
        """
        INSERT INTO %s (migration_uid, stage, batch, take, revision, input_hash, records_in)
        SELECT ?, ?, b.* FROM unnest(?::text[], ?::integer[], ?::text[], ?::text[], ?::bigint[]) b
        ON CONFLICT DO NOTHING RETURNING batch
        """
            .formatted(ledger.sqlName());
    try (PreparedStatement statement = connection.prepareStatement(insert)) {
      statement.setString(1, ledger.migrationUid());
      statement.setString(2, ledger.stage());
      statement.setArray(3, array("text", batches.stream().map(LoadBatch::batchId)));
      statement.setArray(4, array("integer", batches.stream().map(LoadBatch::take)));
      statement.setArray(5, array("text", batches.stream().map(LoadBatch::revision)));
      statement.setArray(6, array("text", batches.stream().map(LoadBatch::inputHash)));
      statement.setArray(7, array("bigint", batches.stream().map(b -> (long) b.rows().size())));
      try (ResultSet result = statement.executeQuery()) {
        Set<String> claimed = new HashSet<>();
        while (result.next()) {
          claimed.add(result.getString(1));
        }
        return claimed;
      }
    }
  }

  /** What was decided about batches that others have decided and committed, by batch id. */
  Map<String, AlreadyDecided> decided(Collection<String> batchIds) throws SQLException {
    String select =
        """
        SELECT batch, take, revision, input_hash, records_in, verdicts::text
        FROM %s WHERE migration_uid = ? AND stage = ? AND batch = ANY (?)
        """
            .formatted(ledger.sqlName());
    try (PreparedStatement statement = connection.prepareStatement(select)) {
      statement.setString(1, ledger.migrationUid());
      statement.setString(2, ledger.stage());
      statement.setArray(3, array("text", batchIds.stream()));
      try (ResultSet result = statement.executeQuery()) {
        Map<String, AlreadyDecided> decided = new HashMap<>();
        while (result.next()) {
          decided.put(result.getString(1), entry(result));
        }
        return decided;
      }
    }
  }

  /** Completes the entry of a claimed batch some of whose records were not loaded. */
  void complete(String batchId, Counts counts, List<IndexedVerdict> verdicts) throws SQLException {
    String update =
        """
        UPDATE %s SET failed = ?, waiting = ?, verdicts = ?::jsonb
        WHERE migration_uid = ? AND stage = ? AND batch = ?
        """
            .formatted(ledger.sqlName());
    try (PreparedStatement statement = connection.prepareStatement(update)) {
      statement.setLong(1, counts.failed());
      statement.setLong(2, counts.waiting());
      statement.setString(3, write(verdicts));
      statement.setString(4, ledger.migrationUid());
      statement.setString(5, ledger.stage());
      statement.setString(6, batchId);
      statement.executeUpdate();
    }
  }

  private static AlreadyDecided entry(ResultSet result) throws SQLException {
    List<IndexedVerdict> verdicts = read(result.getString(6));
    return new AlreadyDecided(
        result.getInt(2),
        result.getString(3),
        result.getString(4),
        Counts.of(Math.toIntExact(result.getLong(5)), verdicts),
        verdicts);
  }

  private Array array(String type, Stream<?> elements) throws SQLException {
    return connection.createArrayOf(type, elements.toArray());
  }

  private static String write(List<IndexedVerdict> verdicts) throws SQLException {
    try {
      return WRITER.writeValueAsString(verdicts);
    } catch (JsonProcessingException e) {
      throw new SQLException("verdicts do not serialise", e);
    }
  }

  private static List<IndexedVerdict> read(@Nullable String json) throws SQLException {
    try {
      return json == null ? List.of() : READER.readValue(json);
    } catch (JsonProcessingException e) {
      throw new SQLException("the ledger's verdicts were not written by Drover", e);
    }
  }
}
