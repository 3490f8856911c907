package dev.drover.worker.redrive;

import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamManagement;
import io.nats.client.Message;
import io.nats.client.PurgeOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Takes decided records out of the error queue: all first ones of a cause by one request, others
 * one by one, many requests under way at a time, for the client has the request for one message
 * only with a wait for its answer. Thread-safe.
 */
final class ErrorRemoval {
  private static final int TOGETHER = 256;
  private static final Duration ANSWER = Duration.ofSeconds(10);

  private final RedriveContext context;
  private final JetStreamManagement management;
  private final String subject;

  ErrorRemoval(RedriveContext context) throws IOException {
    this.context = context;
    this.management = context.nats().jetStreamManagement();
    this.subject = "$JS.API.STREAM.MSG.DELETE." + context.names().errorsStream();
  }

  /** Removes what is due; a message that is not there is fine. */
  void remove(DecidedPrefixes.Due due) throws InterruptedException {
    for (DecidedPrefixes.Prefix prefix : due.prefixes()) {
      PurgeOptions first =
          PurgeOptions.builder().subject(prefix.subject()).sequence(prefix.last() + 1).build();
      context
          .patience()
          .ask(
              "remove records from the error queue",
              () -> management.purgeStream(context.names().errorsStream(), first));
    }
    remove(due.alone());
  }

  private void remove(List<Long> sequences) throws InterruptedException {
    for (int from = 0; from < sequences.size(); from += TOGETHER) {
      List<Long> some = sequences.subList(from, Math.min(from + TOGETHER, sequences.size()));
      context.patience().ask("remove records from the error queue", () -> removeTogether(some));
    }
  }

  private boolean removeTogether(List<Long> sequences) throws IOException {
    List<CompletableFuture<Message>> asked = new ArrayList<>();
    for (long sequence : sequences) {
      byte[] request = WireJson.bytes(Map.of("seq", sequence, "no_erase", true));
      asked.add(context.nats().requestWithTimeout(subject, request, ANSWER));
    }
    for (CompletableFuture<Message> answer : asked) {
      try {
        String text = new String(answer.get().getData(), StandardCharsets.UTF_8);
        if (text.contains("\"error\"")
            && !text.contains("\"err_code\":10057")
            && !text.contains("\"err_code\":10043")
            && !text.contains("\"err_code\":10037")) {
          throw new IOException("the server says " + text);
        }
      } catch (ExecutionException | CancellationException e) {
        throw new IOException("no answer", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
    return true;
  }
}
