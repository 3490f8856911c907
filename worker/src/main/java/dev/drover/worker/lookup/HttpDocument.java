package dev.drover.worker.lookup;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.drover.wire.schema.Column;
import dev.drover.worker.lookup.HttpQuestion.Place;
import dev.drover.worker.text.UnreadableTextException;
import dev.drover.worker.text.ValueText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The values in a JSON document. Nothing is converted, no number is rounded. Pure. */
final class HttpDocument {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  static {
    JSON.getFactory()
        .setStreamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(200).build());
  }

  private HttpDocument() {}

  /** The document is none. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  /**
   * What a document says for a key.
   *
   * @throws MalformedException if it is no JSON
   */
  static Answer answer(HttpQuestion question, byte[] body) throws MalformedException {
    JsonNode document;
    try {
      document = JSON.readTree(body);
    } catch (StreamConstraintsException e) {
      return new Answer.Refused("its document is nested too deep, or a number in it too long");
    } catch (IOException e) {
      throw new MalformedException();
    }
    if (document.isMissingNode()) {
      throw new MalformedException();
    }
    if (document.isNull()) {
      return new Answer.Missing();
    }
    @Nullable Object[] values = new Object[question.columns().size()];
    for (int i = 0; i < values.length; i++) {
      Column column = question.columns().get(i);
      Place place = question.places().get(i);
      JsonNode node = document.at(place.pointer());
      if (node.isMissingNode() && !place.optional()) {
        return new Answer.Refused(
            "its document has nothing at %s, for %s".formatted(shown(place), column.name()));
      }
      if (node.isMissingNode() || node.isNull()) {
        continue;
      }
      try {
        values[i] = ValueText.parse(column.type(), text(column, node));
      } catch (UnreadableTextException | NotOfTypeException e) {
        return new Answer.Refused(
            "what its document has at %s is no %s, which %s is"
                .formatted(shown(place), column.nativeType(), column.name()));
      }
    }
    return new Answer.Found(values);
  }

  private static String shown(Place place) {
    return place.pointer().matches() ? "its top" : place.pointer().toString();
  }

  private static final class NotOfTypeException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  /** A value as the database would print it, or something that it would not read. */
  private static String text(Column column, JsonNode node) throws NotOfTypeException {
    boolean fits =
        switch (column.type()) {
          case BOOLEAN -> node.isBoolean();
          case SMALLINT, INTEGER, BIGINT -> node.isIntegralNumber() || node.isTextual();
          case REAL, DOUBLE, DECIMAL -> node.isNumber() || node.isTextual();
          case JSON -> true;
          default -> node.isTextual();
        };
    // toString of a node is its JSON; a lone surrogate has no form in UTF-8 and would become a ?.
    String text = node.isValueNode() && !isJson(column) ? node.asText() : node.toString();
    if (!fits || !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new NotOfTypeException();
    }
    return text;
  }

  private static boolean isJson(Column column) {
    return column.type() == dev.drover.wire.schema.ColumnType.JSON;
  }
}
