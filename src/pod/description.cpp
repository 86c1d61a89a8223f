#include "pod/description.h"

#include "base/check.h"
#include "base/log.h"
#include "inngest/procedures.h"
#include "models/models.h"
#include "pod/features.h"
#include "pod/log_procedures.h"
#include "pod/node_procedures.h"
#include "pod/self_procedures.h"
#include "search/search.h"
#include "workers/engine.h"

namespace synap::pod {
namespace {

// Features register against the same rooms as in a running pod, so that what is described cannot
// differ from what runs. These three stand for the rooms that would have to be opened: whoever
// uses them has done more than to register.

[[noreturn]] void used(std::string_view what) {
  check_failed(__FILE__, __LINE__, "a feature must not use its rooms while it registers", what);
}

class NoDatabase final : public db::Database {
 public:
 protected:
  Result<> run_migrations(const std::vector<Migration>&, const std::vector<Retired>&) override {
    used("Database::migrate");
  }
  void submit(Operation*) override { used("Database::read or write"); }
  void withdraw(Operation*) override { used("Database::read or write"); }
};

class NoEventLog final : public events::EventLog {
 public:
  events::Appended append(db::Tx&, const events::Append&) override { used("EventLog::append"); }
  Task<Result<events::Appended>> append(events::Append) override { used("EventLog::append"); }
  Task<Result<events::Page>> read(events::Tenancy, events::Filter) override {
    used("EventLog::read");
  }
  Task<Result<std::vector<events::EventRef>>> read_stream(events::Tenancy, Uuid, std::int64_t,
                                                          int) override {
    used("EventLog::read_stream");
  }
  Task<Result<events::EventRef>> find(events::Tenancy, Uuid) override { used("EventLog::find"); }
  Task<Result<events::EventRef>> at(std::int64_t) override { used("EventLog::at"); }
  events::Page read(db::Tx&, const events::Filter&) override { used("EventLog::read"); }
  events::Head head(db::Tx&) override { used("EventLog::head"); }
  events::EventRef newest(db::Tx&, const events::Tenancy&, const Uuid&) override {
    used("EventLog::newest");
  }
  // To observe is to register.
  void observe(Observer) override {}
  Task<Result<events::Head>> head() override { used("EventLog::head"); }
  Task<Result<events::Verification>> verify(std::int64_t, int) override {
    used("EventLog::verify");
  }
  Watermark& end() override { used("EventLog::end"); }
};

class NoContent final : public content::ContentStore {
 public:
  Task<Result<content::Stored>> put(content::ContentKey, std::string) override {
    used("ContentStore::put");
  }
  Task<Result<content::Stored>> put(content::ContentKey, content::Chunks) override {
    used("ContentStore::put");
  }
  Task<Result<std::string>> get(content::ContentKey) override { used("ContentStore::get"); }
  Task<Result<std::string>> get(content::ContentKey, content::Range) override {
    used("ContentStore::get");
  }
  content::Chunks read(content::ContentKey, content::Range) override { used("ContentStore::read"); }
  Task<Result<std::int64_t>> size(content::ContentKey) override { used("ContentStore::size"); }
  Task<Result<content::Page>> list(content::Listing) override { used("ContentStore::list"); }
  Task<Result<>> remove(content::ContentKey) override { used("ContentStore::remove"); }
};

}  // namespace

// In the order of Pod::Parts; the workers are never started.
struct Description::Parts {
  NoDatabase database;
  NoEventLog log;
  NoContent content;
  events::EventTypes types;
  rpc::ProcedureTable procedures;
  projections::Projections projections{database, log, types};
  workers::Engine engine{database, log, types};
  api::Keys keys{database, log, types};
  search::Search search{{database, log, content, real_world()}, ""};
  models::Models models{{}, *outbound::Policy::public_only(), {database, log, types, real_world()}};
  features::Rooms rooms{database,   log,          types,          projections,
                        content,    *engine.pool, engine.control, engine.replays,
                        procedures, keys,         search,         models};
};

Description::Description() : parts_(std::make_unique<Parts>()) {
  add_features(parts_->rooms);
  add_self_procedures(parts_->procedures, {});
  inngest::add_procedures(parts_->procedures, {});
  add_node_procedures(parts_->procedures, nullptr, parts_->projections);
  add_log_procedures(parts_->procedures, recent_lines(), "");
}

Description::~Description() = default;

const rpc::ProcedureTable& Description::procedures() const {
  return parts_->procedures;
}

const events::EventTypes& Description::types() const {
  return parts_->types;
}

const agents::Agents& Description::agents() const {
  return *parts_->rooms.agents;
}

}  // namespace synap::pod
