package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.ConnectionCap;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.session.NoPermitException;
import io.nats.client.KeyValue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What others write between a holder's choice of a slot and his taking it. */
class SlotRaceIT extends SlotScenario {
  private static final String LOGIN = "racing";

  private final List<String> made = new ArrayList<>();

  /** An endpoint whose holder takes its first slot after something else has happened. */
  private Endpoint afterChoice(String login, int cap, Callable<?> happens) throws Exception {
    KeyValue real = nats.keyValue(ChainNames.SLOTS_BUCKET);
    AtomicBoolean happened = new AtomicBoolean();
    KeyValue racing =
        proxy(
            KeyValue.class,
            (method, args) -> {
              if (takesSlot(method, args)) {
                made.add(String.valueOf(args[0]));
                if (happened.compareAndSet(false, true)) {
                  happens.call();
                }
              }
              return method.invoke(real, args);
            });
    slots.close();
    slots = keeper(with(racing), "load-9", System::nanoTime);
    execute("DROP ROLE IF EXISTS " + login, "CREATE ROLE " + login + " LOGIN PASSWORD 'x'");
    return endpoint(login, url(), cap, slots);
  }

  private long taken(int number, int cap) throws Exception {
    return bucket.create(
        SlotBucket.slotKey(hash(LOGIN), number), WireJson.bytes(silentSlot("slot" + number, cap)));
  }

  private void assertNoneIsOpened(Endpoint endpoint, String reason) throws Exception {
    assertThatExceptionOfType(NoPermitException.class)
        .isThrownBy(() -> endpoint.open(APPLICATION))
        .withMessageContaining(reason);
    assertThat(made).hasSize(1);
    assertThat(bucket.get(made.getFirst())).as("it was given back").isNull();
  }

  @Test
  void a_number_above_a_cap_that_was_not_known_yet_is_given_back() throws Exception {
    taken(0, 8);
    Wish older = new Wish("older", "shop/orders", "copy", 8, "2026-01-01T00:00:00Z");
    bucket.put(SlotBucket.wishKey(hash(LOGIN), "older"), WireJson.bytes(older));
    assertNoneIsOpened(afterChoice(LOGIN, 8, () -> taken(1, 2)), "the 2 connections");
    assertThat(made.getFirst()).endsWith(".2");
  }

  @Test
  void a_number_below_the_cap_is_given_back_if_another_took_one_above_it() throws Exception {
    assertNoneIsOpened(afterChoice(LOGIN, 1, () -> taken(4, 8)), "the most is 1 connections now");
    assertThat(made.getFirst()).endsWith(".0");
  }

  @Test
  void a_cap_that_is_lowered_after_the_choice_holds() throws Exception {
    taken(0, 4);
    assertNoneIsOpened(
        afterChoice(
            LOGIN,
            4,
            () ->
                state.bucket().put(ConnectionCap.key(LOGIN), WireJson.bytes(new ConnectionCap(1)))),
        "the 1 connections");
  }

  @Test
  void who_has_room_beside_what_others_took_keeps_his_slot() throws Exception {
    Endpoint endpoint = afterChoice(LOGIN, 2, () -> taken(1, 8));
    try (java.sql.Connection session = endpoint.open(APPLICATION)) {
      assertThat(session.isValid(5)).isTrue();
      assertThat(made).hasSize(1);
    }
  }
}
