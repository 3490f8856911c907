package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A server that is asked for each key by GET and answers with a JSON document. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record HttpLookup(
    @Required
        @Size(min = 12, max = 2000)
        @JsonPropertyDescription(
            "Where to GET the JSON document for a record, with {field} in the path or the query for"
                + " each field of the record that it is looked up by:"
                + " https://crm.example/customers/{customer_id}. Values are percent-encoded, as the"
                + " database prints them. A record whose field is null has no answer and is not asked"
                + " for. Redirects are not followed.")
        @ValidationRule(
            value = "self.matches('^https?://[^/?#@{}]+/[^#]*$')",
            message =
                "url: write https://host[:port]/path, without user, password or #; credentials belong"
                    + " in headers, from a Secret")
        @ValidationRule(
            value = "self.matches('[{][^{}]+[}]')",
            message =
                "url: name a field of the record, such as {customer_id}; else all records would get"
                    + " the same")
        String url,
    @Size(max = 20)
        @JsonPropertyDescription(
            "Headers of each request. Accept is application/json by itself. With http:// they travel"
                + " unencrypted.")
        List<Header> headers,
    @JsonPropertyDescription(
            "Secret in this namespace whose key holds the PEM certificates that the server's"
                + " certificate must descend from, in place of the well-known ones.")
        Connection.@Nullable SecretKeyRef caSecretRef,
    @Required
        @Size(min = 1, max = 100)
        @JsonPropertyDescription(
            "What is added to the record, each from one place of the document.")
        List<Field> fields,
    @Default("[404]")
        @Size(min = 1, max = 10)
        @JsonPropertyDescription(
            "Statuses that say that there is nothing for the key, see onMissing. So does the document"
                + " null.")
        List<@Min(200) @Max(499) Integer> missingStatuses,
    @Default("8")
        @Min(1)
        @Max(64)
        @JsonPropertyDescription("The most requests that a worker has under way.")
        @Nullable Integer concurrency,
    @Min(1)
        @Max(1000000)
        @JsonPropertyDescription(
            "The most requests a second, all workers of the stage together; each gets an equal share."
                + " Without it there is no limit. An edit takes effect in seconds and restarts no"
                + " worker.")
        @Nullable Long requestsPerSecond,
    @Default("262144")
        @Min(1)
        @Max(1048576)
        @JsonPropertyDescription(
            "The most bytes of a document. A record whose document has more fails (LookupRefused).")
        @Nullable Integer maxResponseBytes) {
  @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
  public HttpLookup {
    headers = headers == null ? List.of() : List.copyOf(headers);
    fields = fields == null ? List.of() : List.copyOf(fields);
    missingStatuses = missingStatuses == null ? List.of(404) : List.copyOf(missingStatuses);
    concurrency = concurrency == null ? 8 : concurrency;
    maxResponseBytes = maxResponseBytes == null ? 262_144 : maxResponseBytes;
  }

  /** A header with its value, or with the place of its value. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "has(self.value) != has(self.valueFrom)",
      message = "headers[]: a header has exactly one of value and valueFrom")
  @ValidationRule(
      value =
          "!has(self.value) || !(self.name.lowerAscii() in ['authorization',"
              + " 'proxy-authorization', 'cookie', 'x-api-key'])",
      message =
          "headers[]: credentials do not belong here; put the whole value into a Secret and name it"
              + " by valueFrom")
  @ValidationRule(
      value =
          "!(self.name.lowerAscii() in ['connection', 'content-length', 'expect', 'host', 'upgrade',"
              + " 'accept-encoding', 'transfer-encoding'])",
      message = "headers[].name: this header is set by the connection itself; take it out")
  public record Header(
      @Required
          @Size(min = 1, max = 100)
          @Pattern("^[A-Za-z0-9][-_A-Za-z0-9]*$")
          @JsonPropertyDescription("Name of the header.")
          String name,
      @Size(min = 1, max = 2000)
          @Pattern("^[!-~]([ -~]*[!-~])?$")
          @JsonPropertyDescription("Its value, if that is no secret.")
          @Nullable String value,
      @JsonPropertyDescription("Where its value is kept.") @Nullable ValueFrom valueFrom) {}

  /** Where a value is kept. */
  public record ValueFrom(
      @Required
          @JsonPropertyDescription(
              "A key of a Secret that holds the whole value, such as Bearer and the token. A changed"
                  + " Secret is used from the next batch on.")
          SecretKey secretKeyRef) {}

  /** A key of a Secret. */
  public record SecretKey(
      @Required
          @Size(min = 1, max = 253)
          @JsonPropertyDescription("Name of a Secret in the Migration's namespace.")
          String name,
      @Required @Size(min = 1, max = 253) @JsonPropertyDescription("Key in that Secret.")
          String key) {}

  /** What is added to a record. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Field(
      @Required
          @Size(min = 1, max = 63)
          @JsonPropertyDescription("Name of the field that the record gets.")
          String name,
      @Required
          @Size(max = 500)
          @Pattern("^(/([^/~]|~0|~1)*)*$")
          @JsonPropertyDescription(
              "JSON pointer of its value in the document: /account/tier; empty for the whole. null"
                  + " there is null in the record.")
          String pointer,
      @Default("Text")
          @JsonPropertyDescription(
              "Its type. A value of another type makes the record a failed one (LookupRefused):"
                  + " nothing is converted, but a number may be written as a string of its digits.")
          FieldType type,
      @Default("false")
          @JsonPropertyDescription(
              "true gives null where the document has nothing at the pointer; else such a record fails"
                  + " (LookupRefused).")
          boolean optional) {
    @SuppressWarnings("NullAway") // absent fields of a stored manifest arrive as null
    public Field {
      type = type == null ? FieldType.Text : type;
    }
  }

  /** Types of fields, and how the document writes their values. */
  public enum FieldType {
    /** A string. */
    Text,
    /** true or false. */
    Boolean,
    /** A whole number of 16 bits. */
    SmallInt,
    /** A whole number of 32 bits. */
    Integer,
    /** A whole number of 64 bits. */
    BigInt,
    /** A floating-point number of 32 bits. */
    Real,
    /** A floating-point number of 64 bits. */
    Double,
    /** A number, its digits kept. */
    Decimal,
    /** A string such as 2024-02-29. */
    Date,
    /** A string such as 13:45:00. */
    Time,
    /** A string such as 2024-02-29T13:45:00. */
    Timestamp,
    /** A string such as 2024-02-29T13:45:00Z. */
    TimestampTz,
    /** A string of 36 characters. */
    Uuid,
    /** Whatever is there, as jsonb. */
    Json
  }
}
