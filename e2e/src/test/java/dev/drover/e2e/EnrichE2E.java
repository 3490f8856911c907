package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code examples/enrich/README.md}, followed line by line. */
class EnrichE2E {
  private static final Story STORY = new Story("enrich");
  private static final String TIDY =
      "kubectl delete deployment,service,configmap,secret countries --ignore-not-found";

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete("enrich");
    Story.shell(TIDY);
  }

  @AfterEach
  void stop() throws Exception {
    cluster.delete("enrich");
    Story.shell(TIDY);
    cluster.close();
  }

  @Test
  void the_readme_can_be_followed_and_every_order_has_what_was_looked_up_for_it() throws Exception {
    List<String> parts = STORY.parts();
    assertThat(parts).hasSize(4);

    String told = STORY.tell(parts);

    assertThat(told)
        .contains("200 records failed at tier: LookupMissing")
        .contains("CH|CHF||", "DE|EUR|19.0|", "FR|EUR|20.0|", "XX|||")
        .contains("basic|35820", "gold|3980", "new|200");
    RedriveStatus sent =
        cluster
            .client
            .resources(Redrive.class)
            .inNamespace("default")
            .withName("found")
            .get()
            .getStatus();
    assertThat(List.of(sent.selected(), sent.sent(), sent.resolved())).containsOnly(200L);
    assertThat(
            Cluster.query(
                "target",
                "SELECT count(*) FROM enrich.orders WHERE currency IS DISTINCT FROM CASE country"
                    + " WHEN 'CH' THEN 'CHF' WHEN 'XX' THEN NULL ELSE 'EUR' END"))
        .containsExactly("0");
    cluster.awaitCondition("enrich", "Balanced", "True");
  }
}
