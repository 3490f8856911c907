package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlotNameTest {
  @Test
  void a_sessions_name_says_whose_it_is_and_which_slot() {
    String name = SlotName.of("drover/orders/load", "0123456789", 7);
    assertThat(name).isEqualTo("drover/orders/0123456789.7/load");
    assertThat(SlotName.number(name, "0123456789")).hasValue(7);
    assertThat(SlotName.number(name, "9876543210")).isEmpty();
  }

  @Test
  void the_server_cuts_no_slot_off_a_long_name() {
    String name =
        SlotName.of("drover/" + "m".repeat(60) + "/" + "s".repeat(60), "0123456789", 4711);
    assertThat(name).hasSize(63).startsWith("drover/mmmmmmmm/0123456789.4711/sss");
    assertThat(SlotName.number(name, "0123456789")).hasValue(4711);
    assertThat(SlotName.of("drover/" + "m".repeat(60) + "/load", "0123456789", 1))
        .hasSize(63)
        .endsWith("m/0123456789.1/load");
  }

  @Test
  void names_of_others_are_no_slots() {
    for (String other :
        new String[] {"", "psql", "drover/a/load", "drover/a/0123456789.x/b", "a/b/0123456789.1"}) {
      assertThat(SlotName.number(other, "0123456789")).isEmpty();
    }
  }
}
