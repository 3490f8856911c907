package dev.drover.worker.postgres;

import dev.drover.wire.plan.ConnectionFiles;
import dev.drover.wire.plan.ConnectionSpec;
import dev.drover.worker.database.Database;
import dev.drover.worker.database.Databases;
import dev.drover.worker.postgres.session.Endpoint;
import dev.drover.worker.session.SessionPermits;
import java.nio.file.Path;

/**
 * The PostgreSQL databases of a chain.
 *
 * @param secrets folder of the connections' secrets
 * @param application what servers list the sessions as, see {@link #applicationName}
 * @param permits says how many sessions there may be
 */
public record PostgresDatabases(Path secrets, String application, SessionPermits permits)
    implements Databases {
  /** Databases whose sessions nobody counts. */
  public PostgresDatabases(Path secrets, String application) {
    this(secrets, application, SessionPermits.UNLIMITED);
  }

  /** See {@link Endpoint#applicationName}. */
  public static String applicationName(String migration, String stage) {
    return Endpoint.applicationName(migration, stage);
  }

  @Override
  public Database of(ConnectionSpec connection) {
    return new PostgresDatabase(
        connection,
        new Endpoint(connection, ConnectionFiles.under(secrets, connection.name()), permits),
        application);
  }
}
