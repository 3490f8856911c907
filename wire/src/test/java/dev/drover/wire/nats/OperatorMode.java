package dev.drover.wire.nats;

import io.nats.client.NKey;
import io.nats.client.support.JwtUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;

/**
 * A server that trusts an operator, one account of it with JetStream, and a user's credentials
 * file: how NATS is secured where it is shared.
 *
 * @param config lines for the server's configuration
 * @param credentials the user's file
 */
public record OperatorMode(String config, Path credentials) {
  private static final Duration VALID = Duration.ofHours(1);

  /** Makes keys and tokens, and writes the credentials file into a folder. */
  public static OperatorMode in(Path folder) throws Exception {
    SecureRandom random = new SecureRandom();
    NKey operator = NKey.createOperator(random);
    NKey account = NKey.createAccount(random);
    NKey user = NKey.createUser(random);
    String operatorToken =
        token(operator, publicKey(operator), "operator", "{\"type\":\"operator\",\"version\":2}");
    NKey system = NKey.createAccount(random);
    String accountToken =
        token(
            operator,
            publicKey(account),
            "migrations",
            account(",\"mem_storage\":-1,\"disk_storage\":-1,\"streams\":-1,\"consumer\":-1"));
    String systemToken = token(operator, publicKey(system), "system", account(""));
    String userToken = JwtUtils.issueUserJWT(account, publicKey(account), publicKey(user));
    Path credentials = folder.resolve("nats.creds");
    Files.writeString(
        credentials,
        JwtUtils.NATS_USER_JWT_FORMAT.formatted(userToken, new String(user.getSeed())));
    return new OperatorMode(
        """
        operator: "%s"
        resolver: MEMORY
        system_account: %s
        resolver_preload: { %s: "%s", %s: "%s" }
        """
            .formatted(
                operatorToken,
                publicKey(system),
                publicKey(account),
                accountToken,
                publicKey(system),
                systemToken),
        credentials);
  }

  /** Claims of an account; JetStream is off unless its limits say otherwise. */
  private static String account(String jetStreamLimits) {
    return """
        {"type":"account","version":2,"default_permissions":{"pub":{},"sub":{}},
         "limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,
         "conn":-1,"leaf":-1%s}}"""
        .formatted(jetStreamLimits);
  }

  private static String token(NKey issuer, String subject, String name, String claims)
      throws Exception {
    return JwtUtils.issueJWT(
        issuer,
        subject,
        name,
        VALID,
        JwtUtils.currentTimeSeconds(),
        publicKey(issuer),
        () -> claims);
  }

  private static String publicKey(NKey key) throws Exception {
    return new String(key.getPublicKey());
  }
}
