package dev.drover.worker.postgres.target;

import static dev.drover.worker.postgres.target.TargetServer.batch;
import static dev.drover.worker.postgres.target.TargetServer.execute;
import static dev.drover.worker.postgres.target.TargetServer.row;
import static dev.drover.worker.postgres.target.TargetServer.rows;
import static dev.drover.worker.postgres.target.TargetServer.schema;
import static dev.drover.worker.postgres.target.TargetServer.table;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.ChainPlan.LoadPromise;
import dev.drover.wire.plan.StageSpec.LoadMode;
import dev.drover.wire.schema.ColumnType;
import dev.drover.worker.database.LoadBatch;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LedgerIT {
  private static final Ledger LEDGER = new Ledger("shop", "uid-1", "load");

  @BeforeEach
  void clean() throws Exception {
    execute("DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop");
    execute(
        "DROP ROLE IF EXISTS loader; CREATE ROLE loader LOGIN; GRANT USAGE ON SCHEMA shop TO loader");
  }

  @Test
  void any_number_of_workers_may_create_it_at_once() throws Exception {
    for (int round = 0; round < 10; round++) {
      execute("DROP TABLE IF EXISTS shop.drover_ledger");
      CyclicBarrier start = new CyclicBarrier(6);
      try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
        List<Future<LoadPromise>> promises = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
          promises.add(
              threads.submit(
                  () -> {
                    try (Connection connection = TargetServer.connect()) {
                      start.await();
                      return LEDGER.ensure(connection);
                    }
                  }));
        }
        for (Future<LoadPromise> promise : promises) {
          assertThat(promise.get()).isEqualTo(LoadPromise.ExactlyOnce);
        }
      }
    }
  }

  @Test
  void without_permission_to_create_it_upsert_alone_is_promised_and_loads() throws Exception {
    execute(
        "CREATE TABLE shop.t (id integer PRIMARY KEY); GRANT SELECT, INSERT, UPDATE ON shop.t TO loader");
    try (Connection connection = TargetServer.connectAs("loader")) {
      assertThat(LEDGER.ensure(connection)).isEqualTo(LoadPromise.UpsertOnly);

      Loader loader = new Loader(connection, LoadMode.Upsert, null);
      LoadBatch batch = batch("b1", schema("id", ColumnType.INTEGER), row(1), row(2));
      loader.load(table("shop.t"), List.of(batch));
      loader.load(table("shop.t"), List.of(batch));
    }
    assertThat(rows("SELECT id FROM shop.t ORDER BY id")).containsExactly("1", "2");
  }

  @Test
  void made_and_granted_by_someone_else_it_serves() throws Exception {
    try (Connection owner = TargetServer.connect();
        Connection connection = TargetServer.connectAs("loader")) {
      LEDGER.ensure(owner);
      assertThat(LEDGER.ensure(connection)).isEqualTo(LoadPromise.UpsertOnly);

      execute("GRANT SELECT, INSERT, UPDATE ON shop.drover_ledger TO loader");
      assertThat(LEDGER.ensure(connection)).isEqualTo(LoadPromise.ExactlyOnce);
    }
  }
}
