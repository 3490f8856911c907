package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.Specs;
import dev.drover.wire.plan.ChainSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SharedCapsTest {
  /** {@code shop} with another database of the server of {@code legacy}, and its login. */
  private static final MigrationSpec ONE_SERVER =
      Specs.with("jdbc:postgresql://shop/shop", "jdbc:postgresql://legacy:5432/new");

  private static final ChainSpec CHAIN = ChainMapping.chain(Specs.plain());
  private static final Map<String, Integer> CAPS = Map.of("legacy", 6, "shop", 4);

  @Test
  void each_server_has_a_cap_of_its_own() {
    SharedCaps room = SharedCaps.of(Specs.plain().connections(), CAPS);

    assertThat(room.caps()).isEqualTo(CAPS);
    assertThat(room.leader("shop")).isEqualTo("shop");
    assertThat(room.leader("gone")).isEqualTo("gone");
    assertThat(room.leader(null)).isNull();
  }

  @Test
  void connections_to_one_server_with_one_login_share_the_smaller_cap() {
    SharedCaps room = SharedCaps.of(sameLogin(), CAPS);

    assertThat(room.caps()).isEqualTo(Map.of("shop", 4));
    assertThat(room.leader("legacy")).isEqualTo("shop");
    assertThat(SharedCaps.of(sameLogin(), Map.of("legacy", 3, "shop", 4)).caps())
        .isEqualTo(Map.of("legacy", 3));
  }

  private static List<Connection> sameLogin() {
    return ONE_SERVER.connections().stream()
        .map(
            c ->
                new Connection(
                    c.name(),
                    new Connection.Jdbc(c.jdbc().url(), new Connection.SecretRef("one"), null),
                    c.maxConnections()))
        .toList();
  }

  @Test
  void another_login_is_another_cap() {
    assertThat(SharedCaps.of(ONE_SERVER.connections(), CAPS).caps()).isEqualTo(CAPS);
  }

  @Test
  void holders_and_readers_are_taken_off_what_they_share() {
    SharedCaps room = SharedCaps.of(sameLogin(), CAPS);

    assertThat(room.without(List.of("legacy")).caps()).isEqualTo(Map.of("shop", 3));
    assertThat(room.besides(List.of("legacy"), CHAIN).caps()).isEqualTo(Map.of("shop", 3));
    assertThat(room.besides(List.of("legacy", "shop", "legacy"), CHAIN).caps())
        .as("one worker for each of the two stages stays")
        .isEqualTo(Map.of("shop", 2));
  }
}
