package dev.drover.operator.validation;

import dev.drover.api.v1alpha1.Connection;
import dev.drover.api.v1alpha1.HttpLookup;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.plan.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Whether the Secrets that a spec refers to are there, with the keys that are needed. */
public final class SecretRules {
  private SecretRules() {}

  /** All that is missing, by its order in the spec. */
  public static List<Finding> check(String namespace, MigrationSpec spec, SecretKeys secrets) {
    List<Finding> findings = new ArrayList<>();
    for (int i = 0; i < spec.connections().size(); i++) {
      Connection.Jdbc jdbc = spec.connections().get(i).jdbc();
      String path = "spec.connections[" + i + "].jdbc.";
      findings.addAll(
          check(
              namespace,
              jdbc.credentialsSecretRef().name(),
              List.of("username", "password"),
              path + "credentialsSecretRef",
              secrets));
      if (jdbc.caSecretRef() != null) {
        String key = jdbc.caSecretRef().key() == null ? "ca.crt" : jdbc.caSecretRef().key();
        findings.addAll(
            check(
                namespace, jdbc.caSecretRef().name(), List.of(key), path + "caSecretRef", secrets));
      }
    }
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage.Enrich enrich = spec.stages().get(i).enrich();
      if (enrich != null && enrich.http() != null) {
        String path = "spec.stages[" + i + "].enrich.http.";
        findings.addAll(check(namespace, enrich.http(), path, secrets));
      }
    }
    return findings;
  }

  private static List<Finding> check(
      String namespace, HttpLookup http, String path, SecretKeys secrets) {
    List<Finding> findings = new ArrayList<>();
    for (int h = 0; h < http.headers().size(); h++) {
      HttpLookup.ValueFrom from = http.headers().get(h).valueFrom();
      if (from != null) {
        findings.addAll(
            check(
                namespace,
                from.secretKeyRef().name(),
                List.of(from.secretKeyRef().key()),
                path + "headers[" + h + "].valueFrom.secretKeyRef",
                secrets));
      }
    }
    Connection.SecretKeyRef ca = http.caSecretRef();
    if (ca != null) {
      String key = ca.key() == null ? "ca.crt" : ca.key();
      findings.addAll(check(namespace, ca.name(), List.of(key), path + "caSecretRef", secrets));
    }
    return findings;
  }

  private static List<Finding> check(
      String namespace, String name, List<String> keys, String path, SecretKeys secrets) {
    Optional<Set<String>> found = secrets.of(namespace, name);
    if (found.isEmpty()) {
      return List.of(
          Finding.error(
              "SecretNotFound",
              path + ".name",
              "there is no Secret "
                  + name
                  + " in namespace "
                  + namespace
                  + "; make it with the "
                  + (keys.size() == 1 ? "key " : "keys ")
                  + String.join(" and ", keys)));
    }
    return keys.stream()
        .filter(k -> !found.get().contains(k))
        .map(
            k ->
                Finding.error(
                    "SecretKeyNotFound",
                    path + ".name",
                    "Secret " + name + " in namespace " + namespace + " lacks the key " + k))
        .toList();
  }
}
