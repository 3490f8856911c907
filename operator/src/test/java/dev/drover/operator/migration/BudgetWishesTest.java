package dev.drover.operator.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.MigrationSpec;
import dev.drover.operator.Specs;
import dev.drover.operator.chain.BudgetWish;
import dev.drover.operator.cluster.Manifests;
import dev.drover.wire.budget.BudgetTerms;
import dev.drover.wire.budget.BudgetTerms.Scope;
import dev.drover.wire.plan.ChainSpec;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.wire.plan.StageSpec;
import dev.drover.wire.plan.StageSpec.LoadMode;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BudgetWishesTest {
  private static final String OF_ALL = "errorBudget: {maxPercent: 5}~  connections:";

  private static Map<String, BudgetWish> wishes(MigrationSpec spec) {
    return BudgetWishes.of(spec, ChainMapping.chain(spec), stage -> true);
  }

  private static MigrationSpec with(String text, String replacement) {
    return Specs.with(text, replacement.replace('~', '\n'));
  }

  @Test
  void without_a_budget_no_stage_has_one() {
    assertThat(wishes(Specs.plain())).isEmpty();
  }

  @Test
  void the_budget_of_the_spec_is_each_stages_and_has_its_defaults() {
    Map<String, BudgetWish> wishes = wishes(with("connections:", OF_ALL));

    assertThat(wishes).containsOnlyKeys("read", "clean", "load");
    assertThat(wishes.values())
        .extracting(BudgetWish::terms)
        .containsOnly(new BudgetTerms(null, 5, 1000, null, Scope.Stage));
  }

  @Test
  void a_stages_own_budget_takes_its_place() {
    Map<String, BudgetWish> wishes =
        wishes(
            with(
                "- name: clean",
                "- name: clean~      errorBudget: {maxRecords: 7, windowSeconds: 60, per:"
                    + " Fingerprint}"));

    assertThat(wishes).containsOnlyKeys("clean");
    assertThat(wishes.get("clean").terms())
        .isEqualTo(new BudgetTerms(7L, null, 1000, 60, Scope.Fingerprint));
  }

  @Test
  void while_stages_come_and_go_those_that_do_the_same_are_told_wherever_they_read() {
    MigrationSpec spec = with("connections:", OF_ALL);
    ChainSpec chain = ChainMapping.chain(spec);
    StageSpec.Transform clean = (StageSpec.Transform) chain.stage("clean");
    ChainSpec runs =
        new ChainSpec(
            chain.connections(),
            List.of(
                chain.stage("read"),
                new StageSpec.Transform("gone", "read", List.of()),
                new StageSpec.Transform("clean", "gone", clean.steps()),
                new StageSpec.Load("load", "clean", "shop", "other", LoadMode.Upsert, List.of())));

    ChainSpec told = BudgetWishes.told(spec, runs);
    assertThat(told.stages()).extracting(StageSpec::name).containsExactly("read", "clean");
    assertThat(BudgetWishes.of(spec, told, stage -> true)).containsOnlyKeys("read", "clean");
    assertThat(BudgetWishes.told(spec, chain).stages()).isEqualTo(chain.stages());

    List<ConnectionSpec> moved =
        chain.connections().stream()
            .map(c -> new ConnectionSpec(c.name(), c.jdbcUrl() + "2", c.maxConnections()))
            .toList();
    assertThat(BudgetWishes.told(spec, new ChainSpec(moved, chain.stages())).stages())
        .extracting(StageSpec::name)
        .containsExactly("clean");
  }

  @Test
  void whether_a_stage_is_idle_is_its_own() {
    MigrationSpec spec = with("connections:", OF_ALL);

    assertThat(BudgetWishes.of(spec, ChainMapping.chain(spec), "clean"::equals))
        .hasEntrySatisfying("clean", w -> assertThat(w.idle()).isTrue())
        .hasEntrySatisfying("load", w -> assertThat(w.idle()).isFalse());
  }

  @ParameterizedTest(name = "{0} to {1}: {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "maxPercent: 5 | maxPercent: 6 | read clean load",
        "maxPercent: 5 | maxPercent: 5, attempt: 1 | read clean load",
        "maxPercent: 5 | maxPercent: 5, windowSeconds: 60 | read clean load",
        "maxPercent: 5 | maxPercent: 5, attempt: 0 | none",
        "record.qty > 0 | record.qty >= 0 | clean",
        "load: {connectionName: shop} | load: {connectionName: shop, mode: Insert} | load",
        "jdbc:postgresql://shop/shop | jdbc:postgresql://shop/other | load",
        "scale: {maxReplicas: 4} | scale: {maxReplicas: 9} | none",
        "- name: clean | - name: clean~      suspend: true | none",
        "connections: | failedRecords: {maxResources: 3}~  connections: | none",
      })
  void an_edit_of_the_budget_or_of_a_stages_own_work_begins_its_count_anew(
      String text, String other, String stages) {
    MigrationSpec before = with("connections:", OF_ALL);
    String manifest = Manifests.migration("orders");
    String budgeted = manifest.replaceFirst("connections:", OF_ALL.replace('~', '\n'));
    assertThat(budgeted).contains(text);
    MigrationSpec after =
        Serialization.unmarshal(budgeted.replace(text, other.replace('~', '\n')), Migration.class)
            .getSpec();

    Map<String, BudgetWish> then = wishes(before);
    Map<String, BudgetWish> now = wishes(after);
    String renewed =
        String.join(
            " ",
            List.of("read", "clean", "load").stream()
                .filter(s -> !now.get(s).edition().equals(then.get(s).edition()))
                .toList());
    assertThat(renewed.isEmpty() ? "none" : renewed).isEqualTo(stages);
  }
}
