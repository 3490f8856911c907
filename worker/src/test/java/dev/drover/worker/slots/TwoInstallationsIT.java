package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.nats.NatsServer;
import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import dev.drover.worker.postgres.session.Endpoint;
import io.nats.client.Connection;
import org.junit.jupiter.api.Test;

/** Two installations, each with a NATS of its own, at one database server with one login. */
class TwoInstallationsIT extends SlotScenario {
  private static final String LOGIN = "common";

  private static CapAdvisory advisory(StateStore of) throws Exception {
    var entry = of.bucket().get(CapAdvisory.key(LOGIN));
    return entry == null ? CapAdvisory.FIRM : WireJson.parse(entry.getValue(), CapAdvisory.class);
  }

  @Test
  void neither_keeps_the_other_out_and_who_sees_the_other_says_so() throws Exception {
    execute("CREATE ROLE " + LOGIN + " LOGIN PASSWORD 'x'");
    Endpoint own = endpoint(LOGIN, url());
    try (NatsServer elsewhere = NatsServer.start();
        Connection theirs = connect(elsewhere)) {
      StateStore theirState = StateStore.open(theirs, NAMES);
      try (SlotKeeper others =
          new SlotKeeper(theirs, theirState, new Holder("shop", "orders", "load", "load-2"))) {
        Endpoint other =
            new Endpoint(
                new ConnectionSpec(LOGIN, url(), 1), ConnectionFiles.under(folder, LOGIN), others);
        try (java.sql.Connection first = own.open(APPLICATION)) {
          assertThat(advisory(state)).isEqualTo(CapAdvisory.FIRM);
          try (java.sql.Connection second = other.open(APPLICATION)) {
            assertThat(second.isValid(5)).isTrue();
            assertThat(advisory(theirState)).isEqualTo(new CapAdvisory(true, true));
          }
          assertThat(first.isValid(5)).isTrue();
        }
      }
    }
  }

  @Test
  void the_id_of_an_installation_is_made_once() throws Exception {
    String id = new SlotBucket(nats).installation();
    assertThat(new SlotBucket(nats).installation()).isEqualTo(id).hasSize(6);
  }
}
