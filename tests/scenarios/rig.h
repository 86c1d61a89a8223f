// Rig: database, log, bus and workers as a pod has them, on a store of its own, without what is
// outside. Scenarios drive it with lines of text and read what it shows.
//
// Its time is the machine's, or, after `clock`, one that a scenario moves (`pass 10s`). That one
// goes on by itself only while the scenario waits for something (`until`): a second is far more
// than any wait takes, and what a scenario tells apart is seconds away from each other.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/manual_world.h"
#include "base/test_support.h"
#include "events/test_store.h"
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
  struct Parts;
  using Words = std::vector<std::string>;

  std::string function(const std::string& line);
  std::string remove(const Words& words);
  std::string append(const Words& words);
  std::string signal(const Words& words);
  std::string until(const Words& words);
  std::string pass(const Words& words);
  std::string pass_time();
  std::string crash();
  std::string crash_at_halts(const Words& words);
  std::string stop();
  std::string retry(const Words& words);
  std::string cancel(const Words& words);
  std::string pause(const Words& words);
  std::string rerun(const Words& words);
  std::string discard(const Words& words);
  std::string sweep(const Words& words);
  std::string counts();
  std::string show();
  std::string events_text();
  static std::vector<db::Database::Migration> tables();
  void open();
  void put(const std::string& line);
  synap::World& time();
  std::string append_batch(events::Append batch);
  Uuid id_of(const std::string& label);
  std::string label_of(const std::optional<Uuid>& id) const;
  Uuid run_id(const std::string& number);
  bool is_reached(const Words& words);

  std::unique_ptr<events::TestStore> store_ = events::TestStore::make();
  std::optional<ManualWorld> clock_;
  World world_;
  std::map<std::string, Uuid> ids_;
  std::map<Uuid, std::string> labels_;
  std::map<Uuid, std::int64_t> positions_;  // of events that were shown, for memos that name one
  std::vector<std::pair<std::string, std::string>> functions_;  // ids, and their lines
  int requests_ = 0;
  ThreadExecutor executor_{"scenario"};
  std::unique_ptr<Parts> parts_;
};

}  // namespace synap::scenarios
