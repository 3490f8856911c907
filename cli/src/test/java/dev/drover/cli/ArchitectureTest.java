package dev.drover.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.drover.cli", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOM = "dev.drover.cli.";

  @ArchTest
  static final ArchRule rooms_do_not_depend_on_each_other_in_circles =
      slices().matching("dev.drover.cli.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule only_the_cluster_talks_to_the_cluster =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOM + "cluster")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.fabric8.kubernetes.client");

  @ArchTest
  static final ArchRule the_terminal_knows_nothing_of_drover =
      classes()
          .that()
          .resideInAPackage(ROOM + "terminal")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "org.jspecify..", ROOM + "terminal");

  @ArchTest
  static final ArchRule records_and_reports_are_pure =
      noClasses()
          .that()
          .resideInAnyPackage(ROOM + "record", ROOM + "report")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.io..", "java.nio..", "java.net..", "picocli..", ROOM + "cluster");

  @ArchTest
  static final ArchRule no_rooms_for_odds_and_ends =
      noClasses()
          .should()
          .resideInAnyPackage("..util..", "..common..", "..helper..", "..manager..", "..impl..");
}
