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

/** What stages that go, or read another queue, have still to do. */
final class Leftovers {
  private final NatsLink link;
  private final ChainNames names;

  Leftovers(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** What is not drained yet, upstream first, since what is above comes down; empty if all is. */
  Optional<String> of(ShapeChange change) {
    for (Edge edge : change.ending()) {
      String stage = edge.reader();
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
        return Optional.of(stage + " has " + what + " left");
      }
    }
    return Optional.empty();
  }

  /** Why a change cannot be begun as the chain stands. */
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
                "stage %s cannot be removed while %d of its records are in the error queue, nobody else could take them: replay or waive them first, or put the stage back"
                    .formatted(stage, failures)));
      }
      // Not drained: what they wait for may be what the closed queue would hold back.
      long waiting = unacknowledged(names.waitingStream(), stage);
      if (waiting > 0) {
        faults.add(
            Finding.error(
                "StageHoldsWaiting",
                "spec.stages",
                "stage %s cannot be removed while records of it (%d messages) wait for what they point to: it is removed as soon as none does, or put it back"
                    .formatted(stage, waiting)));
      }
    }
    return faults;
  }

  private long unacknowledged(String stream, String stage) {
    return link.call(
        "read what is left for stage " + stage,
        nats -> {
          try {
            ConsumerInfo info =
                nats.jetStreamManagement().getConsumerInfo(stream, ChainNames.consumer(stage));
            return info.getNumPending() + info.getNumAckPending();
          } catch (JetStreamApiException e) {
            if (Refusals.missing(e)) { // a load alone has a waiting room
              return 0L;
            }
            throw e;
          }
        });
  }
}
