package dev.drover.wire.schema;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A type as PostgreSQL's catalogue writes it, taken apart.
 *
 * @param base its name without modifiers, such as {@code timestamp without time zone}
 * @param modifiers the numbers in parentheses: a length, a precision, a precision and a scale
 * @param array whether it is an array of that
 */
public record NativeType(String base, List<Integer> modifiers, boolean array) {
  private static final Pattern FORM =
      Pattern.compile("([^(\"]+)\\((-?\\d+(?:,-?\\d+)*)\\)([^(\"]*)");
  private static final String ARRAY = "[]";

  /** Types that mean any length or precision when written without one, unlike {@code bit}. */
  private static final Set<String> UNBOUNDED =
      Set.of(
          "numeric",
          "character varying",
          "time without time zone",
          "time with time zone",
          "timestamp without time zone",
          "timestamp with time zone",
          "interval");

  public NativeType {
    modifiers = List.copyOf(modifiers);
  }

  /** The parts of a name; one of an unknown form is all base. */
  public static NativeType of(String name) {
    boolean array = name.endsWith(ARRAY);
    String element = array ? name.substring(0, name.length() - ARRAY.length()) : name;
    Matcher parts = FORM.matcher(element);
    if (!parts.matches()) {
      return new NativeType(element, List.of(), array);
    }
    List<Integer> modifiers =
        Arrays.stream(parts.group(2).split(",")).map(Integer::valueOf).toList();
    return new NativeType(parts.group(1) + parts.group(3), modifiers, array);
  }

  /** The type of an array's elements. */
  public NativeType element() {
    return new NativeType(base, modifiers, false);
  }

  /**
   * How many digits after the point a {@code numeric} keeps, or a time of its seconds; as many as a
   * value has, or microseconds, if there is no limit.
   */
  public int scale() {
    boolean numeric = base.equals("numeric");
    if (modifiers.isEmpty()) {
      return numeric ? Integer.MAX_VALUE : 6;
    }
    return numeric ? modifiers.size() > 1 ? modifiers.get(1) : 0 : modifiers.getFirst();
  }

  /** This type without a limit of length or precision, if there is such a type; else itself. */
  public NativeType unbounded() {
    return UNBOUNDED.contains(base) ? new NativeType(base, List.of(), array) : this;
  }

  /** The name, as the catalogue writes it. */
  @Override
  public String toString() {
    String limits =
        modifiers.isEmpty()
            ? ""
            : "("
                + String.join(",", modifiers.stream().map(m -> Integer.toString(m)).toList())
                + ")";
    int zone = base.indexOf(" with");
    String name =
        zone < 0 || !base.startsWith("time")
            ? base + limits
            : base.substring(0, zone) + limits + base.substring(zone);
    return array ? name + ARRAY : name;
  }
}
