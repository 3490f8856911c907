package dev.drover.worker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "dev.drover.worker",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String[] NATS = {"io.nats..", "dev.drover.wire.nats.."};
  private static final String[] SQL = {"java.sql..", "javax.sql..", "org.postgresql.."};

  @ArchTest
  static final ArchRule packages_do_not_depend_on_each_other_in_circles =
      slices().matching("dev.drover.worker.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule rooms_have_a_purpose =
      noClasses()
          .should()
          .resideInAnyPackage("..util..", "..common..", "..helper..", "..manager..", "..impl..");

  @ArchTest
  static final ArchRule rules_are_pure =
      noClasses()
          .that()
          .resideInAPackage("dev.drover.worker.rules..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.nats..", "java.sql..", "java.net..", "java.nio.file..");

  @ArchTest
  static final ArchRule rules_read_no_files =
      noClasses()
          .that()
          .resideInAPackage("dev.drover.worker.rules..")
          .should()
          .dependOnClassesThat()
          .haveNameMatching("java\\.io\\.(File|InputStream|OutputStream|Reader|Writer).*");

  @ArchTest
  static final ArchRule databases_know_nothing_of_nats =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.drover.worker.database..",
              "dev.drover.worker.session..",
              "dev.drover.worker.lookup..",
              "dev.drover.worker.postgres..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(NATS);

  /** Another kind of database is another tree beside this one, and a choice in {@link Worker}. */
  @ArchTest
  static final ArchRule only_who_puts_the_worker_together_knows_postgresql =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.drover.worker.postgres..")
          .and()
          .doNotBelongToAnyOf(Worker.class, Rehearsal.class)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.drover.worker.postgres..", "org.postgresql..");

  @ArchTest
  static final ArchRule rooms_of_postgresql_do_not_depend_on_each_other_in_circles =
      slices().matching("dev.drover.worker.postgres.(*)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule nats_knows_nothing_of_databases =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.drover.worker.jetstream..",
              "dev.drover.worker.transform..",
              "dev.drover.worker.enrich..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(SQL);

  @ArchTest
  static final ArchRule nothing_of_kubernetes_or_the_operator_is_here =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.fabric8..", "dev.drover.operator..", "dev.drover.crds..");
}
