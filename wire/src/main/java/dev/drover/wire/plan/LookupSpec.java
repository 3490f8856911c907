package dev.drover.wire.plan;

import dev.drover.wire.schema.ColumnType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an enrich asks for its records. Holds no secrets. */
public sealed interface LookupSpec {
  /**
   * A query in a database.
   *
   * @param connectionName which one
   * @param query one SELECT for one record
   */
  record Query(String connectionName, String query) implements LookupSpec {}

  /**
   * A JSON document of a server for each key. How many requests a second it may get is no part of
   * this: it can be edited while workers run, see {@link dev.drover.wire.state.Pace}.
   *
   * @param url with {@code {field}} for the record's fields, in its path or query
   * @param ownCa whether the server's certificate must descend from those in {@link HttpFiles#ca}
   * @param missingStatuses statuses that say that there is nothing for the key
   * @param concurrency the most requests that a worker has under way
   * @param maxResponseBytes the most bytes of a document
   */
  record Http(
      String url,
      List<Header> headers,
      boolean ownCa,
      List<Field> fields,
      List<Integer> missingStatuses,
      int concurrency,
      int maxResponseBytes)
      implements LookupSpec {
    public Http {
      headers = List.copyOf(headers);
      fields = List.copyOf(fields);
      missingStatuses = List.copyOf(missingStatuses);
    }

    /** For messages: a query may hold what is secret. */
    public String urlWithoutQuery() {
      int query = url.indexOf('?');
      return query < 0 ? url : url.substring(0, query);
    }
  }

  /**
   * A header of each request.
   *
   * @param value null if it is a secret, which {@link HttpFiles#header} holds
   */
  record Header(String name, @Nullable String value) {}

  /**
   * What is added to a record.
   *
   * @param name the record's new field
   * @param pointer JSON pointer of its value in the document
   * @param type how its values travel
   * @param nativeType the database's name of that type
   * @param optional whether nothing at the pointer means null
   */
  record Field(String name, String pointer, ColumnType type, String nativeType, boolean optional) {}
}
