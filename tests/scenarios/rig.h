// Rig: database, log, bus and workers as a pod has them, on a directory of its own, without the
// outside. Scenarios drive it with lines of text and read what it shows.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "script_handler.h"
#include "workers/engine.h"

namespace synap::scenarios {

class Rig {
 public:
  Rig();
  ~Rig();

  /// Does what the command says; what it answers, each line ended. The functions
  /// below say what there is.
  std::string command(const std::string& line);

 private:
  struct FunctionLine {
    std::string id;
    std::string type;
    int retries = 4;
    std::int64_t delay_ms = 1;
    bool in_aggregate_order = false;
    bool fulfills = false;
    std::string script;
  };
  struct Parts;

  std::string function(const std::string& line);
  std::string append(const std::vector<std::string>& words);
  std::string until(const std::vector<std::string>& words);
  std::string pass_time();
  std::string retry(const std::vector<std::string>& words);
  std::string show();
  void open();
  Uuid id_of(const std::string& label);
  std::string label_of(const std::optional<Uuid>& id) const;
  bool is_reached(const std::vector<std::string>& words);

  test::TempDirectory directory_;
  World world_;
  std::map<std::string, Uuid> ids_;
  std::map<Uuid, std::string> labels_;
  std::vector<FunctionLine> functions_;
  int requests_ = 0;
  ThreadExecutor executor_{"scenario"};
  std::unique_ptr<Parts> parts_;
};

}  // namespace synap::scenarios
