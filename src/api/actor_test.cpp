#include "api/actor.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "api/procedures.h"
#include "base/test_support.h"

namespace synap::api {
namespace {

class EverybodyMay final : public Authority {
 public:
  Result<> check(const Actor&) const override { return {}; }
  Result<> admit(const Actor&) const override { return {}; }
};

class ActorTest : public testing::Test {
 protected:
  ActorTest() {
    add_query<void, std::string>(table_, "notes.list", {.summary = "Notes."}, answer);
    add_mutation<void, std::string>(table_, "notes.create", {.effects = rpc::Effects::kAppends},
                                    answer);
    add_mutation<void, std::string>(
        table_, "users.create", {.effects = rpc::Effects::kAppends, .access = rpc::Access::kOwner},
        answer);
  }

  static Task<Result<std::string>> answer(Session session) { co_return session.user_id(); }

  Result<> call(std::string_view path, Role role, std::vector<std::string> scopes,
                std::string idempotency_key = "") {
    auto context = std::make_shared<CallContext>(everybody_);
    context->actor = Actor::of_key("ann", role, "key", *Scopes::parse(std::move(scopes)));
    context->idempotency_key = std::move(idempotency_key);
    auto reply = sync_wait(executor_, table_.find(path)->handler({.context = context}));
    if (!reply) return fail(reply.error());
    return {};
  }
  Code refusal(std::string_view path, Role role, std::vector<std::string> scopes) {
    const auto called = call(path, role, std::move(scopes));
    EXPECT_FALSE(called);
    return called ? Code{} : called.error().code;
  }

  ThreadExecutor executor_{"test"};
  EverybodyMay everybody_;
  rpc::ProcedureTable table_;
};

TEST_F(ActorTest, AScopeAllowsItsGroupAndItsRight) {
  EXPECT_TRUE(call("notes.list", Role::kMember, {"notes:read"}));
  EXPECT_TRUE(call("notes.list", Role::kMember, {"*:read"}));
  EXPECT_TRUE(call("notes.list", Role::kMember, {"tags:read", "notes:*"}));
  EXPECT_TRUE(call("notes.create", Role::kMember, {"notes:write"}));
  EXPECT_EQ(refusal("notes.create", Role::kMember, {"notes:read"}), Code::kForbidden);
  EXPECT_EQ(refusal("notes.create", Role::kMember, {"*:read"}), Code::kForbidden);
  EXPECT_EQ(refusal("notes.list", Role::kMember, {"tasks:*"}), Code::kForbidden);
}

TEST_F(ActorTest, NoScopeGivesAMemberWhatIsForOwners) {
  EXPECT_TRUE(call("users.create", Role::kOwner, {}));
  EXPECT_EQ(refusal("users.create", Role::kMember, {"*"}), Code::kForbidden);
  EXPECT_EQ(refusal("users.create", Role::kOwner, {"notes:*"}), Code::kForbidden);
}

TEST_F(ActorTest, AnIdempotencyKeyThatIsNotKeptIsRefused) {
  const auto called = call("notes.create", Role::kMember, {}, "once");
  ASSERT_FALSE(called);
  EXPECT_EQ(called.error().code, Code::kBadRequest);
}

TEST_F(ActorTest, AStreamThatThrowsEndsWithAnError) {
  add_subscription<Json, std::string>(table_, "watch", {.summary = "Watch."}, [](Session, Json) {
    return []() -> rpc::Items {
      co_yield rpc::Item{"1", "1"};
      throw std::runtime_error("it broke");
    }();
  });
  auto all = [&]() -> Task<Result<rpc::Text>> {
    auto context = std::make_shared<CallContext>(everybody_);
    context->actor = Actor::of_key("ann", Role::kMember, "key");
    auto reply =
        co_await table_.find("watch")->handler({.context = context, .input = {.json = Json()}});
    auto& items = std::get<rpc::Items>(*reply);
    while (co_await items.next()) {
    }
    co_return std::move(items.end());
  };
  testing::internal::CaptureStderr();
  const auto end = sync_wait(executor_, all());
  EXPECT_NE(testing::internal::GetCapturedStderr().find("it broke"), std::string::npos);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kInternalServerError);
}

TEST(Scopes, AreWrittenInOneWay) {
  for (const auto* name : {"*", "notes:read", "notes:*", "*:write", "*:*"}) {
    EXPECT_TRUE(Scopes::parse({name})) << name;
  }
  for (const auto* name :
       {"", "notes", "notes:", ":read", "notes:delete", "no tes:read", "a:b:c"}) {
    EXPECT_FALSE(Scopes::parse({name})) << name;
  }
  EXPECT_FALSE(Scopes::parse(std::vector<std::string>(Scopes::kCountMax + 1, "notes:read")));
}

TEST(Scopes, CoverNoMoreThanTheyAllow) {
  const auto of = [](std::vector<std::string> names) { return *Scopes::parse(std::move(names)); };
  EXPECT_TRUE(Scopes().cover(of({"*"})));
  EXPECT_TRUE(of({"notes:*"}).cover(of({"notes:read", "notes:write"})));
  EXPECT_TRUE(of({"*:read"}).cover(of({"notes:read"})));
  EXPECT_FALSE(of({"notes:read"}).cover(of({"notes:*"})));
  EXPECT_FALSE(of({"notes:read"}).cover(of({"*:read"})));
  EXPECT_FALSE(of({"notes:*", "tasks:*"}).cover(Scopes()));
}

}  // namespace
}  // namespace synap::api
