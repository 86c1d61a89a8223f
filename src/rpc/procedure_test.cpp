#include "rpc/procedure.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace synap::rpc {
namespace {

Procedure named(std::string path) {
  Procedure procedure;
  procedure.path = std::move(path);
  procedure.handler = [](Call) -> Task<Result<Reply>> { co_return Reply{Text{}}; };
  return procedure;
}

TEST(ProcedureTable, FindsAProcedureByItsWholePathOnly) {
  ProcedureTable table;
  table.add(named("notes.create"));
  ASSERT_NE(table.find("notes.create"), nullptr);
  EXPECT_EQ(table.find("notes.create")->path, "notes.create");
  EXPECT_EQ(table.find("notes"), nullptr);
  EXPECT_EQ(table.find("notes.create.x"), nullptr);
  EXPECT_EQ(table.find("__proto__"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
}

TEST(ProcedureTable, ListsProceduresInTheOrderOfTheirPaths) {
  ProcedureTable table;
  table.add(named("b.x"));
  table.add(named("a"));
  table.add(named("b.a"));
  std::vector<std::string> paths;
  for (const auto* procedure : table.all()) paths.push_back(procedure->path);
  EXPECT_EQ(paths, (std::vector<std::string>{"a", "b.a", "b.x"}));
}

TEST(ProcedureTableDeathTest, RefusesPathsThatNoClientCanCall) {
  ProcedureTable table;
  table.add(named("notes.create"));
  EXPECT_DEATH(table.add(named("notes.create")), "notes.create");
  EXPECT_DEATH(table.add(named("notes")), "notes");
  EXPECT_DEATH(table.add(named("notes.create.draft")), "notes.create.draft");
  for (const char* path : {"", ".", "a.", ".a", "a..b", "a b", "a-b", "1a", "then", "notes.call"}) {
    EXPECT_DEATH(table.add(named(path)), "this must be true") << path;
  }
}

// One bad call harms itself and nobody else.
TEST(Invoke, WhatAProcedureThrowsIsItsAnswer) {
  ThreadExecutor executor("test");
  auto procedure = named("bad");
  procedure.handler = [](Call) -> Task<Result<Reply>> {
    throw std::runtime_error("it broke");
    co_return Reply(Text());
  };
  testing::internal::CaptureStderr();
  const auto reply = sync_wait(executor, invoke(procedure, {}));
  EXPECT_NE(testing::internal::GetCapturedStderr().find("bad has thrown: it broke"),
            std::string::npos);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::kInternalServerError);
  EXPECT_EQ(reply.error().message.find("it broke"), std::string::npos);
}

TEST(KindName, IsTheWordOfTheWire) {
  EXPECT_EQ(kind_name(Kind::kQuery), "query");
  EXPECT_EQ(kind_name(Kind::kMutation), "mutation");
  EXPECT_EQ(kind_name(Kind::kSubscription), "subscription");
}

}  // namespace
}  // namespace synap::rpc
