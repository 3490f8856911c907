package dev.drover.operator.chain;

import dev.drover.operator.chain.Joining.Change;
import dev.drover.operator.chain.Joining.Kind;
import dev.drover.operator.chain.ShapeChange.Beginning;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import java.util.ArrayList;
import java.util.List;

/** What people are told of stages that come or go. */
final class GraftOutlook {
  private final NatsLink link;
  private final ChainNames names;
  private final TallyFollower follower;

  GraftOutlook(NatsLink link, ChainNames names, TallyFollower follower) {
    this.link = link;
    this.names = names;
    this.follower = follower;
  }

  /** What would be done, with what each new stage will see. */
  List<Change> plan(ShapeChange change, ChainSpec spec) {
    follower.catchUp();
    List<Change> changes = new ArrayList<>();
    for (String stage : change.added()) {
      Beginning b = change.to(stage).orElseThrow();
      changes.add(new Change(stage, kind(change, stage), false, sees(b, spec)));
    }
    for (String stage : change.removed()) {
      changes.add(
          new Change(
              stage,
              Kind.Removed,
              false,
              "it is drained first: the queue before it takes nothing until all that it has is"
                  + " decided"));
    }
    return changes;
  }

  /** The same while queues are drained. */
  static List<Change> draining(ShapeChange change, String why) {
    String held =
        change.closed().isEmpty()
            ? ""
            : "; meanwhile the queue of " + String.join(", ", change.closed()) + " takes nothing";
    return all(change, true, why + held);
  }

  /** The same while a load finds the waiting room full. */
  static List<Change> keptOut(ShapeChange change, String load) {
    return all(
        change,
        false,
        "it begins when the waiting room has room again: records of %s lack a parent and find it full, and what they wait for may be what a closed queue would hold back"
            .formatted(load));
  }

  private static List<Change> all(ShapeChange change, boolean draining, String why) {
    List<Change> changes = new ArrayList<>();
    change.added().forEach(s -> changes.add(new Change(s, kind(change, s), draining, why)));
    change.removed().forEach(s -> changes.add(new Change(s, Kind.Removed, draining, why)));
    return changes;
  }

  private static Kind kind(ShapeChange change, String added) {
    return change.inserted(added) ? Kind.Inserted : Kind.Added;
  }

  private String sees(Beginning b, ChainSpec spec) {
    if (b.onNewQueue()) {
      return "it sees all that the new stage " + b.queue() + " hands on";
    }
    String amounts = amounts(b.queue(), spec);
    Edge before = b.replaces();
    if (before != null) {
      return "it sees what %s hands on from then on; %s, which %s takes before: until it has, the queue takes nothing"
          .formatted(b.queue(), amounts, before.reader());
    }
    return "it sees queued records only: "
        + amounts
        + "; what has left the queue by then it never sees (there is no backfill), and rows that"
        + " point to such rows fail at its target";
  }

  private String amounts(String queue, ChainSpec spec) {
    boolean extract = spec.stage(queue) instanceof StageSpec.Extract;
    Checkpoints.Sum read = follower.checkpoints().stage(queue);
    StageTally tally = follower.tally().stage(queue);
    long parts = tally.parts() + (extract ? read.batches() : 0);
    long passed = (extract ? tally.now(read.counts()) : tally.now()).passed();
    long queued =
        link.stream("read the queue of " + queue, names.queueStream(queue), names.allOf("q", queue))
            .map(state -> state.messages())
            .orElse(0L);
    long records = parts == 0 ? 0 : Math.min(passed, queued * passed / parts);
    return "now %d messages in the queue of %s, about %d of the %d records that it has handed on"
        .formatted(queued, queue, records, passed);
  }
}
