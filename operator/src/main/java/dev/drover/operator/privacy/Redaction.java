package dev.drover.operator.privacy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.MigrationSpec.FailedRecords.Payload;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.api.v1alpha1.Step;
import dev.drover.operator.backfill.PrivatePaths;
import dev.drover.wire.batch.Provenance;
import dev.drover.wire.batch.Row;
import dev.drover.wire.batch.RowReader;
import dev.drover.wire.failure.FailedMessage;
import dev.drover.wire.failure.RecordJson;
import dev.drover.wire.schema.RecordSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Takes out of a failed record what {@code spec.failedRecords} hides, before anything of it is
 * shown: the error queue alone keeps the whole. Immutable and thread-safe.
 */
public final class Redaction {
  /** Stands among the masked fields when all are, and none is named. */
  public static final String EVERY_FIELD = "*";

  /** What stands in the place of a hidden value. */
  public static final String MASK = "***";

  /** A message that may be made of hidden values. */
  static final String HIDDEN_MESSAGE =
      "the rule's message is not shown: it may hold a value that spec.failedRecords masks";

  private static final Pattern STEP = Pattern.compile("steps\\[([0-9]{1,4})]");

  /** The key of a row without one: where it lies. */
  private static final Pattern POSITION = Pattern.compile("\\([0-9]+,[0-9]+\\)");

  private static final Pattern TIME = Pattern.compile("^-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:");

  /** A shorter value is hidden in a message only where it stands as a word of its own. */
  private static final int LONG_ENOUGH = 4;

  /** The most characters of one corrected value that are kept, and of all of a correction. */
  private static final int VALUE_LIMIT = 500;

  private static final int CORRECTION_LIMIT = 4000;

  private final Payload payload;
  private final Set<String> fields;
  private final List<Stage> stages;

  private Redaction(Payload payload, Set<String> fields, List<Stage> stages) {
    this.payload = payload;
    this.fields = fields;
    this.stages = stages;
  }

  /** As a Migration asks for it. */
  public static Redaction of(MigrationSpec spec) {
    Set<String> fields = new HashSet<>();
    List<String> pointers = spec.failedRecords().redact();
    (pointers == null ? List.<String>of() : pointers).forEach(p -> fields.add(field(p)));
    Payload payload = spec.failedRecords().payload();
    return new Redaction(
        payload == null ? Payload.Full : payload, fields, PrivatePaths.expanded(spec).stages());
  }

  /** The field that a JSON pointer (RFC 6901) goes into. */
  private static String field(String pointer) {
    String first = pointer.split("/", 3)[1];
    return first.replace("~1", "/").replace("~0", "~");
  }

  /** Whether anything of a failed record is hidden. */
  public boolean hides() {
    return payload != Payload.Full || !fields.isEmpty();
  }

  /** Whether a field's value is hidden; whether any is, for {@link #EVERY_FIELD}. */
  public boolean hides(String field) {
    return payload != Payload.Full
        || fields.contains(field)
        || (field.equals(EVERY_FIELD) && hides());
  }

  /** Whether a field is masked by its name, or by that of one that it is made of. */
  private boolean masks(String field, Provenance made) {
    return !fields.isEmpty()
        && (fields.contains(field)
            || made.of(field).stream().anyMatch(f -> f.equals(EVERY_FIELD) || fields.contains(f)));
  }

  /** The fields that are masked; {@link #EVERY_FIELD} among them where it may be any. */
  private Set<String> masked(Provenance made) {
    Set<String> masked = new HashSet<>(fields);
    made.sources().keySet().stream().filter(f -> masks(f, made)).forEach(masked::add);
    return masked;
  }

  /**
   * What may be shown of a failed record.
   *
   * @param key its key, or {@link #MASK}
   * @param message the failure for people, without hidden values
   * @param record its fields; null if there is nothing to show
   * @param cut names of fields that are shown in part
   * @param masked names of fields whose value is hidden. Where no record is shown, all that are
   *     hidden of any, by which an edit of these is noticed, and {@link #EVERY_FIELD} when there is
   *     one
   */
  public record Shown(
      String key,
      String message,
      @Nullable ObjectNode record,
      List<String> cut,
      List<String> masked) {}

  /**
   * Shows a failed record.
   *
   * @param schema schema of its row
   * @param limit about how many characters the record's texts may have
   */
  public Shown show(FailedMessage failure, RecordSchema schema, int limit) {
    FailedMessage.Detail detail = failure.detail();
    if (failure.row().length == 0) {
      return withoutRow(detail, schema);
    }
    Row row = RowReader.readAll(schema, failure.row()).getFirst();
    ObjectNode whole = RecordJson.render(schema, row.values(), Integer.MAX_VALUE).json();
    Set<String> keyParts = keyParts(detail.key());
    Map<String, String> hidden = hidden(whole, keyParts, detail.made());
    String message = message(detail, hidden.values());
    String key = tells(detail.key(), whole, f -> !masks(f, detail.made())) ? MASK : detail.key();
    if (payload == Payload.KeysOnly) {
      return new Shown(key, message, null, List.of(), unseen(true));
    }
    RecordJson.Shown shown = RecordJson.render(schema, row.values(), limit);
    List<String> masked = new ArrayList<>();
    hidden.forEach(
        (field, text) -> {
          if (!whole.get(field).isNull()) {
            shown.json().put(field, MASK);
            masked.add(field);
          }
        });
    List<String> cut = shown.cut().stream().filter(f -> !masked.contains(f)).toList();
    return new Shown(key, message, shown.json(), cut, List.copyOf(masked));
  }

  /**
   * A record before and after a change, as much of it as may be shown.
   *
   * @param key its key, or {@link #MASK}
   * @param before null if there is nothing to show
   * @param after null if there is nothing to show
   * @param refusal why it cannot be changed so, without hidden values; null if it can
   */
  public record Sample(
      String key, @Nullable JsonNode before, @Nullable JsonNode after, @Nullable String refusal) {}

  /**
   * Takes out of a correction, a merge patch, what is hidden, and the ends of long values.
   *
   * @param copied by field of the correction, fields of the record that its value may be copied
   *     from; {@link #EVERY_FIELD} stands for any, on both sides
   */
  public JsonNode show(JsonNode correction, Map<String, List<String>> copied) {
    if (!(correction instanceof ObjectNode object)) {
      return TextNode.valueOf(MASK); // none that is sent looks so
    }
    List<String> anywhere = copied.getOrDefault(EVERY_FIELD, List.of());
    ObjectNode shown = object.objectNode();
    int left = CORRECTION_LIMIT;
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      List<String> from = copied.getOrDefault(field.getKey(), anywhere);
      boolean hidden = hides(field.getKey()) || from.stream().anyMatch(this::hides);
      JsonNode value = field.getValue();
      String text = value.isTextual() ? value.textValue() : value.toString();
      if (value.isNull()) {
        shown.putNull(field.getKey());
      } else if (hidden) {
        shown.put(field.getKey(), MASK);
      } else if (text.length() > Math.min(left, VALUE_LIMIT)) {
        shown.put(field.getKey(), text.substring(0, Math.clamp(left, 0, VALUE_LIMIT)) + "…");
      } else {
        shown.set(field.getKey(), value);
      }
      left -= Math.min(text.length(), VALUE_LIMIT);
    }
    return shown;
  }

  /** Takes out of a change what is hidden; also where the change puts it into another field. */
  public Sample show(Sample sample) {
    return show(sample, List.of(), Provenance.NONE);
  }

  /**
   * Takes out of a change what is hidden, and what it computes of that.
   *
   * @param set the fields that the change computes, in order
   * @param made what earlier changes made of which fields
   */
  public Sample show(Sample sample, List<Step.Assignment> set, Provenance made) {
    JsonNode before = sample.before();
    Set<String> keyParts = keyParts(sample.key());
    Map<String, String> hidden = new LinkedHashMap<>();
    for (JsonNode record : Arrays.asList(before, sample.after())) {
      if (record != null) {
        hidden.putAll(hidden(record, keyParts, made));
      }
    }
    Set<String> values = new HashSet<>(hidden.values());
    if (before != null) {
      values.addAll(hidden(before, keyParts, made).values());
    }
    values.removeIf(String::isBlank);
    boolean blind = before == null && !fields.isEmpty();
    String key =
        blind || (before != null && tells(sample.key(), before, f -> !masks(f, made)))
            ? MASK
            : sample.key();
    String refusal = sample.refusal() == null ? null : without(values, sample.refusal());
    if (payload == Payload.KeysOnly) {
      return new Sample(key, null, null, refusal);
    }
    Set<String> hiddenAfter = new HashSet<>(hidden.keySet());
    hiddenAfter.addAll(Derived.fields(set, masked(made)));
    return new Sample(
        key,
        before == null ? null : masked(before, before, hidden.keySet(), values),
        sample.after() == null ? null : masked(sample.after(), before, hiddenAfter, values),
        refusal);
  }

  private Map<String, String> hidden(JsonNode record, Set<String> keyParts, Provenance made) {
    Map<String, String> hidden = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : record.properties()) {
      boolean ofKey = keyParts.contains(field.getValue().asText());
      if (masks(field.getKey(), made) || (payload != Payload.Full && !ofKey)) {
        hidden.put(field.getKey(), field.getValue().isNull() ? "" : field.getValue().asText());
      }
    }
    return hidden;
  }

  private static ObjectNode masked(
      JsonNode record, @Nullable JsonNode before, Set<String> names, Set<String> values) {
    ObjectNode shown = record.deepCopy();
    for (Map.Entry<String, JsonNode> field : record.properties()) {
      JsonNode value = field.getValue();
      boolean changed = before != null && !value.equals(before.get(field.getKey()));
      boolean copies = changed && !without(values, value.asText()).equals(value.asText());
      if (!value.isNull() && (names.contains(field.getKey()) || copies)) {
        shown.put(field.getKey(), MASK);
      }
    }
    return shown;
  }

  /**
   * Whether a resource shows the fields that it may, and no other.
   *
   * @param record the fields that it shows; null if none
   * @param masked those of them whose value is hidden
   * @param made what changes made of which of them
   */
  public boolean fits(@Nullable JsonNode record, List<String> masked, String key, Provenance made) {
    if (record == null) {
      boolean kept = masked.contains(EVERY_FIELD);
      return (payload == Payload.KeysOnly || !kept) && unseen(kept).equals(masked);
    }
    if (payload == Payload.KeysOnly) {
      return false;
    }
    if (!key.equals(MASK) && tells(key, record, f -> !masked.contains(f))) {
      return false;
    }
    Set<String> keyParts = keyParts(key);
    for (Map.Entry<String, JsonNode> field : record.properties()) {
      boolean named = masks(field.getKey(), made);
      boolean all = payload == Payload.Redacted;
      boolean right =
          field.getValue().isNull()
              || (masked.contains(field.getKey())
                  ? named || all
                  : !named && (!all || keyParts.contains(field.getValue().asText())));
      if (!right) {
        return false;
      }
    }
    return true;
  }

  /** What a resource that shows no field says of those that are masked. */
  public List<String> hidden() {
    return unseen(false);
  }

  /**
   * What is told to be hidden of a record that is not shown: by which fields its key was judged.
   *
   * @param kept whether there is one
   */
  private List<String> unseen(boolean kept) {
    List<String> names = new ArrayList<>(new TreeSet<>(fields));
    if (kept) {
      names.addFirst(EVERY_FIELD);
    }
    return List.copyOf(names);
  }

  /** Nobody can tell then whether the key is of a hidden field. */
  private Shown withoutRow(FailedMessage.Detail detail, RecordSchema schema) {
    boolean hides = schema.columnNames().stream().anyMatch(fields::contains);
    return new Shown(
        hides ? MASK : detail.key(), message(detail, List.of()), null, List.of(), unseen(false));
  }

  /**
   * Whether a key may tell a masked field: unless each of its parts is the value of a field that
   * anybody may see. That none equals a masked value would not be enough, for the key is the
   * source's, and the field may have another value since, or be gone.
   *
   * @param record its fields, long values perhaps in part
   * @param seen which of them are shown
   */
  private boolean tells(String key, JsonNode record, Predicate<String> seen) {
    if (fields.isEmpty()) {
      return false;
    }
    List<String> shown = new ArrayList<>();
    Set<String> others = new HashSet<>();
    for (Map.Entry<String, JsonNode> field : record.properties()) {
      if (seen.test(field.getKey())) {
        shown.add(field.getValue().asText());
      } else {
        others.add(field.getValue().asText());
      }
    }
    Predicate<String> harmless =
        part ->
            POSITION.matcher(part).matches()
                || shown.stream().anyMatch(value -> isValue(part, value));
    Set<String> parts = keyParts(key);
    if (parts.stream().anyMatch(others::contains)) {
      return true;
    }
    boolean several =
        parts.size() > 1 && parts.stream().filter(p -> !p.equals(key)).allMatch(harmless);
    return !several && !harmless.test(key);
  }

  /** Whether a part of a key is a field's value: of times, keys have the database's own form. */
  private static boolean isValue(String part, String value) {
    return part.equals(value)
        || (value.endsWith("…") && part.startsWith(value.substring(0, value.length() - 1)))
        || (TIME.matcher(value).find() && time(part).equals(time(value)));
  }

  private static String time(String text) {
    return text.replace('T', ' ')
        .replaceFirst("(Z|\\+00)$", "")
        .replaceFirst("(\\.[0-9]*?)0+$", "$1")
        .replaceFirst("( [0-9]{2}:[0-9]{2}):00$", "$1");
  }

  /** The values of a key; one of several columns is a JSON array. */
  private static Set<String> keyParts(String key) {
    Set<String> parts = new HashSet<>();
    parts.add(key);
    if (key.startsWith("[")) {
      try {
        new com.fasterxml.jackson.databind.ObjectMapper()
            .readTree(key)
            .forEach(part -> parts.add(part.asText()));
      } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
        return parts; // a text that begins like one
      }
    }
    return parts;
  }

  private String message(FailedMessage.Detail detail, Iterable<String> hidden) {
    if (mayTell(detail)) {
      return HIDDEN_MESSAGE;
    }
    return without(hidden, detail.message());
  }

  private static String without(Iterable<String> hidden, String text) {
    String shown = text;
    for (String value : hidden) {
      if (!value.isBlank()) {
        shown = occurrences(value).matcher(shown).replaceAll(Matcher.quoteReplacement(MASK));
      }
    }
    return shown;
  }

  private static Pattern occurrences(String value) {
    String quoted = Pattern.quote(value);
    return Pattern.compile(
        value.length() >= LONG_ENOUGH
            ? quoted
            : "(?<![\\p{L}\\p{N}])" + quoted + "(?![\\p{L}\\p{N}])",
        Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
  }

  /** Whether the message is a rule's own that reads what is hidden. */
  private boolean mayTell(FailedMessage.Detail detail) {
    List<String> told = detail.told();
    if (told != null) {
      return payload == Payload.Full
          ? told.stream()
              .anyMatch(
                  f -> masks(f, detail.made()) || (f.equals(EVERY_FIELD) && !fields.isEmpty()))
          : !told.isEmpty();
    }
    // Of a message of an older version the rules of now are all that is known.
    List<Step> steps = steps(detail.stage());
    Matcher place = STEP.matcher(detail.cause().step());
    int index = place.find() ? Integer.parseInt(place.group(1)) : Integer.MAX_VALUE;
    if (index >= steps.size()) {
      return false; // no rule of the user's made it
    }
    Step.Require require = steps.get(index).require();
    String expression = require == null ? null : require.message();
    if (expression == null) {
      return false;
    }
    return payload == Payload.Full
        ? Derived.reads(expression, Derived.behind(steps.subList(0, index), masked(detail.made())))
        : expression.contains("record");
  }

  private List<Step> steps(String name) {
    return stages.stream()
        .filter(stage -> stage.name().equals(name) && stage.transform() != null)
        .findFirst()
        .map(stage -> Objects.requireNonNull(stage.transform()).steps())
        .orElse(List.of());
  }
}
