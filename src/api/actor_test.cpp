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

struct Named {
  std::string name;
};
const ObjectSchema<Named>& describe(Type<Named>) {
  static const auto schema = object<Named>("Named").field("name", &Named::name);
  return schema;
}

// Whose proposals are told, and not made.
class EverybodyProposes final : public Authority {
 public:
  Result<> check(const Actor&) const override { return {}; }
  Result<> admit(const Actor&) const override { return {}; }
  Task<Result<std::string>> propose(const Session& session, std::string_view path,
                                    Json input) const override {
    told = std::string(path) + input.dump() + session.reason;
    was_for_approval = session.is_for_approval;
    co_return "\"proposed\"";
  }
  mutable std::string told;
  mutable bool was_for_approval = false;
};

class ActorTest : public testing::Test {
 protected:
  ActorTest() {
    add_query<void, std::string>(table_, "notes.list", {.summary = "Notes."}, answer);
    add_mutation<void, std::string>(table_, "notes.create", {.effects = rpc::Effects::kAppends},
                                    answer);
    add_untyped(table_, "notes.update", rpc::Kind::kMutation,
                {.effects = rpc::Effects::kIdempotent, .may_be_proposed = true}, schema_of<Named>(),
                string(), [this](Session, Json) -> Task<Result<std::string>> {
                  ++done_;
                  co_return "\"done\"";
                });
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

  int done_ = 0;
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

TEST_F(ActorTest, AKeyThatMayOnlyProposeDoesNothingElse) {
  const EverybodyProposes everybody;
  const auto answer = [&](const char* path, std::vector<std::string> scopes,
                          Json given) -> std::string {
    auto context = std::make_shared<CallContext>(everybody);
    context->actor = Actor::of_key("ann", Role::kMember, "key", *Scopes::parse(std::move(scopes)));
    context->reason = " because";
    auto reply = sync_wait(
        executor_,
        table_.find(path)->handler({.context = context, .input = {.json = std::move(given)}}));
    return reply ? *std::get<rpc::Text>(*reply) : reply.error().message;
  };
  const Json named = Json::object({{"name", "a"}});
  EXPECT_EQ(answer("notes.update", {"notes:propose"}, named), "\"proposed\"");
  EXPECT_EQ(everybody.told, R"(notes.update{"name":"a"} because)");
  EXPECT_EQ(done_, 0);
  EXPECT_NE(answer("notes.update", {"propose"}, Json::object()).find("name"), std::string::npos)
      << "what does not fit is refused as ever";
  EXPECT_EQ(answer("notes.update", {"tasks:propose"}, named),
            "This API key is not for that: the scope notes:write is needed");
  EXPECT_EQ(answer("notes.create", {"propose"}, Json()),
            "This API key is not for that: the scope notes:write is needed, as notes.create is "
            "nothing that can be proposed");
  EXPECT_EQ(answer("notes.update", {"notes:write", "propose"}, named), "\"done\"");
  EXPECT_EQ(done_, 1);
}

TEST_F(ActorTest, AChangeThatNeedsApprovalIsProposedWhateverTheScopes) {
  const EverybodyProposes everybody;
  const auto answer = [&](const char* path, std::vector<std::string> scopes) -> std::string {
    auto context = std::make_shared<CallContext>(everybody);
    context->actor = Actor::of_key("ann", Role::kMember, "key", *Scopes::parse(std::move(scopes)));
    context->needs_approval = true;
    rpc::Call asked{.context = context};
    if (path == std::string_view("notes.update")) asked.input.json = Json::object({{"name", "a"}});
    auto reply = sync_wait(executor_, table_.find(path)->handler(std::move(asked)));
    return reply ? *std::get<rpc::Text>(*reply) : reply.error().message;
  };
  EXPECT_EQ(answer("notes.update", {"*"}), "\"proposed\"");
  EXPECT_TRUE(everybody.was_for_approval);
  EXPECT_EQ(answer("notes.update", {"notes:propose"}), "\"proposed\"");
  EXPECT_FALSE(everybody.was_for_approval) << "its key may do no more by itself";
  EXPECT_EQ(done_, 0);
  EXPECT_EQ(answer("notes.update", {"notes:read"}),
            "This API key is not for that: the scope notes:write is needed");
  EXPECT_EQ(answer("notes.create", {"*"}),
            "notes.create needs a person's approval after what the agent has read, and is nothing "
            "that can be proposed");
  EXPECT_EQ(answer("notes.list", {"*"}), "\"ann\"") << "reading waits for nobody";
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
  for (const auto* name :
       {"*", "notes:read", "notes:*", "*:write", "*:*", "notes:propose", "*:propose", "propose"}) {
    EXPECT_TRUE(Scopes::parse({name})) << name;
  }
  for (const auto* name :
       {"", "notes", "notes:", ":read", "notes:delete", "no tes:read", "a:b:c", "propose:notes"}) {
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

TEST(Scopes, WhoMayWriteMayPropose) {
  const auto of = [](std::vector<std::string> names) { return *Scopes::parse(std::move(names)); };
  EXPECT_TRUE(of({"notes:write"}).cover(of({"notes:propose"})));
  EXPECT_TRUE(of({"notes:*"}).cover(of({"notes:propose"})));
  EXPECT_TRUE(of({"propose"}).cover(of({"*:propose", "notes:propose"})));
  EXPECT_TRUE(of({"*:propose"}).cover(of({"propose"})));
  EXPECT_FALSE(of({"propose"}).cover(of({"notes:write"})));
  EXPECT_FALSE(of({"propose"}).cover(of({"notes:read"})));
  EXPECT_FALSE(of({"propose"}).cover(of({"notes:*"})));
  EXPECT_FALSE(of({"notes:propose"}).cover(of({"propose"})));
  EXPECT_EQ(of({"propose"}).names(), std::vector<std::string>{"propose"});
}

}  // namespace
}  // namespace synap::api
