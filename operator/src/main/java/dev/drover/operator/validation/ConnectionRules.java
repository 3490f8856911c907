package dev.drover.operator.validation;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.operator.backfill.PrivatePaths;
import dev.drover.wire.plan.Finding;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What must hold of connections and of the stages that name them. */
final class ConnectionRules {
  private static final Pattern CREDENTIALS_PARAMETER =
      Pattern.compile("[?&](user|password|sslpassword)=", Pattern.CASE_INSENSITIVE);

  /** What Drover tells its sessions by; a pool's or a factory's own would hide them from it. */
  private static final Pattern RESERVED_PARAMETER =
      Pattern.compile(
          "[?&](ApplicationName|application_name|socketFactory|socketFactoryArg)=",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern USER_INFO = Pattern.compile("^jdbc:postgresql://[^/?]*@");

  private ConnectionRules() {}

  static List<Finding> check(MigrationSpec spec) {
    List<Finding> findings = new ArrayList<>();
    Set<String> names = new LinkedHashSet<>();
    for (int i = 0; i < spec.connections().size(); i++) {
      Connection connection = spec.connections().get(i);
      String path = "spec.connections[" + i + "]";
      if (!names.add(connection.name())) {
        findings.add(
            Finding.error(
                "DuplicateName",
                path + ".name",
                "another connection is called "
                    + connection.name()
                    + " too; give each its own name"));
      }
      if (holdsCredentials(connection.jdbc().url())) {
        findings.add(
            Finding.error(
                "CredentialsInUrl",
                path + ".jdbc.url",
                "the URL holds a user or password; put them into the Secret that"
                    + " credentialsSecretRef names, and remove them here"));
      }
      Matcher reserved = RESERVED_PARAMETER.matcher(connection.jdbc().url());
      if (reserved.find()) {
        findings.add(
            Finding.error(
                "ReservedParameter",
                path + ".jdbc.url",
                "the URL sets "
                    + reserved.group(1)
                    + ", by which Drover counts its sessions; remove it"));
      }
    }
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage stage = spec.stages().get(i);
      String path = "spec.stages[" + i + "].";
      if (stage.extract() != null) {
        known(findings, names, stage.extract().connectionName(), path + "extract");
      }
      if (stage.enrich() != null && stage.enrich().http() == null) {
        known(findings, names, stage.enrich().connectionName(), path + "enrich");
      }
      if (stage.load() != null) {
        known(findings, names, stage.load().connectionName(), path + "load");
      }
    }
    MigrationSpec whole = PrivatePaths.expanded(spec);
    for (int i = 0; i < spec.connections().size(); i++) {
      roomBesideSnapshots(findings, whole, spec.connections().get(i), i);
    }
    return findings;
  }

  /** Each snapshot takes a connection for as long as its tables are read. */
  private static void roomBesideSnapshots(
      List<Finding> findings, MigrationSpec spec, Connection connection, int index) {
    int most =
        Objects.requireNonNullElse(connection.maxConnections(), Connection.DEFAULT_MAX_CONNECTIONS);
    long snapshots =
        spec.stages().stream()
            .map(Stage::extract)
            .filter(e -> e != null && e.consistency() == Stage.Consistency.Snapshot)
            .filter(e -> connection.name().equals(e.connectionName()))
            .count();
    if (snapshots > 0 && snapshots >= most) {
      findings.add(
          Finding.error(
              "NoConnectionLeft",
              "spec.connections[" + index + "].maxConnections",
              "consistency: Snapshot holds %d of the %d connections that %s may have, and none is left to read with: set it to %d at least"
                  .formatted(snapshots, most, connection.name(), snapshots + 1)));
    }
  }

  private static boolean holdsCredentials(String url) {
    return CREDENTIALS_PARAMETER.matcher(url).find() || USER_INFO.matcher(url).find();
  }

  private static void known(
      List<Finding> findings, Set<String> names, @Nullable String name, String path) {
    if (name == null || !names.contains(name)) {
      findings.add(
          Finding.error(
              "UnknownConnection",
              path + ".connectionName",
              "there is no connection " + name + "; name one of " + String.join(", ", names)));
    }
  }
}
