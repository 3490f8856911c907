package dev.drover.wire;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.drover.wire", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule packages_do_not_depend_on_each_other_in_circles =
      slices().matching("dev.drover.wire.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule rooms_have_a_purpose =
      noClasses()
          .should()
          .resideInAnyPackage("..util..", "..common..", "..helper..", "..manager..", "..impl..");

  @ArchTest
  static final ArchRule the_wire_knows_neither_kubernetes_nor_databases =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.fabric8..", "java.sql..", "dev.drover.worker..", "dev.drover.operator..");
}
