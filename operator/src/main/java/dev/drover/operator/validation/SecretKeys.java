package dev.drover.operator.validation;

import java.util.Optional;
import java.util.Set;

/** Which Secrets exist and which keys they have; never what they hold. */
@FunctionalInterface
public interface SecretKeys {
  /** The keys of a Secret; empty if there is no such Secret. */
  Optional<Set<String>> of(String namespace, String name);
}
