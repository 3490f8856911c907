package dev.drover.worker.session;

/** What a session is opened for, by which follows whether others may have it. */
public enum SessionUse {
  /** Work in pieces: between two of them the session can be given up. */
  Work,
  /**
   * Holds or does something that cannot be had again, or only after long: it is never asked back,
   * and asks the server nothing for others.
   */
  Hold
}
