package dev.drover.worker.slots;

import dev.drover.worker.session.SessionUse;
import dev.drover.worker.slots.Slot.State;
import dev.drover.worker.slots.SlotTable.Taken;
import dev.drover.worker.slots.SlotTable.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Who may take which slot, and who gives one back. Pure. */
final class SlotRules {
  /** Who holds a slot renews it several times in this time. */
  static final Duration LEASE = Duration.ofSeconds(15);

  /**
   * Who took a slot sends the first byte of its session only if it was renewed in this time, see
   * {@link #OPENING}.
   */
  static final Duration FRESH = Duration.ofSeconds(8);

  /**
   * Who cannot renew a slot for so long ends its session, so that the server has ended it within
   * {@link #QUARANTINE}.
   */
  static final Duration FENCE = Duration.ofSeconds(35);

  /**
   * After this the server has ended a session whose client, or its machine, is gone: 30 s of
   * keep-alives or of waiting for an acknowledgement, and 10 s between two looks at the connection;
   * see {@code Endpoint}. Or its holder has, see {@link #FENCE}.
   */
  static final Duration QUARANTINE = Duration.ofSeconds(60);

  /** The same where it is known that the client's process, not its machine, is gone. */
  static final Duration KNOWN_DEAD = Duration.ofSeconds(15);

  /**
   * A process that stood still while it connected may go on at any time. What it sends then is of
   * no use once the server has given up waiting for it: after a minute, by its
   * authentication_timeout, counted from when the socket was connected, when the slot was {@link
   * #FRESH} still.
   */
  static final Duration OPENING = Duration.ofSeconds(75);

  /** Who waits says so several times in this time. */
  static final Duration PATIENT = Duration.ofSeconds(10);

  /** Nobody gives up a slot sooner for others to have their turn. */
  static final Duration TURN = Duration.ofSeconds(10);

  /** If nobody gave one up after this time, one holder more is asked. */
  static final Duration WIDEN = Duration.ofSeconds(5);

  private SlotRules() {}

  /** The smallest cap that anybody who uses the endpoint knows. */
  static int cap(SlotTable table, int own) {
    IntStream held =
        table.slots().stream().filter(SlotRules::isAlive).mapToInt(t -> t.slot().cap());
    IntStream wished =
        table.wishes().stream().filter(SlotRules::isPatient).mapToInt(w -> w.wish().cap());
    return Math.min(own, IntStream.concat(held, wished).min().orElse(own));
  }

  /** Slots whose holders may be gone, so that the server should be asked. */
  static List<Taken> doubtful(SlotTable table, Holder me) {
    return table.slots().stream().filter(t -> !isAlive(t) || me.hasOutlived(t.slot())).toList();
  }

  /**
   * Slots that are free, now that it is known which sessions the server has. Who has said that his
   * session is open opens no second one: once that is not listed it is over, whether he knows or
   * not.
   *
   * @param table as it was before the server was asked
   * @param listed numbers of the slots of which the server lists a session
   */
  static List<Taken> free(SlotTable table, Set<Integer> listed, Holder me) {
    return table.slots().stream()
        .filter(t -> !listed.contains(t.number()))
        .filter(
            t ->
                t.slot().state() != State.Opening
                    || t.quiet().compareTo(me.hasOutlived(t.slot()) ? KNOWN_DEAD : OPENING) > 0)
        .toList();
  }

  /**
   * What somebody does who wants a slot.
   *
   * @param me his wish, told to others or not
   */
  static Choice choose(SlotTable table, Wish me, Holder holder) {
    int cap = cap(table, me.cap());
    // What holds a snapshot stays, wherever it is, and leaves the others one less.
    long above = table.count(t -> t.number() >= cap && t.slot().use() != SessionUse.Hold);
    Optional<Taken> overdue = overdue(table, holder);
    if (above > 0) {
      if (overdue.isPresent()) {
        return new Choice.TakeOver(overdue.get());
      }
      return new Choice.Wait(
          "the most is %d connections now, and %d of those opened before it was lowered are not closed yet"
              .formatted(cap, above));
    }
    Set<Integer> taken = table.slots().stream().map(Taken::number).collect(Collectors.toSet());
    List<Integer> free =
        IntStream.range(0, cap)
            .filter(n -> !taken.contains(n))
            .limit(Math.max(0, cap - table.slots().size()))
            .boxed()
            .toList();
    int before = (int) others(table, me).filter(w -> isBefore(table, w.wish(), me)).count();
    if (before < free.size()) {
      return new Choice.Free(free.get(before));
    }
    if (free.isEmpty() && overdue.isPresent()) {
      return new Choice.TakeOver(overdue.get());
    }
    return new Choice.Wait(why(table, cap, holder));
  }

  /**
   * Whether a slot that was just taken is one too many: by a cap, or beside a slot, that was not
   * known when it was chosen.
   *
   * @param table with the slot in it, and all that was written before it
   * @param own the cap that its taker knows
   */
  static boolean isTooMany(SlotTable table, int number, int own) {
    int cap = cap(table, own);
    return number >= cap || table.slots().size() > cap;
  }

  /**
   * Whether the holder of a slot should close its session, and then give the slot back. One is
   * asked first; as he may be in the middle of something long, in time one more and one more.
   */
  static boolean askedBack(SlotTable table, Taken mine, Instant now) {
    if (mine.slot().use() == SessionUse.Hold) {
      return false;
    }
    int cap = cap(table, mine.slot().cap());
    if (mine.number() >= cap) {
      return true;
    }
    List<Taken> movable =
        table.slots().stream()
            .filter(t -> isAlive(t) && t.slot().use() != SessionUse.Hold)
            .toList();
    Map<String, Long> shares =
        table.slots().stream()
            .filter(SlotRules::isAlive)
            .collect(Collectors.groupingBy(t -> t.slot().user(), Collectors.counting()));
    List<Waiting> starving =
        table.wishes().stream()
            .filter(w -> isPatient(w) && !shares.containsKey(w.wish().user()))
            .toList();
    if (starving.isEmpty()) {
      return isNext(table, movable, mine, now);
    }
    long stages = starving.stream().map(w -> w.wish().user()).distinct().count();
    if (stages <= cap - table.slots().size()) {
      return false;
    }
    Comparator<Taken> largestShare =
        Comparator.comparing((Taken t) -> shares.getOrDefault(t.slot().user(), 0L)).reversed();
    boolean mayStay = shares.getOrDefault(mine.slot().user(), 0L) == 1 && !hadItsTurn(mine, now);
    return !mayStay
        && isAmongFirst(movable, largestShare, mine, circle(starving.stream(), Duration.ZERO));
  }

  /**
   * Whether a worker of the holder's own stage has waited long for it to have its turn: each has
   * work in hand that the others cannot do.
   */
  private static boolean isNext(SlotTable table, List<Taken> movable, Taken mine, Instant now) {
    String user = mine.slot().user();
    List<Waiting> waiting =
        table.wishes().stream()
            .filter(w -> isPatient(w) && w.wish().user().equals(user))
            .filter(w -> w.age().compareTo(TURN) > 0)
            .toList();
    return !waiting.isEmpty()
        && hadItsTurn(mine, now)
        && isAmongFirst(
            movable.stream().filter(t -> t.slot().user().equals(user)).toList(),
            (one, other) -> 0,
            mine,
            circle(waiting.stream(), TURN));
  }

  /** How many holders are asked, by how long the first has waited beyond a time. */
  private static int circle(Stream<Waiting> waiting, Duration beyond) {
    Duration longest =
        waiting.map(Waiting::age).max(Comparator.naturalOrder()).orElse(beyond).minus(beyond);
    return 1 + (int) longest.dividedBy(WIDEN);
  }

  /** Whether a slot is among the first, of equals among those that were taken longest ago. */
  private static boolean isAmongFirst(
      List<Taken> slots, Comparator<Taken> order, Taken mine, int circle) {
    return slots.stream()
        .sorted(order.thenComparing((Taken t) -> t.slot().since()).thenComparingInt(Taken::number))
        .limit(circle)
        .anyMatch(t -> t.number() == mine.number());
  }

  private static boolean hadItsTurn(Taken mine, Instant now) {
    return Instant.parse(mine.slot().since()).plus(TURN).compareTo(now) < 0;
  }

  /** Whether anybody waits, so that who has nothing to do should let him go first. */
  static boolean somebodyWaits(SlotTable table) {
    return table.wishes().stream().anyMatch(SlotRules::isPatient);
  }

  private static boolean isAlive(Taken t) {
    return t.slot().state() != State.Left && t.quiet().compareTo(LEASE) < 0;
  }

  private static boolean isPatient(Waiting w) {
    return w.quiet().compareTo(PATIENT) < 0;
  }

  private static Stream<Waiting> others(SlotTable table, Wish me) {
    return table.wishes().stream()
        .filter(SlotRules::isPatient)
        .filter(w -> !w.wish().id().equals(me.id()));
  }

  /** Stages with fewer slots first, then who waits longer. */
  private static boolean isBefore(SlotTable table, Wish one, Wish other) {
    Function<Wish, Long> share =
        wish -> table.count(t -> isAlive(t) && t.slot().user().equals(wish.user()));
    return Comparator.comparing(share)
            .thenComparing(Wish::since)
            .thenComparing(Wish::id)
            .compare(one, other)
        < 0;
  }

  /**
   * A slot whose session is gone by time alone, since there is nobody who could ask the server, or
   * is about to.
   */
  private static Optional<Taken> overdue(SlotTable table, Holder me) {
    boolean somebodyAsks =
        table.count(
                t ->
                    isAlive(t)
                        && !me.hasOutlived(t.slot())
                        && t.slot().use() != SessionUse.Hold
                        && (t.slot().listed() || t.slot().state() == State.Opening))
            > 0;
    return somebodyAsks
        ? Optional.empty()
        : doubtful(table, me).stream()
            .filter(t -> t.quiet().compareTo(longest(t.slot(), me)) > 0)
            .findFirst();
  }

  /** How long the server may keep a session, or may still begin one, whose client is silent. */
  private static Duration longest(Slot slot, Holder me) {
    if (me.hasOutlived(slot)) {
      return KNOWN_DEAD;
    }
    return slot.state() == State.Opening ? OPENING : QUARANTINE;
  }

  private static String why(SlotTable table, int cap, Holder me) {
    Map<String, Long> alive = new TreeMap<>();
    table.slots().stream()
        .filter(SlotRules::isAlive)
        .forEach(t -> alive.merge(t.slot().user(), 1L, Long::sum));
    int doubtful = doubtful(table, me).size();
    String users =
        alive.entrySet().stream()
            .map(e -> e.getKey() + " " + e.getValue())
            .collect(Collectors.joining(", "));
    return "the %d connections that it may have are taken (%s%s)"
        .formatted(
            cap,
            users,
            doubtful == 0
                ? ""
                : (users.isEmpty() ? "" : ", ")
                    + doubtful
                    + " by workers that do not answer, until the server has ended their sessions");
  }
}
