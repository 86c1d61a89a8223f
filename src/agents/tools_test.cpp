// The tools by which a model finds what else the table has, and calls it.
#include <gmock/gmock.h>

#include <latch>

#include "agents/graph_test.h"

namespace synap::agents {
namespace {

using models::chat_answer;
using models::sse;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class WholeTable : public GraphTest {
 protected:
  WholeTable() {
    tools = {"items.list", std::string(Tools::kAll)};
    make_tool_graph();
  }
  void add_procedures() override {
    const auto add = [this](const char* path, rpc::Meta meta) {
      meta.summary = "Takes a sum away.";
      meta.effects = rpc::Effects::kDestroys;
      api::add_untyped(table, path, rpc::Kind::kMutation, std::move(meta), schema_of<Adding>(),
                       any(), [this, path](api::Session, Json) -> Task<Result<std::string>> {
                         sent.push_back(path);
                         co_return R"({"status":"completed"})";
                       });
    };
    add("sums.remove", {.may_be_proposed = true, .reach = rpc::Reach::kPod});
    add("sums.erase", {.reach = rpc::Reach::kPod});
    add("sums.forget", {.may_be_proposed = true});
    api::add_query<void, Items>(
        table, "items.secrets",
        {.summary = "Items.", .access = rpc::Access::kOwner, .reach = rpc::Reach::kPod},
        [this](api::Session) -> Task<Result<Items>> { co_return Items{items}; });
  }
  void say_call(std::string_view arguments) { llm.then(answer_with_call(Tools::kCall, arguments)); }
  /// What the model is told in a run in which it says this one after another.
  std::vector<std::string> told(const std::vector<std::string>& scopes = {"*"}) {
    llm.then(sse(chat_answer("done")));
    start();
    const auto id = ask_for_run(Json::object(), std::nullopt, scopes);
    wait_for(id, "completed");
    return output_of(id).found;
  }
  static std::vector<std::string> names_in(const std::string& answer) {
    std::vector<std::string> names;
    const auto json = parse_json(answer);
    const Json* all = json ? json->find("procedures") : nullptr;
    EXPECT_NE(all, nullptr) << answer;
    if (all == nullptr) return names;
    for (const auto& one : all->as_array()) names.emplace_back(one.string_or("name", ""));
    return names;
  }
};

TEST_F(WholeTable, IsSearchedByWordsWithinWhatTheKeyMay) {
  llm.then(answer_with_call(Tools::kFind, R"({"q":"Which sum do I SET?"})"));
  llm.then(answer_with_call(Tools::kFind, "{}"));
  const auto all = told({"sums:write"});
  EXPECT_THAT(llm.seen(0).body, Not(HasSubstr("items_list"))) << "the key may not read items";
  EXPECT_THAT(names_in(all.at(0)), ElementsAre("sums.set", "sums.add", "sums.remove"));
  EXPECT_THAT(all[0], HasSubstr(R"("number")")) << "their input";
  EXPECT_THAT(names_in(all.at(1)), ElementsAre("sums.add", "sums.remove", "sums.set"));
  EXPECT_THAT(all[1], Not(HasSubstr(R"("number")")));
}

TEST_F(WholeTable, OfWhichNothingIsAllowedIsNotOffered) {
  EXPECT_THAT(told({"other:read"}), IsEmpty());
  EXPECT_THAT(llm.seen(0).body, Not(HasSubstr(std::string(Tools::kFind))));
}

TEST_F(WholeTable, IsCalledAsTheProcedureItself) {
  std::latch is_watched(1);
  llm.then([&](outbound::Wire& wire, const outbound::Seen&) {
    is_watched.wait();
    wire.send(answer_with_call(Tools::kCall,
                               R"({"name":"sums.set","input":{"number":4},"reason":"it is so"})"));
  });
  llm.then(answer_with_call(Tools::kCall, R"({"name":"sums.add","input":{"number":3}})"));
  llm.then(sse(chat_answer("done")));
  start();
  const auto id = ask_for_run();
  const auto watched = agents->feeds().watch(id);
  is_watched.count_down();
  wait_for(id, "completed");
  EXPECT_EQ(sum, 7);
  EXPECT_THAT(reasons, ElementsAre("it is so"));
  ASSERT_EQ(actors.size(), 1U);
  EXPECT_EQ(actors[0].recorded.kind, events::Actor::Kind::kAgent);
  EXPECT_FALSE(keys.at(0).empty());
  std::vector<std::string> called;
  Feed::Place place;
  for (const auto& entry : watched.feed()->read(place)) {
    if (entry.kind == FeedEntry::Kind::kTool) called.push_back(entry.name + entry.text);
    if (entry.kind == FeedEntry::Kind::kResult) called.push_back(entry.name);
  }
  EXPECT_THAT(called, ElementsAre(R"(sums.set{"number":4,"reason":"it is so"})", "sums.set",
                                  R"(sums.add{"number":3})", "sums.add"));
}

TEST_F(WholeTable, IsUnderTheSameGuardAsOtherTools) {
  say_call(R"({"name":"items.list","input":{}})");
  say_call(R"({"name":"sums.set","input":{"number":4}})");
  say_call(R"({"name":"sums.add","input":{"number":4}})");
  say_call(R"({"name":"web.post","input":{"number":4}})");
  say_call(R"({"name":"web.fetch","input":{"number":4}})");
  say_call(std::string(R"({"name":"sums.set","input":{"number":5},"sources":[")") + kNotRead +
           "\"]}");
  const auto all = told();
  EXPECT_EQ(sum, 0);
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_THAT(authority.proposed,
              ElementsAre(R"(sums.set{"number":4})", R"(web.post{"number":4})"));
  EXPECT_THAT(authority.reasons.at(0), HasSubstr("after it had read what was stored"));
  ASSERT_EQ(all.size(), 6U);
  EXPECT_THAT(all[2], HasSubstr("is nothing that can be proposed"));
  EXPECT_THAT(all[4], HasSubstr("reaches others than the pod"));
  EXPECT_THAT(all[5], HasSubstr("is nothing that this run has read"));
}

TEST_F(WholeTable, WhatDestroysIsProposedInAnyCase) {
  guard = Guard::kOff;
  say_call(R"({"name":"sums.remove","input":{"number":4}})");
  say_call(R"({"name":"sums.set","input":{"number":4}})");
  told();
  EXPECT_EQ(sum, 4);
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_THAT(authority.proposed, ElementsAre(R"(sums.remove{"number":4})"));
  EXPECT_THAT(authority.reasons, ElementsAre("The agent test asked for it"));
}

TEST_F(WholeTable, HasNothingThatAnAgentMayNotHave) {
  for (const auto* name : {"sums.erase", "sums.forget", "items.secrets", "no.such", "sums_set"}) {
    say_call(std::string(R"({"name":")") + name + R"(","input":{"number":4}})");
  }
  const auto all = told();
  ASSERT_EQ(all.size(), 5U);
  for (const auto& text : all) EXPECT_THAT(text, StartsWith("There is no tool ")) << text;
  EXPECT_EQ(sum, 0);
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(WholeTable, SaysWhatACallIsThatMakesNoSense) {
  for (const auto* arguments :
       {R"({"name":"sums.set"})", R"({"name":"sums.set","number":4,"input":{}})",
        R"({"input":{"number":4}})", R"({"name":"sums.set","input":"{}"})"}) {
    say_call(arguments);
  }
  say_call(R"({"name":"sums.set","input":{"colour":"red"}})");
  const auto all = told();
  ASSERT_EQ(all.size(), 5U);
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(all[static_cast<std::size_t>(i)], HasSubstr("procedures_call takes name")) << i;
  }
  EXPECT_THAT(all[4], HasSubstr("number"));
  EXPECT_EQ(sum, 0);
}

TEST_F(GraphTest, WhatIsNotToldByTheTableIsNoToolOfAnAgentWithoutIt) {
  make_tool_graph();
  llm.then(answer_with_call(Tools::kCall, R"({"name":"sums.set","input":{"number":4}})"));
  llm.then(answer_with_call(Tools::kFind, "{}"));
  llm.then(sse(chat_answer("done")));
  start();
  const auto id = ask_for_run();
  wait_for(id, "completed");
  EXPECT_EQ(sum, 0);
  for (const auto& text : output_of(id).found) EXPECT_THAT(text, StartsWith("There is no tool"));
}

}  // namespace
}  // namespace synap::agents
