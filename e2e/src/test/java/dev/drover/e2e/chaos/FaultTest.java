package dev.drover.e2e.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.e2e.chaos.Fault.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

class FaultTest {
  @Test
  void a_seed_always_gives_the_same_faults() {
    assertThat(Fault.of(42, 100, 1))
        .isEqualTo(Fault.of(42, 100, 1))
        .isNotEqualTo(Fault.of(43, 100, 1));
  }

  @Test
  void more_faults_of_a_seed_begin_with_the_same() {
    assertThat(Fault.of(42, 300, 1)).startsWith(Fault.of(42, 100, 1).toArray(Fault[]::new));
  }

  @Test
  void a_hundred_faults_kill_everybody_and_meet_every_kind() {
    List<Fault> faults = Fault.of(1, 100, 1);
    assertThat(faults).extracting(Fault::kind).contains(Kind.values());
    assertThat(faults)
        .filteredOn(f -> f.kind() == Kind.Kill)
        .extracting(Fault::victim)
        .contains("read", "clean", "load", "archive", "operator", "nats", "target");
  }

  @Test
  void of_several_nats_servers_one_is_killed_often() {
    assertThat(Fault.of(1, 100, 3))
        .filteredOn(f -> f.kind() == Kind.Kill && f.victim().equals("nats"))
        .hasSizeGreaterThan(15);
  }
}
