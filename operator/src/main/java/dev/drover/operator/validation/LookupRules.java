package dev.drover.operator.validation;

import dev.drover.api.v1alpha1.HttpLookup;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.api.v1alpha1.Stage;
import dev.drover.wire.plan.Finding;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What must hold of what enrich stages look up. */
final class LookupRules {
  private static final Pattern URL = Pattern.compile("^https?://[^/?#@{}]+/[^#]*$");
  private static final Set<String> CREDENTIALS =
      Set.of("authorization", "proxy-authorization", "cookie", "x-api-key");

  private LookupRules() {}

  static List<Finding> check(MigrationSpec spec) {
    List<Finding> findings = new ArrayList<>();
    for (int i = 0; i < spec.stages().size(); i++) {
      Stage.Enrich enrich = spec.stages().get(i).enrich();
      if (enrich == null) {
        continue;
      }
      String path = "spec.stages[" + i + "].enrich";
      if ((enrich.http() == null) == (enrich.query() == null)) {
        findings.add(
            Finding.error(
                "NotOneLookup",
                path,
                "stage %s has not exactly one of query (with connectionName) and http"
                    .formatted(spec.stages().get(i).name())));
      } else if (enrich.http() != null) {
        http(findings, enrich.http(), path + ".http");
      }
    }
    return findings;
  }

  private static void http(List<Finding> findings, HttpLookup http, String path) {
    if (!URL.matcher(http.url()).matches()) {
      findings.add(
          Finding.error(
              "LookupInvalid",
              path + ".url",
              "write https://host[:port]/path, without user, password or #; credentials belong in"
                  + " headers, from a Secret"));
    }
    Set<String> names = new HashSet<>();
    for (int h = 0; h < http.headers().size(); h++) {
      HttpLookup.Header header = http.headers().get(h);
      String name = header.name().toLowerCase(Locale.ROOT);
      String at = path + ".headers[" + h + "]";
      if (!names.add(name)) {
        findings.add(
            Finding.error(
                "DuplicateName", at + ".name", header.name() + " is there twice: keep one"));
      }
      if ((header.value() == null) == (header.valueFrom() == null)) {
        findings.add(
            Finding.error(
                "NotOneValue", at, header.name() + " has not exactly one of value and valueFrom"));
      } else if (header.value() != null && CREDENTIALS.contains(name)) {
        findings.add(
            Finding.error(
                "CredentialsInHeader",
                at + ".value",
                "put the whole value of %s into a Secret, name it by valueFrom, and remove it here"
                    .formatted(header.name())));
      }
    }
    Set<String> fields = new HashSet<>();
    for (int f = 0; f < http.fields().size(); f++) {
      String name = http.fields().get(f).name();
      if (!fields.add(name)) {
        findings.add(
            Finding.error(
                "DuplicateName",
                path + ".fields[" + f + "].name",
                "another field is called " + name + " too; give each its own name"));
      }
    }
  }
}
