package dev.drover.worker.postgres;

/** What a session is opened for, by which follows how long one may outlive its worker. */
public enum SessionUse {
  /** Reads, or works for long; after its machine is gone the server may keep it for minutes. */
  Read,
  /** Writes; see {@link Endpoint#openToWrite}. */
  Write,
  /** Holds something that cannot be had again: it is never asked back. */
  Hold
}
