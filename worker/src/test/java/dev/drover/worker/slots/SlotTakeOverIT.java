package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.session.NoPermitException;
import io.nats.client.Connection;
import io.nats.client.KeyValue;
import java.io.IOException;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Slots whose holders are silent, where nobody is left who could ask the server. */
class SlotTakeOverIT extends SlotScenario {
  /** A login of the server, and the only slot that it may have taken by a pod that is silent. */
  private Endpoint silent(String login) throws Exception {
    execute("CREATE ROLE " + login + " LOGIN PASSWORD 'x'");
    bucket.create(SlotBucket.slotKey(hash(login), 0), WireJson.bytes(silentSlot(login, 1)));
    return endpoint(login, url());
  }

  @Test
  void a_silent_holders_slot_is_taken_over_unless_the_server_still_has_his_session()
      throws Exception {
    Endpoint gone = silent("gone");
    Endpoint frozen = silent("frozen");
    String name = sessionName("frozen", 0);
    try (java.sql.Connection still =
            DriverManager.getConnection(url() + "?ApplicationName=" + name, "frozen", "x");
        ExecutorService two = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<java.sql.Connection> first =
          two.submit((Callable<java.sql.Connection>) () -> open(gone));
      Future<java.sql.Connection> second =
          two.submit((Callable<java.sql.Connection>) () -> open(frozen));

      try (java.sql.Connection session = first.get()) {
        assertThat(session.isValid(5)).isTrue();
      }
      assertThatExceptionOfType(java.util.concurrent.ExecutionException.class)
          .isThrownBy(second::get)
          .withCauseInstanceOf(NoPermitException.class)
          .withMessageContaining("whose session the server still has");
      assertThat(sessions("frozen")).isEqualTo(1);
      assertThat(still.isValid(5)).isTrue();
    }
    assertThat(bucket.get(SlotBucket.slotKey(hash("gone"), 0))).isNull();
    Slot left =
        WireJson.parse(bucket.get(SlotBucket.slotKey(hash("frozen"), 0)).getValue(), Slot.class);
    assertThat(left.state()).isEqualTo(Slot.State.Left);
  }

  @Test
  void who_is_in_something_long_and_does_not_ask_keeps_no_dead_workers_slot_taken()
      throws Exception {
    silent("deserted");
    Endpoint busy = endpoint("deserted", url(), 2, slots);
    try (SlotKeeper others = keeper(nats, "load-5");
        java.sql.Connection working = busy.open(APPLICATION)) {
      // Its session has looked, and freed what was gone; then a worker dies.
      bucket.put(
          SlotBucket.slotKey(hash("deserted"), 0), WireJson.bytes(silentSlot("deserted", 2)));
      Endpoint endpoint = endpoint("deserted", url(), 2, others);
      try (java.sql.Connection second =
          await().atMost(SOON).until(() -> open(endpoint), s -> true)) {
        assertThat(second.isValid(5)).isTrue();
        assertThat(working.isValid(5)).isTrue();
      }
    }
  }

  @Test
  void who_asks_again_and_again_is_believed_that_a_frozen_session_is_there() throws Exception {
    execute("CREATE ROLE watched LOGIN PASSWORD 'x'");
    AtomicLong time = new AtomicLong();
    try (java.sql.Connection still =
            DriverManager.getConnection(
                url() + "?ApplicationName=" + sessionName("watched", 0), "watched", "x");
        SlotKeeper first = keeper(nats, "load-6", time::get);
        SlotKeeper second = keeper(nats, "load-7", time::get)) {
      bucket.create(
          SlotBucket.slotKey(hash("watched"), 0), WireJson.bytes(silentSlot("watched", 2)));
      Endpoint asks = endpoint("watched", url(), 2, first);
      Endpoint waits = endpoint("watched", url(), 2, second);
      try (java.sql.Connection asking = asks.open(APPLICATION);
          ExecutorService one = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<java.sql.Connection> waiting =
            one.submit((Callable<java.sql.Connection>) () -> open(waits));
        for (int step = 0; step < 20; step++) { // well over a minute and a half
          time.addAndGet(Duration.ofSeconds(5).toNanos());
          awaitRenewal(SlotBucket.slotKey(hash("watched"), 1));
          assertThat(asks.mayKeep(asking)).isTrue();
          assertThat(waiting.isDone()).isFalse();
        }
        assertThat(sessions("watched")).isEqualTo(2);
        still.close();
        await().atMost(SOON).until(() -> asks.mayKeep(asking) && waiting.isDone());
        waiting.get().close();
      }
    }
  }

  /** Time passes only as fast as who is alive can show it. */
  private void awaitRenewal(String key) throws Exception {
    long known = bucket.get(key).getRevision();
    await()
        .atMost(SOON)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> bucket.get(key).getRevision() > known);
  }

  @Test
  void of_several_hosts_it_is_told_that_sessions_cannot_be_listed() throws Exception {
    execute("CREATE ROLE several LOGIN PASSWORD 'x'");
    String host = url().replaceFirst("^jdbc:postgresql://([^/]*)/.*$", "$1");
    endpoint("several", url().replace(host, host + "," + host)).open(APPLICATION).close();
    assertThat(advisory("several").listed()).isFalse();

    slots.close();
    slots = keeper(nats, "load-3");
    endpoint("several", url()).open(APPLICATION).close();
    assertThat(advisory("several").listed()).isTrue();
  }

  /** A connection over which the answer to the first entry that is made is lost. */
  private Connection losingAnAnswer() throws Exception {
    KeyValue real = nats.keyValue(ChainNames.SLOTS_BUCKET);
    AtomicBoolean lost = new AtomicBoolean();
    KeyValue losing =
        proxy(
            KeyValue.class,
            (method, args) -> {
              Object answer = method.invoke(real, args);
              if (takesSlot(method, args) && lost.compareAndSet(false, true)) {
                throw new IOException("timeout");
              }
              return answer;
            });
    return with(losing);
  }

  @Test
  void a_slot_of_whose_taking_the_answer_was_lost_is_given_back() throws Exception {
    execute("CREATE ROLE unanswered LOGIN PASSWORD 'x'");
    slots.close();
    slots = keeper(losingAnAnswer(), "load-4");
    Endpoint endpoint = endpoint("unanswered", url());
    assertThatExceptionOfType(NoPermitException.class)
        .isThrownBy(() -> endpoint.open(APPLICATION))
        .withMessageContaining("cannot ask NATS");
    assertThat(bucket.get(SlotBucket.slotKey(hash("unanswered"), 0))).isNotNull();
    await().until(() -> bucket.get(SlotBucket.slotKey(hash("unanswered"), 0)) == null);
    endpoint.open(APPLICATION).close();
  }

  private CapAdvisory advisory(String connection) throws Exception {
    return WireJson.parse(
        state.bucket().get(CapAdvisory.key(connection)).getValue(), CapAdvisory.class);
  }
}
