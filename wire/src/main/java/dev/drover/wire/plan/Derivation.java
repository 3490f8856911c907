package dev.drover.wire.plan;

import dev.drover.wire.batch.Provenance;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What expressions and steps make of a record's fields, told by their texts alone. Pure. */
public final class Derivation {
  /** The record itself rather than a field of it, by whatever name that is found. */
  private static final Pattern WHOLE =
      Pattern.compile("(?<![\\p{L}\\p{N}_])record(?![\\p{L}\\p{N}_]|\\s*\\.\\s*[\\p{L}_`])");

  private static final Pattern FIELD =
      Pattern.compile(
          "(?<![\\p{L}\\p{N}_])record\\s*\\.\\s*(?:`([^`]*)`|([\\p{L}_][\\p{L}\\p{N}_]*))");

  private static final Pattern LITERAL =
      Pattern.compile("'(?:[^'\\\\\\n]|\\\\.)*'|\"(?:[^\"\\\\\\n]|\\\\.)*\"");

  private static final Pattern PLACE = Pattern.compile("steps\\[([0-9]{1,4})]");

  /** Literals of other kinds, among which those would be taken for what they are not. */
  private static final Pattern OTHER_LITERAL = Pattern.compile("[rR]['\"]|'''|\"\"\"");

  private Derivation() {}

  /** Whether an expression reads the record as a whole, and so may read any field. */
  public static boolean readsWhole(String expression) {
    String code =
        OTHER_LITERAL.matcher(expression).find()
            ? expression
            : LITERAL.matcher(expression).replaceAll("''");
    return WHOLE.matcher(code).find();
  }

  /** The fields that an expression reads; {@link Provenance#EVERY_FIELD} among them is any. */
  static Set<String> reads(String expression) {
    Set<String> read = new TreeSet<>();
    if (readsWhole(expression)) {
      read.add(Provenance.EVERY_FIELD);
    }
    Matcher field = FIELD.matcher(expression);
    while (field.find()) {
      read.add(field.group(1) != null ? field.group(1) : field.group(2));
    }
    return read;
  }

  /** What of a record is made of what, once some fields were set in order. */
  public static Provenance set(Provenance before, List<Step.Assignment> set) {
    Provenance made = before;
    for (Step.Assignment assignment : set) {
      Set<String> from = new TreeSet<>();
      for (String read : reads(assignment.to())) {
        from.add(read);
        from.addAll(made.of(read));
      }
      made = with(made, assignment.field(), from);
    }
    return made;
  }

  /**
   * What of a record is made of what behind a stage: where what a change made has gone. What the
   * stage's own rules make of other fields is not told. A step may be of another table, so a field
   * that a step sets anew keeps what it was made of.
   */
  public static Provenance through(Provenance before, @Nullable StageSpec stage) {
    Provenance made = before;
    if (made.isNone() || !(stage instanceof StageSpec.Transform transform)) {
      return made;
    }
    for (Step step : transform.steps()) {
      for (Step.Assignment assignment : step.set()) {
        Set<String> from = new TreeSet<>(made.of(assignment.field()));
        for (String read : reads(assignment.to())) {
          from.addAll(made.of(read));
          if (read.equals(Provenance.EVERY_FIELD)) {
            made.sources().values().forEach(from::addAll);
          }
        }
        made = with(made, assignment.field(), from);
      }
      for (Step.Rename rename : step.rename()) {
        Set<String> from = new TreeSet<>(made.of(rename.to()));
        from.addAll(made.of(rename.from()));
        made = with(made, rename.to(), from);
      }
    }
    return made;
  }

  /**
   * The fields whose values the message of a failure may hold because one of the stage's rules says
   * it in its own words: those that its {@code message} reads, and what earlier steps and changes
   * made these of; {@link Provenance#EVERY_FIELD} among them is any. Empty if no rule's words it
   * is.
   *
   * @param before what changes made of which fields on the way to the stage
   * @param step that refused the record, with its place in the transform: {@code steps[2]}
   */
  public static List<String> told(Provenance before, @Nullable StageSpec stage, String step) {
    Matcher place = PLACE.matcher(step);
    if (!(stage instanceof StageSpec.Transform transform) || !place.find()) {
      return List.of();
    }
    int index = Integer.parseInt(place.group(1));
    Step.@Nullable Require require =
        index < transform.steps().size() ? transform.steps().get(index).require() : null;
    if (require == null || require.message() == null) {
      return List.of();
    }
    Provenance made = before;
    for (Step earlier : transform.steps().subList(0, index)) {
      made = behind(made, earlier);
    }
    Set<String> told = new TreeSet<>();
    for (String read : reads(require.message())) {
      told.add(read);
      told.addAll(made.of(read));
    }
    return told.contains(Provenance.EVERY_FIELD)
        ? List.of(Provenance.EVERY_FIELD)
        : List.copyOf(told);
  }

  /** A step may be of another table, so a field that it sets anew may be what it was, too. */
  private static Provenance behind(Provenance before, Step step) {
    Provenance made = before;
    for (Step.Assignment assignment : step.set()) {
      Set<String> from = new TreeSet<>(made.of(assignment.field()));
      for (String read : reads(assignment.to())) {
        from.add(read);
        from.addAll(made.of(read));
      }
      made = with(made, assignment.field(), from);
    }
    for (Step.Rename rename : step.rename()) {
      Set<String> from = new TreeSet<>(made.of(rename.to()));
      from.add(rename.from());
      from.addAll(made.of(rename.from()));
      made = with(made, rename.to(), from);
    }
    return made;
  }

  private static Provenance with(Provenance before, String field, Set<String> from) {
    Map<String, List<String>> made = new TreeMap<>(before.sources());
    made.put(field, List.copyOf(from));
    return new Provenance(made);
  }
}
