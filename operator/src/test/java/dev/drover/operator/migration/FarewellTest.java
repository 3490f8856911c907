package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.operator.Specs;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a Migration that goes leaves undone at its targets. */
class FarewellTest {
  private static Migration migration(String indexes, @Nullable String startTime, String completed) {
    Migration migration =
        Specs.migration(
            "{connectionName: shop}",
            "{connectionName: shop, schema: shop, indexes: " + indexes + "}");
    Condition condition =
        new Condition("Completed", completed, "Any", "any", 1L, "2026-01-01T00:00:00Z");
    migration.setStatus(
        new MigrationStatus(
            1L,
            List.of(condition),
            startTime,
            null,
            null,
            null,
            null,
            List.of(),
            null,
            List.of(),
            null));
    return migration;
  }

  @Test
  void indexes_that_were_dropped_and_not_built_are_told_with_where_their_statements_are() {
    assertThat(Farewell.owed(migration("Defer", "2026-01-01T00:00:00Z", "False")))
        .hasValueSatisfying(
            news -> {
              assertThat(news.warning()).isTrue();
              assertThat(news.reason()).isEqualTo("IndexesOwed");
              assertThat(news.message()).contains("shop.drover_preparation", "done_at");
            });
  }

  @Test
  void nothing_is_owed_when_it_is_over_or_never_began_or_nothing_was_deferred() {
    assertThat(Farewell.owed(migration("Defer", "2026-01-01T00:00:00Z", "True"))).isEmpty();
    assertThat(Farewell.owed(migration("Defer", null, "Unknown"))).isEmpty();
    assertThat(Farewell.owed(migration("Keep", "2026-01-01T00:00:00Z", "False"))).isEmpty();
  }
}
