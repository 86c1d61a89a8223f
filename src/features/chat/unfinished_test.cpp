#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agents/agents.h"
#include "features/agents/running.h"
#include "features/chat/chat.h"
#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "features/searching/searching.h"
#include "models/test_rig.h"

namespace synap::features::language_models {
void add(const Rooms& rooms);
}  // namespace synap::features::language_models

namespace synap::features::chat {
namespace {

// Answers that do not come to their end. Tools are refused, since their key is none.
class Unfinished : public FeatureTest {
 protected:
  Unfinished()
      : FeatureTest([](const Rooms& rooms) {
          rooms.projections.add(api::Keys::projection());
          api::Keys::add_event_types(rooms.types);
          notes::add(rooms);
          agent_runs::add(rooms);
          add(rooms);
          language_models::add(rooms);
          searching::add(rooms);
        }) {}
  ~Unfinished() override { close(); }  // before the provider goes

  void open_with(models::Provider provider) {
    provider.url = llm.url();
    provider.model = "m";
    model_options.chat = {std::move(provider)};
    open();
  }
  static std::string call_of_search() {
    return R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1",)"
           R"("type":"function","function":{"name":"search_query","arguments":)"
           R"("{\"q\":\"garden\"}"}}]}}]})"
           "\n\n"
           R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"
           "\n\ndata: [DONE]\n\n";
  }
  /// How an answer begins that goes on for ever.
  static std::string part(std::string_view text) {
    const auto whole = models::sse(models::chat_answer(text));
    return whole.substr(0, whole.find("data: {\"choices\":[{\"index\":0,\"delta\":{},"));
  }
  Json begin() {
    auto sent = call("chat.send", Json::object({{"text", "?"}}));
    SYNAP_CHECK(sent.has_value());
    return *sent;
  }
  /// Until those who watch the run of this answer have seen so much of it.
  void wait_for_text(const Json& sent, std::string_view text) {
    const auto run = *Uuid::parse(sent.string_or("runId", ""));
    const auto use = rooms->agents->feeds().watch(run);
    auto wait = [&]() -> Task<void> {
      for (;;) {
        const auto seen = use.feed()->changes().value();
        agents::Feed::Place from;
        if (agents::answer_in(use.feed()->read(from), "answer") == text) co_return;
        co_await use.feed()->changes().wait_past(seen);
      }
    };
    sync_wait(executor, wait());
  }
  void stop(const Json& sent) {
    const auto run = call("agents.get", Json::object({{"id", sent.string_or("runId", "")}}));
    const auto id = *Uuid::parse(run->string_or("runId", ""));
    ASSERT_TRUE(sync_wait(executor, pool->cancel("ann", id, std::nullopt)));
    wait_until_idle();
  }
  Json::Array messages(const Json& sent) {
    const auto whole = call("chat.get", Json::object({{"id", sent.string_or("entityId", "")}}));
    return whole->find("messages")->as_array();
  }

  models::ScriptedProvider llm;
};

TEST_F(Unfinished, AnAnswerThatIsStoppedStaysAsFarAsItWasSeen) {
  Watermark left;
  llm.then(models::sse(call_of_search()));
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    wire.send(part("Half of it"));
    wire.wait_for_end();
    left.raise(1);
  });
  open_with({.name = "p"});
  const auto sent = begin();
  wait_for_text(sent, "Half of it");
  stop(sent);
  const auto all = messages(sent);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].string_or("text", ""), "Half of it");
  EXPECT_EQ(all[1].string_or("error", ""), "The answer was stopped");
  EXPECT_EQ(all[1].string_or("parentId", ""), sent.string_or("messageId", ""));
  EXPECT_EQ(all[1].string_or("runId", ""), sent.string_or("runId", ""));
  const auto& tools = all[1].find("tools")->as_array();
  ASSERT_EQ(tools.size(), 1U);
  EXPECT_EQ(tools[0].string_or("name", ""), "search.query");
  const auto run = call("agents.get", Json::object({{"id", sent.string_or("runId", "")}}));
  EXPECT_EQ(run->string_or("status", ""), "failed");
  // Nobody pays for what nobody reads.
  sync_wait(executor, [](Watermark& mark) -> Task<void> { co_await mark.wait_past(0); }(left));
}

TEST_F(Unfinished, OneThatIsStoppedBeforeAnythingWasSeenSaysSo) {
  Watermark asked;
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    asked.raise(1);
    wire.wait_for_end();
  });
  open_with({.name = "p"});
  const auto sent = begin();
  sync_wait(executor, [](Watermark& mark) -> Task<void> { co_await mark.wait_past(0); }(asked));
  stop(sent);
  const auto all = messages(sent);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].string_or("text", "-"), "");
  EXPECT_EQ(all[1].string_or("error", ""), "The answer was stopped");
}

TEST_F(Unfinished, AnAnswerThatItsProviderBreaksOffStaysAsFarAsItWasSeen) {
  // What cannot go away is not tried again.
  llm.then(part("Half of it") +
           R"(data: {"error":{"message":"too long","code":"context_length_exceeded"}})"
           "\n\n");
  open_with({.name = "p"});
  const auto sent = begin();
  wait_until_idle();
  const auto all = messages(sent);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].string_or("text", ""), "Half of it");
  EXPECT_NE(all[1].string_or("error", "").find("too long"), std::string::npos) << all[1].dump();
}

// As that of a run that was given up and is tried again.
TEST_F(Unfinished, WhatIsSaidInItsPlaceLaterIsTheAnswer) {
  llm.then(part("Half of it") +
           R"(data: {"error":{"message":"too long","code":"context_length_exceeded"}})"
           "\n\n");
  open_with({.name = "p"});
  const auto sent = begin();
  wait_until_idle();
  const auto broken_off = messages(sent);
  ASSERT_EQ(broken_off.size(), 2U);
  auto said = MessageCreated{.entity_id = std::string(sent.string_or("entityId", "")),
                             .message_id = std::string(broken_off[1].string_or("id", "")),
                             .role = "assistant",
                             .text = "All of it",
                             .parent_id = std::string(sent.string_or("messageId", ""))};
  events::Envelope envelope;
  envelope.user_id = "ann";
  envelope.aggregate_id = Uuid::parse(said.entity_id);
  envelope.aggregate_type = std::string(kThreadAggregate);
  events::Append append;
  append.events.push_back(*types.make(kMessageCreated, said, std::move(envelope)));
  ASSERT_TRUE(sync_wait(executor, log->append(std::move(append))));
  const auto all = messages(sent);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].string_or("text", ""), "All of it");
  EXPECT_EQ(all[1].string_or("error", "none"), "none");
}

}  // namespace
}  // namespace synap::features::chat
