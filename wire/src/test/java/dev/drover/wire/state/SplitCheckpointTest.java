package dev.drover.wire.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drover.wire.plan.KeyRange;
import dev.drover.wire.state.SplitCheckpoint.OpenBatch;
import dev.drover.wire.state.SplitCheckpoint.Take;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SplitCheckpointTest {
  private static final List<KeyRange> PIECES =
      List.of(range("50", "70"), range("70", "90"), range("90", "99"));

  private static final SplitCheckpoint READ =
      new SplitCheckpoint(
          1,
          "pod",
          range("0", "99"),
          2,
          List.of("20"),
          List.of(new OpenBatch(1, range("10", "20"), List.of(new Take(1, 7, 1)))),
          false,
          10,
          0,
          1);

  private static KeyRange range(String after, String upTo) {
    return new KeyRange(List.of(after), List.of(upTo));
  }

  @Test
  void a_cut_lowers_the_end_and_names_what_it_leaves_to_others() {
    SplitCheckpoint cut = READ.without(PIECES);

    assertThat(cut.range()).isEqualTo(range("0", "50"));
    assertThat(cut.cutOff()).isEqualTo(PIECES);
    assertThat(cut.cuts()).isEqualTo(3);
    assertThat(cut.open()).isEqualTo(READ.open());
    assertThat(cut.recordsRead()).isEqualTo(READ.recordsRead()).isEqualTo(17);
    assertThat(WireJson.parse(WireJson.bytes(cut), SplitCheckpoint.class)).isEqualTo(cut);
  }

  @Test
  void who_claims_a_split_still_owes_what_the_one_before_cut_off() {
    SplitCheckpoint claimed = READ.without(PIECES).claimedBy("other");

    assertThat(claimed.epoch()).isEqualTo(2);
    assertThat(claimed.cutOff()).isEqualTo(PIECES);
    assertThatThrownBy(() -> claimed.without(PIECES)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void what_was_written_before_splits_were_cut_is_read() {
    String checkpoint =
        "{\"epoch\":1,\"owner\":\"pod\",\"range\":{\"after\":[\"0\"],\"upTo\":[\"99\"]},"
            + "\"nextOrdinal\":0,\"open\":[],\"done\":false,\"records\":0,\"failed\":0,\"batches\":0}";
    String message = "{\"table\":\"public.t\",\"number\":3,\"range\":{},\"revision\":\"r\"}";

    assertThat(WireJson.parse(checkpoint.getBytes(StandardCharsets.UTF_8), SplitCheckpoint.class))
        .isEqualTo(SplitCheckpoint.claimed("pod", range("0", "99")));
    assertThat(WireJson.parse(message.getBytes(StandardCharsets.UTF_8), SplitMessage.class))
        .isEqualTo(new SplitMessage("public.t", "3", KeyRange.ALL, "r"));
  }
}
