package dev.drover.operator.chain;

import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.Finding;
import io.nats.client.JetStreamApiException;
import io.nats.client.api.ConsumerInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What stages that go, or read another queue, have still to do. */
final class Leftovers {
  private final NatsLink link;
  private final ChainNames names;
  private final Room room;
  private final Deferrals deferrals;

  Leftovers(NatsLink link, ChainNames names, Deferrals deferrals) {
    this.link = link;
    this.names = names;
    this.deferrals = deferrals;
    room = new Room(link, names);
  }

  /**
   * A load that is to drain its queue and may never: the room lets in none of its records that
   * wait, and what they wait for may be what a closed queue holds back. Empty if there is none.
   */
  Optional<String> keptOut(ShapeChange change) {
    return change.ending().stream()
        .filter(edge -> waits(edge.reader()))
        .filter(edge -> unacknowledged(names.queueStream(edge.queue()), edge.reader()) > 0)
        .filter(edge -> room.full())
        .map(Edge::reader)
        .findFirst();
  }

  /**
   * What a stage has left.
   *
   * @param messages of its queue, sent again, or waiting
   * @param text for people
   */
  record Left(String stage, long messages, String text) {}

  /**
   * What is not drained yet, upstream first, since what is above comes down; empty if all is.
   *
   * @param by whom it is to be drained by
   */
  Optional<Left> of(ShapeChange change, Predicate<String> by) {
    for (Edge edge : change.ending()) {
      String stage = edge.reader();
      if (!by.test(stage)) {
        continue;
      }
      long messages = unacknowledged(names.queueStream(edge.queue()), stage);
      String what = messages + " messages of the queue of " + edge.queue();
      if (messages == 0 && change.removed().contains(stage)) {
        messages = unacknowledged(names.retriesStream(), stage);
        what = messages + " messages that were sent again";
      }
      if (messages == 0 && change.removed().contains(stage)) {
        messages = unacknowledged(names.waitingStream(), stage);
        what = messages + " messages that wait for what they point to";
      }
      if (messages > 0) {
        return Optional.of(new Left(stage, messages, stage + " has " + what + " left"));
      }
    }
    return Optional.empty();
  }

  /** What a stage has left of all kinds, which is given up if it is not drained. */
  Left all(Edge edge) {
    String stage = edge.reader();
    long queued = unacknowledged(names.queueStream(edge.queue()), stage);
    long again = unacknowledged(names.retriesStream(), stage);
    long waiting = unacknowledged(names.waitingStream(), stage);
    String text = queued + " messages of the queue of " + edge.queue();
    return new Left(
        stage,
        queued + again + waiting,
        again + waiting == 0
            ? text
            : text + ", " + again + " that were sent again, " + waiting + " that wait for others");
  }

  /** Whether a stage owes its target what it dropped there. */
  boolean owes(String stage) {
    return deferrals.owes(stage);
  }

  /**
   * Why a change cannot be begun as the chain stands; what stages hold comes last, see {@link
   * Joining#HOLDING}.
   */
  List<Finding> refusals(Edges now, ShapeChange change, ChainSpec spec) {
    List<Finding> faults = new ArrayList<>();
    for (String stage : change.added()) {
      String named = PrivateName.parse(stage).map(PrivateName::graft).orElse(stage);
      boolean told = !named.equals(stage) && change.added().contains(named);
      if (now.stagesEver().contains(stage) && !told) {
        faults.add(
            Finding.error(
                "NameUsed",
                "spec.stages[" + spec.indexOf(named) + "].name",
                "a stage "
                    + stage
                    + " was part of this Migration before, and what it decided is kept under its"
                    + " name: give the new one another"));
      }
    }
    for (String stage : change.deserted()) {
      faults.add(
          Finding.error(
              "AbandonedStageFeeds",
              "spec.abandonedStages",
              "stage %s reads what an abandoned stage puts out, and stays: it would never see what is given up. Take it out of spec.stages too, or have the other one drained: take that out of spec.abandonedStages"
                  .formatted(stage)));
    }
    for (String queue : change.ambiguous()) {
      faults.add(
          Finding.error(
              "AbandonedBesideDrained",
              "spec.abandonedStages",
              "of two stages that no longer read the queue of %s one is drained and one abandoned, and it is not plain for which of them a new one stands in: abandon one in an edit of its own"
                  .formatted(queue)));
    }
    for (String stage : change.removed()) {
      long failures =
          link
              .totals(
                  "count the failures of " + stage,
                  names.errorsStream(),
                  names.allOf("errors", stage))
              .values()
              .stream()
              .mapToLong(Long::longValue)
              .sum();
      if (failures > 0) {
        faults.add(
            Finding.error(
                "StageHoldsFailures",
                "spec.stages",
                "stage %s cannot be removed while %d of its records are in the error queue, nobody else could take them: replay or waive them first (a Redrive sends them by the plan in force), or put the stage back"
                    .formatted(stage, failures)));
      }
      if (change.abandons(stage)) {
        continue;
      }
      // Not drained: what they wait for may be what the closed queue would hold back.
      long waiting = unacknowledged(names.waitingStream(), stage);
      if (waiting > 0) {
        faults.add(
            Finding.error(
                "StageHoldsWaiting",
                "spec.stages",
                "stage %s cannot be removed while records of it (%d messages) wait for what they point to: it is removed as soon as none does; put it back, or give them up: name it in spec.abandonedStages"
                    .formatted(stage, waiting)));
      }
      if (deferrals.owes(stage)) {
        faults.add(
            Finding.error(
                "IndexesOwed",
                "spec.stages",
                "stage %s cannot be removed while it owes its target indexes and foreign keys that it dropped: it is removed as soon as it has built them, at its end; put it back, or leave the target without them: name it in spec.abandonedStages"
                    .formatted(stage)));
      }
    }
    return faults;
  }

  private boolean waits(String stage) {
    return consumer(names.waitingStream(), stage).isPresent();
  }

  private long unacknowledged(String stream, String stage) {
    return consumer(stream, stage).map(c -> c.getNumPending() + c.getNumAckPending()).orElse(0L);
  }

  /** A stage's consumer, if it has one: a load alone has one in the waiting room. */
  private Optional<ConsumerInfo> consumer(String stream, String stage) {
    return link.call(
        "read what is left for stage " + stage,
        nats -> {
          try {
            return Optional.of(
                nats.jetStreamManagement().getConsumerInfo(stream, ChainNames.consumer(stage)));
          } catch (JetStreamApiException e) {
            if (Refusals.missing(e)) {
              return Optional.<ConsumerInfo>empty();
            }
            throw e;
          }
        });
  }
}
