package dev.drover.worker.slots;

import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.EndpointId;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.worker.session.NoPermitException;
import dev.drover.worker.session.SessionRequest;
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
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The slots of one endpoint, as this process takes, renews and gives them back. Thread-safe. */
final class EndpointSlots {
  private static final Logger LOG = LoggerFactory.getLogger(EndpointSlots.class);

  /** Who waits is asked again whether he is to stop in this time. */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private static final Duration LOOK = Duration.ofMillis(250);

  /** What was written is heard of in this time. */
  private static final Duration HEARD = Duration.ofSeconds(2);

  private static final Duration SHORTLY = Duration.ofMillis(5);

  /** Who has not asked again for so long waits no more. */
  private static final Duration WISHED = Duration.ofSeconds(20);

  private static final Duration FORGOTTEN = Duration.ofMinutes(1);

  private final SlotBucket bucket;
  private final Caps caps;
  private final EndpointId id;
  private final Holder holder;
  private final LongSupplier clock;
  private final Observation observation = new Observation();
  private final Map<HeldSlot, ConnectionSpec> held = new ConcurrentHashMap<>();
  private final List<HeldSlot> unsettled = new CopyOnWriteArrayList<>();
  private final String wishId = UUID.randomUUID().toString();
  private volatile SlotTable table = new SlotTable(List.of(), List.of());
  private @Nullable SlotWatch watch;
  private @Nullable Wish wish;
  private boolean wishTold;
  private boolean wishEnded;
  private long wishedAt;
  private long written;
  private long expected;

  /** Who wants a slot, and how its session is marked. */
  private record Seeker(SessionRequest request, SlotMark mark) {}

  EndpointSlots(SlotBucket bucket, Caps caps, EndpointId id, Holder holder, LongSupplier clock) {
    this.clock = clock;
    this.bucket = bucket;
    this.caps = caps;
    this.id = id;
    this.holder = holder;
  }

  String endpoint() {
    return id.hash();
  }

  /** Of the clock by which others go silent. */
  long nanos() {
    return clock.getAsLong();
  }

  boolean isSingle() {
    return id.single();
  }

  /** Takes a slot, if one can be had within a few seconds. */
  HeldSlot take(SessionRequest request)
      throws IOException, JetStreamApiException, InterruptedException, NoPermitException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    Seeker seeker = new Seeker(request, new SlotMark(endpoint(), bucket.installation()));
    while (true) {
      Wish me = wish(caps.of(request.connection()));
      Choice choice = SlotRules.choose(look(), me, holder);
      HeldSlot taken =
          switch (choice) {
            case Choice.Free free -> tryToTake(free.number(), me.cap(), seeker);
            case Choice.TakeOver over -> tryToTakeOver(over.taken(), me.cap(), seeker);
            case Choice.Wait wait -> null;
          };
      if (taken != null) {
        return taken;
      }
      if (choice instanceof Choice.Wait) {
        tellWish();
      }
      if (System.nanoTime() > until) {
        throw NoPermitException.capReached(
            "connection "
                + request.connection().name()
                + ": "
                + (choice instanceof Choice.Wait wait ? wait.why() : "others were quicker"));
      }
      if (choice instanceof Choice.Wait) {
        Thread.sleep(LOOK);
      }
    }
  }

  private @Nullable HeldSlot tryToTake(int number, int cap, Seeker seeker)
      throws IOException, JetStreamApiException, InterruptedException {
    long before = System.nanoTime();
    Slot slot = slot(cap, seeker);
    String key = SlotBucket.slotKey(endpoint(), number);
    OptionalLong revision;
    try {
      revision = bucket.create(key, slot);
    } catch (IOException e) {
      mayBeThere(number, slot, seeker);
      throw e;
    }
    if (revision.isEmpty()) {
      return null;
    }
    wrote(revision.getAsLong());
    try {
      int capNow = Math.min(cap, caps.of(seeker.request().connection()));
      if (!SlotRules.isTooMany(lookFrom(revision.getAsLong()), number, capNow)) {
        HeldSlot taken = hold(number, slot, seeker, revision.getAsLong(), before);
        taken.under(capNow); // told with the next renewal
        return taken;
      }
    } catch (IOException | JetStreamApiException | InterruptedException | IllegalStateException e) {
      mayBeThere(number, slot, seeker);
      throw e;
    }
    mayBeThere(number, slot, seeker);
    settle();
    tellWish(); // and so the cap, to whoever does not know it
    Thread.sleep(LOOK);
    return null;
  }

  /**
   * What is there, once all is heard of that was written before a revision: of two who choose at
   * once, the later sees the other, and has no session yet.
   */
  private SlotTable lookFrom(long revision)
      throws IOException, JetStreamApiException, InterruptedException {
    long until = System.nanoTime() + HEARD.toNanos();
    while (!hasHeard(revision)) {
      if (System.nanoTime() > until) {
        throw new IOException("NATS does not tell of what was written");
      }
      Thread.sleep(SHORTLY);
    }
    return look();
  }

  private synchronized boolean hasHeard(long revision)
      throws IOException, JetStreamApiException, InterruptedException {
    look(); // which watches
    return watch != null && watch.revision() >= revision;
  }

  private @Nullable HeldSlot tryToTakeOver(Taken gone, int cap, Seeker seeker)
      throws IOException, JetStreamApiException, InterruptedException {
    long before = System.nanoTime();
    Slot slot = slot(cap, seeker);
    String key = SlotBucket.slotKey(endpoint(), gone.number());
    OptionalLong revision;
    try {
      revision = bucket.update(key, slot, gone.revision());
    } catch (IOException e) {
      mayBeThere(gone.number(), slot, seeker);
      throw e;
    }
    if (revision.isEmpty()) {
      Thread.sleep(LOOK); // until it is told who has it
      return null;
    }
    LOG.warn(
        "slot {} of pod {} is taken over, of which nothing was heard for {} s: the server is asked"
            + " first whether its session is gone",
        gone.number(),
        gone.slot().pod(),
        gone.quiet().toSeconds());
    return hold(gone.number(), slot, seeker, revision.getAsLong(), before);
  }

  private Slot slot(int cap, Seeker seeker) {
    return new Slot(
        UUID.randomUUID().toString(),
        holder.pod(),
        holder.process(),
        holder.chain(),
        holder.stage(),
        seeker.request().use(),
        cap,
        Slot.State.Opening,
        false,
        Instant.now().toString());
  }

  /** It is given back if it was written; if the answer was lost, it may have been. */
  private void mayBeThere(int number, Slot slot, Seeker seeker) {
    HeldSlot perhaps = held(number, slot, seeker, 0, System.nanoTime());
    perhaps.neverOpened();
    unsettled.add(perhaps);
  }

  private HeldSlot hold(int number, Slot slot, Seeker seeker, long revision, long since) {
    HeldSlot taken = held(number, slot, seeker, revision, since);
    held.put(taken, seeker.request().connection());
    endWish();
    return taken;
  }

  private HeldSlot held(int number, Slot slot, Seeker seeker, long revision, long since) {
    return new HeldSlot(
        this,
        bucket,
        SlotBucket.slotKey(endpoint(), number),
        number,
        seeker.mark(),
        SlotName.of(seeker.request().applicationName(), seeker.mark(), number),
        seeker.request(),
        slot,
        revision,
        since);
  }

  private synchronized SlotTable look()
      throws IOException, JetStreamApiException, InterruptedException {
    SlotWatch watching = watch;
    if (watching == null) {
      watching = bucket.watch(endpoint(), clock);
      watch = watching;
      expected = 0;
    }
    table = observation.look(watching.entries(), clock.getAsLong(), watching.heard());
    return table;
  }

  /** Watches anew if what this process wrote before the last beat was not heard of. */
  private synchronized void doubtWatch() {
    if (watch != null && watch.revision() < expected) {
      LOG.info("the bucket of slots is watched anew: nothing is heard of it");
      unwatch();
    }
    expected = written;
  }

  private synchronized void unwatch() {
    if (watch != null) {
      watch.close();
      watch = null;
    }
  }

  /** Called with the revision of what this process wrote. */
  synchronized void wrote(long revision) {
    written = Math.max(written, revision);
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
      wishTold = true; // also if the answer is lost
      wrote(bucket.wish(endpoint(), wish));
    }
  }

  private synchronized void endWish() {
    wish = null;
    try {
      settleWish();
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("a wish is ended the next time", e);
    }
  }

  /** Ends the wish that was told, if there is none any more. */
  private synchronized void settleWish() throws IOException, JetStreamApiException {
    if (wish == null && wishTold) {
      bucket.endWish(SlotBucket.wishKey(endpoint(), wishId));
      wishTold = false;
      wishEnded = true;
    }
  }

  /** Removes what the wish that was ended before the last beat has left behind. */
  private synchronized void clearWish() throws IOException, JetStreamApiException {
    if (wishEnded && !wishTold && wish == null) {
      bucket.clear(SlotBucket.wishKey(endpoint(), wishId));
      wishEnded = false;
    }
  }

  /**
   * Frees the slots of which it is now known that their sessions are gone.
   *
   * @param before what was known before the server was asked, see {@link #known}
   */
  void free(SlotTable before, SessionList list) {
    for (Taken gone : SlotRules.free(before, list.numbers(), holder)) {
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

  /** What was seen last. */
  SlotTable known() {
    return table;
  }

  /** Tells how far a cap can be relied upon. */
  void advise(ConnectionSpec connection, CapAdvisory advisory) {
    caps.advise(connection, advisory);
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
        LOG.debug("slots are given back the next time", e);
        return;
      }
    }
  }

  /** Ends the sessions whose slots could not be renewed for too long. */
  void fence() {
    held.keySet().forEach(HeldSlot::fence);
  }

  /** Renews what is held and wished, and looks what is asked back. Called every few seconds. */
  void beat() throws InterruptedException {
    doubtWatch();
    settle();
    try {
      for (Map.Entry<HeldSlot, ConnectionSpec> each : held.entrySet()) {
        each.getKey().renew();
        each.getKey().under(caps.of(each.getValue())); // told with the next renewal
      }
      clearWish();
      renewWish();
      if (held.isEmpty() && !isWishing()) {
        unwatch();
        return;
      }
      SlotTable now = look();
      boolean doubts = !SlotRules.doubtful(now, holder).isEmpty();
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
          forget(SlotBucket.wishKey(endpoint(), waiting.wish().id()));
        }
      }
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("slots are renewed the next time", e);
    }
  }

  private synchronized void forget(String key) throws IOException, JetStreamApiException {
    bucket.clear(key);
    if (watch != null) {
      watch.forget(key);
    }
  }

  private synchronized boolean isWishing() {
    return wish != null;
  }

  private synchronized void renewWish() throws IOException, JetStreamApiException {
    if (wish != null && System.nanoTime() - wishedAt > WISHED.toNanos()) {
      wish = null;
    }
    if (wish != null && wishTold) {
      wrote(bucket.wish(endpoint(), wish));
    }
    settleWish();
  }

  /** Waits no more. */
  void close() {
    settle();
    endWish();
    try {
      clearWish();
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("a wish leaves its end behind", e);
    }
    unwatch();
  }
}
