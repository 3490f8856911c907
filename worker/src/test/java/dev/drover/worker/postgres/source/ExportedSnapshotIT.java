package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.worker.database.SourceView;
import dev.drover.worker.database.ViewUnavailableException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A snapshot that one session holds and others read through. */
class ExportedSnapshotIT {
  private SourceServer reader;
  private Connection holder;
  private ExportedSnapshot snapshot;

  @BeforeEach
  void take() throws Exception {
    reader = new SourceServer();
    reader.execute("CREATE TABLE item (id integer PRIMARY KEY); INSERT INTO item VALUES (1)");
    holder = reader.another();
    snapshot = ExportedSnapshot.take(holder, List.of("public.item"));
    reader.execute("INSERT INTO item VALUES (2)");
  }

  @AfterEach
  void close() throws Exception {
    reader.close();
    holder.close();
  }

  private long count(SourceView view) throws SQLException {
    Connection connection = reader.connection;
    try (ReadOnlyTransaction transaction = new ReadOnlyTransaction(connection, view, "SELECT 1");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT count(*) FROM item")) {
      row.next();
      return row.getLong(1);
    }
  }

  @Test
  void others_see_what_it_sees_again_and_again_and_then_the_present_as_before() throws Exception {
    assertThat(count(snapshot)).isEqualTo(1);
    reader.execute("INSERT INTO item VALUES (3)");
    assertThat(count(snapshot)).isEqualTo(1);
    assertThat(count(SourceView.NOW)).isEqualTo(3);
  }

  @Test
  void another_snapshot_of_the_same_name_is_refused() {
    ExportedSnapshot other = new ExportedSnapshot(snapshot.name(), "1:1:");
    assertThatThrownBy(() -> count(other))
        .isInstanceOfSatisfying(
            ViewUnavailableException.class, e -> assertThat(e.reason()).isEqualTo("SnapshotLost"));
  }

  @Test
  void it_is_gone_when_its_session_is() throws Exception {
    holder.close();
    for (int attempt = 0; attempt < 2; attempt++) {
      assertThatThrownBy(() -> count(snapshot))
          .isInstanceOfSatisfying(
              ViewUnavailableException.class,
              e -> assertThat(e.reason()).isEqualTo("SnapshotLost"));
    }
    assertThat(count(SourceView.NOW)).as("the session can be used as before").isEqualTo(2);
  }

  @Test
  void a_name_that_never_was_one_is_refused() {
    assertThatThrownBy(() -> count(new ExportedSnapshot("'; DROP TABLE item; --", "1:1:")))
        .isInstanceOf(ViewUnavailableException.class);
  }
}
