package dev.drover.wire.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointIdTest {
  private static EndpointId id(String url) {
    return EndpointId.of("crm", url, "mover");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://legacy/shop",
        "jdbc:postgresql://legacy:5432/other?sslmode=require",
        "jdbc:postgresql://LEGACY.crm/shop",
        "jdbc:postgresql://legacy.crm.svc/shop",
        "jdbc:postgresql://legacy.crm.svc.cluster.local.:5432",
      })
  void a_server_is_one_however_its_name_is_written_and_whatever_the_database(String url) {
    assertThat(id(url)).isEqualTo(id("jdbc:postgresql://legacy/shop"));
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:postgresql://legacy:5433/shop",
    "jdbc:postgresql://legacy.shop/shop",
    "jdbc:postgresql://legacy.example.com/shop",
  })
  void other_servers_are_others(String url) {
    assertThat(id(url).hash()).isNotEqualTo(id("jdbc:postgresql://legacy/shop").hash());
  }

  @Test
  void the_same_name_in_another_namespace_or_another_login_is_another() {
    String url = "jdbc:postgresql://legacy/shop";
    assertThat(EndpointId.of("hr", url, "mover").hash()).isNotEqualTo(id(url).hash());
    assertThat(EndpointId.of("crm", url, "other").hash()).isNotEqualTo(id(url).hash());
  }

  @Test
  void of_several_servers_none_lists_the_sessions_of_all() {
    EndpointId two = id("jdbc:postgresql://a:1,b:2/shop?targetServerType=primary");
    assertThat(two.single()).isFalse();
    assertThat(two).isEqualTo(id("jdbc:postgresql://b:2,a:1/shop"));
    assertThat(id("jdbc:postgresql://a:1/shop").single()).isTrue();
    assertThat(id("jdbc:postgresql:shop")).isEqualTo(id("jdbc:postgresql://127.0.0.1/shop"));
  }
}
