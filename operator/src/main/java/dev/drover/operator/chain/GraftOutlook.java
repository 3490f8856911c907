package dev.drover.operator.chain;

import dev.drover.operator.chain.Joining.Change;
import dev.drover.operator.chain.Joining.Kind;
import dev.drover.operator.chain.ShapeChange.Beginning;
import dev.drover.wire.edges.Edge;
import dev.drover.wire.edges.Edges;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.names.PrivateName;
import dev.drover.wire.plan.ChainPlan;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.Stall;
import dev.drover.wire.state.StateStore;
import java.util.ArrayList;
import java.util.List;

/** What people are told of stages that come or go. */
final class GraftOutlook {
  private static final String ABANDONED = "it is not drained, as spec.abandonedStages says";

  private final NatsLink link;
  private final ChainNames names;
  private final TallyFollower follower;
  private final Leftovers leftovers;

  GraftOutlook(NatsLink link, ChainNames names, TallyFollower follower, Leftovers leftovers) {
    this.link = link;
    this.names = names;
    this.follower = follower;
    this.leftovers = leftovers;
  }

  /** What would be done, with what each new stage will see. */
  List<Change> plan(String revision, ShapeChange change, ChainSpec spec) {
    follower.catchUp();
    List<Change> changes = new ArrayList<>();
    for (String stage : told(change.added())) {
      Beginning b = change.to(stage).orElseThrow();
      boolean ownWay =
          PrivateName.parse(b.queue()).filter(n -> n.graft().equals(stage)).isPresent();
      String sees = ownWay ? ownWay(revision, b, spec) : sees(b, spec);
      changes.add(new Change(stage, kind(change, stage), false, sees));
    }
    for (String stage : told(change.removed())) {
      changes.add(new Change(stage, gone(change, stage), false, leaves(change, stage)));
    }
    return changes;
  }

  private String leaves(ShapeChange change, String stage) {
    return change.abandoned().stream()
        .filter(e -> e.reader().equals(stage))
        .map(e -> ABANDONED + ": given up are " + leftovers.all(e).text())
        .map(text -> text + ownWayLeft(change, stage) + owed(stage))
        .findFirst()
        .orElse(
            "it is drained first: the queue before it takes nothing until all that it has is"
                + " decided");
  }

  private static String ownWayLeft(ShapeChange change, String stage) {
    List<String> copies =
        change.removed().stream()
            .filter(s -> PrivateName.parse(s).filter(n -> n.graft().equals(stage)).isPresent())
            .toList();
    return copies.isEmpty()
        ? ""
        : ", and all that " + String.join(", ", copies) + " have not handed on to it yet";
  }

  private String owed(String stage) {
    return leftovers.owes(stage)
        ? "; its target stays without the indexes and foreign keys that it dropped, which its table"
            + " drover_preparation lists"
        : "";
  }

  private static Kind gone(ShapeChange change, String stage) {
    return change.abandons(stage) ? Kind.Abandoned : Kind.Removed;
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

  /** The same while a stage that has to drain may not run. */
  static List<Change> standing(Edges now, ShapeChange change, Leftovers.Left left) {
    return all(
        change,
        false,
        "it begins when %s may run, which is to be drained: %s".formatted(left.stage(), left.text())
            + orAbandon(now, change, left.stage()));
  }

  /** The same while a stage that has to drain waits for something that is away. */
  static List<Change> stalled(Edges now, ShapeChange change, DrainWatch watch, Stall stall) {
    return all(
        change,
        false,
        "it begins when %s, which is to be drained and has %d messages left, moves on again (%s: %s): until then everything goes on as before, and the edit can be taken back"
                .formatted(watch.stage(), watch.left(), stall.reason(), stall.message())
            + orAbandon(now, change, watch.stage()));
  }

  /** What else can be done about a stage that is to go. */
  private static String orAbandon(Edges now, ShapeChange change, String stage) {
    return change.mayAbandon(now, stage)
        ? "; if it never will, what it has left can be given up: name it in spec.abandonedStages"
        : "";
  }

  private static List<Change> all(ShapeChange change, boolean draining, String why) {
    List<Change> changes = new ArrayList<>();
    told(change.added()).forEach(s -> changes.add(new Change(s, kind(change, s), draining, why)));
    told(change.removed())
        .forEach(
            s ->
                changes.add(
                    change.abandons(s)
                        ? new Change(s, Kind.Abandoned, false, ABANDONED)
                        : new Change(s, Kind.Removed, draining, why)));
    return changes;
  }

  /** Without the copies that come or go with the graft that they are for. */
  private static List<String> told(List<String> stages) {
    return stages.stream()
        .filter(s -> PrivateName.parse(s).filter(name -> stages.contains(name.graft())).isEmpty())
        .toList();
  }

  private static Kind kind(ShapeChange change, String added) {
    return change.inserted(added) ? Kind.Inserted : Kind.Added;
  }

  /** Of a stage for which all that is before it is there once more. */
  private String ownWay(String revision, Beginning b, ChainSpec spec) {
    List<String> copies = new ArrayList<>();
    String root = b.queue();
    for (String s = root; s != null; s = spec.stage(s).from()) {
      copies.add(s);
      root = s;
    }
    String extract = root;
    long rows =
        link
            .call("read the plan", nats -> StateStore.open(nats, names).plan(revision))
            .map(ChainPlan::tables)
            .orElse(List.of())
            .stream()
            .filter(t -> t.stage().equals(extract))
            .mapToLong(t -> t.estimatedRecords())
            .sum();
    return "it sees all records, each once: backfill by re-extraction of %d rows (an estimate), by %s, which work for it alone; nothing changes for the other stages"
        .formatted(rows, String.join(", ", copies.reversed()));
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
        + "; what has left the queue by then it never sees (backfill: true reads it again), and rows that"
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
