package dev.drover.operator.events;

import dev.drover.api.v1alpha1.Condition;
import dev.drover.api.v1alpha1.MigrationStatus;
import dev.drover.api.v1alpha1.MigrationStatus.BudgetExceeded;
import dev.drover.api.v1alpha1.MigrationStatus.StageStatus;
import dev.drover.operator.chain.Chain;
import dev.drover.operator.chain.Joining;
import dev.drover.operator.status.BudgetStatuses;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The news between two statuses of a Migration. Pure. */
public final class Transitions {
  private static final Predicate<Condition> UNSAFE =
      c -> c.status().equals("True") && c.reason().equals(Chain.NATS_VERSION_UNSAFE);

  private Transitions() {}

  /** What happened, in the order in which one would tell it. */
  public static List<News> between(@Nullable MigrationStatus before, MigrationStatus after) {
    List<News> news = new ArrayList<>();
    failed(before, after, "SpecValid").ifPresent(c -> news.add(warn("SpecInvalid", c)));
    failed(before, after, "Planned").ifPresent(c -> news.add(warn("PlanFailed", c)));
    became(before, after, "Planned", "True").ifPresent(c -> news.add(tell("Planned", c)));
    grafts(before, after, news);
    failed(before, after, "QueuesReady").ifPresent(c -> news.add(warn(c.reason(), c)));
    endangered(before, after).ifPresent(c -> news.add(warn(c.reason(), c)));
    back(before, after, "QueuesReady").ifPresent(c -> news.add(tell("NatsBack", c)));
    suspension(before, after).ifPresent(news::add);
    if (after.startTime() != null && (before == null || before.startTime() == null)) {
      news.add(News.normal("Started", "the first split was dispatched"));
    }
    after.stages().forEach(s -> stage(before, s, news));
    failed(before, after, "Balanced").ifPresent(c -> news.add(warn(c.reason(), c)));
    became(before, after, "Completed", "True")
        .ifPresent(
            c -> news.add(new News(c.reason().equals("WithFailures"), "Completed", c.message())));
    return news;
  }

  /** What stages that come or go will see: the status tells it only until that is done. */
  private static void grafts(
      @Nullable MigrationStatus before, MigrationStatus after, List<News> news) {
    MigrationStatus.Grafting now = after.grafting();
    if (now == null) {
      return;
    }
    MigrationStatus.Grafting was = before == null ? null : before.grafting();
    List<MigrationStatus.Graft> told =
        was != null && was.revision().equals(now.revision()) ? was.stages() : List.of();
    now.stages().stream()
        .filter(g -> told.stream().noneMatch(t -> isOf(t, g)))
        .forEach(
            g -> {
              String text = g.name() + " " + g.change() + ": " + g.message();
              news.add(
                  g.change().equals(Joining.Kind.Abandoned.name())
                      ? News.warning("StageAbandoned", text)
                      : News.normal("Graft", text));
            });
  }

  private static boolean isOf(MigrationStatus.Graft one, MigrationStatus.Graft other) {
    return one.name().equals(other.name()) && one.change().equals(other.change());
  }

  private static void stage(@Nullable MigrationStatus before, StageStatus now, List<News> news) {
    StageStatus was =
        before == null
            ? null
            : before.stages().stream()
                .filter(s -> s.name().equals(now.name()))
                .findFirst()
                .orElse(null);
    int from = was == null ? 0 : was.desiredReplicas();
    if (from != now.desiredReplicas()) {
      news.add(
          News.normal(
              "StageScaled",
              now.name()
                  + " from "
                  + from
                  + " to "
                  + now.desiredReplicas()
                  + " workers: "
                  + now.scaling().reason()
                  + ", "
                  + now.scaling().message()));
    }
    budget(now.name(), was == null ? null : was.budgetExceeded(), now.budgetExceeded())
        .ifPresent(news::add);
    if (now.stalled() != null && (was == null || was.stalled() == null)) {
      news.add(News.warning("Stalled", now.name() + ": " + now.stalled()));
    }
  }

  private static Optional<News> budget(
      String stage, @Nullable BudgetExceeded was, @Nullable BudgetExceeded is) {
    if (is != null && (was == null || !was.time().equals(is.time()))) {
      return Optional.of(News.warning("BudgetExceeded", BudgetStatuses.text(stage, is)));
    }
    return is == null && was != null
        ? Optional.of(
            News.normal("BudgetRenewed", stage + " goes on: its failures are counted from now on"))
        : Optional.empty();
  }

  private static Optional<News> suspension(
      @Nullable MigrationStatus before, MigrationStatus after) {
    boolean was = suspended(before);
    boolean is = suspended(after);
    if (was == is) {
      return Optional.empty();
    }
    return Optional.of(
        is
            ? News.normal("Suspended", "all workers stop; queues, failures and progress are kept")
            : News.normal("Resumed", "goes on where it stopped"));
  }

  private static boolean suspended(@Nullable MigrationStatus status) {
    return status != null
        && condition(status, "Ready").filter(c -> c.reason().equals("Suspended")).isPresent();
  }

  /** The condition, if it became False or is False for another reason than before. */
  private static Optional<Condition> failed(
      @Nullable MigrationStatus before, MigrationStatus after, String type) {
    Optional<Condition> now = condition(after, type).filter(c -> c.status().equals("False"));
    Optional<Condition> was = before == null ? Optional.empty() : condition(before, type);
    return now.filter(
        n ->
            was.filter(w -> w.status().equals("False") && w.reason().equals(n.reason())).isEmpty());
  }

  /** The queues, where they are there and became unsafe. */
  private static Optional<Condition> endangered(
      @Nullable MigrationStatus before, MigrationStatus after) {
    Optional<Condition> was =
        before == null ? Optional.empty() : condition(before, "QueuesReady").filter(UNSAFE);
    return was.isPresent() ? Optional.empty() : condition(after, "QueuesReady").filter(UNSAFE);
  }

  private static Optional<Condition> became(
      @Nullable MigrationStatus before, MigrationStatus after, String type, String status) {
    Optional<Condition> was = before == null ? Optional.empty() : condition(before, type);
    return condition(after, type)
        .filter(c -> c.status().equals(status))
        .filter(c -> was.filter(w -> w.status().equals(status)).isEmpty());
  }

  private static Optional<Condition> back(
      @Nullable MigrationStatus before, MigrationStatus after, String type) {
    return became(before, after, type, "True")
        .filter(
            c ->
                before != null
                    && condition(before, type).filter(w -> w.status().equals("False")).isPresent());
  }

  private static Optional<Condition> condition(MigrationStatus status, String type) {
    return status.conditions().stream().filter(c -> c.type().equals(type)).findFirst();
  }

  private static News warn(String reason, Condition condition) {
    return News.warning(reason, condition.message());
  }

  private static News tell(String reason, Condition condition) {
    return News.normal(reason, condition.message());
  }
}
