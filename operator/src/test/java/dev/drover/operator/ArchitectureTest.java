package dev.drover.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;

@AnalyzeClasses(
    packages = "dev.drover.operator",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOM = "dev.drover.operator.";

  @ArchTest
  static final ArchRule rooms_do_not_depend_on_each_other_in_circles =
      slices().matching("dev.drover.operator.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule scaling_is_pure =
      classes()
          .that()
          .resideInAPackage(ROOM + "scaling")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "org.jspecify..", ROOM + "scaling");

  @ArchTest
  static final ArchRule only_chain_desk_and_redrive_talk_to_nats =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              ROOM + "chain..", ROOM + "desk..", ROOM + "redrive..", "dev.drover.operator")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.nats..");

  @ArchTest
  static final ArchRule only_writers_and_finders_touch_the_cluster =
      noClasses()
          .that()
          .resideInAnyPackage(ROOM + "status", ROOM + "validation", ROOM + "events")
          .and()
          .haveSimpleNameNotEndingWith("Writer")
          .and()
          .haveSimpleNameNotEndingWith("Recorder")
          .and()
          .doNotHaveSimpleName("ClusterSecrets")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.fabric8.kubernetes.client..");

  @ArchTest
  static final ArchRule the_operator_sdk_is_known_to_reconcilers_and_the_application_alone =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              ROOM + "migration",
              ROOM + "desk..",
              ROOM + "redrive..",
              ROOM + "health",
              "dev.drover.operator")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.javaoperatorsdk..");

  @ArchTest
  static final ArchRule beans_are_wired_at_the_edge =
      noClasses()
          .that()
          .resideOutsideOfPackages(ROOM + "health", ROOM + "metrics", "dev.drover.operator")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("jakarta..", "io.quarkus..", "io.smallrye..");

  @ArchTest
  static final ArchRule a_reconciler_is_called_one =
      classes().that().implement(Reconciler.class).should().haveSimpleNameEndingWith("Reconciler");

  @ArchTest
  static final ArchRule no_rooms_for_odds_and_ends =
      noClasses()
          .should()
          .resideInAnyPackage("..util..", "..common..", "..helper..", "..manager..", "..impl..");
}
