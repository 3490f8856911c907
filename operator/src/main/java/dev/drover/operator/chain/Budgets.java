package dev.drover.operator.chain;

import dev.drover.wire.budget.Breach;
import dev.drover.wire.budget.BudgetOrder;
import dev.drover.wire.names.ChainNames;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.state.StateStore;
import dev.drover.wire.state.WireJson;
import io.nats.client.JetStreamApiException;
import io.nats.client.KeyValue;
import io.nats.client.api.KeyValueEntry;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells the workers of stages their error budgets, and sees which are exceeded. Remembers what it
 * told. Not thread-safe.
 */
final class Budgets {
  private final NatsLink link;
  private final ChainNames names;
  private final Map<String, Optional<BudgetOrder>> told = new HashMap<>();

  Budgets(NatsLink link, ChainNames names) {
    this.link = link;
    this.names = names;
  }

  /** The budgets that are exceeded, by stage. */
  Map<String, Breach> breaches(ChainSpec spec) {
    Map<String, Breach> breaches = new HashMap<>();
    for (StageSpec stage : spec.stages()) {
      breach(stage.name()).ifPresent(b -> breaches.put(stage.name(), b));
    }
    return breaches;
  }

  /**
   * Tells a stage.
   *
   * @param wish null for no budget
   */
  void tell(String stage, @Nullable BudgetWish wish) {
    Optional<BudgetOrder> before = order(stage);
    boolean same =
        wish == null
            ? before.isEmpty()
            : before.filter(o -> o.edition().equals(wish.edition())).isPresent();
    if (same || (wish != null && !wish.idle() && breach(stage).isPresent())) {
      return;
    }
    told.put(
        stage,
        link.call(
            "tell stage " + stage + " its error budget",
            nats -> {
              KeyValue bucket = StateStore.open(nats, names).bucket();
              if (wish == null) {
                bucket.delete(BudgetOrder.key(stage));
                return Optional.<BudgetOrder>empty();
              }
              long after =
                  nats.jetStreamManagement()
                      .getStreamInfo(names.decisionsStream())
                      .getStreamState()
                      .getLastSequence();
              BudgetOrder order = new BudgetOrder(wish.edition(), wish.terms(), after);
              bucket.put(BudgetOrder.key(stage), WireJson.bytes(order));
              return Optional.of(order);
            }));
  }

  private Optional<BudgetOrder> order(String stage) {
    return told.computeIfAbsent(stage, s -> read(BudgetOrder.key(s), BudgetOrder.class));
  }

  private Optional<Breach> breach(String stage) {
    return order(stage)
        .flatMap(order -> read(Breach.key(stage), Breach.class).filter(b -> b.isOf(order)));
  }

  /** What cannot be read counts as not there: an order is then written anew. */
  private <T> Optional<T> read(String key, Class<T> type) {
    return link.call(
        "read " + key, nats -> parsed(StateStore.open(nats, names).bucket(), key, type));
  }

  private static <T> Optional<T> parsed(KeyValue bucket, String key, Class<T> type)
      throws IOException, JetStreamApiException {
    KeyValueEntry entry = bucket.get(key);
    try {
      return entry == null || entry.getValue() == null
          ? Optional.empty()
          : Optional.of(WireJson.parse(entry.getValue(), type));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
