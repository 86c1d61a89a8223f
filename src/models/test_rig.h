// A provider that says what a test wants, and models that ask it, over a store of their own.
// Included by tests only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "base/test_support.h"
#include "events/test_store.h"
#include "models/models.h"
#include "outbound/test_server.h"
#include "projections/projections.h"
#include "workers/engine.h"

namespace synap::models {

/// An answer of the chat wire: whole, as a stream.
inline std::string chat_answer(std::string_view text, int input = 10, int output = 5) {
  return R"(data: {"model":"m-1","choices":[{"index":0,"delta":{"content":")" + std::string(text) +
         "\"}}]}\n\n"
         R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
         "\n\n"
         R"(data: {"choices":[],"usage":{"prompt_tokens":)" +
         std::to_string(input) + R"(,"completion_tokens":)" + std::to_string(output) +
         "}}\n\ndata: [DONE]\n\n";
}
inline std::string sse(std::string_view body) {
  return outbound::answer(200, body, "content-type: text/event-stream\r\n");
}

/// Answers requests with what it was told, one after another; the last one again and again.
class ScriptedProvider {
 public:
  using Step = std::function<void(outbound::Wire&, const outbound::Seen&)>;

  void then(std::string bytes) {
    then([bytes = std::move(bytes)](outbound::Wire& wire, const outbound::Seen&) {
      wire.send(bytes);
    });
  }
  /// A connection that ends behind these bytes.
  void then_cut(std::string bytes) {
    then([bytes = std::move(bytes)](outbound::Wire& wire, const outbound::Seen&) {
      wire.send(bytes);
      wire.close();
    });
  }
  void then(Step step) {
    const std::lock_guard lock(mutex_);
    steps_.push_back(std::move(step));
  }
  std::size_t asked() const { return server_.seen().size(); }
  outbound::Seen seen(std::size_t at) const { return server_.seen().at(at); }
  std::string url() const { return server_.url("/v1"); }

 private:
  void serve(outbound::Wire& wire, const outbound::Seen& seen) {
    Step step;
    {
      const std::lock_guard lock(mutex_);
      if (steps_.empty()) return wire.close();
      step = steps_.front();
      if (steps_.size() > 1) steps_.pop_front();
    }
    step(wire, seen);
  }

  std::mutex mutex_;
  std::deque<Step> steps_;
  outbound::TestServer server_{
      [this](outbound::Wire& wire, const outbound::Seen& seen) { serve(wire, seen); }};
};

class ModelsRig : public testing::Test {
 protected:
  ~ModelsRig() override { close(); }

  Provider chat(const ScriptedProvider& provider) {
    return {.name = "p",
            .url = provider.url(),
            .model = "m",
            .key = "sk-secret-0123456789",
            .price = {.input = 1, .output = 2},
            .retries = 0,
            .tokens_max = 100};
  }

  void open(Options options, std::vector<std::string> allowed = {"127.0.0.1"}) {
    close();
    auto opened = store->open({projections::Projections::migrations(),
                               workers::Engine::migrations(), Account::migrations()});
    database = std::move(opened.database);
    log = std::move(opened.log);
    types = events::EventTypes(world);
    types.add(kModelCalled, "");
    projections = std::make_unique<projections::Projections>(*database, *log, types);
    projections->add(usage_projection());
    projections->add(chains_projection());
    add_more();
    ASSERT_TRUE(projections->prepare());
    models = std::make_unique<Models>(std::move(options), *outbound::Policy::public_only(allowed),
                                      Account::Rooms{*database, *log, types, world}, [this] {
                                        return refuse_to_send ? refuse_to_send() : std::nullopt;
                                      });
    models->account().start();
  }
  /// Why nothing is to be sent, if a test has a reason.
  std::function<std::optional<Error>()> refuse_to_send = nullptr;
  /// Types and read models of a test's own.
  virtual void add_more() {}
  /// What is under way is left as a kill leaves it: nothing is settled any more.
  void close() {
    if (models == nullptr) return;
    models->account().stop();
    models.reset();
    projections->stop();
    projections.reset();
    database->close();
    log.reset();
    database.reset();
  }

  static Ask ask(std::string text = "hello") {
    Ask ask;
    ask.messages.emplace_back();
    ask.messages.back().role = "user";
    ask.messages.back().text = std::move(text);
    return ask;
  }
  static Caller caller(std::string user = "ann", std::string key = "k1") {
    Caller caller;
    caller.envelope.user_id = std::move(user);
    if (!key.empty()) caller.envelope.actor = events::Actor::key(std::move(key));
    return caller;
  }
  Result<Answer> generate(Ask asked, Caller whose = caller()) {
    return sync_wait(executor, models->generate(std::move(whose), std::move(asked)));
  }
  /// What model.called said so far.
  std::vector<ModelCall> calls() {
    auto page = sync_wait(executor, log->read(events::Tenancy::whole_pod(),
                                              {.types = {std::string(kModelCalled.name)}}));
    std::vector<ModelCall> all;
    for (const auto& event : page->events) all.push_back(**data_of(*event, kModelCalled));
    return all;
  }
  std::int64_t count(std::string_view sql) {
    return *test::run(executor, [&] {
      return database->read([&](db::Tx& tx) {
        auto rows = tx.query(sql);
        return rows.next() ? rows.integer(0) : -1;
      });
    });
  }

  World& world = real_world();
  std::unique_ptr<events::TestStore> store = events::TestStore::make();
  ThreadExecutor executor{"test"};
  events::EventTypes types;
  std::unique_ptr<db::Engine> database;
  std::unique_ptr<events::EventLog> log;
  std::unique_ptr<projections::Projections> projections;
  std::unique_ptr<Models> models;
};

}  // namespace synap::models
