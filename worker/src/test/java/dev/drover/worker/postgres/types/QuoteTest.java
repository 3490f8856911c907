package dev.drover.worker.postgres.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class QuoteTest {
  @Test
  void quotes_within_names_and_values_are_doubled() {
    assertThat(Quote.identifier("Odd \"Table\"")).isEqualTo("\"Odd \"\"Table\"\"\"");
    assertThat(Quote.literal("it's \\ '")).isEqualTo("'it''s \\ '''");
  }

  @Test
  void a_tables_schema_ends_at_the_first_dot() {
    assertThat(Quote.table("public.a.b")).isEqualTo("\"public\".\"a.b\"");
    assertThatIllegalArgumentException().isThrownBy(() -> Quote.table("orders"));
  }
}
