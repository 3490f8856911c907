package dev.drover.worker.slots;

import dev.drover.worker.session.SessionRoster.Listed;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * The slots of which a server lists a session. Pure.
 *
 * @param numbers their numbers
 * @param own whether the session that was asked over is among them by its slot's name
 * @param other whether another session is listed under that name
 * @param foreign whether there is a session of the same login that another installation counts
 */
record SessionList(Set<Integer> numbers, boolean own, boolean other, boolean foreign) {
  /** What a server's list says to the holder of a slot. */
  static SessionList of(Collection<Listed> sessions, SlotMark mark, int ownNumber) {
    Set<Integer> numbers = new HashSet<>();
    boolean own = false;
    boolean other = false;
    boolean foreign = false;
    for (Listed session : sessions) {
      String name = session.applicationName();
      foreign |= session.sameLogin() && SlotName.isForeign(name, mark);
      int number = SlotName.number(name, mark).orElse(-1);
      if (number >= 0) {
        numbers.add(number);
      }
      if (number == ownNumber) {
        own |= session.own();
        other |= !session.own();
      }
    }
    return new SessionList(numbers, own, other, foreign);
  }
}
