package dev.drover.worker.postgres.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearNamesTest {
  private static final List<String> NAMES =
      List.of("public.orders", "public.order_lines", "sales.orders", "public.customers");

  @Test
  void a_slip_of_the_pen_is_understood() {
    assertThat(NearNames.of("public.ordres", NAMES)).containsExactly("public.orders");
    assertThat(NearNames.of("PUBLIC.Orders", NAMES)).first().isEqualTo("public.orders");
  }

  @Test
  void a_missing_or_wrong_schema_is_understood() {
    assertThat(NearNames.of("orders", NAMES)).containsExactly("public.orders", "sales.orders");
    assertThat(NearNames.of("shop.customers", NAMES)).containsExactly("public.customers");
  }

  @Test
  void what_is_far_from_everything_has_no_near_name() {
    assertThat(NearNames.of("public.invoices", NAMES)).isEmpty();
  }
}
