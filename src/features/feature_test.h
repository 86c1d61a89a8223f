// What the tests of features share. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>

#include "base/test_support.h"
#include "base/timer.h"
#include "content/local/local_store.h"
#include "events/test_store.h"
#include "features/checkpoints/checkpoints.h"
#include "features/rooms.h"
#include "models/models.h"
#include "search/search.h"
#include "workers/engine.h"

namespace synap::features {

// The actors of these tests have no keys of their own.
class EverybodyMay final : public api::Authority {
 public:
  /// `keys`: know of events because of which somebody acts; null: nobody does.
  explicit EverybodyMay(const api::Keys* keys = nullptr) : keys_(keys) {}
  Result<> check(const api::Actor&) const override { return {}; }
  Result<> admit(const api::Actor&) const override { return {}; }
  Task<Result<events::EventRef>> cause(const api::Actor& actor, Uuid event_id) const override {
    return keys_ != nullptr ? keys_->cause(actor, event_id)
                            : api::Authority::cause(actor, event_id);
  }

 private:
  const api::Keys* keys_;
};
inline const EverybodyMay kEverybodyMay;

// A store that can be told to refuse, or to let puts wait.
class BreakableStore final : public content::ContentStore {
 public:
  explicit BreakableStore(std::unique_ptr<content::ContentStore> store)
      : store_(std::move(store)) {}
  Task<Result<content::Stored>> put(content::ContentKey key, std::string bytes) override {
    if (is_held) co_await released.wait_past(0, {});
    if (is_broken) co_return fail(Code::kPreconditionFailed, "the store is broken");
    co_return co_await store_->put(std::move(key), std::move(bytes));
  }
  Task<Result<content::Stored>> put(content::ContentKey key, content::Chunks chunks) override {
    return store_->put(key, std::move(chunks));
  }
  Task<Result<std::string>> get(content::ContentKey key) override { return store_->get(key); }
  Task<Result<std::string>> get(content::ContentKey key, content::Range range) override {
    return store_->get(key, range);
  }
  content::Chunks read(content::ContentKey key, content::Range range) override {
    return store_->read(key, range);
  }
  Task<Result<std::int64_t>> size(content::ContentKey key) override { return store_->size(key); }
  Task<Result<content::Page>> list(content::Listing listing) override {
    return store_->list(listing);
  }
  Task<Result<>> remove(content::ContentKey key) override { return store_->remove(key); }

  std::atomic<bool> is_broken = false;
  std::atomic<bool> is_held = false;
  Watermark released;  // raised: puts that were held go on

 private:
  std::unique_ptr<content::ContentStore> store_;
};

/// A pod without its edge: features are registered and called as procedures, by any user.
class FeatureTest : public testing::Test {
 protected:
  /// `add` registers the features under test; it may be called again, as at the next start.
  explicit FeatureTest(std::function<void(const Rooms&)> add,
                       std::optional<search::MeaningOptions> meaning = {})
      : meaning_(std::move(meaning)), add_(std::move(add)) {
    open();
  }

  void open() {
    close();
    auto opened = store->open({projections::Projections::migrations(),
                               workers::Engine::migrations(), api::Keys::migrations(),
                               models::Account::migrations(), checkpoints::migrations()});
    database = std::move(opened.database);
    log = std::move(opened.log);
    content = std::make_unique<BreakableStore>(
        std::move(*content::LocalStore::open(directory.path() + "/content")));
    projections = std::make_unique<projections::Projections>(*database, *log, types);
    engine.emplace(*database, *log, types);
    pool = engine->pool.get();
    keys = std::make_unique<api::Keys>(*database, *log, types);
    everybody_.emplace(keys.get());
    search = std::make_unique<search::Search>(
        search::Rooms{*database, *log, *content, real_world()}, directory.path() + "/search",
        meaning_, store->open_aside());
    search->lead();
    models = std::make_unique<models::Models>(
        model_options, *outbound::Policy::public_only({"127.0.0.1"}),
        models::Account::Rooms{*database, *log, types, real_world()});
    rooms = std::make_unique<Rooms>(Rooms{*database, *log, types, *projections, *content, *pool,
                                          engine->control, engine->replays, procedures, *keys,
                                          *search, *models});
    add_(*rooms);
    SYNAP_CHECK(projections->prepare().has_value());
    SYNAP_CHECK(engine->start().has_value());
    projections->start();
  }
  ~FeatureTest() override { close(); }

  void close() {
    if (rooms == nullptr) return;
    pool->stop(std::chrono::seconds(30));
    projections->stop();
    search->stop();
    models->account().stop();
    rooms.reset();
    models.reset();
    search.reset();
    everybody_.reset();
    keys.reset();
    engine.reset();
    projections.reset();
    log.reset();
    content.reset();
    database.reset();
    types = {};
    procedures = {};
  }

  Result<Json> call(std::string_view path, Json asked, std::string user = "ann",
                    std::string header_key = "") {
    const auto* procedure = procedures.find(path);
    SYNAP_CHECK(procedure != nullptr, path);
    if (procedure->kind == rpc::Kind::kQuery) wait_for_followers();
    auto context = std::make_shared<api::CallContext>(*everybody_);
    context->actor = api::Actor::of_key(std::move(user), api::Role::kMember, "key");
    context->idempotency_key = std::move(header_key);
    context->reason = reason;
    rpc::Call request{.context = context, .input = {.json = std::move(asked)}};
    auto reply = sync_wait(executor, procedure->handler(std::move(request)));
    if (!reply) return fail(reply.error());
    return parse_json(*std::get<rpc::Text>(*reply));
  }
  /// The answer, once what it promised has ended.
  Result<Json> done(std::string_view path, Json asked, std::string user = "ann") {
    auto accepted = call(path, std::move(asked), std::move(user));
    if (accepted) wait_until_idle();
    return accepted;
  }
  // A list waits for the counts of its user's own events for so long only; on a busy machine that
  // may be too short, and these tests are not about it.
  void wait_for_followers() {
    for (const auto& each : projections->progress()) {
      if (each.lag > 0) sync_wait(executor, projections->settled(std::string(each.name)));
    }
    SYNAP_CHECK(test::wait_until(executor, projections->changes(), [this] {
      const auto all = projections->progress();
      return std::ranges::all_of(all,
                                 [](const auto& each) { return each.lag == 0 || each.is_stopped; });
    }));
  }
  // Every run ends with a commit: so whenever there was one, look again. What a commit has appended
  // is read a moment before those who follow the log are told of it.
  void wait_until_idle() {
    auto idle = [this]() -> Task<void> {
      for (;;) {
        const auto commits = database->commits().value();
        const auto jobs = co_await database->read([](db::Tx& tx) {
          auto rows = tx.query("SELECT count(*) FROM jobs");
          return rows.next() ? rows.integer(0) : -1;
        });
        if (*jobs == 0) break;
        co_await database->commits().wait_past(commits);
      }
      const auto head = co_await log->head();
      co_await log->end().wait_past(head->position - 1);
    };
    sync_wait(executor, idle());
  }
  static Json input(const std::string& id, Json::Object more = {}) {
    Json made = Json::object({{"id", id}});
    for (auto& [key, value] : more) made.set(key, std::move(value));
    return made;
  }
  static std::int64_t actual_version(const Error& error) {
    const Json* actual = error.details ? error.details->find("actualVersion") : nullptr;
    return actual != nullptr ? actual->as_integer() : -1;
  }
  std::string status(const Json& accepted) {
    return call("requests.get", Json::object({{"requestId", *accepted.find("requestId")}}))
        ->find("status")
        ->as_string();
  }

  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  std::unique_ptr<events::TestStore> store = events::TestStore::make();
  std::unique_ptr<db::Engine> database;
  std::unique_ptr<events::EventLog> log;
  std::unique_ptr<BreakableStore> content;
  events::EventTypes types;
  rpc::ProcedureTable procedures;
  std::unique_ptr<projections::Projections> projections;
  std::optional<workers::Engine> engine;
  workers::WorkerPool* pool = nullptr;  // of the engine
  std::unique_ptr<api::Keys> keys;
  std::unique_ptr<search::Search> search;  // not started, but by tests of it
  models::Options model_options;           // for the next open()
  std::string reason;                      // that callers give; empty: none
  std::unique_ptr<models::Models> models;  // not started, but by tests of it
  std::unique_ptr<Rooms> rooms;

 private:
  const std::optional<search::MeaningOptions> meaning_;
  std::function<void(const Rooms&)> add_;
  std::optional<EverybodyMay> everybody_;
};

}  // namespace synap::features
