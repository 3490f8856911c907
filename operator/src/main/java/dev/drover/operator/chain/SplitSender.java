package dev.drover.operator.chain;

import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.TablePlan;
import dev.drover.wire.state.SplitMessage;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.MessageGetRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
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

  /**
   * Takes splits out of the queue whose tables are other ones by the plan they were sent with than
   * by the plan in force: a table that was altered and planned anew can be read by the latter only.
   * Who reads one of them already goes on until somebody claims it.
   *
   * @param queued subjects as {@link #queued} tells them
   * @param revision of the plan in force
   * @param plans the plan of each revision
   * @return those that were taken out
   */
  Set<String> withdraw(
      Set<String> queued,
      ChainPlan plan,
      String revision,
      Function<String, Optional<ChainPlan>> plans) {
    Map<String, Optional<ChainPlan>> known = new HashMap<>();
    Set<String> withdrawn = new HashSet<>();
    for (String place : queued) {
      String what = "look at split " + place;
      String stage = place.substring(0, place.indexOf('.'));
      link.message(
              what,
              names.splitsStream(),
              MessageGetRequest.lastForSubject(
                  names.splitSubject(stage, place.substring(stage.length() + 1))))
          .filter(
              message -> {
                SplitMessage split =
                    WireJson.parse(
                        Objects.requireNonNull(message.getData(), what), SplitMessage.class);
                return !split.revision().equals(revision)
                    && isOther(
                        table(plan, stage, split),
                        known
                            .computeIfAbsent(split.revision(), plans)
                            .flatMap(sent -> table(sent, stage, split)));
              })
          .ifPresent(
              message -> {
                link.run(
                    "take split " + place + " out of the queue",
                    nats -> delete(nats, message.getSeq()));
                withdrawn.add(place);
              });
    }
    return withdrawn;
  }

  /** What no plan names any more is left to the one that did. */
  private static boolean isOther(Optional<TablePlan> now, Optional<TablePlan> sent) {
    return now.isPresent()
        && sent.filter(
                t -> t.schema().equals(now.get().schema()) && t.key().equals(now.get().key()))
            .isEmpty();
  }

  private static Optional<TablePlan> table(ChainPlan plan, String stage, SplitMessage split) {
    return plan.tables().stream()
        .filter(t -> t.stage().equals(stage) && t.table().equals(split.table()))
        .findFirst();
  }

  private void delete(Connection nats, long sequence) throws IOException, JetStreamApiException {
    try {
      nats.jetStreamManagement().deleteMessage(names.splitsStream(), sequence);
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() != Refusals.NO_MESSAGE) { // its worker was done with it
        throw e;
      }
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
