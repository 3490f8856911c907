package dev.drover.worker.slots;

import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.worker.postgres.NoPermitException;
import dev.drover.worker.postgres.SessionRequest;
import dev.drover.worker.slots.SlotTable.Taken;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The slots of one endpoint, as this process takes, renews and gives them back. Thread-safe. */
final class EndpointSlots {
  private static final Logger LOG = LoggerFactory.getLogger(EndpointSlots.class);

  /** Who waits is asked again whether he is to stop in this time. */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private static final Duration LOOK = Duration.ofMillis(250);

  /** Who has not asked again for so long waits no more. */
  private static final Duration WISHED = Duration.ofSeconds(20);

  private static final Duration FORGOTTEN = Duration.ofMinutes(1);

  private final SlotBucket bucket;
  private final Caps caps;
  private final EndpointId id;
  private final Holder holder;
  private final Observation observation = new Observation();
  private final Map<HeldSlot, ConnectionSpec> held = new ConcurrentHashMap<>();
  private final List<HeldSlot> unsettled = new CopyOnWriteArrayList<>();
  private final String wishId = UUID.randomUUID().toString();
  private volatile SlotTable table = new SlotTable(List.of(), List.of());
  private @Nullable Wish wish;
  private boolean wishTold;
  private long wishedAt;

  EndpointSlots(SlotBucket bucket, Caps caps, EndpointId id, Holder holder) {
    this.bucket = bucket;
    this.caps = caps;
    this.id = id;
    this.holder = holder;
  }

  String endpoint() {
    return id.hash();
  }

  boolean isSingle() {
    return id.single();
  }

  /** Takes a slot, if one can be had within a few seconds. */
  HeldSlot take(SessionRequest request)
      throws IOException, JetStreamApiException, InterruptedException, NoPermitException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Wish me = wish(caps.of(request.connection()));
      switch (SlotRules.choose(look(), me)) {
        case Choice.Free free -> {
          HeldSlot taken = tryToTake(free.number(), me.cap(), request);
          if (taken != null) {
            return taken;
          }
        }
        case Choice.Overdue overdue -> {
          Taken gone = overdue.taken();
          if (bucket.delete(SlotBucket.slotKey(endpoint(), gone.number()), gone.revision())) {
            LOG.warn(
                "slot {} of pod {} is free again: nothing was heard of it for {}, and the server"
                    + " gives up a session of this kind sooner",
                gone.number(),
                gone.slot().pod(),
                gone.quiet());
          }
        }
        case Choice.Wait wait -> {
          tellWish();
          if (System.nanoTime() > until) {
            throw NoPermitException.capReached(
                "connection " + request.connection().name() + ": " + wait.why());
          }
          Thread.sleep(LOOK);
        }
      }
    }
  }

  private @Nullable HeldSlot tryToTake(int number, int cap, SessionRequest request)
      throws IOException, JetStreamApiException {
    long before = System.nanoTime();
    Slot slot =
        new Slot(
            UUID.randomUUID().toString(),
            holder.pod(),
            holder.chain(),
            holder.stage(),
            request.use(),
            cap,
            Slot.State.Opening,
            false,
            Instant.now().toString());
    String key = SlotBucket.slotKey(endpoint(), number);
    OptionalLong revision;
    try {
      revision = bucket.create(key, slot);
    } catch (IOException e) {
      revision = bucket.revision(key, slot.id()); // it may be there all the same
      if (revision.isEmpty()) {
        throw e;
      }
    }
    if (revision.isEmpty()) {
      return null;
    }
    HeldSlot taken =
        new HeldSlot(
            this,
            bucket,
            key,
            number,
            SlotName.of(request.applicationName(), endpoint(), number),
            slot,
            revision.getAsLong(),
            before);
    held.put(taken, request.connection());
    endWish();
    return taken;
  }

  private synchronized SlotTable look()
      throws IOException, JetStreamApiException, InterruptedException {
    table = observation.look(bucket.read(endpoint()), System.nanoTime());
    return table;
  }

  private synchronized Wish wish(int cap) {
    wishedAt = System.nanoTime();
    Wish known = wish;
    Wish now =
        new Wish(
            wishId,
            holder.chain(),
            holder.stage(),
            cap,
            known == null ? Instant.now().toString() : known.since());
    wish = now;
    return now;
  }

  private synchronized void tellWish() throws IOException, JetStreamApiException {
    if (wish != null && !wishTold) {
      bucket.wish(endpoint(), wish);
      wishTold = true;
    }
  }

  private synchronized void endWish() throws IOException, JetStreamApiException {
    wish = null;
    if (wishTold) {
      wishTold = false;
      bucket.forgetWish(SlotBucket.wishKey(endpoint(), wishId));
    }
  }

  /** Frees the slots of which it is now known that their sessions are gone. */
  void free(SessionList list) {
    for (Taken gone : SlotRules.free(table, list.numbers())) {
      try {
        if (bucket.delete(SlotBucket.slotKey(endpoint(), gone.number()), gone.revision())) {
          LOG.info(
              "slot {} of pod {} is free again: the server has no session of it any more",
              gone.number(),
              gone.slot().pod());
        }
      } catch (IOException | JetStreamApiException | IllegalStateException e) {
        LOG.debug("a slot is freed the next time", e);
      }
    }
  }

  /** Called when the session of a slot is over. */
  void ended(HeldSlot slot) {
    held.remove(slot);
    unsettled.add(slot);
    settle();
  }

  private void settle() {
    for (HeldSlot slot : unsettled) {
      try {
        slot.settle();
        unsettled.remove(slot);
      } catch (IOException | JetStreamApiException | IllegalStateException e) {
        LOG.debug("a slot is given back the next time", e);
      }
    }
  }

  /** Renews what is held and wished, and looks what is asked back. Called every few seconds. */
  void beat() throws InterruptedException {
    settle();
    held.keySet().forEach(HeldSlot::fence);
    try {
      for (Map.Entry<HeldSlot, ConnectionSpec> each : held.entrySet()) {
        each.getKey().renew();
        each.getKey().under(caps.of(each.getValue()));
      }
      renewWish();
      if (held.isEmpty() && !isWishing()) {
        return;
      }
      SlotTable now = look();
      boolean doubts = !SlotRules.doubtful(now).isEmpty();
      for (HeldSlot slot : held.keySet()) {
        now.slots().stream()
            .filter(slot::isIn)
            .findFirst()
            .ifPresent(
                mine ->
                    slot.seen(
                        SlotRules.askedBack(
                            now,
                            new Taken(mine.number(), slot.slot(), mine.revision(), mine.quiet()),
                            Instant.now()),
                        SlotRules.somebodyWaits(now),
                        doubts));
      }
      for (SlotTable.Waiting waiting : now.wishes()) {
        if (waiting.quiet().compareTo(FORGOTTEN) > 0) {
          bucket.forgetWish(SlotBucket.wishKey(endpoint(), waiting.wish().id()));
        }
      }
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("slots are renewed the next time", e);
    }
  }

  private synchronized boolean isWishing() {
    return wish != null;
  }

  private synchronized void renewWish() throws IOException, JetStreamApiException {
    if (wish == null) {
      return;
    }
    if (System.nanoTime() - wishedAt > WISHED.toNanos()) {
      endWish();
    } else if (wishTold) {
      bucket.wish(endpoint(), wish);
    }
  }

  /** Waits no more. */
  void close() {
    settle();
    try {
      endWish();
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("a wish stays behind; it fades by its age", e);
    }
  }
}
