package dev.drover.worker.postgres.target;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.StageSpec.Indexes;
import dev.drover.worker.postgres.types.Quote;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a load stage will have to do around the rows of a table, and what keeps it from that.
 *
 * @param deferred indexes and foreign keys that it drops and builds again, for people
 * @param findings what it may not do
 */
public record Duties(List<String> deferred, List<Finding> findings) {
  /** Building an index takes the table's owner, who may create in its schema. */
  private static final String LACKING =
      """
      SELECT 'make the login a member of role ' || pg_get_userbyid(c.relowner)
      FROM pg_class c WHERE c.oid = to_regclass(?) AND NOT pg_has_role(c.relowner, 'USAGE')
      UNION ALL
      SELECT 'grant CREATE on schema ' || n.nspname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = to_regclass(?) AND NOT has_schema_privilege(n.oid, 'CREATE')
      UNION ALL
      SELECT DISTINCT 'grant REFERENCES on table ' || k.confrelid::regclass
      FROM pg_constraint k
      WHERE k.conrelid = to_regclass(?) AND k.contype = 'f'
        AND NOT has_table_privilege(k.confrelid, 'REFERENCES')
      """;

  public Duties {
    deferred = List.copyOf(deferred);
    findings = List.copyOf(findings);
  }

  /**
   * The duties to a table that is there.
   *
   * @param path the stage's path in the resource, such as {@code spec.stages[2].load}
   * @param table {@code schema.table}
   */
  public static Duties of(Connection connection, String path, String table, Indexes indexes)
      throws SQLException {
    List<Finding> findings = new ArrayList<>();
    for (Sequence sequence : Sequence.of(connection, table)) {
      if (!sequence.settable()) {
        findings.add(
            Finding.warning(
                "SequenceNotSettable",
                path,
                "the login may not move sequence %1$s past the rows of %2$s.%3$s: grant SELECT, UPDATE on sequence %1$s and SELECT on table %2$s, or set it by hand after the load"
                    .formatted(sequence.name(), table, sequence.column())));
      }
    }
    if (indexes == Indexes.Keep) {
      return new Duties(List.of(), findings);
    }
    List<String> deferred = Deferred.of(connection, table).stream().map(Deferred::title).toList();
    if (!deferred.isEmpty()) {
      for (String remedy : lacking(connection, table)) {
        findings.add(
            Finding.error(
                "MayNotDefer",
                path + ".indexes",
                "the login may not drop and build the indexes and foreign keys of table %s: %s, or use indexes: Keep"
                    .formatted(table, remedy)));
      }
    }
    return new Duties(deferred, findings);
  }

  private static List<String> lacking(Connection connection, String table) throws SQLException {
    List<String> lacking = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(LACKING)) {
      for (int i = 1; i <= 3; i++) {
        statement.setString(i, Quote.table(table));
      }
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          lacking.add(row.getString(1));
        }
      }
    }
    return lacking;
  }
}
