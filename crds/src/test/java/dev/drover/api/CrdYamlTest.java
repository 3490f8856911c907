package dev.drover.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.drover.api.v1alpha1.FailedRecord;
import dev.drover.api.v1alpha1.Migration;
import dev.drover.api.v1alpha1.Redrive;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CustomResourceInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The committed CRDs are what the Java types say. Run with {@code -Ddrover.crds.update=true} (that
 * is {@code make crds}) to write them anew.
 */
class CrdYamlTest {
  private static final YAMLMapper YAML =
      new YAMLMapper(
          YAMLFactory.builder()
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .disable(YAMLGenerator.Feature.SPLIT_LINES)
              .build());

  /** Lists of named objects, by their path: the generator has no annotation for it. */
  private static final Map<String, String> LIST_KEYS =
      Map.of(
          "spec.connections", "name",
          "spec.stages", "name",
          "status.conditions", "type",
          "status.stages", "name");

  /** Fields that take any object. */
  private static final List<String> FREE_FORM_OBJECTS = List.of("spec.correction", "status.record");

  @TempDir Path generated;

  @ParameterizedTest
  @ValueSource(strings = {"crds", "helm/drover/crds"})
  void the_committed_crds_are_generated_from_the_types(String folder) throws IOException {
    new CRDGenerator()
        .inOutputDir(generated.toFile())
        .customResources(
            CustomResourceInfo.fromClass(Migration.class),
            CustomResourceInfo.fromClass(FailedRecord.class),
            CustomResourceInfo.fromClass(Redrive.class))
        .forCRDVersions("v1")
        .generate();
    Path root = Path.of(System.getProperty("drover.root"));
    for (Class<?> type : List.of(Migration.class, FailedRecord.class, Redrive.class)) {
      String plural = type.getSimpleName().toLowerCase(Locale.ROOT) + "s.drover.dev";
      String expected = finished(generated.resolve(plural + "-v1.yml"), type);
      String name = plural + ".yaml";
      Path committed = root.resolve(folder).resolve(name);
      if (Boolean.getBoolean("drover.crds.update")) {
        Files.createDirectories(committed.getParent());
        Files.writeString(committed, expected);
      }
      assertThat(committed)
          .as("%s differs from the Java types: run 'make crds' and commit the result", committed)
          .hasContent(expected);
    }
  }

  /** Adds what the generator has no annotation for, and mends what it gets wrong. */
  private static String finished(Path file, Class<?> type) throws IOException {
    ObjectNode crd = (ObjectNode) YAML.readTree(file.toFile());
    ObjectNode version = (ObjectNode) crd.at("/spec/versions/0");
    ObjectNode schema = (ObjectNode) version.at("/schema/openAPIV3Schema");
    orderColumns(version, type);
    schema.put("description", type.getAnnotation(JsonClassDescription.class).value());
    schema.putArray("required").add("spec");
    at(schema, "spec").ifPresent(n -> n.put("description", "What the user asks for."));
    at(schema, "status").ifPresent(n -> n.put("description", "What the operator found."));
    LIST_KEYS.forEach((path, key) -> listByKey(schema, path, key));
    FREE_FORM_OBJECTS.forEach(path -> at(schema, path).ifPresent(n -> n.put("type", "object")));
    at(schema, "spec.jsonPatch")
        .ifPresent(
            n -> {
              ObjectNode items = n.putObject("items");
              items.put("type", "object").put("x-kubernetes-preserve-unknown-fields", true);
            });
    tidy(schema);
    return "# Generated from the types in crds/src/main/java. Do not edit: run 'make crds'.\n"
        + YAML.writeValueAsString(crd);
  }

  /** The generator sorts columns by path; a reader wants them as they were declared. */
  private static void orderColumns(ObjectNode version, Class<?> type) {
    List<String> declared =
        Stream.of(type.getAnnotationsByType(AdditionalPrinterColumn.class))
            .map(AdditionalPrinterColumn::name)
            .toList();
    List<JsonNode> columns = new ArrayList<>();
    version.get("additionalPrinterColumns").forEach(columns::add);
    columns.sort(Comparator.comparing(c -> declared.indexOf(c.get("name").asText())));
    version.putArray("additionalPrinterColumns").addAll(columns);
  }

  private static void listByKey(ObjectNode schema, String path, String key) {
    at(schema, path)
        .ifPresent(
            list -> {
              list.put("x-kubernetes-list-type", "map");
              list.putArray("x-kubernetes-list-map-keys").add(key);
            });
  }

  private static Optional<ObjectNode> at(ObjectNode schema, String path) {
    JsonNode node = schema;
    for (String step : path.split("\\.")) {
      node = node.path("properties").path(step);
    }
    return node instanceof ObjectNode found ? Optional.of(found) : Optional.empty();
  }

  /** Bounds of integers are integers, and a rule found on field and accessor is one rule. */
  private static void tidy(JsonNode node) {
    if (node instanceof ObjectNode object) {
      for (String bound : List.of("minimum", "maximum")) {
        if (object.path(bound).isNumber() && object.path("type").asText().equals("integer")) {
          object.put(bound, object.get(bound).asLong());
        }
      }
      if (object.get("x-kubernetes-validations") instanceof ArrayNode rules) {
        Set<JsonNode> distinct = new LinkedHashSet<>();
        rules.forEach(distinct::add);
        object.putArray("x-kubernetes-validations").addAll(distinct);
      }
    }
    node.forEach(CrdYamlTest::tidy);
  }
}
