package dev.drover.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.cli.outcome.CommandFailedException;
import dev.drover.cli.outcome.ExitCode;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class RefusalsTest {
  private static final String SERVER = "https://api.example/";
  private static final Attempted LIST = Attempted.view("list", "migrations", null);
  private static final Attempted WAIVE =
      new Attempted("patch", "failedrecords", "shop-load-12", Attempted.Role.Waive);

  private static CommandFailedException refused(int code, String message, Attempted asked) {
    return Refusals.of(
        new KubernetesClientException(
            "the client's words", code, new StatusBuilder().withMessage(message).build()),
        asked,
        "here",
        SERVER);
  }

  private static CommandFailedException unreachable(Throwable cause, String server) {
    return Refusals.of(new KubernetesClientException("x", cause), LIST, "here", server);
  }

  @Test
  void a_cluster_without_the_crds_has_no_drover() {
    CommandFailedException said = refused(404, "404 page not found", LIST);

    assertThat(said.exitCode()).isEqualTo(ExitCode.NotFound);
    assertThat(said.text())
        .isEqualTo(
            """
            error: the cluster at https://api.example/ has no migrations.drover.dev: Drover is not installed there
              to do: check --context, or install Drover (helm install drover …)""");
  }

  @Test
  void who_is_not_known_shall_log_in() {
    assertThat(refused(401, "Unauthorized", LIST).exitCode()).isEqualTo(ExitCode.Unreachable);
    assertThat(refused(401, "Unauthorized", LIST).text()).contains("log in again");
  }

  @Test
  void the_chart_s_policy_is_heard() {
    assertThat(refused(403, "anna may not waive failed records here", WAIVE).text())
        .contains("you may not patch failedrecords shop-load-12 in namespace here")
        .contains("anna may not waive failed records here")
        .contains("ClusterRole <release>-failures-waive");
  }

  @Test
  void what_the_api_server_says_of_a_bad_spec_is_passed_on() {
    CommandFailedException said = refused(422, "spec.reason: too long", WAIVE);

    assertThat(said.exitCode()).isEqualTo(ExitCode.Refused);
    assertThat(said.text()).contains("spec.reason: too long").doesNotContain("the client's words");
  }

  @Test
  void why_a_cluster_cannot_be_reached_is_said_in_words() {
    assertThat(unreachable(new ConnectException(), SERVER).text())
        .contains(
            "cannot reach the API server at https://api.example/: the connection was refused");
    assertThat(unreachable(new UnknownHostException("api.example"), SERVER).text())
        .contains("its host name is not known");
    assertThat(unreachable(new SSLHandshakeException("unknown authority"), SERVER).text())
        .contains("TLS failed: unknown authority");
    assertThat(unreachable(new ConnectException(), "https://kubernetes.default.svc/").text())
        .contains("there is no kubeconfig");
  }
}
