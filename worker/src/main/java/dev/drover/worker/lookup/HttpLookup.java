package dev.drover.worker.lookup;

import dev.drover.wire.plan.HttpFiles;
import dev.drover.wire.plan.LookupSpec;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks a server for a JSON document for each key, several at a time. A key that fails for no fault
 * of its own leaves the others alone, until as many in a row fail as are under way: then the server
 * is left in peace, and the next call begins with one request.
 */
public final class HttpLookup implements Lookup {
  private final LookupSpec.Http spec;
  private final HttpServerEndpoint endpoint;
  private final int timeoutSeconds;
  private final Pacing pacing;
  private boolean failedLast;

  /** Says when the next request may go out. */
  public interface Pacing extends AutoCloseable {
    /** Waits for it. */
    void await() throws InterruptedException;

    @Override
    void close();
  }

  /**
   * A lookup that has no connection yet.
   *
   * @param files its secrets
   * @param timeoutSeconds after which a request is given up
   * @param pacing is asked before each request, by many threads; is closed with this
   */
  public HttpLookup(LookupSpec.Http spec, HttpFiles files, int timeoutSeconds, Pacing pacing) {
    this.spec = spec;
    this.endpoint = new HttpServerEndpoint(spec, files);
    this.timeoutSeconds = timeoutSeconds;
    this.pacing = pacing;
  }

  @Override
  public void ask(Question question, List<@Nullable Object[]> keys, Listener listener)
      throws LookupUnavailableException, InterruptedException {
    if (!(question instanceof HttpQuestion http)) {
      throw new IllegalArgumentException("a server is asked for documents");
    }
    Pass pass;
    try {
      pass = new Pass(http, keys, listener, endpoint.client(), endpoint.headers());
    } catch (HttpServerEndpoint.UnusableFileException e) {
      throw unavailable("LookupForbidden", String.valueOf(e.getMessage()), Duration.ZERO, true);
    }
    pass.run(failedLast);
    failedLast = pass.failure() != null;
    HttpOutcome.Failed failure = pass.failure();
    if (failure != null) {
      throw unavailable(
          failure.reason(),
          "%s (%d of %d keys have no answer yet)"
              .formatted(failure.message(), keys.size() - pass.answered(), keys.size()),
          failure.retryAfter(),
          failure.forAll());
    }
  }

  private LookupUnavailableException unavailable(
      String reason, String why, Duration retryAfter, boolean forAll) {
    return LookupUnavailableException.of(
        reason, "looking up at %s: %s".formatted(spec.urlWithoutQuery(), why), retryAfter, forAll);
  }

  @Override
  public void close() {
    endpoint.close();
    pacing.close();
  }

  /** One call. Its state is guarded by itself. */
  private final class Pass {
    private final HttpQuestion question;
    private final List<@Nullable Object[]> keys;
    private final Listener listener;
    private final HttpClient client;
    private final Map<String, String> headers;

    /** Not always the same key first: one that never gets an answer would keep the others back. */
    private final int first;

    private int taken;
    private int answered;
    private int inARow;
    private boolean over;
    private HttpOutcome.@Nullable Failed failure;

    Pass(
        HttpQuestion question,
        List<@Nullable Object[]> keys,
        Listener listener,
        HttpClient client,
        Map<String, String> headers) {
      this.question = question;
      this.keys = keys;
      this.listener = listener;
      this.client = client;
      this.headers = headers;
      this.first = keys.isEmpty() ? 0 : ThreadLocalRandom.current().nextInt(keys.size());
    }

    /**
     * Asks for all keys, or until it makes no sense.
     *
     * @param carefully whether one request goes first
     */
    void run(boolean carefully) throws InterruptedException {
      if (carefully) {
        Optional<Integer> key = next();
        if (key.isEmpty() || !ask(key.get())) {
          return;
        }
      }
      int threads = Math.min(spec.concurrency(), keys.size());
      // Waits for all of them; an interruption reaches them, too.
      try (ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < threads; i++) {
          asking.execute(this::askOneAfterTheOther);
        }
      }
      if (Thread.interrupted()) {
        throw new InterruptedException(
            "interrupted while " + spec.urlWithoutQuery() + " was asked");
      }
    }

    synchronized HttpOutcome.@Nullable Failed failure() {
      return failure;
    }

    synchronized int answered() {
      return answered;
    }

    private synchronized Optional<Integer> next() {
      return over || taken == keys.size()
          ? Optional.empty()
          : Optional.of((first + taken++) % keys.size());
    }

    private void askOneAfterTheOther() {
      try {
        for (Optional<Integer> key = next(); key.isPresent(); key = next()) {
          ask(key.get());
        }
      } catch (InterruptedException e) {
        stop();
      }
    }

    private synchronized void stop() {
      over = true;
    }

    /** Asks for one key, and returns whether it has its answer. */
    private boolean ask(int key) throws InterruptedException {
      HttpOutcome outcome = outcome(keys.get(key));
      synchronized (this) {
        switch (outcome) {
          case HttpOutcome.Answered a -> {
            answered++;
            inARow = 0;
            listener.answered(key, a.answer());
            return true;
          }
          case HttpOutcome.Failed f -> {
            inARow++;
            over |= f.forAll() || inARow >= spec.concurrency();
            if (failure == null || f.retryAfter().compareTo(failure.retryAfter()) >= 0) {
              failure = f;
            }
            return false;
          }
        }
      }
    }

    private HttpOutcome outcome(@Nullable Object[] key) throws InterruptedException {
      for (Object value : key) {
        if (value == null) {
          return new HttpOutcome.Answered(new Answer.Missing());
        }
      }
      URI uri;
      try {
        uri = question.uri(key);
      } catch (UrlTemplate.UnfitValueException e) {
        return new HttpOutcome.Answered(new Answer.Refused(String.valueOf(e.getMessage())));
      }
      pacing.await();
      long started = System.nanoTime();
      try {
        return request(uri);
      } finally {
        long took = System.nanoTime() - started;
        synchronized (this) {
          listener.asked(took);
        }
      }
    }

    private HttpOutcome request(URI uri) throws InterruptedException {
      HttpRequest request = HttpServerEndpoint.request(headers).uri(uri).build();
      CompletableFuture<HttpResponse<Optional<byte[]>>> sent =
          client.sendAsync(request, response -> new BoundedBody(spec.maxResponseBytes()));
      try {
        // The client's own timeout would end with the headers.
        HttpResponse<Optional<byte[]>> response = sent.get(timeoutSeconds, TimeUnit.SECONDS);
        return HttpOutcome.of(
            question,
            spec.missingStatuses(),
            response.statusCode(),
            response.headers(),
            response.body(),
            spec.maxResponseBytes(),
            Instant.now());
      } catch (ExecutionException e) {
        return HttpOutcome.of(e.getCause() == null ? e : e.getCause(), timeoutSeconds);
      } catch (TimeoutException e) {
        return HttpOutcome.of(e, timeoutSeconds);
      } finally {
        sent.cancel(true); // of no effect on what is done
      }
    }
  }
}
