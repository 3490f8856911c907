package dev.drover.worker.slots;

import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.state.CapAdvisory;
import dev.drover.worker.session.NoPermitException;
import dev.drover.worker.session.SessionPermit;
import dev.drover.worker.session.SessionRequest;
import dev.drover.worker.session.SessionRoster;
import dev.drover.worker.session.SessionUse;
import dev.drover.worker.slots.SlotTable.Taken;
import io.nats.client.JetStreamApiException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A slot that this process has, and the one session that it may open with it. Thread-safe. */
final class HeldSlot implements SessionPermit {
  private static final Logger LOG = LoggerFactory.getLogger(HeldSlot.class);

  private final EndpointSlots slots;
  private final SlotBucket bucket;
  private final String key;
  private final int number;
  private final SlotMark mark;
  private final String applicationName;
  private final ConnectionSpec connection;
  private final SessionRoster roster;
  private final Doubts doubts = new Doubts();
  private Slot slot;
  private long revision;
  private boolean over;
  private boolean certain;
  private boolean twice;
  private boolean settled;
  private @Nullable Connection session;
  private volatile long renewedAt;
  private volatile boolean lost;
  private volatile boolean askedBack;
  private volatile boolean listed;
  private volatile boolean missed;

  /**
   * @param takenAt the clock that never jumps, from before it was taken
   */
  HeldSlot(
      EndpointSlots slots,
      SlotBucket bucket,
      String key,
      int number,
      SlotMark mark,
      String applicationName,
      SessionRequest request,
      Slot slot,
      long revision,
      long takenAt) {
    this.slots = slots;
    this.bucket = bucket;
    this.key = key;
    this.number = number;
    this.mark = mark;
    this.applicationName = applicationName;
    this.connection = request.connection();
    this.roster = request.roster();
    this.slot = slot;
    this.revision = revision;
    this.renewedAt = takenAt;
  }

  int number() {
    return number;
  }

  synchronized Slot slot() {
    return slot;
  }

  @Override
  public String applicationName() {
    return applicationName;
  }

  @Override
  public void check() throws IOException {
    if (lost || System.nanoTime() - renewedAt > SlotRules.FRESH.toNanos()) {
      throw new IOException("slot " + key + " was not renewed in time: no session is opened by it");
    }
  }

  @Override
  public void opened(Connection opened) throws SQLException {
    SlotTable before = slots.known();
    SessionList list = SessionList.of(roster.read(opened), mark, number);
    listed = list.own() && slots.isSingle();
    synchronized (this) {
      session = opened;
      slot = slot.opened(listed);
      twice = list.other();
    }
    if (list.other()) {
      throw NoPermitException.capReached(
          ("connection %s: all connections that it may have are taken, one of them by a worker that"
                  + " does not answer and whose session the server still has (%s)")
              .formatted(connection.name(), applicationName));
    }
    try {
      renew();
    } catch (IOException | JetStreamApiException | IllegalStateException e) {
      LOG.debug("{} is told to be open with its next renewal", key, e);
    }
    if (lost) {
      throw new SQLException("slot " + key + " was lost while its session was opened", "57P01");
    }
    if (listed) {
      slots.free(before, list);
    }
    slots.advise(connection, new CapAdvisory(listed, list.foreign()));
  }

  private boolean askedBack() {
    return askedBack || lost;
  }

  @Override
  public boolean mustRest() {
    return askedBack() || doubts.open();
  }

  @Override
  public boolean isMissed() {
    return missed || askedBack();
  }

  @Override
  public boolean mayKeep(Connection asking) {
    if (askedBack()) {
      return false;
    }
    if (doubts.open()) {
      SlotTable before = slots.known();
      try {
        SessionList list = SessionList.of(roster.read(asking), mark, number);
        doubts.asked();
        tellListed();
        slots.free(before, list);
      } catch (SQLException e) {
        LOG.debug("the server was not asked for its sessions", e);
        return false;
      }
    }
    return true;
  }

  /** What the last look at all slots says of this one. */
  void seen(boolean isAskedBack, boolean isMissed, boolean hasDoubts) {
    missed = isMissed;
    askedBack = isAskedBack;
    doubts.seen(hasDoubts && listed, slots.nanos());
    tellListed();
  }

  /** With the next renewal. */
  private synchronized void tellListed() {
    slot = slot.listed(listed && !doubts.passed(slots.nanos()));
  }

  /** Renews it; says so if somebody else has it. */
  synchronized void renew() throws IOException, JetStreamApiException {
    if (over || lost) {
      return;
    }
    long before = System.nanoTime();
    OptionalLong written = bucket.update(key, slot, revision);
    if (written.isEmpty()) {
      // An update whose answer was lost is there all the same.
      OptionalLong mine = bucket.revision(key, slot.id());
      if (mine.isEmpty()) {
        lost = true;
        LOG.warn("slot {} was taken over: its session is ended", key);
        abort();
        return;
      }
      written = bucket.update(key, slot, mine.getAsLong());
    }
    if (written.isPresent()) {
      revision = written.getAsLong();
      renewedAt = before;
      slots.wrote(revision);
    }
  }

  synchronized void under(int cap) {
    slot = slot.under(cap);
  }

  /** Ends the session if it could not be renewed for too long. */
  synchronized void fence() {
    if (slot.use() != SessionUse.Hold
        && !over
        && System.nanoTime() - renewedAt > SlotRules.FENCE.toNanos()) {
      LOG.warn("slot {} could not be renewed for too long: its session is ended", key);
      abort();
    }
  }

  private void abort() {
    Connection open = session;
    if (open != null) {
      try {
        open.abort(Thread::startVirtualThread);
      } catch (SQLException e) {
        LOG.debug("ending a session failed", e);
      }
    }
  }

  @Override
  public void ended(boolean isCertain) {
    synchronized (this) {
      over = true;
      certain = isCertain;
      session = null;
    }
    slots.ended(this);
  }

  /** Called in the place of {@link #ended} where nobody was told of the slot. */
  synchronized void neverOpened() {
    over = true;
    certain = true;
  }

  /** Gives the slot back, or says that its session may be there still; again until it is done. */
  synchronized void settle() throws IOException, JetStreamApiException {
    if (settled || lost) {
      settled = true;
      return;
    }
    OptionalLong mine = bucket.revision(key, slot.id());
    if (mine.isPresent()) {
      // Nobody but this process, which holds the monitor, writes what is still its own.
      if (certain && !twice) {
        bucket.delete(key, mine.getAsLong());
      } else if (slot.state() == Slot.State.Open) {
        bucket.update(key, slot.left(), mine.getAsLong());
      } // else it fades: the server may be about to begin a session yet
    }
    settled = true;
  }

  /** This slot in a table. */
  boolean isIn(Taken taken) {
    return taken.number() == number && taken.slot().id().equals(slot().id());
  }
}
