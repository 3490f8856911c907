package dev.drover.wire.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.wire.decision.Cause;
import dev.drover.wire.decision.Verdict.FailureClass;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.plan.Step;
import dev.drover.wire.replay.Change;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProvenanceTest {
  private static final Provenance NOTE_OF_EMAIL = new Provenance(Map.of("note", List.of("email")));

  private static JsonNode json(String text) throws Exception {
    return new ObjectMapper().readTree(text.replace('\'', '"'));
  }

  private static FailedMessage message(Provenance made) {
    return new FailedMessage(
        new FailedMessage.Detail(
            "clean",
            "b",
            0,
            "public.item",
            "1",
            "s",
            FailureClass.Record,
            new Cause("steps[0]", "Odd", "public.item", ""),
            "odd",
            "r",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z",
            1,
            7L,
            null,
            made,
            List.of("email")),
        new byte[] {1});
  }

  @Test
  void it_travels_in_a_batch_s_headers_whatever_the_fields_are_called() {
    Provenance odd = new Provenance(Map.of("größe \"1\"\n", List.of("名前", "*x")));
    BatchHeaders sent =
        new BatchHeaders(BatchId.replay(3), 1, 0, "s", "r", Origin.retry, List.of(), odd);

    BatchHeaders read = BatchHeaders.parse(sent.toHeaders());

    assertThat(read.made()).isEqualTo(odd);
    assertThat(sent.toHeaders().getFirst("Drover-Made-Of")).matches("[ -~]+");
  }

  @Test
  void it_is_written_only_where_there_is_any_and_absent_it_is_none() {
    BatchHeaders plain =
        new BatchHeaders(BatchId.replay(3), 1, 0, "s", "r", Origin.retry, List.of());
    assertThat(plain.toHeaders().containsKey("Drover-Made-Of")).isFalse();
    assertThat(BatchHeaders.parse(plain.toHeaders()).made().isNone()).isTrue();
    byte[] old = message(Provenance.NONE).toBytes();
    assertThat(new String(old, StandardCharsets.UTF_8)).doesNotContain("made");
    assertThat(FailedMessage.parse(old).detail().made().isNone()).isTrue();
    assertThat(FailedMessage.parse(message(NOTE_OF_EMAIL).toBytes()).detail().made())
        .isEqualTo(NOTE_OF_EMAIL);
  }

  @Test
  void too_much_to_tell_is_any_field_of_any() {
    Map<String, List<String>> many = new HashMap<>();
    for (int i = 0; i < 400; i++) {
      many.put("field" + i, List.of("other" + i));
    }
    Provenance all = new Provenance(many);
    assertThat(all.sources()).isEqualTo(Map.of("*", List.of("*")));
    assertThat(all.of("field7")).containsExactly("*");
    assertThat(new Provenance(Map.of("a", List.of("a"))).isNone()).isTrue();
  }

  @Test
  void a_correction_replaces_what_a_field_was_made_of_by_what_it_copies() throws Exception {
    assertThat(Change.merging(json("{'note': 'x'}")).made(NOTE_OF_EMAIL).isNone()).isTrue();
    assertThat(Change.merging(json("{'qty': 1}")).made(NOTE_OF_EMAIL)).isEqualTo(NOTE_OF_EMAIL);
    assertThat(
            Change.merging(json("{'qty': 1, 'tag': 'x'}"))
                .copying(Map.of("tag", List.of("email", "note")))
                .made(NOTE_OF_EMAIL)
                .sources())
        .isEqualTo(Map.of("note", List.of("email"), "tag", List.of("email", "note")));
    assertThat(
            Change.merging(json("{'qty': 1}"))
                .copying(Map.of("*", List.of("*")))
                .made(Provenance.NONE)
                .of("qty"))
        .containsExactly("*");
  }

  @Test
  void a_computed_field_is_made_of_what_it_reads() {
    Change change = new Change(null, List.of(new Step.Assignment("tag", "record.note + 'x'")));
    assertThat(change.made(NOTE_OF_EMAIL).of("tag")).containsExactly("email", "note");
    assertThat(Change.NONE.made(NOTE_OF_EMAIL)).isEqualTo(NOTE_OF_EMAIL);
  }

  @Test
  void of_records_that_go_together_what_is_true_of_any_is_told() {
    Provenance other = new Provenance(Map.of("note", List.of("iban"), "tag", List.of("id")));
    assertThat(Provenance.any(List.of(Provenance.NONE, NOTE_OF_EMAIL, other, other)).sources())
        .isEqualTo(Map.of("note", List.of("email", "iban"), "tag", List.of("id")));
  }
}
