#include "features/chat/chat.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/agent_events.h"
#include "features/agents/running.h"
#include "features/capture/capture.h"
#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "features/searching/searching.h"
#include "models/test_rig.h"
#include "models/test_streams.h"

namespace synap::features::tasks {
void add(const Rooms& rooms);
}  // namespace synap::features::tasks
namespace synap::features::projects {
void add(const Rooms& rooms);
}  // namespace synap::features::projects

namespace synap::features::language_models {
void add(const Rooms& rooms);
}  // namespace synap::features::language_models

namespace synap::features::chat {
namespace {

// There is no model, so answers say why there is none. Messages are signs: nothing is looked for in
// what has no word.
class Chat : public FeatureTest {
 protected:
  Chat()
      : FeatureTest([](const Rooms& rooms) {
          rooms.projections.add(api::Keys::projection());
          api::Keys::add_event_types(rooms.types);
          notes::add(rooms);
          projects::add(rooms);
          tasks::add(rooms);
          agent_runs::add(rooms);
          capture::add(rooms);
          chat::add(rooms);
          language_models::add(rooms);
          searching::add(rooms);
        }) {}

  Json sent(Json::Object input, const std::string& key = "") {
    auto answer = call("chat.send", Json(std::move(input)), "ann", key);
    EXPECT_TRUE(answer) << answer.error().message;
    wait_until_idle();
    return answer.value_or(Json::object());
  }
  std::string id_of(const Json& answer, std::string_view name = "messageId") {
    return std::string(answer.string_or(name, ""));
  }
  /// Begins a thread; gives the id of its first message.
  std::string begin(const std::string& text) {
    const auto first = sent({{"text", text}});
    thread = id_of(first, "entityId");
    return id_of(first);
  }
  std::string say(const std::string& text, const std::string& parent = "") {
    Json::Object input = {{"threadId", thread}, {"text", text}};
    if (!parent.empty()) input.emplace_back("parentId", parent);
    return id_of(sent(std::move(input)));
  }
  void ask_again(const std::string& message) {
    sent({{"threadId", thread}, {"parentId", message}});
  }
  Json branch(Json::Object input = {}) {
    input.emplace_back("id", thread);
    auto whole = call("chat.get", Json(std::move(input)));
    EXPECT_TRUE(whole) << whole.error().message;
    return whole.value_or(Json::object());
  }
  /// "text" or "answer" of each message, with "(which/of how many siblings)" where there are more.
  static std::string shown(const Json& whole) {
    std::string text;
    for (const auto& one : whole.find("messages")->as_array()) {
      const auto said = one.string_or("text", "");
      text.append(said.empty() ? "answer" : said);
      if (const auto all = one.find("siblings")->dump(); all != "1") {
        text.append("(" + one.find("sibling")->dump() + "/" + all + ")");
      }
      text.append(" ");
    }
    return text;
  }
  std::string through(const std::string& message) { return shown(branch({{"through", message}})); }
  std::string member(const Json& whole, std::size_t message, std::string_view name) {
    return std::string(whole.find("messages")->as_array().at(message).string_or(name, ""));
  }
  void append(MessageCreated message) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    envelope.source = events::Source::kApi;
    envelope.aggregate_id = Uuid::parse(thread);
    envelope.aggregate_type = std::string(kThreadAggregate);
    auto event = types.make(kMessageCreated, std::move(message), std::move(envelope));
    ASSERT_TRUE(event) << event.error().message;
    ASSERT_TRUE(sync_wait(executor, log->append({.events = {*std::move(event)}})));
  }
  Error refused(Json::Object input, const std::string& path = "chat.send",
                const std::string& user = "ann") {
    auto answer = call(path, Json(std::move(input)), user);
    EXPECT_FALSE(answer) << answer->dump();
    return answer ? Error{Code::kInternalServerError, ""} : answer.error();
  }

  Result<rpc::Reply> trust_by(const std::string& key, bool is_trusted,
                              std::optional<Uuid> cause = std::nullopt) {
    const EverybodyMay may(keys.get());
    auto context = std::make_shared<api::CallContext>(may);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, key);
    context->caused_by = cause;
    rpc::Call asked{.context = context,
                    .input = {.json = Json::object({{"id", thread}, {"trusted", is_trusted}})}};
    return sync_wait(executor, procedures.find("chat.trust")->handler(std::move(asked)));
  }
  /// Whether the thread is trusted, as a key is told, and for whose messages it is.
  std::string stands(const std::string& key = "key") {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, key);
    rpc::Call asked{.context = context, .input = {.json = Json::object({{"id", thread}})}};
    auto reply = sync_wait(executor, procedures.find("chat.get")->handler(std::move(asked)));
    EXPECT_TRUE(reply);
    const auto whole = parse_json(std::get<rpc::Text>(*reply).value_or("{}"));
    const auto& told = *whole->find("thread");
    return fmt::format("{} by {}", told.find("trusted")->dump(),
                       told.string_or("trustedBy", "nobody"));
  }

  std::string thread;
};

TEST_F(Chat, WithoutBranchesAThreadIsALine) {
  begin("?");
  say("!");
  const auto whole = branch();
  EXPECT_EQ(shown(whole), "? answer ! answer ");
  EXPECT_EQ(member(whole, 0, "parentId"), "");
  EXPECT_EQ(member(whole, 2, "parentId"), member(whole, 1, "id"));
  EXPECT_EQ(member(whole, 0, "nextSiblingId"), "");
}

TEST_F(Chat, AnotherMessageInThePlaceOfAnEarlierOneBeginsABranch) {
  const auto first = begin("?");
  const auto answer = member(branch(), 1, "id");
  const auto second = say("!", answer);
  const auto edited = say("!!", answer);
  EXPECT_EQ(shown(branch()), "? answer !!(2/2) answer ");
  EXPECT_EQ(through(second), "? answer !(1/2) answer ");
  EXPECT_EQ(through(first), "? answer !!(2/2) answer ") << "the newest that follows it";
  EXPECT_EQ(member(branch(), 2, "previousSiblingId"), second);
  EXPECT_EQ(member(branch({{"through", second}}), 2, "nextSiblingId"), edited);
  // What is said next goes on where something was said last.
  say(".");
  EXPECT_EQ(shown(branch()), "? answer !!(2/2) answer . answer ");
  EXPECT_EQ(through(second), "? answer !(1/2) answer ");
}

TEST_F(Chat, AnActionIsDoneBecauseOfItsMessage) {
  const auto message = begin("?");
  const auto act = [&](const std::string& type, Json params, const std::string& user = "ann",
                       const std::string& key = "") {
    return call("chat.executeAction",
                Json::object({{"threadId", thread},
                              {"messageId", message},
                              {"actionType", type},
                              {"actionParams", std::move(params)}}),
                user, key);
  };
  const auto made = act("task.create", Json::object({{"title", "Order seeds"}}), "ann", "once");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->string_or("procedure", ""), "tasks.create");
  EXPECT_EQ(made->string_or("status", ""), "completed");
  const auto task = id_of(*made, "entityId");
  const auto again = act("task.create", Json::object({{"title", "Order seeds"}}), "ann", "once");
  EXPECT_EQ(id_of(again.value_or(Json::object()), "entityId"), task);
  ASSERT_TRUE(act("task.complete", Json::object({{"taskId", task}})));
  const auto of_other =
      call("chat.executeAction",
           Json::object({{"threadId", thread},
                         {"messageId", member(branch(), 1, "id")},
                         {"actionType", "task.create"},
                         {"actionParams", Json::object({{"title", "Order seeds"}})}}),
           "ann", "once");
  ASSERT_FALSE(of_other);
  EXPECT_EQ(of_other.error().code, Code::kConflict) << "the key was used for the first message";
  const auto all = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), {.limit = 100}));
  std::optional<Uuid> said;
  int asked = 0;
  for (const auto& event : all->events) {
    if (event->type == kMessageCreated.name && !said) said = event->id;
    if (!event->type.starts_with("task.") || !event->type.ends_with(".requested")) continue;
    EXPECT_EQ(event->causation_id, said) << event->type;
    ++asked;
  }
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(act("task.create", Json::object({{"title", "x"}}), "bob").error().code,
            Code::kNotFound);
  const auto misspelt = act("task.create", Json::object({{"titel", "x"}})).error();
  EXPECT_EQ(misspelt.code, Code::kBadRequest);
  EXPECT_THAT(misspelt.message, testing::HasSubstr(R"("actionParams",
      "title")"));
  const auto no_id = act("task.complete", Json::object({{"taskId", "x"}})).error();
  EXPECT_THAT(no_id.details->dump(), testing::HasSubstr(R"("path":["actionParams","taskId"])"));
  EXPECT_EQ(act("task.complete", Json::object()).error().code, Code::kBadRequest);
  EXPECT_EQ(act("task.delete", Json::object()).error().code, Code::kBadRequest);
}

TEST_F(Chat, AProjectIsMadeWithItsTasksAndOneThatFailsIsTold) {
  const auto message = begin("?");
  const EverybodyMay may(keys.get());
  const auto act = [&](Json tasks, const std::string& key = "", const std::string& by = "*") {
    Json::Object params = {{"title", "Garden"}, {"tasks", std::move(tasks)}};
    auto context = std::make_shared<api::CallContext>(may);
    context->actor = api::Actor::of_key(
        "ann", api::Role::kMember, "key",
        *api::Scopes::parse(by == "*" ? std::vector<std::string>{"*"}
                                      : std::vector<std::string>{"chat:write", by}));
    context->idempotency_key = key;
    rpc::Call asked{.context = context,
                    .input = {.json = Json::object({{"threadId", thread},
                                                    {"messageId", message},
                                                    {"actionType", "project.create"},
                                                    {"actionParams", Json(std::move(params))}})}};
    auto reply =
        sync_wait(executor, procedures.find("chat.executeAction")->handler(std::move(asked)));
    return reply ? parse_json(std::get<rpc::Text>(*reply).value_or("{}"))
                 : Result<Json>(fail(reply.error()));
  };
  const auto titles = [&] {
    std::vector<std::string> all;
    for (const auto& task : call("tasks.list", Json::object())->find("tasks")->as_array()) {
      all.push_back(std::string(task.string_or("title", "")) + " " +
                    std::string(task.string_or("projectId", "")));
    }
    return all;
  };
  const Json two = Json::array().push_back("dig").push_back(
      Json::object({{"title", "sow"}, {"priority", "high"}}));
  EXPECT_THAT(
      act(Json::array().push_back("dig").push_back(Json::object({{"title", ""}}))).error().message,
      testing::HasSubstr("actionParams.tasks[1]"));
  EXPECT_EQ(call("projects.list", Json::object())->find("projects")->as_array().size(), 0U)
      << "nothing is made of what is wrong";
  // By a key that may make no tasks the project is there, and each task is told.
  const auto without = act(two, "once", "projects:write");
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("success")->dump(), "false");
  EXPECT_EQ(without->string_or("systemMessage", ""), "The project is made, with 0 of 2 tasks.");
  EXPECT_THAT(std::string(without->find("tasks")->as_array().at(1).string_or("error", "")),
              testing::HasSubstr("tasks:write"));
  // A repeat makes what is missing, once.
  const auto project = std::string(without->string_or("entityId", ""));
  for (int i = 0; i < 2; ++i) {
    const auto with = act(two, "once");
    ASSERT_TRUE(with) << with.error().message;
    EXPECT_EQ(with->string_or("entityId", ""), project);
    EXPECT_EQ(with->find("success")->dump(), "true");
    EXPECT_EQ(with->string_or("eventType", ""), "project.creation.requested");
    EXPECT_THAT(titles(), testing::UnorderedElementsAre("dig " + project, "sow " + project));
  }
}

TEST_F(Chat, HasTheTitleThatItIsGivenWhateverIsSaidBehindIt) {
  begin("?");
  const auto rename = [&](const std::string& title, const std::string& user = "ann") {
    return call("chat.rename", Json::object({{"id", thread}, {"title", title}}), user);
  };
  const auto title = [&] { return branch().find("thread")->string_or("title", ""); };
  const auto end = [&] { return log->end().value(); };
  EXPECT_EQ(rename("the garden")->dump(),
            R"({"status":"completed","entityId":")" + thread + R"(","title":"the garden"})");
  say("!");
  EXPECT_EQ(title(), "the garden");
  const auto before = end();
  EXPECT_TRUE(rename("the garden"));
  EXPECT_EQ(end(), before) << "it has that title";
  EXPECT_EQ(rename("mine", "bob").error().code, Code::kNotFound);
  EXPECT_EQ(rename("").error().code, Code::kBadRequest);
  EXPECT_EQ(title(), "the garden");
  ASSERT_TRUE(call("chat.delete", Json::object({{"id", thread}})));
  EXPECT_EQ(rename("gone").error().code, Code::kNotFound);
}

TEST_F(Chat, TheFirstMessageHasSiblingsToo) {
  const auto first = begin("?");
  say("!", thread);
  EXPECT_EQ(shown(branch()), "!(2/2) answer ");
  EXPECT_EQ(member(branch(), 0, "parentId"), "");
  EXPECT_EQ(through(first), "?(1/2) answer ");
}

TEST_F(Chat, AnotherAnswerIsASiblingOfTheFirst) {
  const auto first = begin("?");
  const auto answer = member(branch(), 1, "id");
  say("!");
  ask_again(first);
  EXPECT_EQ(shown(branch()), "? answer(2/2) ");
  EXPECT_EQ(through(answer), "? answer(1/2) ! answer ");
  const auto messages = branch().find("thread")->find("messages")->dump();
  EXPECT_EQ(messages, "5");
  EXPECT_EQ(refused({{"threadId", thread}, {"parentId", answer}}).code, Code::kBadRequest);
}

TEST_F(Chat, AnotherAnswerIsBesideWhatSomebodyHasPutBehindTheQuestion) {
  const auto first = begin("?");
  const auto answer = member(branch(), 1, "id");
  const auto put = say("!", first);
  ask_again(first);
  EXPECT_EQ(shown(branch()), "? answer(3/3) ");
  EXPECT_EQ(through(put), "? !(2/3) answer ");
  EXPECT_EQ(through(answer), "? answer(1/3) ");
}

TEST_F(Chat, WhatWasSaidBeforeTheAnswerCameStaysBeforeIt) {
  const auto first = begin("?");
  // Both are said before either is answered; so the log has them.
  const auto append = [this](const std::string& id, const std::string& role,
                             const std::string& text, std::optional<std::string> parent) {
    MessageCreated message{
        .entity_id = thread, .message_id = id, .role = role, .text = text, .run_id = {}};
    message.parent_id = std::move(parent);
    Chat::append(std::move(message));
  };
  const auto id = [] { return Uuid::v7().to_string(); };
  const auto one = id();
  const auto two = id();
  append(one, "user", "one", std::nullopt);
  append(two, "user", "two", std::nullopt);
  append(id(), "assistant", "to one", one);
  append(id(), "assistant", "to two", two);
  EXPECT_EQ(shown(branch()), "? answer one two to one to two ");
  // As versions without branches said it.
  append(id(), "assistant", "old", std::nullopt);
  EXPECT_EQ(shown(branch()), "? answer one two to one to two old ");
  append(id(), "assistant", "to two again", two);
  EXPECT_EQ(shown(branch()), "? answer one two to one to two again(2/2) ");
  EXPECT_EQ(through(first), shown(branch()));
}

TEST_F(Chat, RowsOfVersionsWithoutBranchesAreALineUntilTheyAreMadeAgain) {
  begin("?");
  say("!");
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write(
        [](db::Tx& tx) { tx.run("UPDATE chat_messages_data SET parent = $1", db::Blob{""}); });
  }));
  EXPECT_EQ(shown(branch()), "? answer ! answer ");
  EXPECT_EQ(shown(branch({{"limit", 2}})), "! answer ");
  say(".");
  EXPECT_EQ(shown(branch()), "? answer ! answer . answer ");
}

TEST_F(Chat, AnotherAnswerIsASiblingOfOneThatDoesNotSayWhatItAnswers) {
  const auto first = begin("?");
  const auto answer = branch().find("messages")->as_array().at(1);
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([](db::Tx& tx) {
      // As it was said by versions without branches.
      tx.run("DELETE FROM chat_messages_data WHERE role = 'assistant'");
    });
  }));
  MessageCreated old{.entity_id = thread,
                     .message_id = Uuid::v7().to_string(),
                     .role = "assistant",
                     .text = "old",
                     .run_id = std::string(answer.string_or("runId", ""))};
  append(old);
  ask_again(first);
  EXPECT_EQ(shown(branch()), "? answer(2/2) ");
}

TEST_F(Chat, ABranchIsReadInPages) {
  const auto first = begin("?");
  const auto answer = member(branch(), 1, "id");
  const auto second = say("!", answer);
  say("!!", answer);
  std::string text;
  Json::Object asked = {{"through", second}, {"limit", 1}};
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = branch(asked);
    text = shown(page) + text;
    const auto* before = page.find("nextBefore");
    if (before == nullptr) break;
    asked = {{"before", *before}, {"limit", 1}};
  }
  EXPECT_EQ(text, "? answer !(1/2) answer ");
  EXPECT_EQ(shown(branch({{"before", 1}})), "");
}

// What was asked for in the thread, by "trusting" or "strict", and in the end how it stands.
TEST_F(Chat, IsTrustedForTheMessagesOfTheKeyThatSaysSo) {
  begin("?");
  const auto trust = [&](bool is_trusted, const std::string& user = "ann") {
    return call("chat.trust", Json::object({{"id", thread}, {"trusted", is_trusted}}), user);
  };
  const auto say_by = [&](const std::string& key, bool is_tainted = false) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, key);
    context->is_tainted = is_tainted;
    rpc::Call asked{.context = context,
                    .input = {.json = Json::object({{"threadId", thread}, {"text", "?"}})}};
    EXPECT_TRUE(sync_wait(executor, procedures.find("chat.send")->handler(std::move(asked))));
  };
  EXPECT_EQ(trust(true, "bob").error().code, Code::kNotFound);
  ASSERT_TRUE(trust(true));
  ASSERT_TRUE(trust(true));
  EXPECT_EQ(stands(), "true by key");
  EXPECT_EQ(stands("other"), "false by key") << "whose messages are not trusted";
  say_by("key");
  say_by("other");
  say_by("key", true);
  ASSERT_TRUE(trust(false));
  ASSERT_TRUE(trust(false));
  say_by("key");
  wait_until_idle();
  events::Filter filter{
      .limit = 100,
      .types = {std::string(agents::kRunRequested.name), std::string(kThreadTrusted.name)}};
  auto page = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), std::move(filter)));
  std::string told;
  for (const auto& event : page->events) {
    if (event->type == kThreadTrusted.name) {
      const auto said = *data_of(*event, kThreadTrusted);
      told += fmt::format("{} by {}, ", said->is_trusted ? "trusted" : "no more", said->key);
    } else {
      const auto asked = *data_of(*event, agents::kRunRequested);
      told += asked->is_trusting.value_or(false) ? "trusting, " : "strict, ";
    }
  }
  EXPECT_EQ(told, "strict, trusted by key, trusting, strict, strict, no more by key, strict, ");
  EXPECT_EQ(stands(), "false by nobody");
}

// It is that of one key, and it is seen which.
TEST_F(Chat, IsTrustedByTheLastKeyThatHasSaidSo) {
  begin("?");
  ASSERT_TRUE(trust_by("key", true));
  ASSERT_TRUE(trust_by("other", true));
  EXPECT_EQ(stands(), "false by other");
  EXPECT_EQ(stands("other"), "true by other");
  ASSERT_TRUE(trust_by("key", false));
  EXPECT_EQ(stands("other"), "false by nobody") << "any key ends it";
}

// A program has the right of its key, and says because of what it calls.
TEST_F(Chat, IsNotTrustedBecauseOfWhatAnAgentDid) {
  begin("?");
  events::Filter filter{.limit = 100};
  auto page = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), std::move(filter)));
  ASSERT_TRUE(page);
  std::string refused;
  for (const auto& event : page->events) {
    auto reply = trust_by("key", true, event->id);
    if (reply) continue;
    EXPECT_EQ(reply.error().code, Code::kForbidden) << reply.error().message;
    refused += fmt::format("{}, ", event->type);
  }
  EXPECT_EQ(refused, "agent.run.requested, chat.message.created, agent.run.completed, ");
}

// Trusted or not: what it sends because of a run is answered as what nobody has said.
TEST_F(Chat, IsNotTrustedForWhatIsSaidBecauseOfARun) {
  begin("?");
  events::Filter runs{.limit = 100, .types = {std::string(agents::kRunRequested.name)}};
  const auto before = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), runs));
  ASSERT_TRUE(trust_by("key", true));
  for (const bool has_cause : {true, false}) {
    const EverybodyMay may(keys.get());
    auto context = std::make_shared<api::CallContext>(may);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    if (has_cause) context->caused_by = before->events.back()->id;
    rpc::Call asked{.context = context,
                    .input = {.json = Json::object({{"threadId", thread}, {"text", "?"}})}};
    ASSERT_TRUE(sync_wait(executor, procedures.find("chat.send")->handler(std::move(asked))));
    wait_until_idle();
  }
  std::string told;
  for (const auto& event :
       sync_wait(executor, log->read(events::Tenancy::of_user("ann"), runs))->events) {
    const auto asked = *data_of(*event, agents::kRunRequested);
    told += asked->is_trusting.value_or(false) ? "trusting, " : "strict, ";
  }
  EXPECT_EQ(told, "strict, strict, trusting, ");
}

TEST_F(Chat, IsTrustedByNobodyButAPerson) {
  begin("?");
  auto context = std::make_shared<api::CallContext>(kEverybodyMay);
  context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
  context->is_tainted = true;
  rpc::Call asked{.context = context,
                  .input = {.json = Json::object({{"id", thread}, {"trusted", true}})}};
  auto reply = sync_wait(executor, procedures.find("chat.trust")->handler(std::move(asked)));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::kForbidden);
}

// Tools and instructions for the messages to come, and all up to the end once there are rounds.
TEST_F(Chat, HasAProviderKeepWhatIsAskedAgain) {
  models::ScriptedProvider llm;
  for (int i = 0; i < 2; ++i) llm.then(models::sse(models::kMessagesStream));
  model_options.chat = {
      {.name = "p", .wire = models::Wire::kMessages, .url = llm.url(), .model = "m"}};
  open();
  begin("?");
  ASSERT_GE(llm.asked(), 2U);
  const auto is_kept = [](const Json& of) {
    return of.as_array().back().find("cache_control") != nullptr;
  };
  for (std::size_t round = 0; round < 2; ++round) {
    const auto body = *parse_json(llm.seen(round).body);
    EXPECT_TRUE(is_kept(*body.find("tools")));
    EXPECT_TRUE(is_kept(*body.find("system")));
    const auto& last = body.find("messages")->as_array().back();
    EXPECT_EQ(is_kept(*last.find("content")), round > 0) << "nothing may ask that again";
  }
}

TEST_F(Chat, FitsIntoTheContextOfItsModel) {
  models::ScriptedProvider llm;
  llm.then(models::sse(models::chat_answer("yes")));
  model_options.chat = {{.name = "p", .url = llm.url(), .model = "m", .context_tokens = 4'096}};
  open();
  begin(std::string(19'000, '?'));
  say(std::string(19'000, '!'));
  ASSERT_EQ(llm.asked(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& body = llm.seen(i).body;
    EXPECT_LT(body.size(), 4'096 * 4) << i;
    EXPECT_EQ(parse_json(body)->find("max_tokens")->as_integer(), 1'024);
  }
  EXPECT_THAT(llm.seen(1).body, testing::HasSubstr("2 earlier messages are left out"));
}

TEST_F(Chat, AKeyInANoteIsNotCopiedIntoTheMessagesOfItsThread) {
  models::ScriptedProvider llm;
  // Put together here, so that nobody who looks for keys finds one in this file.
  const auto key = std::string("glpat") + "-4fQ9x2LmT7vB1cWz8KpR";
  const auto call_of_tool = [&](std::string_view query) {
    const auto arguments = json_text(Json::object({{"q", query}}));
    const auto call = Json::object(
        {{"index", 0},
         {"id", "t1"},
         {"type", "function"},
         {"function", Json::object({{"name", "search_query"}, {"arguments", arguments}})}});
    return fmt::format(R"(data: {{"choices":[{{"index":0,"delta":{{"tool_calls":[{}]}}}}]}})"
                       "\n\n"
                       R"(data: {{"choices":[{{"index":0,"delta":{{}},)"
                       R"("finish_reason":"tool_calls"}}]}})"
                       "\n\ndata: [DONE]\n\n",
                       call.dump());
  };
  // The second lies across the place where the arguments are cut.
  llm.then(models::sse(call_of_tool("garden " + std::string(980, '-') + " " + key)));
  llm.then(models::sse(call_of_tool("garden")));
  llm.then(models::sse(models::chat_answer("It is in the note [1].")));
  model_options.chat = {{.name = "p", .url = llm.url(), .model = "m"}};
  open();
  search->start();
  // The agent's tools are called by a key that there is.
  const auto made = sync_wait(executor, keys->create_user("ann", api::Role::kMember));
  const auto user = sync_wait(executor, keys->list_users("", 10))->items.front().id;
  const auto note = call(
      "notes.create",
      Json::object({{"title", "Garden " + key}, {"content", "The garden gate opens by " + key}}),
      user);
  ASSERT_TRUE(note) << note.error().message;
  wait_until_idle();
  const auto position = log->end().value();
  auto wait = [&]() -> Task<void> { co_await search->indexed().wait_past(position - 1); };
  sync_wait(executor, wait());
  auto context = std::make_shared<api::CallContext>(kEverybodyMay);
  context->actor = api::Actor::of_key(user, api::Role::kMember, made->key_id);
  rpc::Call asked{.context = context, .input = {.json = Json::object({{"text", "garden"}})}};
  const auto sent = sync_wait(executor, procedures.find("chat.send")->handler(std::move(asked)));
  ASSERT_TRUE(sent);
  wait_until_idle();
  const auto begun = *parse_json(*std::get<rpc::Text>(*sent));
  const auto got = call("chat.get", Json::object({{"id", begun.string_or("entityId", "")}}), user);
  ASSERT_TRUE(got) << got.error().message;
  const auto& whole = *got;
  const auto& answer = whole.find("messages")->as_array().at(1);
  const auto& tools = answer.find("tools")->as_array();
  const auto& citations = answer.find("citations")->as_array();
  ASSERT_EQ(tools.size(), 2U) << answer.dump();
  ASSERT_EQ(citations.size(), 1U) << answer.dump();
  constexpr auto kMark = "[left out: a secret]";
  EXPECT_THAT(tools[1].string_or("result", ""), testing::HasSubstr(kMark));
  EXPECT_EQ(citations[0].string_or("title", ""), fmt::format("Garden {}", kMark));
  EXPECT_THAT(citations[0].string_or("passage", ""), testing::HasSubstr(kMark));
  EXPECT_THAT(answer.dump(), testing::Not(testing::HasSubstr("glpat")));
}

TEST_F(Chat, WhatIsNotThereIsNotFollowed) {
  const auto first = begin("?");
  const auto mine = thread;
  const auto other = begin("!");
  EXPECT_EQ(refused({{"threadId", mine}, {"text", "."}, {"parentId", other}}).code,
            Code::kNotFound);
  EXPECT_EQ(refused({{"threadId", mine}, {"parentId", other}}).code, Code::kNotFound);
  EXPECT_EQ(refused({{"threadId", mine}, {"parentId", mine}}).code, Code::kNotFound);
  EXPECT_EQ(refused({{"threadId", mine}}).code, Code::kBadRequest);
  EXPECT_EQ(refused({{"text", "."}, {"parentId", first}}).code, Code::kBadRequest);
  EXPECT_EQ(refused({{"threadId", mine}, {"parentId", first}}, "chat.send", "bob").code,
            Code::kNotFound);
  EXPECT_EQ(
      refused({{"threadId", mine}, {"text", "."}, {"parentId", mine}}, "chat.send", "bob").code,
      Code::kNotFound);
  EXPECT_EQ(refused({{"id", mine}, {"through", other}}, "chat.get").code, Code::kNotFound);
  EXPECT_EQ(refused({{"id", mine}, {"through", first}}, "chat.get", "bob").code, Code::kNotFound);
}

TEST_F(Chat, ARepeatBranchesOnce) {
  const auto first = begin("?");
  const Json::Object again = {{"threadId", thread}, {"parentId", first}};
  const auto once = sent(again, "k");
  EXPECT_EQ(sent(again, "k").dump(), once.dump());
  EXPECT_EQ(shown(branch()), "? answer(2/2) ");
  EXPECT_EQ(
      call("chat.send", Json::object({{"threadId", thread}, {"parentId", first}, {"text", "."}}),
           "ann", "k")
          .error()
          .code,
      Code::kConflict);
}

TEST_F(Chat, BranchesAreMadeAgainFromTheLog) {
  const auto first = begin("?");
  ask_again(first);
  say("!", thread);
  const auto before = through(first) + "| " + shown(branch());
  ASSERT_TRUE(test::run(executor, [&] { return projections->rebuild("chat"); }));
  EXPECT_EQ(through(first) + "| " + shown(branch()), before);
}

}  // namespace
}  // namespace synap::features::chat
