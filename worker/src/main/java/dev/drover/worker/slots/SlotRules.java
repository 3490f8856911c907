package dev.drover.worker.slots;

import dev.drover.worker.postgres.SessionUse;
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
   * Who cannot renew a slot for so long ends its session: well before anybody takes it over by
   * time.
   */
  static final Duration FENCE = Duration.ofSeconds(100);

  /**
   * A process that stood still while it connected may go on at any time. What it sends then is of
   * no use once the server has given up waiting for it: after a minute, by its
   * authentication_timeout, counted from when the socket was connected, after which the slot was
   * fresh still.
   */
  static final Duration OPENING = Duration.ofSeconds(120);

  /** After this the server has given up a session that writes, by keep-alives and timeouts. */
  private static final Duration WRITING = Duration.ofMinutes(3);

  /** The server sends what it has to a machine that is gone for about 15 minutes. */
  private static final Duration READING = Duration.ofMinutes(17);

  /** Who waits says so several times in this time. */
  static final Duration PATIENT = Duration.ofSeconds(10);

  /** Nobody gives up a slot sooner for others to have their turn. */
  static final Duration TURN = Duration.ofSeconds(10);

  private SlotRules() {}

  /** The smallest cap that anybody who uses the endpoint knows. */
  static int cap(SlotTable table, int own) {
    IntStream held =
        table.slots().stream().filter(SlotRules::isAlive).mapToInt(t -> t.slot().cap());
    IntStream wished =
        table.wishes().stream().filter(SlotRules::isPatient).mapToInt(w -> w.wish().cap());
    return Math.min(own, IntStream.concat(held, wished).min().orElse(own));
  }

  /** Slots whose holders may be gone. */
  static List<Taken> doubtful(SlotTable table) {
    return table.slots().stream().filter(t -> !isAlive(t)).toList();
  }

  /**
   * Doubtful slots that are free, now that it is known which sessions the server has.
   *
   * @param listed numbers of the slots of which the server lists a session
   */
  static List<Taken> free(SlotTable table, Set<Integer> listed) {
    return doubtful(table).stream()
        .filter(t -> !listed.contains(t.number()))
        .filter(
            t -> t.slot().state() != State.Opening || t.quiet().compareTo(LEASE.plus(OPENING)) > 0)
        .toList();
  }

  /**
   * What somebody does who wants a slot.
   *
   * @param me his wish, told to others or not
   */
  static Choice choose(SlotTable table, Wish me) {
    int cap = cap(table, me.cap());
    // What holds a snapshot stays, wherever it is, and leaves the others one less.
    long above = table.count(t -> t.number() >= cap && t.slot().use() != SessionUse.Hold);
    Optional<Taken> overdue = overdue(table);
    if (above > 0) {
      if (overdue.isPresent()) {
        return new Choice.Overdue(overdue.get());
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
      return new Choice.Overdue(overdue.get());
    }
    return new Choice.Wait(why(table, cap));
  }

  /** Whether the holder of a slot should close its session, and then give the slot back. */
  static boolean askedBack(SlotTable table, Taken mine, Instant now) {
    if (mine.slot().use() == SessionUse.Hold) {
      return false;
    }
    int cap = cap(table, mine.slot().cap());
    if (mine.number() >= cap) {
      return true;
    }
    List<Taken> alive = table.slots().stream().filter(SlotRules::isAlive).toList();
    Map<String, Long> shares =
        alive.stream().collect(Collectors.groupingBy(t -> t.slot().user(), Collectors.counting()));
    long starving =
        table.wishes().stream()
            .filter(SlotRules::isPatient)
            .map(w -> w.wish().user())
            .filter(user -> !shares.containsKey(user))
            .distinct()
            .count();
    if (starving == 0) {
      return hadItsTurn(mine, now) && isNext(table, alive, mine);
    }
    if (starving <= cap - table.slots().size()) {
      return false;
    }
    List<Taken> movable = alive.stream().filter(t -> t.slot().use() != SessionUse.Hold).toList();
    long most =
        movable.stream().mapToLong(t -> shares.getOrDefault(t.slot().user(), 0L)).max().orElse(0);
    if (most > 1) {
      return movable.stream()
          .filter(t -> shares.getOrDefault(t.slot().user(), 0L) == most)
          .max(Comparator.comparingInt(Taken::number))
          .filter(t -> t.number() == mine.number())
          .isPresent();
    }
    return hadItsTurn(mine, now) && isOldest(movable.stream(), mine);
  }

  /**
   * Whether a worker of the holder's own stage has waited long for it to have its turn: each has
   * work in hand that the others cannot do.
   */
  private static boolean isNext(SlotTable table, List<Taken> alive, Taken mine) {
    String user = mine.slot().user();
    return table.wishes().stream()
            .filter(SlotRules::isPatient)
            .anyMatch(w -> w.wish().user().equals(user) && w.age().compareTo(TURN) > 0)
        && isOldest(alive.stream().filter(t -> t.slot().user().equals(user)), mine);
  }

  private static boolean isOldest(Stream<Taken> slots, Taken mine) {
    return slots
        .filter(t -> t.slot().use() != SessionUse.Hold)
        .min(Comparator.comparing((Taken t) -> t.slot().since()).thenComparingInt(Taken::number))
        .filter(t -> t.number() == mine.number())
        .isPresent();
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

  /** A slot that is free by time alone, since there is nobody who could ask the server. */
  private static Optional<Taken> overdue(SlotTable table) {
    boolean somebodyAsks =
        table.count(t -> isAlive(t) && t.slot().listed() && t.slot().use() != SessionUse.Hold) > 0;
    return somebodyAsks
        ? Optional.empty()
        : doubtful(table).stream()
            .filter(t -> t.quiet().compareTo(LEASE.plus(longest(t.slot().use()))) > 0)
            .findFirst();
  }

  /** How long the server may keep a session whose client is gone. */
  private static Duration longest(SessionUse use) {
    return switch (use) {
      case Write -> WRITING;
      case Read, Hold -> READING;
    };
  }

  private static String why(SlotTable table, int cap) {
    Map<String, Long> alive = new TreeMap<>();
    table.slots().stream()
        .filter(SlotRules::isAlive)
        .forEach(t -> alive.merge(t.slot().user(), 1L, Long::sum));
    int doubtful = doubtful(table).size();
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
