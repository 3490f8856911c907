package dev.drover.worker.lookup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.ColumnType;
import dev.drover.wire.schema.RecordSchema;
import java.net.ConnectException;
import java.net.http.HttpHeaders;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpOutcomeTest {
  private static final Instant NOW = Instant.parse("2024-02-29T12:00:00Z");

  private static HttpOutcome of(int status, String retryAfter, Optional<String> body)
      throws Exception {
    HttpQuestion question =
        HttpQuestion.of(
            new LookupSpec.Http(
                "http://h/{id}",
                List.of(),
                false,
                List.of(new LookupSpec.Field("tier", "/tier", ColumnType.TEXT, "text", false)),
                List.of(404, 204),
                8,
                100),
            new RecordSchema(
                "public.orders", List.of(new Column("id", ColumnType.INTEGER, false, "integer"))));
    return HttpOutcome.of(
        question,
        List.of(404, 204),
        status,
        HttpHeaders.of(
            retryAfter.isEmpty() ? Map.of() : Map.of("Retry-After", List.of(retryAfter)),
            (n, v) -> true),
        body.map(b -> b.getBytes(StandardCharsets.UTF_8)),
        100,
        NOW);
  }

  private static Answer answer(int status, String body) throws Exception {
    return ((HttpOutcome.Answered) of(status, "", Optional.of(body))).answer();
  }

  private static HttpOutcome.Failed failed(int status, String retryAfter) throws Exception {
    return (HttpOutcome.Failed) of(status, retryAfter, Optional.of("{\"tier\": \"secret\"}"));
  }

  @Test
  void what_speaks_of_the_key_is_its_answer() throws Exception {
    assertThat(answer(200, "{\"tier\": \"gold\"}")).isInstanceOf(Answer.Found.class);
    assertThat(answer(404, "<html>")).isInstanceOf(Answer.Missing.class);
    assertThat(answer(204, "")).isInstanceOf(Answer.Missing.class);
    assertThat(answer(422, "{\"why\": \"4711\"}")).isEqualTo(new Answer.Refused("it answers 422"));
    assertThat(of(200, "", Optional.empty()))
        .isInstanceOfSatisfying(
            HttpOutcome.Answered.class,
            a ->
                assertThat(((Answer.Refused) a.answer()).why())
                    .contains("100 bytes", "maxResponseBytes"));
  }

  @ParameterizedTest
  @CsvSource({
    "500, LookupUnavailable, false",
    "503, LookupUnavailable, false",
    "405, LookupUnavailable, true",
    "302, LookupRedirected, true",
    "401, LookupForbidden, true",
    "403, LookupForbidden, true",
    "429, LookupThrottled, true",
  })
  void what_does_not_is_nobodys_fault(int status, String reason, boolean forAll) throws Exception {
    HttpOutcome.Failed failed = failed(status, "");
    assertThat(failed.reason()).isEqualTo(reason);
    assertThat(failed.forAll()).isEqualTo(forAll);
    assertThat(failed.message()).contains("" + status).doesNotContain("secret");
  }

  @Test
  void what_is_no_document_is_nobodys_fault() throws Exception {
    assertThat(of(200, "", Optional.of("<html>")))
        .isInstanceOfSatisfying(
            HttpOutcome.Failed.class, f -> assertThat(f.reason()).isEqualTo("LookupMalformed"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "3 | 3",
        "Thu, 29 Feb 2024 12:00:07 GMT | 7",
        "Thu, 29 Feb 2024 11:00:07 GMT | 0",
        "99999999 | 3600",
        "soon | 0",
        "-5 | 0",
      })
  void the_server_is_left_alone_for_as_long_as_it_asks(String asked, long seconds)
      throws Exception {
    assertThat(failed(429, asked).retryAfter()).isEqualTo(Duration.ofSeconds(seconds));
    assertThat(failed(503, asked).retryAfter()).isEqualTo(Duration.ofSeconds(seconds));
  }

  @Test
  void a_request_without_a_response_says_why_in_words_of_ours() {
    assertThat(HttpOutcome.of(new TimeoutException(), 30).reason()).isEqualTo("LookupTimedOut");
    ConnectException unknown = new ConnectException();
    unknown.initCause(new UnresolvedAddressException());
    assertThat(HttpOutcome.of(unknown, 30).message()).contains("name is not known");
    assertThat(HttpOutcome.of(new ConnectException("/customers/4711"), 30).message())
        .contains("no connection")
        .doesNotContain("4711");
    assertThat(HttpOutcome.of(new SSLHandshakeException("no path"), 30).message())
        .contains("TLS", "no path");
  }
}
