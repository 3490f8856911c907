package dev.drover.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Redrive;
import dev.drover.api.v1alpha1.RedriveStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code examples/enrich/README.md}, followed line by line. */
class EnrichE2E {
  private static final Path ROOT = Path.of(System.getProperty("drover.root", ".."));
  private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);
  private static final String TIDY =
      "kubectl delete deployment,service,configmap,secret countries --ignore-not-found";

  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster();
    cluster.delete("enrich");
    shell(TIDY);
  }

  @AfterEach
  void stop() throws Exception {
    cluster.delete("enrich");
    shell(TIDY);
    cluster.close();
  }

  private static List<String> parts() throws Exception {
    return BLOCK
        .matcher(Files.readString(ROOT.resolve("examples/enrich/README.md")))
        .results()
        .map(r -> r.group(1))
        .toList();
  }

  private static String shell(String script) throws Exception {
    String inRoot =
        "cd " + ROOT.toAbsolutePath() + "\nPATH=$PWD/dev/.state/bin:$PATH\nset -euo pipefail\n";
    return Commands.run(List.of("bash", "-c", inRoot + script));
  }

  @Test
  void the_readme_can_be_followed_and_every_order_has_what_was_looked_up_for_it() throws Exception {
    List<String> parts = parts();
    assertThat(parts).hasSize(5);

    String told = shell(String.join("\n", parts.subList(0, 4)));

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
    shell(parts.get(4));
  }
}
