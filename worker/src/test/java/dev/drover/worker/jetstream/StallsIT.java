package dev.drover.worker.jetstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.queues.QueueLayout;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.api.KeyValueEntry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a worker tells of its waiting, in a real bucket, with the test turning the clock. */
class StallsIT {
  private static final Instant START = Instant.parse("2026-11-23T10:00:00Z");

  private static NatsServer server;
  private static int chains;

  private Connection nats;
  private StateStore state;
  private volatile Instant now = START;
  private Stalls stalls;

  @BeforeAll
  static void start() {
    server = NatsServer.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void open() throws Exception {
    nats = server.connect();
    ChainNames names = ChainNames.of("n", "stalls" + chains++, "u");
    nats.jetStreamManagement().addStream(new QueueLayout(names, 1 << 20, 1).stateBucket());
    state = StateStore.open(nats, names);
    InstantSource source = () -> now;
    stalls = new Stalls(state, "load", "load-0", source.withZone(ZoneOffset.UTC));
  }

  @AfterEach
  void close() throws Exception {
    stalls.close();
    nats.close();
  }

  private @Nullable Stall told() throws Exception {
    KeyValueEntry entry = state.bucket().get("stall.load.load-0");
    return entry == null ? null : WireJson.parse(entry.getValue(), Stall.class);
  }

  @Test
  void what_lasts_is_told_and_what_is_over_is_taken_back() throws Exception {
    stalls.begin("target", "DatabaseUnavailable", "away");
    assertThat(stalls.any()).isTrue();
    now = START.plusSeconds(4);
    await()
        .untilAsserted(
            () ->
                assertThat(told())
                    .isEqualTo(
                        new Stall(
                            "DatabaseUnavailable",
                            "away",
                            START.toString(),
                            START.plusSeconds(4).toString())));
    stalls.over("target");
    assertThat(stalls.any()).isFalse();
    await().untilAsserted(() -> assertThat(told()).isNull());
  }

  @Test
  void a_short_wait_is_nobodys_business() throws Exception {
    stalls.begin("old", "QueueFull", "full");
    now = START.plusSeconds(4);
    // Of two, the teller passes both by before it tells the older one.
    stalls.begin("new", "NatsUnavailable", "away");
    await()
        .untilAsserted(
            () -> assertThat(told()).isNotNull().extracting("reason").isEqualTo("QueueFull"));
    stalls.over("old");
    await().untilAsserted(() -> assertThat(told()).isNull());
    assertThat(stalls.any()).isTrue();
  }

  @Test
  void what_is_set_aside_is_counted_and_told_after_what_keeps_the_worker() throws Exception {
    Duration minute = Duration.ofMinutes(1);
    stalls.begin("batch 1", "LookupUnavailable", "answers 500", minute);
    stalls.begin("batch 2", "LookupUnavailable", "answers 500", minute);
    now = START.plusSeconds(4);
    await().untilAsserted(() -> assertThat(told()).isNotNull().extracting("aside").isEqualTo(2));
    stalls.begin("target", "DatabaseUnavailable", "away");
    now = START.plusSeconds(8);
    await()
        .untilAsserted(
            () ->
                assertThat(told())
                    .isNotNull()
                    .extracting(Stall::reason, Stall::aside)
                    .containsExactly("DatabaseUnavailable", 0));
  }

  @Test
  void what_may_go_on_elsewhere_is_told_for_its_time_and_longer_if_it_comes_again() {
    stalls.begin("batch", "LookupUnavailable", "answers 500");
    stalls.begin("batch", "LookupUnavailable", "tried again in 10 s", Duration.ofSeconds(20));
    now = START.plusSeconds(19);
    await()
        .untilAsserted(
            () ->
                assertThat(told())
                    .isNotNull()
                    .extracting(Stall::message, Stall::since)
                    .containsExactly("tried again in 10 s", START.toString()));
    stalls.begin("batch", "LookupUnavailable", "tried again in 20 s", Duration.ofSeconds(40));
    now = START.plusSeconds(58);
    await()
        .untilAsserted(
            () -> assertThat(told()).isNotNull().extracting(Stall::seen).isEqualTo(now.toString()));
    now = START.plusSeconds(60);
    await().untilAsserted(() -> assertThat(told()).isNull());
    assertThat(stalls.any()).isFalse();
  }

  @Test
  void the_oldest_of_several_is_told_and_then_the_next() throws Exception {
    stalls.begin("first", "QueueFull", "full");
    now = START.plusSeconds(1);
    stalls.begin("second", "DatabaseUnavailable", "away");
    now = START.plusSeconds(10);
    await()
        .untilAsserted(
            () -> assertThat(told()).isNotNull().extracting("reason").isEqualTo("QueueFull"));
    stalls.over("first");
    await()
        .untilAsserted(
            () ->
                assertThat(told())
                    .isNotNull()
                    .extracting("reason", "since")
                    .isEqualTo(List.of("DatabaseUnavailable", START.plusSeconds(1).toString())));
  }

  @Test
  void saying_it_again_keeps_its_beginning_and_shows_the_latest_words() throws Exception {
    stalls.begin("target", "DatabaseUnavailable", "refused");
    now = START.plusSeconds(10);
    stalls.begin("target", "DatabaseUnavailable", "no route");
    await()
        .untilAsserted(
            () ->
                assertThat(told())
                    .isNotNull()
                    .extracting("message", "since")
                    .isEqualTo(List.of("no route", START.toString())));
  }

  @Test
  void what_lasts_is_told_again_so_that_it_is_known_to_last() throws Exception {
    stalls.begin("target", "DatabaseUnavailable", "away");
    now = START.plusSeconds(4);
    await().until(() -> told() != null);
    now = START.plusSeconds(15);
    await()
        .untilAsserted(
            () ->
                assertThat(told())
                    .isNotNull()
                    .extracting("seen")
                    .isEqualTo(START.plusSeconds(15).toString()));
  }

  @Test
  void a_worker_that_leaves_takes_back_what_it_told() throws Exception {
    stalls.begin("target", "DatabaseUnavailable", "away");
    now = START.plusSeconds(4);
    await().until(() -> told() != null);
    stalls.close();
    assertThat(told()).isNull();
  }
}
