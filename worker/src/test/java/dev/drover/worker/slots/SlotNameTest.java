package dev.drover.worker.slots;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlotNameTest {
  private static final SlotMark MARK = new SlotMark("0123456789", "abcdef");

  @Test
  void a_sessions_name_says_whose_it_is_and_which_slot() {
    String name = SlotName.of("drover/orders/load", MARK, 7);
    assertThat(name).isEqualTo("drover/orders/0123456789abcdef.7/load");
    assertThat(SlotName.number(name, MARK)).hasValue(7);
    assertThat(SlotName.number(name, new SlotMark("9876543210", "abcdef"))).isEmpty();
    assertThat(SlotName.number(name, new SlotMark("0123456789", "fedcba"))).isEmpty();
  }

  @Test
  void a_session_of_another_installation_is_told_from_one_of_another_endpoint() {
    String name = SlotName.of("drover/orders/load", MARK, 7);
    assertThat(SlotName.isForeign(name, MARK)).isFalse();
    assertThat(SlotName.isForeign(name, new SlotMark("9876543210", "abcdef"))).isFalse();
    assertThat(SlotName.isForeign(name, new SlotMark("0123456789", "fedcba"))).isTrue();
    for (String other : new String[] {"", "psql", "drover/a/load", "a/b/0123456789abcdef.1"}) {
      assertThat(SlotName.isForeign(other, new SlotMark("0123456789", "fedcba"))).isFalse();
    }
  }

  @Test
  void the_server_cuts_no_slot_off_a_long_name() {
    String name = SlotName.of("drover/" + "m".repeat(60) + "/" + "s".repeat(60), MARK, 4711);
    assertThat(name).hasSize(63).startsWith("drover/mmmmmmmm/0123456789abcdef.4711/sss");
    assertThat(SlotName.number(name, MARK)).hasValue(4711);
    assertThat(SlotName.of("drover/" + "m".repeat(60) + "/load", MARK, 1))
        .hasSize(63)
        .endsWith("m/0123456789abcdef.1/load");
  }

  @Test
  void names_of_others_are_no_slots() {
    for (String other :
        new String[] {
          "", "psql", "drover/a/load", "drover/a/0123456789abcdef.x/b", "a/b/0123456789abcdef.1"
        }) {
      assertThat(SlotName.number(other, MARK)).isEmpty();
    }
  }
}
