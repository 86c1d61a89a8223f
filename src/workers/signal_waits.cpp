#include "workers/signal_waits.h"

#include "base/json.h"
#include "bus/function_events.h"

namespace synap::workers {

// Waits follow the log behind it (event_waits.h): by the row alone a second signal, which the run
// will never see, could not be told from the first.
std::optional<Uuid> take_signal_wait(db::Tx& tx, const std::string& user_id,
                                     const std::string& signal) {
  const auto value = Json(signal).dump();
  std::optional<Uuid> run;
  std::string step;
  {
    auto rows = tx.query(
        "SELECT run, step FROM waits_data WHERE user_id = $1 AND type = $2 AND path = "
        "'data.signal' AND value = $3 AND is_taken = 0 LIMIT 1",
        user_id, bus::kSignalSent.name, value);
    if (!rows.next()) return std::nullopt;
    run = rows.uuid(0);
    step = rows.text(1);
  }
  tx.run("UPDATE waits_data SET is_taken = 1 WHERE run = $1 AND step = $2", *run, db::Blob{step});
  return run;
}

}  // namespace synap::workers
