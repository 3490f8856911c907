package dev.drover.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** A database that stages read or write. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Connection(
    @Required
        @Size(min = 1, max = 40)
        @Pattern("^[a-z]([-a-z0-9]*[a-z0-9])?$")
        @JsonPropertyDescription("Name by which stages refer to this connection.")
        String name,
    @Required @JsonPropertyDescription("A database reached by JDBC.") Jdbc jdbc,
    @JsonPropertyDescription(
            "The most connections to this database that all workers of this Migration hold together,"
                + " across stages and replicas; 8 unless given.")
        @Default("8")
        @Min(1)
        @Max(1000)
        @Nullable Integer maxConnections) {

  /** What holds where none is given. */
  public static final int DEFAULT_MAX_CONNECTIONS = 8;

  public Connection {
    maxConnections = maxConnections == null ? DEFAULT_MAX_CONNECTIONS : maxConnections;
  }

  /** How to reach a database by JDBC. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Jdbc(
      @Required
          @Size(min = 1, max = 1000)
          @Pattern("^jdbc:postgresql://.+$")
          @JsonPropertyDescription(
              "jdbc:postgresql://host:port/database, with the driver's parameters after a ? if needed."
                  + " No user name or password: they belong in credentialsSecretRef.")
          @io.fabric8.generator.annotation.ValidationRule(
              value = "!self.matches('[?&](user|password)=')",
              message =
                  "url: credentials do not belong here; put username and password into the Secret"
                      + " that credentialsSecretRef names")
          String url,
      @Required
          @JsonPropertyDescription(
              "Secret in this namespace with the keys username and password. A changed Secret is used"
                  + " from the next connection on.")
          SecretRef credentialsSecretRef,
      @JsonPropertyDescription(
              "Secret in this namespace whose key holds the PEM certificates that the server's"
                  + " certificate must descend from. When given, the connection is encrypted and the"
                  + " server's name verified.")
          @Nullable SecretKeyRef caSecretRef) {}

  /** A Secret by name. */
  public record SecretRef(
      @Required
          @Size(min = 1, max = 253)
          @JsonPropertyDescription("Name of a Secret in the Migration's namespace.")
          String name) {}

  /** A key of a Secret. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record SecretKeyRef(
      @Required
          @Size(min = 1, max = 253)
          @JsonPropertyDescription("Name of a Secret in the Migration's namespace.")
          String name,
      @Default("ca.crt") @Size(min = 1, max = 253) @JsonPropertyDescription("Key in that Secret.")
          @Nullable String key) {
    public SecretKeyRef {
      key = key == null ? "ca.crt" : key;
    }
  }
}
