package dev.drover.cli.record;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.FailedRecordStatus;
import dev.drover.cli.terminal.Printable;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A failed record as YAML for an editor: what happened as comments, then a line a field. Pure. */
public final class RecordYaml {
  private static final Pattern PLAIN_KEY = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** Lines that a literal block can hold without saying how far it is indented. */
  private static final Pattern BLOCK = Pattern.compile("[^\\s\\p{C}](?:.*\\n?)*");

  private static final String HEAD = "# A failed record, to be corrected:";
  private static final String NOT_SENT = "# NOT SENT: ";

  private RecordYaml() {}

  /**
   * The file to edit.
   *
   * @param fields what to edit: the corrected fields
   */
  public static String text(FailedRecord resource, FailedFields fields) {
    StringBuilder yaml = new StringBuilder(HEAD).append('\n');
    FailedRecordStatus status = resource.getStatus();
    comment(
        yaml,
        "%s, key %s of %s, refused by stage %s (%s): %s"
            .formatted(
                resource.getMetadata().getName(),
                status.key(),
                status.table(),
                status.stage(),
                status.step(),
                status.code()));
    comment(yaml, status.message());
    comment(yaml, "");
    comment(
        yaml, "Change values and leave the editor: the record is sent again with what differs.");
    comment(yaml, "Leave everything as it is, or leave nothing, to send nothing.");
    if (!fields.shown()) {
      comment(
          yaml,
          "The Migration shows keys only: write the fields to change, one a line, as name: value.");
    }
    body(yaml, fields, fields.corrected());
    return yaml.toString();
  }

  /**
   * An edited text, to be edited again, with what is wrong with it at its head; lines keep their
   * numbers.
   */
  public static String withProblem(String text, String problem) {
    List<String> lines = text.lines().toList();
    boolean headed =
        !lines.isEmpty()
            && (lines.getFirst().equals(HEAD) || lines.getFirst().startsWith(NOT_SENT));
    StringBuilder yaml = new StringBuilder(NOT_SENT).append(Printable.line(problem)).append('\n');
    lines.stream().skip(headed ? 1 : 0).forEach(l -> yaml.append(l).append('\n'));
    return yaml.toString();
  }

  private static void body(StringBuilder yaml, FailedFields fields, ObjectNode record) {
    for (Map.Entry<String, JsonNode> field : record.properties()) {
      String name = field.getKey();
      yaml.append(PLAIN_KEY.matcher(name).matches() ? name : quoted(name))
          .append(": ")
          .append(value(field.getValue()));
      boolean asShown = field.getValue().equals(fields.original().get(name));
      if (asShown && fields.masked().contains(name)) {
        yaml.append("  # not shown; replace it, or leave it as it is");
      } else if (asShown && fields.cut().contains(name)) {
        yaml.append("  # shown in part; replace all of it, or leave it as it is");
      }
      yaml.append('\n');
    }
  }

  private static void comment(StringBuilder yaml, String text) {
    Printable.lines(text)
        .lines()
        .forEach(l -> yaml.append(("# " + l).stripTrailing()).append('\n'));
    if (text.isEmpty()) {
      yaml.append("#\n");
    }
  }

  private static String value(JsonNode value) {
    if (!value.isTextual()) {
      return value.toString(); // JSON is YAML
    }
    String text = value.textValue();
    return text.indexOf('\n') >= 0 && isBlock(text) ? block(text) : quoted(text);
  }

  private static boolean isBlock(String text) {
    return BLOCK.matcher(text).matches()
        && text.codePoints().allMatch(c -> c == '\n' || isPrintable(c));
  }

  private static String block(String text) {
    String keep = text.endsWith("\n\n") ? "+" : text.endsWith("\n") ? "" : "-";
    StringBuilder block = new StringBuilder("|").append(keep);
    String[] lines = text.split("\n", -1);
    int count = text.endsWith("\n") ? lines.length - 1 : lines.length;
    for (int i = 0; i < count; i++) {
      block.append('\n').append(lines[i].isEmpty() ? "" : "  " + lines[i]);
    }
    return block.toString();
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                  if (isPrintable(c)) {
                    quoted.appendCodePoint(c);
                  } else {
                    quoted.append((c > 0xFFFF ? "\\U%08x" : "\\u%04x").formatted(c));
                  }
                }
              }
            });
    return quoted.append('"').toString();
  }

  /** Whether a character stands for itself, in YAML and before the eye. */
  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
