package dev.drover.worker.slots;

import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * The name under which the server lists the session of a slot: {@code
 * drover/<migration>/<mark>.<number>/<stage>}. Pure.
 */
final class SlotName {
  /** Longest name that the server keeps. */
  private static final int LIMIT = 63;

  private static final Pattern SLOT = Pattern.compile("[0-9a-f]{16}\\.\\d{1,9}");

  private SlotName() {}

  /**
   * The name of a slot's session.
   *
   * @param application {@code drover/<migration>/<stage>}; either is cut where there is no room
   */
  static String of(String application, SlotMark mark, int number) {
    String named = application.replaceFirst("^drover/", "");
    int slash = named.lastIndexOf('/');
    String migration = slash < 0 ? "-" : named.substring(0, slash);
    String stage = named.substring(slash + 1);
    String slot = mark.text() + "." + number;
    int room = LIMIT - "drover///".length() - slot.length();
    int forMigration = Math.max(8, room - stage.length());
    String shown = cut(migration, forMigration);
    return "drover/" + shown + "/" + slot + "/" + cut(stage, room - shown.length());
  }

  /** Whether a session has a slot that another installation counts. */
  static boolean isForeign(String name, SlotMark mark) {
    String[] parts = name.split("/", -1);
    return parts.length >= 4
        && SLOT.matcher(parts[2]).matches()
        && !parts[2].contains(mark.installation() + ".");
  }

  /** The number of the slot that a session has, if it has one of this endpoint. */
  static OptionalInt number(String name, SlotMark mark) {
    String[] parts = name.split("/", -1);
    String prefix = mark.text() + ".";
    if (parts.length < 4 || !parts[2].startsWith(prefix)) {
      return OptionalInt.empty();
    }
    String number = parts[2].substring(prefix.length());
    return number.matches("\\d{1,9}")
        ? OptionalInt.of(Integer.parseInt(number))
        : OptionalInt.empty();
  }

  private static String cut(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length);
  }
}
