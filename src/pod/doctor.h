// Doctor: quick looks at a running pod from within, each with what to do where something is wrong.
// What it takes to look deeper (files, indexes, checksums) `synap doctor` does beside it.
#pragma once

#include <string>
#include <vector>

#include "api/keys.h"
#include "base/task.h"
#include "base/world.h"
#include "content/store.h"
#include "db/engine.h"
#include "events/log.h"
#include "pod/data_directory.h"
#include "pod/inngest_bus.h"
#include "pod/readiness.h"
#include "projections/projections.h"
#include "search/search.h"

namespace synap::pod {

/// What one look has found.
struct Check {
  enum class Status : std::uint8_t { kOk, kWarn, kFail };
  std::string name;  // "disk"
  Status status = Status::kOk;
  std::string message;      // a sentence
  std::string advice = {};  // what to do; empty: nothing
};
std::string_view check_status_name(Check::Status status);  // "ok"

class Doctor {
 public:
  /// All must outlive it, and those who await examine().
  struct Patient {
    Readiness& readiness;
    db::Engine& database;
    events::EventLog& log;
    const projections::Projections& projections;
    search::Search& search;
    const DataDirectory& directory;
    api::Keys& keys;
    std::int64_t disk_free_bytes_min = 0;
    bool is_dev = false;        // settings: dev
    bool guards_agents = true;  // settings: agent_guard
    World& world = real_world();
    content::ContentStore* content = nullptr;
    /// Where content is, if that is not the data directory; "": there.
    std::string content_place = {};
    /// If there is an Inngest server; made behind the doctor.
    const std::unique_ptr<InngestBus>* inngest_bus = nullptr;
    /// If there was one and is none any more: events that wait for it.
    std::int64_t left_to_inngest = 0;
  };
  explicit Doctor(Patient patient) : patient_(patient) {}

  /// Any thread. `user_id`: whose keys are looked at. Each check is a look at memory, a file's mode
  /// or few rows, and in a bucket an object that comes and goes; one that cannot be made has
  /// failed.
  Task<std::vector<Check>> examine(std::string user_id);

 private:
  Task<Check> ready();
  Task<Check> content_store();
  Check disk() const;
  Check permissions() const;
  Check read_models() const;
  Check words() const;
  Task<Check> meanings(std::string user_id) const;
  Task<std::string> foreign(std::string user_id, std::string_view only_language) const;
  Task<Check> dead_letters();
  static Check wal(const db::LogOfChanges& log);
  Check mode() const;
  Check agent_guard() const;
  Check inngest_server() const;
  Task<Check> clock();
  Task<Check> expiring_keys(std::string user_id);

  Patient patient_;
};

}  // namespace synap::pod
