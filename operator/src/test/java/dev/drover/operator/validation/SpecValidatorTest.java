package dev.drover.operator.validation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.Specs;
import dev.drover.wire.plan.Finding;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpecValidatorTest {
  private static final String LOAD_STAGE = "- name: load";

  @Test
  void a_sound_spec_has_no_findings() {
    assertThat(SpecValidator.validate(Specs.plain())).isEmpty();
  }

  @ParameterizedTest(name = "{2} at {3}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "from: clean | from: cleen | UnknownFrom | spec.stages[2].from",
        "from: clean | ~ | FromMissing | spec.stages[2].from",
        "- name: clean | - name: load | DuplicateName | spec.stages[2].name",
        "- name: shop | - name: legacy | DuplicateName | spec.connections[1].name",
        "load: {connectionName: shop} | ~ | NotOneKind | spec.stages[2]",
        "load: {connectionName: shop} | load: {connectionName: shp} | UnknownConnection | spec.stages[2].load.connectionName",
        "load: {connectionName: shop} | enrich: {connectionName: shp, query: select 1} | UnknownConnection | spec.stages[2].enrich.connectionName",
        "load: {connectionName: shop} | enrich: {connectionName: shop, query: select 1} | QueueUnread | spec.stages[2]",
        "extract: {connectionName: legacy, | extract: {connectionName: x, | UnknownConnection | spec.stages[0].extract.connectionName",
        "from: clean | from: read | QueueUnread | spec.stages[1]",
        "scale: {maxReplicas: 4} | scale: {minReplicas: 5, maxReplicas: 4} | MinAboveMax | spec.stages[0].scale.minReplicas",
        "scale: {maxReplicas: 4} | scale: {windows: [{start: 0 0 30 2 *, durationMinutes: 5}]} | WindowInvalid | spec.stages[0].scale.windows[0].start",
        "scale: {maxReplicas: 4} | scale: {windows: [{start: every night, durationMinutes: 5}]} | WindowInvalid | spec.stages[0].scale.windows[0].start",
        "scale: {maxReplicas: 4} | scale: {windows: [{start: 0 22 * * *, durationMinutes: 5, timeZone: Mars}]} | WindowInvalid | spec.stages[0].scale.windows[0].timeZone",
        "jdbc:postgresql://shop/shop | jdbc:postgresql://shop/shop?ApplicationName=mine | ReservedParameter | spec.connections[1].jdbc.url",
        "jdbc:postgresql://shop/shop | jdbc:postgresql://shop/shop?ssl=true&application_name=mine | ReservedParameter | spec.connections[1].jdbc.url",
        "scale: {maxReplicas: 4} | scale: {minReplicas: 9, maxReplicas: 99} | CapBelowFloors | spec.connections[0].maxConnections",
      })
  void a_fault_is_found_at_its_path(String good, String bad, String reason, String path) {
    assertThat(SpecValidator.validate(Specs.with(good, bad.replace("~", ""))))
        .anySatisfy(
            f -> {
              assertThat(f.reason()).isEqualTo(reason);
              assertThat(f.path()).isEqualTo(path);
              assertThat(f.severity()).isEqualTo(Finding.Severity.Error);
            });
  }

  @Test
  void a_cap_that_leaves_a_stage_without_a_connection_is_refused() {
    String shared =
        "      maxConnections: 3\n  stages:\n    - name: read\n      extract: {connectionName: legacy,";
    String bad = shared.replace("legacy", "shop").replace("maxConnections: 3", "maxConnections: 1");

    assertThat(SpecValidator.validate(Specs.with(shared, bad)))
        .singleElement()
        .satisfies(
            f -> {
              assertThat(f.reason()).isEqualTo("CapBelowFloors");
              assertThat(f.path()).isEqualTo("spec.connections[1].maxConnections");
              assertThat(f.message()).contains("(read 1, load 1); raise it to 2");
            });
    assertThat(SpecValidator.refusedCaps(Specs.with(shared, bad))).containsExactly("shop");
    assertThat(
            SpecValidator.validate(
                Specs.with(shared, bad.replace("maxConnections: 1", "maxConnections: 2"))))
        .isEmpty();
  }

  @Test
  void connections_to_one_server_with_one_login_share_the_smallest_cap() {
    String apart =
        """
        url: "jdbc:postgresql://legacy/shop", credentialsSecretRef: {name: legacy-db}}
            - name: shop
              jdbc: {url: "jdbc:postgresql://shop/shop", credentialsSecretRef: {name: shop-db}}
              maxConnections: 3
        """
            .stripTrailing();
    String together =
        apart
            .replace("//legacy/shop", "//SHOP:5432/old")
            .replace("legacy-db", "shop-db")
            .replace("maxConnections: 3", "maxConnections: 1");

    assertThat(SpecValidator.validate(Specs.with(apart, together)))
        .singleElement()
        .satisfies(
            f -> {
              assertThat(f.reason()).isEqualTo("CapBelowFloors");
              assertThat(f.path()).isEqualTo("spec.connections[1].maxConnections");
              assertThat(f.message())
                  .contains("(read 1, load 1, as legacy and shop lead to one server")
                  .contains("raise it to 2");
            });
    String bothBelow =
        together.replace(
            "credentialsSecretRef: {name: shop-db}}\n    - name",
            "credentialsSecretRef: {name: shop-db}}\n      maxConnections: 1\n    - name");
    assertThat(SpecValidator.refusedCaps(Specs.with(apart, bothBelow)))
        .as("the number of either would be in force")
        .containsExactly("legacy", "shop");
    String otherLogin = together.replaceFirst("shop-db", "legacy-db");
    assertThat(SpecValidator.validate(Specs.with(apart, otherLogin))).isEmpty();
  }

  @Test
  void a_connection_whose_snapshot_leaves_none_to_read_with_is_refused() {
    String stages =
        "- {name: extra, extract: {connectionName: %s, tables: [\"a.b\"], consistency: Snapshot}}\n    ";
    String three = stages.formatted("shop").repeat(3);

    assertThat(SpecValidator.validate(Specs.with(LOAD_STAGE, three + LOAD_STAGE)))
        .filteredOn(f -> f.reason().equals("NoConnectionLeft"))
        .singleElement()
        .satisfies(
            f -> {
              assertThat(f.path()).isEqualTo("spec.connections[1].maxConnections");
              assertThat(f.message()).contains("3 of the 3").contains("set it to 4");
            });
    assertThat(SpecValidator.refusedCaps(Specs.with(LOAD_STAGE, three + LOAD_STAGE)))
        .containsExactly("shop");
    assertThat(
            SpecValidator.validate(
                Specs.with(LOAD_STAGE, stages.formatted("shop").repeat(2) + LOAD_STAGE)))
        .extracting(Finding::reason)
        .doesNotContain("NoConnectionLeft");
  }

  @Test
  void an_enrich_is_of_one_kind_and_its_workers_count_at_its_connection() {
    String query = "connectionName: shop, query: select 1";
    assertThat(
            SpecValidator.validate(
                Specs.with(
                    LOAD_STAGE,
                    "- {name: both, from: clean, enrich: {%s}, load: {connectionName: shop}}\n    %s"
                        .formatted(query, LOAD_STAGE))))
        .extracting(Finding::reason, Finding::path)
        .contains(org.assertj.core.groups.Tuple.tuple("NotOneKind", "spec.stages[2]"));
    assertThat(
            SpecValidator.validate(
                Specs.with(
                    LOAD_STAGE,
                    "- {name: tiers, from: clean, enrich: {%s}, scale: {minReplicas: 4, maxReplicas: 4}}\n    %s"
                        .formatted(query, LOAD_STAGE))))
        .filteredOn(f -> f.reason().equals("CapBelowFloors"))
        .singleElement()
        .satisfies(
            f -> {
              assertThat(f.path()).isEqualTo("spec.connections[1].maxConnections");
              assertThat(f.message()).contains("tiers 4");
            });
  }

  private static final String HTTP =
      """
      - name: tiers
            from: clean
            enrich:
              http:
                url: "%s"
                headers:
                  - {name: Authorization, %s}
                  - {name: X-Of, value: shop}
                caSecretRef: {name: crm-ca}
                fields: [{name: tier, pointer: /tier}, {name: %s, pointer: /since}]
          """;

  private static final String TOKEN = "valueFrom: {secretKeyRef: {name: crm, key: header}}";

  private static MigrationSpec http(String url, String header, String field) {
    return Specs.with(
        LOAD_STAGE, HTTP.formatted(url, header, field).strip() + "\n    " + LOAD_STAGE);
  }

  @Test
  void a_lookup_over_http_that_was_stored_before_its_rules_is_refused_with_its_path() {
    assertThat(SpecValidator.validate(http("http://crm/c/{id}", TOKEN, "since")))
        .extracting(Finding::reason)
        .doesNotContain("UnknownConnection", "LookupInvalid", "NotOneLookup");
    assertThat(SpecValidator.validate(http("http://me:pw@crm/c/{id}", "value: s3cr3t", "tier")))
        .extracting(Finding::reason, Finding::path)
        .contains(
            org.assertj.core.groups.Tuple.tuple("LookupInvalid", "spec.stages[2].enrich.http.url"),
            org.assertj.core.groups.Tuple.tuple(
                "CredentialsInHeader", "spec.stages[2].enrich.http.headers[0].value"),
            org.assertj.core.groups.Tuple.tuple(
                "DuplicateName", "spec.stages[2].enrich.http.fields[1].name"));
    assertThat(
            SpecValidator.validate(http("http://me:pw@crm/c/{id}", "value: s3cr3t", "tier"))
                .toString())
        .doesNotContain("s3cr3t")
        .doesNotContain("pw@");
    assertThat(
            SpecValidator.validate(
                Specs.with(
                    LOAD_STAGE,
                    "- {name: none, from: clean, enrich: {connectionName: shop}}\n    "
                        + LOAD_STAGE)))
        .extracting(Finding::reason, Finding::path)
        .contains(org.assertj.core.groups.Tuple.tuple("NotOneLookup", "spec.stages[2].enrich"));
  }

  @Test
  void the_secrets_of_a_lookup_over_http_must_be_there() {
    Map<String, Set<String>> secrets =
        Map.of(
            "legacy-db", Set.of("username", "password"),
            "shop-db", Set.of("username", "password"),
            "crm", Set.of("token"));
    assertThat(
            SecretRules.check(
                "default",
                http("http://crm/c/{id}", TOKEN, "since"),
                (namespace, name) -> Optional.ofNullable(secrets.get(name))))
        .containsExactly(
            Finding.error(
                "SecretKeyNotFound",
                "spec.stages[2].enrich.http.headers[0].valueFrom.secretKeyRef.name",
                "Secret crm in namespace default lacks the key header"),
            Finding.error(
                "SecretNotFound",
                "spec.stages[2].enrich.http.caSecretRef.name",
                "there is no Secret crm-ca in namespace default; make it with the key ca.crt"));
  }

  @Test
  void a_cycle_that_the_crd_cannot_see_is_found_once() {
    List<Finding> findings =
        SpecValidator.validate(
            Specs.with(
                LOAD_STAGE,
                "- {name: a, from: c, transform: {steps: []}}\n    - {name: b, from: a, transform: {steps: []}}\n"
                    + "    - {name: c, from: b, transform: {steps: []}}\n    "
                    + LOAD_STAGE));
    assertThat(findings).extracting(Finding::reason).containsExactly("Cycle");
    assertThat(findings.getFirst().path()).isEqualTo("spec.stages[2].from");
    assertThat(findings.getFirst().message()).startsWith("a reads c reads b reads a");
  }

  @Test
  void a_chain_without_an_end_or_a_beginning_is_no_chain() {
    assertThat(
            SpecValidator.validate(
                Specs.with("load: {connectionName: shop}", "transform: {steps: []}")))
        .extracting(Finding::reason)
        .contains("NoLoad", "QueueUnread");
    assertThat(
            SpecValidator.validate(
                Specs.with(
                    "extract: {connectionName: legacy, tables: [\"public.orders\"]}",
                    "load: {connectionName: shop}")))
        .extracting(Finding::reason)
        .contains("NoExtract", "UnknownFrom", "FromMissing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://me:secret@shop/shop",
        "jdbc:postgresql://shop/shop?user=me",
        "jdbc:postgresql://shop/shop?a=b&PASSWORD=secret"
      })
  void credentials_in_a_url_are_refused_and_not_repeated(String url) {
    List<Finding> findings = SpecValidator.validate(Specs.with("jdbc:postgresql://shop/shop", url));
    assertThat(findings).extracting(Finding::reason).containsExactly("CredentialsInUrl");
    assertThat(findings.getFirst().path()).isEqualTo("spec.connections[1].jdbc.url");
    assertThat(findings.toString()).doesNotContain("secret@").doesNotContain("=secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{windowSeconds: 60} | BudgetWithoutLimit | spec.errorBudget",
        "{maxRecords: 5, minRecords: 10} | BudgetInvalid | spec.errorBudget.minRecords",
        "{maxPercent: 100} | BudgetInvalid | spec.errorBudget.maxPercent",
        "{maxPercent: -1} | BudgetInvalid | spec.errorBudget.maxPercent",
        "{maxPercent: 5, windowSeconds: 9} | BudgetInvalid | spec.errorBudget.windowSeconds",
      })
  void a_budget_that_was_stored_before_its_rules_is_refused_with_its_path(
      String budget, String reason, String path) {
    assertThat(
            SpecValidator.validate(
                Specs.with("connections:", "errorBudget: " + budget + "\n  connections:")))
        .extracting(Finding::reason, Finding::path)
        .containsExactly(org.assertj.core.groups.Tuple.tuple(reason, path));
    assertThat(
            SpecValidator.validate(
                Specs.with("- name: clean", "- name: clean\n      errorBudget: " + budget)))
        .extracting(Finding::path)
        .containsExactly(path.replace("spec.", "spec.stages[1]."));
  }

  @Test
  void a_missing_secret_or_key_is_named_with_what_to_make() {
    Map<String, Set<String>> secrets = Map.of("legacy-db", Set.of("username"));
    List<Finding> findings =
        SecretRules.check(
            "default", Specs.plain(), (namespace, name) -> Optional.ofNullable(secrets.get(name)));
    assertThat(findings)
        .containsExactly(
            Finding.error(
                "SecretKeyNotFound",
                "spec.connections[0].jdbc.credentialsSecretRef.name",
                "Secret legacy-db in namespace default lacks the key password"),
            Finding.error(
                "SecretNotFound",
                "spec.connections[1].jdbc.credentialsSecretRef.name",
                "there is no Secret shop-db in namespace default; make it with the keys username"
                    + " and password"));
  }

  @Test
  void a_ca_secret_needs_its_key() {
    List<Finding> findings =
        SecretRules.check(
            "default",
            Specs.with(
                "credentialsSecretRef: {name: shop-db}",
                "credentialsSecretRef: {name: shop-db}, caSecretRef: {name: ca, key: root.pem}"),
            (namespace, name) ->
                Optional.of(name.equals("ca") ? Set.of("ca.crt") : Set.of("username", "password")));
    assertThat(findings)
        .extracting(Finding::path, Finding::message)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                "spec.connections[1].jdbc.caSecretRef.name",
                "Secret ca in namespace default lacks the key root.pem"));
  }
}
