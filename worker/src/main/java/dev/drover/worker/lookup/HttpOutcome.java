package dev.drover.worker.lookup;

import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpHeaders;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLException;

/** What came of one request. What is for people is in words of our own: none holds a value. */
sealed interface HttpOutcome {
  /** The key has its answer. */
  record Answered(Answer answer) implements HttpOutcome {}

  /**
   * It has none, for no fault of its own.
   *
   * @param reason what a stall is called
   * @param retryAfter how long the server asks to be left alone; zero if it does not
   * @param forAll whether every other key would fare the same, as without credentials
   */
  record Failed(String reason, String message, Duration retryAfter, boolean forAll)
      implements HttpOutcome {}

  /**
   * Statuses that speak of the key: 431 says of some servers that a URL is too long. Others (405,
   * 415, …) would be those of every key.
   */
  Set<Integer> OF_THE_KEY = Set.of(400, 404, 409, 410, 414, 422, 431);

  /** Longer than this nobody is waited for unasked. */
  Duration LONGEST_WAIT = Duration.ofHours(1);

  /**
   * A response.
   *
   * @param body empty if it had too many bytes
   * @param most so many
   */
  static HttpOutcome of(
      HttpQuestion question,
      List<Integer> missing,
      int status,
      HttpHeaders headers,
      Optional<byte[]> body,
      int most,
      Instant now) {
    if (missing.contains(status)) {
      return new Answered(new Answer.Missing());
    }
    if (status >= 200 && status < 300) {
      if (body.isEmpty()) {
        return refused(
            "its document has more than %d bytes: raise enrich.http.maxResponseBytes, or ask for less"
                .formatted(most));
      }
      try {
        return new Answered(HttpDocument.answer(question, body.get()));
      } catch (HttpDocument.MalformedException e) {
        return new Failed(
            "LookupMalformed",
            "answers %d with what is no JSON document".formatted(status),
            Duration.ZERO,
            false);
      }
    }
    if (OF_THE_KEY.contains(status)) {
      return refused("it answers " + status);
    }
    return failed(status, retryAfter(headers, now));
  }

  private static HttpOutcome refused(String why) {
    return new Answered(new Answer.Refused(why));
  }

  private static Failed failed(int status, Duration retryAfter) {
    return switch (status) {
      case 401, 403 ->
          new Failed(
              "LookupForbidden",
              "answers %d: see the Secrets of its headers".formatted(status),
              retryAfter,
              true);
      case 429 ->
          new Failed(
              "LookupThrottled",
              "answers 429, too many requests: see requestsPerSecond",
              retryAfter,
              true);
      default ->
          status >= 300 && status < 400
              ? new Failed(
                  "LookupRedirected",
                  "answers %d, and redirects are not followed: name the last place in url"
                      .formatted(status),
                  retryAfter,
                  true)
              : new Failed("LookupUnavailable", "answers " + status, retryAfter, status < 500);
    };
  }

  /** A request without a response. */
  static Failed of(Throwable e, int timeoutSeconds) {
    if (e instanceof HttpTimeoutException || e instanceof java.util.concurrent.TimeoutException) {
      return new Failed(
          LookupUnavailableException.TIMED_OUT,
          "does not answer within %d s".formatted(timeoutSeconds),
          Duration.ZERO,
          false);
    }
    return new Failed("LookupUnavailable", words(e), Duration.ZERO, false);
  }

  private static String words(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      switch (t) {
        case UnresolvedAddressException u -> {
          return "its name is not known";
        }
        case UnknownHostException u -> {
          return "its name is not known";
        }
        case SSLException ssl -> {
          return "no TLS with it: " + ssl.getMessage(); // speaks of certificates alone
        }
        default -> {}
      }
    }
    return e instanceof ConnectException
        ? "no connection to it"
        : "the connection to it broke: " + e.getClass().getSimpleName();
  }

  private static Duration retryAfter(HttpHeaders headers, Instant now) {
    String asked = headers.firstValue("Retry-After").orElse("").strip();
    Duration wait = Duration.ZERO;
    try {
      wait =
          asked.matches("[0-9]{1,9}")
              ? Duration.ofSeconds(Long.parseLong(asked))
              : asked.isEmpty()
                  ? Duration.ZERO
                  : Duration.between(
                      now,
                      ZonedDateTime.parse(asked, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeException e) {
      return Duration.ZERO; // not understood, so not asked
    }
    if (wait.isNegative()) {
      return Duration.ZERO;
    }
    return wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
  }
}
