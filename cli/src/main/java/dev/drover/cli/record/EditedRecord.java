package dev.drover.cli.record;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * Reads an edited record. A value has the type that the field had, so {@code 0049} stays a text and
 * {@code 12.50} keeps its digits where the field is one; what a field may hold besides, only the
 * operator knows. Pure.
 */
public final class EditedRecord {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final Pattern WHOLE = Pattern.compile("-?(0|[1-9][0-9]*)");
  private static final Set<String> NULLS = Set.of("", "~", "null", "Null", "NULL");
  private static final int LONGEST_NUMBER = 1000;

  private EditedRecord() {}

  /**
   * The record that a text describes; empty if the text holds nothing, which asks for nothing.
   *
   * @throws EditRefusedException if it cannot be sent
   */
  public static Optional<ObjectNode> parse(String yaml, FailedFields fields)
      throws EditRefusedException {
    Optional<Node> root;
    try {
      root =
          new Compose(LoadSettings.builder().setAllowDuplicateKeys(true).build())
              .composeString(yaml);
    } catch (MarkedYamlEngineException e) {
      String line = e.getProblemMark().map(m -> "line " + (m.getLine() + 1) + ": ").orElse("");
      throw new EditRefusedException(line + "this is no YAML: " + e.getProblem());
    } catch (YamlEngineException e) {
      throw new EditRefusedException("this is no YAML: " + e.getMessage());
    }
    if (root.isEmpty()) {
      return Optional.empty();
    }
    if (!(root.get() instanceof MappingNode mapping)) {
      if (root.get() instanceof ScalarNode s && s.getValue().isBlank()) {
        return Optional.empty();
      }
      throw new EditRefusedException(
          at(root.get()) + "write the record's fields, one a line, as name: value");
    }
    return Optional.of(record(mapping, fields));
  }

  /**
   * A record with some fields set, as {@code --set} gives them.
   *
   * @param assignments each {@code field=value}, the value in YAML
   * @throws EditRefusedException if one does not fit
   */
  public static ObjectNode assigned(List<String> assignments, FailedFields fields)
      throws EditRefusedException {
    ObjectNode record = fields.corrected().deepCopy();
    for (String assignment : assignments) {
      int equals = assignment.indexOf('=');
      if (equals < 1) {
        throw new EditRefusedException("--set " + assignment + ": write field=value");
      }
      String name = assignment.substring(0, equals);
      String text = assignment.substring(equals + 1);
      boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
      requireKnown(name, fields, "--set " + name + ": ");
      record.set(
          name,
          value(
              "--set ",
              name,
              quoted ? text.substring(1, text.length() - 1) : text,
              !quoted,
              fields));
    }
    return record;
  }

  private static ObjectNode record(MappingNode mapping, FailedFields fields)
      throws EditRefusedException {
    ObjectNode record = NODES.objectNode();
    Set<String> seen = new HashSet<>();
    for (NodeTuple field : mapping.getValue()) {
      String where = at(field.getKeyNode());
      if (!(field.getKeyNode() instanceof ScalarNode key)) {
        throw new EditRefusedException(where + "a field's name is a word");
      }
      String name = key.getValue();
      if (!seen.add(name)) {
        throw new EditRefusedException(where + name + " is there twice; leave one of them");
      }
      requireKnown(name, fields, where);
      if (!(field.getValueNode() instanceof ScalarNode scalar)) {
        throw new EditRefusedException(
            where
                + name
                + ": a field holds one value; write a JSON document or an array as a text in"
                + " quotes");
      }
      boolean plain = scalar.getScalarStyle() == ScalarStyle.PLAIN;
      record.set(name, value(where, name, scalar.getValue(), plain, fields));
    }
    for (String name : names(fields.original())) {
      if (!seen.contains(name)) {
        throw new EditRefusedException(
            "field %s is missing: a record keeps its fields; to empty it write %s: null"
                .formatted(name, name));
      }
    }
    return record;
  }

  private static void requireKnown(String name, FailedFields fields, String where)
      throws EditRefusedException {
    if (fields.shown() && !fields.original().has(name)) {
      throw new EditRefusedException(
          "%sthe record has no field %s; it has %s"
              .formatted(where, name, String.join(", ", names(fields.original()))));
    }
  }

  private static List<String> names(ObjectNode record) {
    return record.properties().stream().map(java.util.Map.Entry::getKey).toList();
  }

  private static JsonNode value(
      String where, String name, String text, boolean plain, FailedFields fields)
      throws EditRefusedException {
    JsonNode before = fields.original().get(name);
    if (before != null && text.equals(before.asText()) && plain != before.isTextual()) {
      return before; // as it was written, to the digit
    }
    JsonNode value = typed(where + name + ": ", text, plain, before);
    if (before == null || value.equals(before)) {
      return value;
    }
    if (fields.cut().contains(name) && text.endsWith(FailedFields.CUT)) {
      throw new EditRefusedException(
          where
              + name
              + ": only its beginning is shown, so what is not shown would be lost; write the whole"
              + " value, or leave it as it was");
    }
    if (fields.masked().contains(name) && text.contains(FailedFields.MASK)) {
      throw new EditRefusedException(
          where
              + name
              + ": its value is not shown, and *** stands for it; write the whole value, or leave it"
              + " as it was");
    }
    return value;
  }

  private static JsonNode typed(String path, String text, boolean plain, @Nullable JsonNode before)
      throws EditRefusedException {
    if (plain && NULLS.contains(text)) {
      return NODES.nullNode();
    }
    if (before == null || before.isNull()) {
      return plain ? guessed(text) : NODES.textNode(text);
    }
    if (before.isTextual()) {
      return NODES.textNode(text);
    }
    if (before.isBoolean()) {
      if (!text.equals("true") && !text.equals("false")) {
        throw new EditRefusedException(path + "write true or false");
      }
      return NODES.booleanNode(text.equals("true"));
    }
    if (before.isIntegralNumber()) {
      if (!WHOLE.matcher(text).matches() || text.length() > LONGEST_NUMBER) {
        throw new EditRefusedException(
            path + "write a whole number, without quotes; it was " + before.asText());
      }
      return whole(text);
    }
    return number(path, text, before);
  }

  /** A column of such numbers holds doubles, and so does the JSON that is read back. */
  private static JsonNode number(String path, String text, JsonNode before)
      throws EditRefusedException {
    try {
      double number = Double.parseDouble(text);
      if (Double.isFinite(number)) {
        return number == before.doubleValue() ? before : NODES.numberNode(number);
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new EditRefusedException(
        path + "write a number, without quotes; it was " + before.asText());
  }

  /** Where nothing tells the type: a text is understood everywhere, and keeps every digit. */
  private static JsonNode guessed(String text) {
    if (text.equals("true") || text.equals("false")) {
      return NODES.booleanNode(text.equals("true"));
    }
    return WHOLE.matcher(text).matches() && text.length() <= LONGEST_NUMBER
        ? whole(text)
        : NODES.textNode(text);
  }

  /** In the form that the same number has when it is read from JSON. */
  private static JsonNode whole(String text) {
    BigInteger number = new BigInteger(text);
    if (number.bitLength() < Integer.SIZE) {
      return NODES.numberNode(number.intValue());
    }
    return number.bitLength() < Long.SIZE
        ? NODES.numberNode(number.longValue())
        : NODES.numberNode(number);
  }

  private static String at(Node node) {
    return node.getStartMark().map(m -> "line " + (m.getLine() + 1) + ": ").orElse("");
  }
}
