package dev.drover.worker.lookup;

import com.fasterxml.jackson.core.JsonPointer;
import dev.drover.wire.plan.LookupSpec;
import dev.drover.wire.schema.Column;
import dev.drover.wire.schema.RecordSchema;
import dev.drover.worker.text.ValueText;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A document to ask a server for.
 *
 * @param url where
 * @param keys the fields that the URL names
 * @param places where each column's value stands in the document
 */
public record HttpQuestion(
    UrlTemplate url, List<Column> keys, List<Column> columns, List<Place> places)
    implements Question {
  public HttpQuestion {
    keys = List.copyOf(keys);
    columns = List.copyOf(columns);
    places = List.copyOf(places);
  }

  /**
   * The place of a value.
   *
   * @param optional whether nothing there means null
   */
  record Place(JsonPointer pointer, boolean optional) {}

  /**
   * What to ask for records of a schema.
   *
   * @throws LookupRefusedException if the URL names fields that the records lack, or they have a
   *     field already that would be added
   */
  public static HttpQuestion of(LookupSpec.Http http, RecordSchema input)
      throws LookupRefusedException {
    UrlTemplate url = UrlTemplate.parse(http.url());
    List<Column> keys = new ArrayList<>();
    for (String field : url.fields()) {
      keys.add(LookupQuery.key(field, input, "http.url"));
    }
    List<Column> columns = new ArrayList<>();
    List<Place> places = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < http.fields().size(); i++) {
      LookupSpec.Field field = http.fields().get(i);
      String path = "http.fields[" + i + "]";
      if (!names.add(field.name())) {
        throw new LookupRefusedException(
            path + ".name", "two fields are called %s: rename one".formatted(field.name()));
      }
      if (input.indexOf(field.name()).isPresent()) {
        throw new LookupRefusedException(
            path + ".name",
            "records of %s have a field %s already: give this one another name"
                .formatted(input.table(), field.name()));
      }
      columns.add(new Column(field.name(), field.type(), true, field.nativeType()));
      places.add(new Place(pointer(field.pointer(), path), field.optional()));
    }
    return new HttpQuestion(url, keys, columns, places);
  }

  /**
   * The URL for a key.
   *
   * @param key values of the key's fields, none of them null
   */
  URI uri(@Nullable Object[] key) throws UrlTemplate.UnfitValueException {
    return url.with(
        field -> {
          int i = url.fields().indexOf(field);
          return ValueText.render(keys.get(i).type(), Objects.requireNonNull(key[i]));
        });
  }

  private static JsonPointer pointer(String pointer, String path) throws LookupRefusedException {
    try {
      return JsonPointer.compile(pointer);
    } catch (IllegalArgumentException e) {
      throw new LookupRefusedException(
          path + ".pointer", "it is no JSON pointer: write one such as /account/tier");
    }
  }
}
