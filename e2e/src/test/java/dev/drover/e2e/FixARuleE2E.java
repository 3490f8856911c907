package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code examples/fix-a-rule/README.md}, followed line by line. */
class FixARuleE2E {
  private static final Story STORY = new Story("fix-a-rule");

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete("parcels");
  }

  @AfterEach
  void stop() {
    cluster.delete("parcels");
    cluster.close();
  }

  private RedriveStatus redrive(String name) {
    return cluster
        .client
        .resources(Redrive.class)
        .inNamespace("default")
        .withName(name)
        .get()
        .getStatus();
  }

  @Test
  void the_readme_can_be_followed_and_exactly_the_affected_records_pass() throws Exception {
    List<String> parts = STORY.parts();
    assertThat(parts).hasSize(6);
    STORY.tell(parts.subList(0, 1));
    Map<String, String> before = cluster.podTemplates("parcels");

    String told = STORY.tell(parts.subList(1, parts.size()));

    assertThat(told)
        .contains("3003 records failed at clean: NoWeight")
        .contains("LETTER, after|3000")
        .contains("PARCEL, before|56997")
        .doesNotContain("PARCEL, after", "LETTER, before");
    assertThat(redrive("letters-dry-run").selected()).isEqualTo(3003);
    assertThat(redrive("letters-dry-run").sent()).isZero();
    RedriveStatus sent = redrive("letters");
    assertThat(List.of(sent.selected(), sent.sent())).containsOnly(3003L);
    assertThat(sent.resolved()).isEqualTo(3000);
    assertThat(sent.failedAgain()).isEqualTo(3);
    assertThat(Cluster.query("target", "SELECT count(*) FROM parcels.parcel WHERE grams < 0"))
        .containsExactly("0");
    Map<String, String> after = cluster.podTemplates("parcels");
    assertThat(after.get("read")).as("not rolled").isEqualTo(before.get("read"));
    assertThat(after.get("load")).as("not rolled").isEqualTo(before.get("load"));
    assertThat(after.get("clean")).as("rolled").isNotEqualTo(before.get("clean"));
    cluster.awaitCondition("parcels", "Balanced", "True");
  }
}
