package dev.drover.worker.postgres.session;

import dev.drover.worker.session.SessionPermit;
import dev.drover.worker.session.SessionPermits;
import dev.drover.worker.session.SessionRequest;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Says whether its sessions were seen to end. */
final class CountedPermits implements SessionPermits {
  final List<Boolean> ends = new CopyOnWriteArrayList<>();

  @Override
  public SessionPermit take(SessionRequest request) {
    return new SessionPermit() {
      @Override
      public String applicationName() {
        return request.applicationName();
      }

      @Override
      public void ended(boolean certain) {
        ends.add(certain);
      }
    };
  }
}
