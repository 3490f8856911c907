package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The splits queue of a chain. Confined to one thread at a time. */
final class SplitSender {
  /** Key of the state bucket that says when the first split was sent: an ISO-8601 instant. */
  private static final String STARTED = "started";

  private final NatsLink link;
  private final ChainNames names;
  private Optional<Instant> started = Optional.empty();

  SplitSender(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** Splits that are queued or being read, as {@code <stage>.<split>}. */
  Set<String> queued() {
    String all = names.all("splits");
    return link
        .totals("list the splits that are queued", names.splitsStream(), all)
        .keySet()
        .stream()
        .map(subject -> subject.substring(all.length() - 1))
        .collect(Collectors.toSet());
  }

  /** Sends splits; one that is queued already is left alone. */
  void send(List<Split> splits, String revision) {
    if (!splits.isEmpty()) {
      markStarted();
    }
    for (Split split : splits) {
      link.publishFirst(
          "dispatch split " + split.id() + " of stage " + split.stage(),
          names.splitSubject(split.stage(), split.id().toString()),
          null,
          WireJson.bytes(
              new SplitMessage(
                  split.table(),
                  split.id().number(),
                  Objects.requireNonNull(split.range(), "a split whose range is not known"),
                  revision)));
    }
  }

  /** When the first split was sent; empty before. */
  Optional<Instant> started() {
    if (started.isEmpty()) {
      started =
          link.call(
              "read when the migration started",
              nats ->
                  Optional.ofNullable(StateStore.open(nats, names).bucket().get(STARTED))
                      .map(entry -> Instant.parse(entry.getValueAsString())));
    }
    return started;
  }

  /** Whether the state bucket still knows of a first split; asked anew each time. */
  boolean isStarted() {
    try {
      return link.call(
          "look for the state of the migration",
          nats -> StateStore.open(nats, names).bucket().get(STARTED) != null);
    } catch (ChainUnavailableException e) {
      if (e.reason().equals(Refusals.MISSING)) {
        return false;
      }
      throw e;
    }
  }

  private void markStarted() {
    if (started().isPresent()) {
      return;
    }
    byte[] now = Instant.now().toString().getBytes(StandardCharsets.UTF_8);
    link.run(
        "note that the migration starts",
        nats -> {
          try {
            StateStore.open(nats, names).bucket().create(STARTED, now);
          } catch (JetStreamApiException e) {
            if (!Refusals.alreadyThere(e)) {
              throw e;
            }
          }
        });
  }
}
