package dev.drover.worker.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class UnforeseenTest {
  private static Throwable thrown(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      return e;
    }
    throw new AssertionError("nothing was thrown");
  }

  private static String logged(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  @Test
  void what_others_say_of_a_value_is_told_nowhere() {
    Throwable number = thrown(() -> Long.parseLong("ann@example.org"));
    Throwable wrapped = new CompletionException("for ann@example.org", number);
    number.addSuppressed(new IllegalStateException("ann@example.org"));
    for (Throwable e : List.of(number, wrapped)) {
      assertThat(e.toString()).contains("ann@example.org");
      assertThat(Unforeseen.text(e)).doesNotContain("ann").contains("NumberFormatException at ");
      assertThat(logged(Unforeseen.untold(e)))
          .doesNotContain("ann")
          .contains("NumberFormatException", "\tat java.base/java.lang.Long.parseLong");
    }
  }

  @Test
  void the_place_is_told_where_it_was_thrown_and_where_drover_met_it() {
    Throwable number = thrown(() -> Long.parseLong("x"));
    assertThat(Unforeseen.text(number))
        .startsWith("NumberFormatException at java.base/java.lang.NumberFormatException.")
        .contains(", dev.drover.worker.stage.UnforeseenTest.");
    Throwable own = thrown(() -> List.of().add("x"));
    assertThat(Unforeseen.text(own)).startsWith("UnsupportedOperationException at ");
  }

  @Test
  void what_drover_says_itself_is_told_as_it_is() {
    BatchStuckException own = new BatchStuckException("run that version until it has passed");
    assertThat(Unforeseen.text(own)).isEqualTo("run that version until it has passed");
    assertThat(logged(Unforeseen.untold(new CompletionException("ann", own))))
        .doesNotContain("ann")
        .contains("CompletionException", "Caused by: run that version until it has passed");
  }

  @Test
  void causes_that_go_round_in_a_circle_come_to_an_end() {
    RuntimeException one = new RuntimeException("ann");
    RuntimeException two = new RuntimeException("ann", one);
    one.initCause(two);
    assertThat(Unforeseen.text(one)).doesNotContain("ann").hasSizeLessThan(2000);
    assertThat(logged(Unforeseen.untold(one))).doesNotContain("ann");
  }
}
