#include "features/proposals/proposals.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "base/clock.h"
#include "features/entities/entities.h"
#include "features/feature_test.h"
#include "features/functions/functions.h"
#include "features/notes/notes.h"
#include "features/relations/relations.h"
#include "features/requests/requests.h"
#include "features/runs/runs.h"

namespace synap::features::tasks {
void add(const Rooms& rooms);
}
namespace synap::features::projects {
void add(const Rooms& rooms);
}

namespace synap::features::proposals {
namespace {

// Keys that are not asked for, but whose proposals are made.
class Proposing final : public api::Authority {
 public:
  explicit Proposing(const api::Keys& keys) : keys_(keys) {}
  Result<> check(const api::Actor&) const override { return {}; }
  Result<> admit(const api::Actor&) const override { return {}; }
  Task<Result<std::string>> propose(const api::Session& session, std::string_view path,
                                    Json input) const override {
    return keys_.propose(session, path, std::move(input));
  }
  std::string key_behind(const api::Actor& actor) const override { return keys_.key_behind(actor); }
  Task<Result<events::EventRef>> cause(const api::Actor& actor, Uuid event_id) const override {
    return keys_.cause(actor, event_id);
  }

 private:
  const api::Keys& keys_;
};

class Proposals : public FeatureTest {
 protected:
  Proposals()
      : FeatureTest([](const Rooms& rooms) {
          rooms.projections.add(api::Keys::projection());
          api::Keys::add_event_types(rooms.types);
          projects::add(rooms);
          tasks::add(rooms);
          notes::add(rooms);
          entities::add(rooms);
          relations::add(rooms);
          add(rooms);
          requests::add(rooms);
          runs::add(rooms);
          functions::add(rooms);
        }) {
    const auto made = sync_wait(executor, keys->create_user("ann", api::Role::kMember));
    key_ = made->key_id;
    token_ = made->key;
    user_ = sync_wait(executor, keys->list_users("", 10))->items.front().id;
  }

  static Json json(std::string_view text) {
    auto value = parse_json(text);
    EXPECT_TRUE(value.has_value()) << text;
    return value ? std::move(*value) : Json();
  }
  /// By a key of this id, with these scopes.
  Result<Json> as(std::string key, std::vector<std::string> scopes, std::string_view path,
                  Json asked, std::string idempotency_key = "", std::string user = "") {
    return by(api::Actor::of_key(user.empty() ? user_ : user, api::Role::kMember, std::move(key),
                                 *api::Scopes::parse(std::move(scopes))),
              path, std::move(asked), std::move(idempotency_key));
  }
  Result<Json> by(api::Actor actor, std::string_view path, Json asked,
                  std::string idempotency_key = "") {
    if (procedures.find(path)->kind == rpc::Kind::kQuery) wait_for_followers();
    auto context = std::make_shared<api::CallContext>(authority_);
    context->actor = std::move(actor);
    context->idempotency_key = std::move(idempotency_key);
    context->reason = "why";
    rpc::Call request{.context = context, .input = {.json = std::move(asked)}};
    auto reply = sync_wait(executor, procedures.find(path)->handler(std::move(request)));
    if (!reply) return fail(reply.error());
    return parse_json(*std::get<rpc::Text>(*reply));
  }
  Result<Json> propose(std::string_view path, std::string_view asked, std::string key = "") {
    return as("robot", {"propose", "*:read"}, path, json(asked), std::move(key));
  }
  Result<Json> mine(std::string_view path, Json asked, std::string key = "") {
    return as(key_, {}, path, std::move(asked), std::move(key));
  }
  std::string proposed(std::string_view path, std::string_view asked) {
    const auto answer = propose(path, asked);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer ? std::string(answer->string_or("proposalId", "")) : "";
  }
  Json got(const std::string& id) { return mine("proposals.get", input(id)).value_or(Json()); }
  std::string code(const Result<Json>& answer) {
    return answer ? answer->dump() : std::string(info(answer.error().code).name);
  }
  /// An agent's run that this key began.
  api::Actor agent_of(const std::string& key) const {
    return {.user_id = user_,
            .recorded = {events::Actor::Kind::kAgent, "chat", user_},
            .source = events::Source::kAgent,
            .scopes = {},
            .started_by = key};
  }
  std::string status_of(const std::string& id) {
    return std::string(got(id).string_or("status", ""));
  }
  /// Proposed, accepted and carried out: what became of it.
  Json carried_out(std::string_view path, std::string_view asked) {
    const auto id = proposed(path, asked);
    const auto accepted = mine("proposals.accept", input(id));
    EXPECT_TRUE(accepted) << path << (accepted ? "" : accepted.error().message);
    wait_until_idle();
    auto after = got(id);
    EXPECT_EQ(after.string_or("status", ""), "accepted") << path << after.dump();
    return after;
  }
  static std::string id_in(const Json& proposal) {
    return std::string(proposal.find("result")->string_or("entityId", ""));
  }
  std::int64_t count(std::string_view path) {
    return mine(path, Json::object())->find("total")->as_integer();
  }
  std::string task() {
    return mine("tasks.create", json(R"({"title":"milk"})"))->find("entityId")->as_string();
  }

  std::string key_;
  std::string token_;
  std::string user_;
  Proposing authority_{*keys};
};

TEST_F(Proposals, AKeyThatProposesChangesNothing) {
  const auto answer = propose("tasks.create", R"({"title":"milk"})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->string_or("status", ""), "proposed");
  EXPECT_EQ(mine("requests.get", Json::object({{"requestId", *answer->find("requestId")}}))
                ->string_or("status", ""),
            "completed");
  EXPECT_EQ(mine("tasks.list", Json::object())->find("tasks")->as_array().size(), 0U);
}

TEST_F(Proposals, AnAcceptedOneIsCarriedOutOnceAsItIs) {
  const auto id = proposed("tasks.create", R"({"title":"milk"})");
  EXPECT_EQ(got(id).string_or("status", ""), "open");
  EXPECT_EQ(got(id).string_or("reason", ""), "why");
  const auto accepted = mine("proposals.accept", input(id), "k");
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(code(mine("proposals.accept", input(id), "k")), accepted->dump());
  EXPECT_EQ(code(mine("proposals.accept", input(id))), "CONFLICT");
  wait_until_idle();
  const auto after = got(id);
  EXPECT_EQ(after.string_or("status", ""), "accepted") << after.dump();
  const auto made = after.find("result")->string_or("entityId", "");
  const auto task = mine("tasks.get", input(std::string(made)));
  ASSERT_TRUE(task) << after.dump();
  EXPECT_EQ(task->string_or("title", ""), "milk");
}

TEST_F(Proposals, OneOfAThingThatHasChangedMeanwhileIsRefused) {
  const auto thing = task();
  const auto id = proposed("tasks.update", R"({"id":")" + thing + R"(","title":"bread"})");
  EXPECT_EQ(got(id).find("diff")->dump(), R"([{"field":"title","before":"milk","after":"bread"}])");
  EXPECT_EQ(as("viewer", {"proposals:read"}, "proposals.get", input(id))->find("diff")->dump(),
            R"([{"field":"title","after":"bread"}])")
      << "who may not read the thing is told nothing of it";
  EXPECT_FALSE(got(id).find("isConflict")->as_bool());
  ASSERT_TRUE(mine("tasks.update", input(thing, {{"title", "eggs"}})));
  EXPECT_TRUE(got(id).find("isConflict")->as_bool());
  ASSERT_TRUE(mine("proposals.accept", input(id)));
  wait_until_idle();
  EXPECT_EQ(got(id).string_or("status", ""), "failed");
  EXPECT_EQ(got(id).find("error")->dump(),
            R"({"name":"CONFLICT","message":"The task has changed meanwhile: it is at version 2, )"
            R"(and this was proposed for version 1"})");
  EXPECT_EQ(mine("tasks.get", input(thing))->string_or("title", ""), "eggs");
}

// Whoever proposes chooses no version that is still to come, and overwrites nothing that way.
TEST_F(Proposals, TheVersionThatACallExpectsIsTheOneItIsProposedFor) {
  const auto thing = task();
  const auto update = [&](int version) {
    return input(thing, {{"title", "bread"}, {"expectedVersion", version}});
  };
  for (const int version : {2, 9}) {
    EXPECT_EQ(code(as("robot", {"propose"}, "tasks.update", update(version))), "CONFLICT");
  }
  const auto id = proposed("tasks.update", update(1).dump());
  EXPECT_EQ(got(id).find("input")->find("expectedVersion"), nullptr);
  const auto edited = input(id, {{"input", update(2)}});
  EXPECT_EQ(code(mine("proposals.accept", edited)), "BAD_REQUEST");
  ASSERT_TRUE(mine("tasks.update", input(thing, {{"title", "eggs"}})));
  ASSERT_TRUE(mine("proposals.accept", input(id)));
  wait_until_idle();
  EXPECT_NE(got(id).find("error")->dump().find("was proposed for version 1"), std::string::npos);
  EXPECT_EQ(mine("tasks.get", input(thing))->string_or("title", ""), "eggs");
}

TEST_F(Proposals, AnEditedOneIsOfTheSameThing) {
  const auto thing = task();
  const auto id = proposed("tasks.update", R"({"id":")" + thing + R"(","title":"bread"})");
  const auto edited = [&](const std::string& of) {
    return input(id, {{"input", input(of, {{"title", "rolls"}})}});
  };
  EXPECT_EQ(code(mine("proposals.accept", edited(task()))), "BAD_REQUEST");
  ASSERT_TRUE(mine("proposals.accept", edited(thing)));
  wait_until_idle();
  EXPECT_EQ(mine("tasks.get", input(thing))->string_or("title", ""), "rolls");
  EXPECT_EQ(got(id).find("editedInput")->string_or("title", ""), "rolls");
}

TEST_F(Proposals, NobodyAcceptsHisOwn) {
  const auto made =
      mine("proposals.create", json(R"({"procedure":"tasks.create","input":{"title":"milk"}})"));
  ASSERT_TRUE(made) << made.error().message;
  const auto id = std::string(made->string_or("entityId", ""));
  EXPECT_EQ(code(mine("proposals.accept", input(id))), "FORBIDDEN");
  EXPECT_EQ(code(as("robot", {"propose"}, "proposals.accept", input(id))), "FORBIDDEN");
  EXPECT_EQ(code(as("other", {"proposals:*"}, "proposals.accept", input(id))), "FORBIDDEN");
  EXPECT_EQ(code(as("other", {}, "proposals.withdraw", input(id))), "FORBIDDEN");
  EXPECT_EQ(code(as("other", {}, "proposals.accept", input(id), "", "bob")), "NOT_FOUND");
  ASSERT_TRUE(mine("proposals.withdraw", input(id)));
  EXPECT_EQ(got(id).string_or("status", ""), "withdrawn");
  EXPECT_EQ(code(as("other", {}, "proposals.accept", input(id))), "CONFLICT");
}

TEST_F(Proposals, ARejectedOneIsOver) {
  const auto id = proposed("tasks.create", R"({"title":"milk"})");
  ASSERT_TRUE(mine("proposals.reject", input(id, {{"reason", "no"}})));
  EXPECT_EQ(got(id).string_or("decisionReason", ""), "no");
  EXPECT_EQ(code(mine("proposals.accept", input(id))), "CONFLICT");
  const auto listed = mine("proposals.list", json(R"({"status":"rejected"})"));
  EXPECT_EQ(listed->find("total")->as_integer(), 1);
  const auto found = sync_wait(executor, projections->verify("proposals"));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->is_equal()) << found->first_difference;
}

TEST_F(Proposals, AnAgentsCountsAsOfTheKeyThatBeganItsRun) {
  const auto propose_by = [&](const api::Actor& actor) {
    const auto made = by(actor, "proposals.create",
                         json(R"({"procedure":"tasks.create","input":{"title":"a"}})"));
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return std::string(made->string_or("entityId", ""));
  };
  const auto id = propose_by(agent_of(key_));
  EXPECT_EQ(got(id).find("proposedBy")->dump(), R"({"kind":"agent","id":"chat"})");
  EXPECT_EQ(code(mine("proposals.accept", input(id))), "FORBIDDEN");
  EXPECT_EQ(code(by(agent_of("other"), "proposals.accept", input(id))), "FORBIDDEN") << "no agent";
  EXPECT_EQ(code(by(agent_of("other"), "proposals.reject", input(id))), "FORBIDDEN");
  EXPECT_EQ(code(by(agent_of("other"), "proposals.withdraw", input(id))), "FORBIDDEN");
  EXPECT_EQ(status_of(id), "open");
  ASSERT_TRUE(mine("proposals.withdraw", input(id))) << "by the key behind it";
  const auto others = propose_by(agent_of("other"));
  EXPECT_TRUE(mine("proposals.accept", input(others)));
}

TEST_F(Proposals, WhatAnAgentMayNotDoWithoutApprovalItsKeyAccepts) {
  const auto propose = [&](std::vector<std::string> scopes) {
    auto agent = agent_of(key_);
    agent.scopes = *api::Scopes::parse(std::move(scopes));
    auto context = std::make_shared<api::CallContext>(authority_);
    context->actor = std::move(agent);
    context->needs_approval = true;
    rpc::Call asked{.context = context, .input = {.json = json(R"({"title":"a"})")}};
    auto reply = sync_wait(executor, procedures.find("tasks.create")->handler(std::move(asked)));
    EXPECT_TRUE(reply) << reply.error().message;
    return parse_json(*std::get<rpc::Text>(*reply))->find("proposalId")->as_string();
  };
  const auto id = propose({"*"});
  EXPECT_EQ(code(by(agent_of("other"), "proposals.accept", input(id))), "FORBIDDEN") << "no agent";
  EXPECT_TRUE(mine("proposals.accept", input(id)));
  const auto others = propose({"propose"});
  EXPECT_EQ(code(mine("proposals.accept", input(others))), "FORBIDDEN")
      << "whose key may only propose, that key's it is";
}

TEST_F(Proposals, ASessionCountsAsTheKeyForWhichItStands) {
  const auto key = *keys->find(token_);
  const auto begin = [&] {
    const auto made = sync_wait(executor, keys->create_session(key, std::nullopt));
    return api::Actor::of_key(user_, api::Role::kMember, made->key_id);
  };
  const auto session = begin();
  ASSERT_NE(session.recorded.id, key_);
  const auto asked = json(R"({"procedure":"tasks.create","input":{"title":"a"}})");
  for (const auto& [proposer, accepter] :
       {std::pair{session, *key}, {*key, session}, {session, begin()}}) {
    const auto made = by(proposer, "proposals.create", asked);
    ASSERT_TRUE(made) << made.error().message;
    const auto id = std::string(made->string_or("entityId", ""));
    EXPECT_EQ(code(by(accepter, "proposals.accept", input(id))), "FORBIDDEN");
    EXPECT_TRUE(as("other", {}, "proposals.accept", input(id)));
  }
}

TEST_F(Proposals, AnExpiredOneIsOverByTheClock) {
  const auto now = [] { return real_world().unix_ms(); };
  const auto until = [&](std::int64_t end) {
    auto asked = json(R"({"procedure":"tasks.create","input":{"title":"milk"}})");
    asked.set("expiresAt", to_iso8601(end));
    return as("robot", {"propose", "*:read"}, "proposals.create", std::move(asked));
  };
  EXPECT_EQ(code(until(now() - 1)), "BAD_REQUEST");
  EXPECT_EQ(code(until(now() + 91LL * 24 * 3'600'000)), "BAD_REQUEST");
  auto asked = json(R"({"procedure":"tasks.create","input":{"title":"milk"}})");
  asked.set("expiresAt", to_iso8601(now() + 3'600'000));
  asked.set("idempotencyKey", "one");
  const auto propose = [&] { return as("robot", {"propose"}, "proposals.create", asked); };
  const auto made = propose();
  ASSERT_TRUE(made) << made.error().message;
  const auto id = std::string(made->string_or("entityId", ""));
  const auto listed = [&](const char* status) {
    return mine("proposals.list", Json::object({{"status", status}}))->find("total")->as_integer();
  };
  EXPECT_EQ(listed("open"), 1);
  EXPECT_EQ(listed("expired"), 0);
  const auto head = sync_wait(executor, log->head())->position;
  // As an hour later.
  ASSERT_TRUE(sync_wait(executor, [&]() -> Task<Result<void>> {
    co_return co_await database->write(
        [](db::Tx& tx) { tx.run("UPDATE proposals_data SET expires_at = 1"); });
  }()));
  EXPECT_EQ(status_of(id), "expired");
  EXPECT_EQ(listed("open"), 0);
  EXPECT_EQ(listed("expired"), 1);
  for (const auto* path : {"proposals.accept", "proposals.reject"}) {
    EXPECT_EQ(code(mine(path, input(id))), "CONFLICT") << path;
  }
  EXPECT_EQ(code(as("robot", {"propose"}, "proposals.withdraw", input(id))), "CONFLICT");
  // A repeat is answered as the first was, however late it comes.
  asked.set("expiresAt", to_iso8601(now() - 1));
  EXPECT_EQ(propose()->find("entityId")->as_string(), id);
  EXPECT_EQ(sync_wait(executor, log->head())->position, head);
}

// As after a kill between the call and the end: the call is made once more, with the same key.
TEST_F(Proposals, ARunThatIsMadeAgainDoesItOnce) {
  const auto owner = api::Actor::of_key(user_, api::Role::kOwner, key_);
  const auto function = Json::object({{"id", "proposals.accept"}});
  const auto paused = by(owner, "functions.pause", function);
  ASSERT_TRUE(paused) << paused.error().message;
  const auto id = proposed("tasks.create", R"({"title":"milk"})");
  ASSERT_TRUE(mine("proposals.accept", input(id)));
  const auto acceptance = sync_wait(executor, log->at(sync_wait(executor, log->head())->position));
  ASSERT_EQ((*acceptance)->type, "proposal.acceptance.requested");
  const auto key = "proposal:" + (*acceptance)->id.to_string();
  // Nobody can take that key for something else before.
  auto taken = json(R"({"title":"mine"})");
  taken.set("idempotencyKey", key);
  EXPECT_EQ(code(mine("tasks.create", taken)), "BAD_REQUEST");
  const auto made = mine("tasks.create", json(R"({"title":"milk"})"), key);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(by(owner, "functions.resume", function));
  // What was paused comes back in its own time, and is no job until then.
  ASSERT_TRUE(test::wait_until(executor, database->commits(),
                               [&] { return status_of(id) != "accepting"; }));
  EXPECT_EQ(count("tasks.list"), 1);
  const auto after = got(id);
  EXPECT_EQ(after.string_or("status", ""), "accepted") << after.dump();
  EXPECT_EQ(id_in(after), made->string_or("entityId", ""));
}

TEST_F(Proposals, ThingsOfEveryKindAreProposed) {
  const auto of = [](std::string_view pattern, const std::string& id) {
    return fmt::format(fmt::runtime(pattern), id);
  };
  const auto note = id_in(carried_out("notes.create", R"({"content":"# One","tags":["old"]})"));
  carried_out("notes.update", of(R"({{"id":"{}","content":"# Two"}})", note));
  EXPECT_EQ(mine("notes.get", input(note))->string_or("content", ""), "# Two");
  carried_out("tags.rename", R"({"tag":"old","to":"new"})");
  EXPECT_EQ(mine("notes.get", input(note))->find("tags")->dump(), R"(["new"])");

  ASSERT_TRUE(mine("entityTypes.define", json(R"({"name":"x.book","schema":{}})")));
  const auto book = id_in(
      carried_out("entities.create", R"({"type":"x.book","data":{"title":"Emma","pages":9}})"));
  const auto changed =
      carried_out("entities.update", of(R"({{"id":"{}","data":{{"title":"Persuasion"}}}})", book));
  EXPECT_EQ(changed.find("diff")->dump(),
            R"([{"field":"data.title","before":"Emma","after":"Persuasion"}])");
  const auto after = mine("entities.get", input(book));
  EXPECT_EQ(after->find("data")->string_or("title", ""), "Persuasion");
  EXPECT_EQ(after->find("data")->find("pages")->as_integer(), 9);

  const auto milk = task();
  carried_out("tasks.complete", of(R"({{"id":"{}"}})", milk));
  EXPECT_EQ(mine("tasks.get", input(milk))->string_or("status", ""), "done");
  carried_out("relations.create",
              fmt::format(R"({{"fromId":"{}","toId":"{}","type":"part_of"}})", note, milk));
  EXPECT_EQ(count("relations.list"), 1);
  carried_out("notes.delete", of(R"({{"id":"{}"}})", note));
  EXPECT_EQ(code(mine("notes.get", input(note))), "NOT_FOUND");
}

// Of every mutation that there is here, by a key that may only propose. One input has what all of
// them ask for.
TEST_F(Proposals, EachMutationProposesOrRefuses) {
  ASSERT_TRUE(mine("entityTypes.define", json(R"({"name":"x.book","schema":{}})")));
  auto asked = json(R"({"title":"a","content":"b","tags":["c"],"tag":"c","to":"d","data":{},)"
                    R"("version":1})");
  std::map<std::string, std::string, std::less<>> things;
  for (const auto* group : {"tasks", "projects", "notes", "entities"}) {
    asked.set("type", "x.book");
    const auto made = mine(std::string(group) + ".create", asked);
    ASSERT_TRUE(made) << group << made.error().message;
    things[group] = made->string_or("entityId", "");
  }
  asked.set("type", "part_of");
  asked.set("fromId", things["tasks"]);
  asked.set("toId", things["projects"]);
  things["relations"] = mine("relations.create", asked)->string_or("entityId", "");
  wait_until_idle();
  const auto head = sync_wait(executor, log->head())->position;
  int proposals = 0;
  for (const auto* procedure : procedures.all()) {
    if (procedure->kind != rpc::Kind::kMutation || procedure->meta.has_scope_of_input) continue;
    const auto group = procedure->path.substr(0, procedure->path.find('.'));
    asked.set("id", things.contains(group) ? things[group] : things["tasks"]);
    const auto answer = as("robot", {"propose", "*:read"}, procedure->path, asked);
    if (procedure->meta.may_be_proposed) {
      ASSERT_TRUE(answer) << procedure->path << ": " << answer.error().message;
      EXPECT_EQ(answer->string_or("status", ""), "proposed") << procedure->path;
      ++proposals;
    } else {
      EXPECT_EQ(code(answer), "FORBIDDEN") << procedure->path;
    }
  }
  EXPECT_GT(proposals, 20);
  wait_until_idle();
  events::Filter filter;
  filter.after = head;
  filter.limit = 1'000;
  const auto page = sync_wait(executor, log->read(events::Tenancy::of_user(user_), filter));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->events.size(), static_cast<std::size_t>(proposals));
  for (const auto& event : page->events) EXPECT_EQ(event->type, "proposal.creation.completed");
}

TEST_F(Proposals, OfWhatIsNotThereOrTooLargeAreNotMade) {
  const auto absent = Uuid::v7().to_string();
  EXPECT_EQ(code(propose("tasks.complete", R"({"id":")" + absent + R"("})")), "NOT_FOUND");
  EXPECT_EQ(
      code(propose("notes.create", R"({"content":")" + std::string(300 * 1024, 'a') + R"("})")),
      "PAYLOAD_TOO_LARGE");
  const auto create = [&](std::string_view text) {
    return code(mine("proposals.create", json(text)));
  };
  EXPECT_EQ(create(R"({"procedure":"keys.create","input":{"name":"x"}})"), "BAD_REQUEST");
  EXPECT_EQ(create(R"({"procedure":"tasks.create","input":{"titel":"x"}})"), "BAD_REQUEST");
  EXPECT_EQ(code(as("robot", {"notes:propose"}, "proposals.create",
                    json(R"({"procedure":"tasks.create","input":{"title":"x"}})"))),
            "FORBIDDEN");
  EXPECT_EQ(count("proposals.list"), 0);
}

TEST_F(Proposals, WhatARunAsksTwiceIsOneProposalWhileItWaits) {
  const auto cause_of = [&](std::string_view title) {
    mine("tasks.create", Json::object({{"title", title}}));
    const auto page = sync_wait(executor, log->read(events::Tenancy::of_user(user_), {}));
    return page->events.back()->id;
  };
  const auto ask_for = [&](const Uuid& cause, const char* procedure, Json wanted) {
    auto context = std::make_shared<api::CallContext>(authority_);
    context->actor = agent_of(key_);
    context->caused_by = cause;
    context->needs_approval = true;
    rpc::Call call{.context = context, .input = {.json = std::move(wanted)}};
    const auto reply = sync_wait(executor, procedures.find(procedure)->handler(std::move(call)));
    EXPECT_TRUE(reply) << reply.error().message;
    return reply ? *parse_json(*std::get<rpc::Text>(*reply)) : Json::object();
  };
  const auto ask = [&](const Uuid& cause, std::string_view title) {
    return ask_for(cause, "tasks.create", Json::object({{"title", title}}));
  };
  const auto id = [](const Json& answer) {
    return std::string(answer.string_or("proposalId", ""));
  };
  const auto run = cause_of("a run");
  const auto other = cause_of("another");
  const auto first = ask(run, "milk");
  EXPECT_EQ(ask(run, "milk").dump(), first.dump());
  EXPECT_NE(id(ask(run, "bread")), id(first));
  EXPECT_NE(id(ask(other, "milk")), id(first));
  ASSERT_TRUE(mine("proposals.reject", input(id(first))));
  EXPECT_NE(id(ask(run, "milk")), id(first)) << "that one is over";

  const auto made = mine("tasks.create", json(R"({"title":"bread"})"));
  const std::string task(made->string_or("entityId", ""));
  const auto ask_for_change = [&] {
    return id(ask_for(run, "tasks.update", Json::object({{"id", task}, {"title", "rye"}})));
  };
  const auto of_this_version = ask_for_change();
  EXPECT_EQ(ask_for_change(), of_this_version);
  ASSERT_TRUE(mine("tasks.update", Json::object({{"id", task}, {"description", "two"}})));
  EXPECT_NE(ask_for_change(), of_this_version) << "nobody could accept that one";
}

TEST_F(Proposals, ANewNameOfATagThatNothingHasIsNotProposed) {
  const auto wanted = R"({"tag":"nothing","to":"garden"})";
  const auto refused = propose("tags.rename", wanted);
  ASSERT_FALSE(refused) << refused->dump();
  EXPECT_EQ(refused.error().code, Code::kNotFound);
  EXPECT_EQ(refused.error().message, "tag: nothing has the tag nothing");
  EXPECT_FALSE(propose("tags.remove", R"({"tag":"nothing"})"));
  EXPECT_FALSE(as("robot", {"propose", "*:read"}, "proposals.create",
                  json(R"({"procedure":"tags.rename","input":{"tag":"nothing","to":"x"}})")));
  ASSERT_TRUE(mine("notes.create", json(R"({"content":"x","tags":["nothing"]})")));
  wait_until_idle();
  EXPECT_TRUE(propose("tags.rename", wanted));
  EXPECT_TRUE(propose("tags.rename", R"({"tag":"#nothing","to":"x"})"));
}

TEST_F(Proposals, ARepeatIsTheSameProposal) {
  const auto first = propose("tasks.create", R"({"title":"milk"})", "k");
  ASSERT_TRUE(first);
  EXPECT_EQ(code(propose("tasks.create", R"({"title":"milk"})", "k")), first->dump());
  EXPECT_EQ(code(propose("tasks.create", R"({"title":"bread"})", "k")), "CONFLICT");
}

}  // namespace
}  // namespace synap::features::proposals
