package dev.drover.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ServedNamespacesTest {
  @Test
  void all_are_served_when_none_is_named() {
    assertThat(new ServedNamespaces(Set.of(), Set.of()).include(in("shop"))).isTrue();
  }

  @Test
  void those_named_are_served_and_no_others() {
    ServedNamespaces shop = new ServedNamespaces(Set.of("shop"), Set.of());
    assertThat(shop.include(in("shop"))).isTrue();
    assertThat(shop.include(in("crm"))).isFalse();
  }

  @Test
  void those_ignored_are_left_alone() {
    ServedNamespaces others = new ServedNamespaces(Set.of(), Set.of("shop"));
    assertThat(others.include(in("shop"))).isFalse();
    assertThat(others.include(in("crm"))).isTrue();
    assertThat(others).hasToString("all namespaces but shop");
  }

  private static HasMetadata in(String namespace) {
    return new ConfigMapBuilder().withNewMetadata().withNamespace(namespace).endMetadata().build();
  }
}
