package dev.drover.worker.postgres.source;

import dev.drover.wire.plan.Finding;
import dev.drover.wire.plan.TablePattern;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which relations an extract's list of names and patterns means. A pattern means tables, not their
 * partitions nor views; a name means what it names. Pure.
 *
 * @param tables the tables, each with the path of the entry that first named it
 * @param findings entries that mean nothing that can be read
 */
record Selection(Map<Relation, String> tables, List<Finding> findings) {
  /**
   * Resolves a list.
   *
   * @param path where the list is in the resource's spec
   * @param relations what the source has, by name
   */
  static Selection of(String path, List<String> entries, Map<String, Relation> relations) {
    Map<Relation, String> tables = new LinkedHashMap<>();
    List<Finding> findings = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      String entryPath = path + "[" + i + "]";
      String entry = entries.get(i);
      List<Relation> meant =
          entry.contains("*")
              ? matching(entryPath, entry, relations, findings)
              : named(entryPath, entry, relations, findings);
      meant.forEach(relation -> tables.putIfAbsent(relation, entryPath));
    }
    return new Selection(tables, findings);
  }

  private static List<Relation> named(
      String path, String name, Map<String, Relation> relations, List<Finding> findings) {
    Relation relation = relations.get(name);
    if (relation == null) {
      List<String> near = NearNames.of(name, relations.keySet());
      String hint =
          near.isEmpty()
              ? "write schema.table as the source's catalogue has it, case included"
              : "did you mean " + String.join(" or ", near) + "?";
      findings.add(
          Finding.error("TableNotFound", path, "the source has no table " + name + "; " + hint));
      return List.of();
    }
    if (!relation.isTable()) {
      findings.add(
          Finding.error(
              "NotATable",
              path,
              "%s is a %s; name the tables it reads from"
                  .formatted(name, relation.kind().title())));
      return List.of();
    }
    return List.of(relation);
  }

  private static List<Relation> matching(
      String path, String entry, Map<String, Relation> relations, List<Finding> findings) {
    TablePattern pattern = TablePattern.of(entry);
    List<Relation> matching =
        relations.values().stream().filter(r -> pattern.matches(r.name())).toList();
    List<Relation> tables = matching.stream().filter(r -> r.isTable() && !r.partition()).toList();
    if (tables.isEmpty()) {
      String hint =
          matching.isEmpty()
              ? "patterns are schema.table, with * for any run of characters"
              : "%s is a %s, and patterns mean whole tables only"
                  .formatted(
                      matching.getFirst().name(),
                      matching.getFirst().isTable()
                          ? "partition"
                          : matching.getFirst().kind().title());
      findings.add(
          Finding.error(
              "PatternMatchesNothing", path, "no table's name matches " + entry + "; " + hint));
    }
    return tables;
  }
}
