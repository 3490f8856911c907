package dev.drover.e2e;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The figures of {@code bench/results/scaling.json}, which several commands measure. */
public final class ScalingFigures {
  private ScalingFigures() {}

  /** Keeps figures beside those that are there, and prints them. */
  public static void keep(ObjectNode figures) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Path file = Path.of(System.getProperty("drover.root"), "bench/results/scaling.json");
    ObjectNode all =
        Files.exists(file)
            ? (ObjectNode) json.readTree(file.toFile())
            : json.createObjectNode().set("figures", json.createObjectNode());
    ((ObjectNode) all.get("figures")).setAll(figures);
    Files.writeString(file, json.writeValueAsString(all) + "\n");
    System.out.println(figures);
  }
}
