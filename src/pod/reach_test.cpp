// What the agents of a pod may call, and whom they reach beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "agents/agents.h"
#include "base/test_support.h"
#include "pod/description.h"

namespace synap::pod {
namespace {

using agents::Tools;
using testing::HasSubstr;
using testing::Not;

// Those that a path of an agent stands for.
std::vector<const rpc::Procedure*> procedures_of(const Description& description,
                                                 const std::string& path) {
  if (path != Tools::kAll) return {description.procedures().find(path)};
  std::vector<const rpc::Procedure*> all;
  for (const auto* one : description.procedures().all()) {
    if (Tools::is_of_all(*one)) all.push_back(one);
  }
  return all;
}

// Where one is to have a way out, a list of the hosts that it may reach belongs to it, which is
// enforced where the call is made (outbound::Policy): docs/agents.md says that there is none.
TEST(Reach, NoAgentHasAWayOut) {
  const Description description;
  int tools = 0;
  for (const auto* agent : description.agents().all()) {
    for (const auto& path : agent->tools) {
      for (const auto* procedure : procedures_of(description, path)) {
        ASSERT_NE(procedure, nullptr) << path;
        EXPECT_EQ(procedure->meta.reach, rpc::Reach::kPod)
            << agent->name << " calls " << procedure->path;
        ++tools;
      }
    }
  }
  EXPECT_GE(tools, 60);
}

// Rights, secrets, other agents, and what decides on what an agent has asked for are a person's.
TEST(Reach, NoAgentGivesRightsOrDecidesOnAgents) {
  const Description description;
  std::set<std::string> rooms;
  for (const auto* one : procedures_of(description, std::string(Tools::kAll))) {
    rooms.insert(one->path.substr(0, one->path.find('.')));
    const bool is_of_proposals = one->path.starts_with("proposals.");
    const bool is_of_chat = one->path.starts_with("chat.");
    if (is_of_proposals || is_of_chat) EXPECT_EQ(one->kind, rpc::Kind::kQuery) << one->path;
  }
  for (const auto* none : {"agents", "apps", "keys", "nodes", "pod", "sessions", "users"}) {
    EXPECT_FALSE(rooms.contains(none)) << none;
  }
  for (const auto* one :
       {"notes", "tasks", "projects", "relations", "entities", "tags", "events"}) {
    EXPECT_TRUE(rooms.contains(one)) << one;
  }
}

// Whose reads are all in the table, as docs/agents.md says ("The table of procedures").
TEST(Reach, AnAgentOfAllReadsWhatTheDocsName) {
  const Description description;
  const std::set<std::string> rooms = {
      "notes",  "tasks", "projects", "entities",  "entityTypes", "relations", "tags",      "events",
      "search", "chat",  "requests", "proposals", "runs",        "functions", "eventTypes"};
  // Whatever else one of these reads, it is told here why no agent does.
  const std::set<std::string> left_out = {
      "notes.getById",  // notes.get by its former name
      "notes.url",      // a secret: whoever has the URL has the text, without a key
  };
  int reads = 0;
  for (const auto* one : description.procedures().all()) {
    if (one->kind != rpc::Kind::kQuery) continue;
    if (!rooms.contains(one->path.substr(0, one->path.find('.')))) continue;
    EXPECT_EQ(Tools::is_of_all(*one), !left_out.contains(one->path)) << one->path;
    ++reads;
  }
  EXPECT_GT(reads, 35);
}

class NoAuthority final : public api::Authority {
 public:
  Result<> check(const api::Actor&) const override { return {}; }
  Result<> admit(const api::Actor&) const override { return {}; }
};

TEST(Reach, AModelIsToldWhatItLooksForInFewBytes) {
  const Description description;
  const NoAuthority authority;
  const Tools tools(description.procedures(), {std::string(Tools::kAll)}, api::Actor(), authority,
                    Uuid(), agents::Guard::kOn);
  ThreadExecutor executor("test");
  const auto found = [&](const char* query) {
    const agents::Reading reading;
    auto done = sync_wait(executor, tools.call({.id = "1",
                                                .name = std::string(Tools::kFind),
                                                .input = Json::object({{"q", query}})},
                                               "key", reading));
    EXPECT_TRUE(done && done->is_ok);
    EXPECT_LT(done->text.size(), Tools::kTextMax);
    const auto json = parse_json(done->text);
    EXPECT_TRUE(json) << "it is whole";
    return json ? *json : Json();
  };
  const auto all = found("");
  EXPECT_GT(all.find("procedures")->as_array().size(), 60U);
  EXPECT_EQ(all.find("leftOut"), nullptr);
  for (const auto& [query, path] : std::map<const char*, const char*>{
           {"rename a tag", "tags.rename"},
           {"delete a task", "tasks.delete"},
           {"history of a project", "projects.history"},
           {"make an entity", "entities.create"},
           {"make a relation", "relations.create"},
           {"why does it exist, what led to a version", "events.why"},
           {"notes.update", "notes.update"}}) {
    const auto answer = found(query);
    const auto& first = answer.find("procedures")->as_array().front();
    EXPECT_EQ(first.string_or("name", ""), path) << query;
    EXPECT_NE(first.find("input"), nullptr) << query;
  }
}

}  // namespace
}  // namespace synap::pod
