// Who comes into a pod, and how an owner comes back.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/crypto.h"
#include "base/json.h"
#include "base/test_support.h"
#include "base/uuid.h"
#include "net/test_client.h"
#include "pod/data_directory.h"
#include "pod/description.h"
#include "pod/pod.h"
#include "pod/test_request.h"

namespace synap::pod {
namespace {

using testing::HasSubstr;

class AccessTest : public testing::Test {
 protected:
  std::string data() const { return directory.path() + "/data"; }
  std::string kept_key() const {
    auto text = test::read_file(data() + "/owner.key");
    text.pop_back();
    return text;
  }
  void start() {
    PodOptions options;
    options.data = data();
    options.port = 0;
    auto started = Pod::start(options);
    ASSERT_TRUE(started) << started.error().message;
    pod = std::move(*started);
  }
  void stop() {
    ASSERT_TRUE(pod->stop());
    pod.reset();
  }
  Result<OwnerReset> reset(bool revokes_others = false) {
    return Pod::reset_owner({.data = data(), .revokes_others = revokes_others});
  }
  /// What a mutation answers: its result, or its error.
  Json mutate(const std::string& path, const Json& input, const std::string& key,
              const std::string& idempotency_key = "", const std::string& cause = "") {
    net::TestClient client(pod->port());
    std::string headers = "authorization: Bearer " + key + "\r\ncontent-type: application/json\r\n";
    if (!idempotency_key.empty()) headers += "idempotency-key: " + idempotency_key + "\r\n";
    if (!cause.empty()) headers += "synap-caused-by: " + cause + "\r\n";
    client.request("POST", "/trpc/" + path, headers, input.dump());
    return result_of(client.read_response().body);
  }
  Json query(const std::string& path, const std::string& key) {
    net::TestClient client(pod->port());
    client.request("GET", "/trpc/" + path, "authorization: Bearer " + key + "\r\n", "");
    return result_of(client.read_response().body);
  }
  static Json result_of(const std::string& body) {
    auto json = parse_json(body);
    if (!json) return Json(body);
    const Json* result = json->find("result");
    return result != nullptr ? *result->find("data") : *json->find("error");
  }
  bool is_let_in(const std::string& key) {
    return query("users.list", key).find("users") != nullptr;
  }
  std::int64_t end_of_log(const std::string& key) {
    return query("events.head", key).find("position")->as_integer();
  }

  test::TempDirectory directory;
  std::unique_ptr<Pod> pod;
};

TEST_F(AccessTest, ThePodMakesItsFirstOwnerInItsOwnName) {
  start();
  const auto list = query("events.list", kept_key());
  const Json& events = *list.find("events");
  ASSERT_EQ(events.as_array().size(), 2u);
  for (const auto& event : events.as_array()) {
    EXPECT_EQ(event.string_or("source", ""), "system");
    EXPECT_EQ(event.find("actor"), nullptr);
  }
}

TEST_F(AccessTest, AResetBringsAnOwnerBack) {
  start();
  const auto first = kept_key();
  EXPECT_EQ(reset().error().code, Code::kConflict) << "it runs";
  stop();
  const auto made = reset();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->path, data() + "/owner.key");
  EXPECT_FALSE(made->is_new_user);
  struct stat info{};
  ASSERT_EQ(::stat(made->path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto second = kept_key();
  EXPECT_NE(second, first);
  start();
  EXPECT_TRUE(is_let_in(first));
  EXPECT_TRUE(is_let_in(second));
  EXPECT_EQ(query("users.list", second).find("users")->as_array().size(), 1u);
  const auto events = query("events.list", second);
  const auto& last = events.find("events")->as_array().back();
  EXPECT_EQ(last.string_or("type", ""), "key.creation.completed");
  EXPECT_EQ(last.string_or("source", ""), "system");
}

TEST_F(AccessTest, AResetCanRevokeAllOtherKeysOfOwnersAndNoMembers) {
  start();
  const auto first = kept_key();
  const auto eve =
      mutate("users.create", Json::object({{"name", "eve"}, {"role", "owner"}}), first);
  const auto bob = mutate("users.create", Json::object({{"name", "bob"}}), first);
  stop();
  const auto made = reset(true);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->revoked, 2);
  start();
  EXPECT_TRUE(is_let_in(kept_key()));
  EXPECT_FALSE(is_let_in(first));
  EXPECT_FALSE(is_let_in(std::string(eve.string_or("key", ""))));
  const auto bobs = query("keys.list", std::string(bob.string_or("key", "")));
  EXPECT_NE(bobs.find("keys"), nullptr) << bobs.dump();
}

TEST_F(AccessTest, WhereThereIsNoPodAResetChangesNothing) {
  const auto refused = reset();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kNotFound);
  EXPECT_THAT(refused.error().message, HasSubstr("There is no pod in"));
  EXPECT_FALSE(std::filesystem::exists(data()));
  std::filesystem::create_directory(data());
  EXPECT_EQ(reset().error().code, Code::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(data()));
  start();
  stop();
  // One that has lost its database is not given another owner.
  for (const char* name : {"/synap.db", "/synap.db-wal", "/synap.db-shm"}) {
    std::filesystem::remove(data() + name);
  }
  const auto lost = reset();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::kPreconditionFailed);
  EXPECT_FALSE(std::filesystem::exists(data() + "/synap.db"));
}

// A reset that is killed: what is on disk after each of its lines.
TEST_F(AccessTest, WhoeverHoldsTheOwnersKeyGetsInWhereverAResetWasCutOff) {
  start();
  const auto first = kept_key();
  stop();
  const auto before = test::read_file(data() + "/owner.key");
  // After the new key was put aside, and nothing else.
  std::ofstream(data() + "/owner.key.tmp") << "synap_unknown\n";
  start();
  EXPECT_TRUE(is_let_in(kept_key()));
  stop();
  // After it is good, and before it has its name.
  std::filesystem::remove(data() + "/owner.key.tmp");
  std::filesystem::create_directory(directory.path() + "/aside");
  std::filesystem::rename(data() + "/owner.key", directory.path() + "/aside/owner.key");
  std::filesystem::create_directories(data() + "/owner.key/full");  // nothing can take its name
  const auto cut = reset(true);
  ASSERT_FALSE(cut);
  std::filesystem::remove_all(data() + "/owner.key");
  std::filesystem::rename(directory.path() + "/aside/owner.key", data() + "/owner.key");
  EXPECT_EQ(test::read_file(data() + "/owner.key"), before);
  start();
  EXPECT_TRUE(is_let_in(first)) << "nothing is revoked before the new key has its place";
  stop();
  // The next one goes the whole way, and revokes what the others have left.
  const auto whole = reset(true);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->revoked, 2);
  start();
  EXPECT_TRUE(is_let_in(kept_key()));
  EXPECT_FALSE(is_let_in(first));
}

// It is a key that may be good, and that nobody was told of.
TEST_F(AccessTest, TheKeyThatAKilledResetHasPutAsideIsRemovedByTheNextStartOrReset) {
  start();
  stop();
  const auto aside = data() + "/owner.key.tmp";
  const auto is_there = [&] {
    return std::filesystem::exists(std::filesystem::symlink_status(aside));
  };
  std::ofstream(aside) << "synap_unknown\n";
  start();
  EXPECT_FALSE(is_there()) << "after a start";
  EXPECT_TRUE(is_let_in(kept_key()));
  stop();
  std::ofstream(aside) << "synap_unknown\n";
  ASSERT_TRUE(reset());
  EXPECT_FALSE(is_there()) << "after a reset";
  // What a link names is not the pod's.
  std::ofstream(directory.path() + "/of somebody") << "theirs\n";
  std::filesystem::create_symlink(directory.path() + "/of somebody", aside);
  start();
  EXPECT_FALSE(is_there());
  EXPECT_EQ(test::read_file(directory.path() + "/of somebody"), "theirs\n");
  stop();
  // Nor what no reset has made: it stands in the way of the next reset, and of no start.
  std::filesystem::create_directory(aside);
  start();
  EXPECT_TRUE(is_let_in(kept_key()));
}

// Calls mutations of every kind, each with an input of its own.
class MutationsTest : public AccessTest {
 protected:
  void SetUp() override {
    start();
    key = kept_key();
  }
  // Waits until nothing more comes of a command.
  void done(const Json& accepted) {
    const auto id = accepted.string_or("requestId", "");
    if (id.empty()) return;
    const auto path = fmt::format("requests.get?input=%7B%22requestId%22%3A%22{}%22%7D", id);
    ASSERT_TRUE(wait_for_request(pod->port(), key, std::string(id), [&] {
      return query(path, key).string_or("status", "") != "pending";
    }));
  }
  // An id of something that is there, for what changes things: made anew for each.
  Json new_thing(const std::string& noun) {
    if (noun == "notes") return Json::object({{"content", "text"}});
    if (noun == "entities") {
      mutate("entityTypes.define", Json::object({{"name", "x.book"}, {"schema", Json::object()}}),
             key);
      return Json::object({{"type", "x.book"}, {"data", Json::object({{"title", "title"}})}});
    }
    if (noun != "relations") return Json::object({{"title", "title"}});
    Json ends = Json::object({{"type", "part_of"}});
    for (const auto* end : {"fromId", "toId"}) {
      ends.set(end, *mutate("tasks.create", new_thing("tasks"), key).find("entityId"));
    }
    return ends;
  }
  std::string made(const std::string& noun) {
    const auto accepted = mutate(noun + ".create", new_thing(noun), key);
    done(accepted);
    return std::string(accepted.string_or("entityId", accepted.string_or("id", "")));
  }
  Json with_id(const std::string& noun, Json::Object more = {}) {
    Json input = Json::object({{"id", made(noun)}});
    for (auto& [name, value] : more) input.set(name, value);
    return input;
  }
  // A text that lies where one is put by a URL, of which a pod with a bucket is asked.
  Json uploaded() {
    made("notes");
    const std::string text = "uploaded";
    const auto id = Uuid::v7().to_string();
    const std::filesystem::directory_iterator users(data() + "/content");
    std::ofstream(users->path() / "note" / (id + ".md")) << text;
    return Json::object({{"upload", Json::object({{"id", id},
                                                  {"size", static_cast<int>(text.size())},
                                                  {"checksum", to_hex(sha256(text))}})}});
  }
  // Who may accept a proposal is another than who may withdraw it: nobody's own is accepted.
  Json input_about_proposal(const std::string& verb) {
    const Json wanted =
        Json::object({{"procedure", "tasks.create"}, {"input", new_thing("tasks")}});
    if (verb == "create") return wanted;
    Json asked = Json::object({{"name", "proposer"}});
    const auto other = mutate("keys.create", asked, key);
    const auto by = verb == "withdraw" ? key : std::string(other.string_or("key", ""));
    return Json::object({{"id", *mutate("proposals.create", wanted, by).find("entityId")}});
  }
  Json input_of(const std::string& path) {
    const auto noun = path.substr(0, path.find('.'));
    const auto verb = path.substr(path.find('.') + 1);
    if (path == "users.create") return Json::object({{"name", "bob"}});
    if (path == "keys.create") return Json::object({{"name", "second"}});
    if (path == "tags.rename") return Json::object({{"tag", "a"}, {"to", "b"}});
    if (path == "tags.remove") return Json::object({{"tag", "a"}});
    if (path == "signals.send") return Json::object({{"signal", "go"}});
    if (path == "capture.thought" || path == "chat.send") {
      return Json::object({{"text", "buy milk"}});
    }
    if (path == "chat.executeAction") {
      const auto said = mutate("chat.send", Json::object({{"text", "?"}}), key);
      done(said);
      return Json::object({{"threadId", *said.find("entityId")},
                           {"messageId", *said.find("messageId")},
                           {"actionType", "task.create"},
                           {"actionParams", Json::object({{"title", "seeds"}})}});
    }
    if (path == "agents.start") {
      return Json::object({{"agent", "capture"}, {"input", Json::object({{"text", "buy milk"}})}});
    }
    if (path == "agents.fork") {
      const auto run = mutate("capture.thought", Json::object({{"text", "buy milk"}}), key);
      done(run);
      return Json::object({{"id", *run.find("entityId")}, {"checkpoint", 0}});
    }
    if (path == "notes.createUploaded") return uploaded();
    if (noun == "proposals") return input_about_proposal(verb);
    if (path == "keys.revoke") {
      return Json::object(
          {{"keyId", *mutate("keys.create", Json::object({{"name", "x"}}), key).find("keyId")}});
    }
    if (path == "store.put") {
      return Json::object(
          {{"namespace", Json::Array{"a"}}, {"key", "k"}, {"value", Json::object({{"n", 1}})}});
    }
    if (path == "events.publish") {
      const Json schema = Json::object({{"type", "object"}});
      mutate("eventTypes.register", Json::object({{"name", "x.a.b"}, {"schema", schema}}), key);
      return Json::object({{"type", "x.a.b"}, {"data", Json::object()}});
    }
    if (verb == "create") return new_thing(noun);
    if (path == "relations.update") return with_id(noun, {{"type", "depends_on"}});
    if (path == "entities.update") {
      return with_id(noun, {{"data", Json::object({{"title", "other"}})}});
    }
    if (verb == "update") return with_id(noun, {{"title", "other"}});
    if (verb == "restore") return with_id(noun, {{"version", 1}});
    Json input = with_id(noun);
    if (verb == "reopen") done(mutate(noun + ".complete", input, key));
    return input;
  }

  std::string key;
};

// A mutation keeps idempotency keys, and says so, or refuses them; there is no third.
TEST_F(MutationsTest, KeepAnIdempotencyKeyOrRefuseIt) {
  const Description description;
  int kept = 0;
  for (const auto* procedure : description.procedures().all()) {
    if (procedure->kind != rpc::Kind::kMutation) continue;
    const auto& path = procedure->path;
    if (!procedure->meta.keeps_idempotency_keys) {
      EXPECT_THAT(mutate(path, Json::object(), key, "k").dump(),
                  HasSubstr("keeps no Idempotency-Key"))
          << path;
      continue;
    }
    const auto input = input_of(path);
    auto first = mutate(path, input, key, "of " + path);
    ASSERT_EQ(first.find("message"), nullptr) << path << " " << first.dump();
    done(first);
    const auto end = end_of_log(key);
    auto again = mutate(path, input, key, "of " + path);
    EXPECT_EQ(end_of_log(key), end) << path;
    // A secret is told once, and the repeat says that it is one.
    if (first.find("key") != nullptr) {
      EXPECT_EQ(again.find("key"), nullptr) << path;
      EXPECT_EQ(again.dump().find("synap_"), std::string::npos) << path;
      first = Json::object(
          {{"userId", *first.find("userId")}, {"keyId", *first.find("keyId")}, {"isRepeat", true}});
    }
    EXPECT_EQ(again.dump(), first.dump()) << path;
    ++kept;
  }
  EXPECT_GE(kept, 4);
}

TEST_F(MutationsTest, StandBelowTheEventBecauseOfWhichTheyAreCalled) {
  const auto events_from = [&](std::int64_t position) {
    return *query(fmt::format("events.list?input=%7B%22after%22%3A{}%7D", position), key)
                .find("events");
  };
  made("notes");
  const auto cause = events_from(end_of_log(key) - 1).as_array().front();
  const auto id = std::string(cause.string_or("id", ""));
  const auto correlation = cause.string_or("correlationId", "");
  const Description description;
  int seen = 0;
  const auto call = [&](const std::string& path, const Json& input) {
    const auto end = end_of_log(key);
    const auto answer = mutate(path, input, key, "", id);
    ASSERT_EQ(answer.find("message"), nullptr) << path << " " << answer.dump();
    done(answer);
    bool is_first = true;
    const auto events = events_from(end);
    for (const auto& event : events.as_array()) {
      EXPECT_EQ(event.string_or("correlationId", ""), correlation) << path << " " << event.dump();
      if (is_first) EXPECT_EQ(event.string_or("causationId", ""), id) << path;
      is_first = false;
    }
    // Those of another user are not seen here, and do not follow from anything.
    EXPECT_EQ(events.as_array().empty(), path == "users.create") << path;
    ++seen;
  };
  for (const auto* procedure : description.procedures().all()) {
    if (procedure->kind != rpc::Kind::kMutation) continue;
    if (procedure->meta.keeps_idempotency_keys) call(procedure->path, input_of(procedure->path));
  }
  const Json schema = Json::object({{"type", "object"}});
  call("eventTypes.register", Json::object({{"name", "x.c.d"}, {"schema", schema}}));
  call("functions.pause", Json::object({{"id", "notes.create"}}));
  call("functions.resume", Json::object({{"id", "notes.create"}}));
  EXPECT_GE(seen, 10);
}

TEST_F(MutationsTest, AreRefusedToAKeyThatOnlyReads) {
  const auto reader =
      mutate("keys.create", *parse_json(R"({"name":"reader","scopes":["*:read"]})"), key);
  const Description description;
  for (const auto* procedure : description.procedures().all()) {
    if (procedure->kind != rpc::Kind::kMutation || procedure->is_public()) continue;
    if (procedure->meta.has_scope_of_input) continue;
    EXPECT_THAT(
        mutate(procedure->path, Json::object(), std::string(reader.string_or("key", ""))).dump(),
        HasSubstr("FORBIDDEN"))
        << procedure->path;
  }
}

// Whatever there is to call, a key that may only propose changes nothing by it.
TEST_F(MutationsTest, AreProposedOrRefusedWhereAKeyMayOnlyPropose) {
  const auto robot =
      mutate("keys.create", *parse_json(R"({"name":"robot","scopes":["propose","*:read"]})"), key);
  const auto robots_key = std::string(robot.string_or("key", ""));
  // A new name is proposed for a tag that something has.
  done(mutate("notes.create", *parse_json(R"({"content":"x","tags":["a"]})"), key));
  const Description description;
  int proposed = 0;
  for (const auto* procedure : description.procedures().all()) {
    const auto& path = procedure->path;
    if (procedure->kind != rpc::Kind::kMutation || procedure->is_public()) continue;
    const auto& meta = procedure->meta;
    const auto input = meta.keeps_idempotency_keys ? input_of(path) : Json::object();
    const auto answer = mutate(path, input, robots_key);
    if (meta.may_be_proposed) {
      EXPECT_EQ(answer.string_or("status", ""), "proposed") << path << answer.dump();
      ++proposed;
    } else if (path != "proposals.create") {
      EXPECT_THAT(answer.dump(), HasSubstr("FORBIDDEN")) << path;
    }
  }
  EXPECT_GT(proposed, 20);
  int of_robot = 0;
  for (std::int64_t after = 0;;) {
    const auto page = query(fmt::format("events.list?input=%7B%22after%22%3A{}%7D", after), key);
    const auto& events = page.find("events")->as_array();
    if (events.empty()) break;
    for (const auto& event : events) {
      after = event.find("position")->as_integer();
      const Json* actor = event.find("actor");
      if (actor == nullptr || actor->string_or("key", "") != robot.string_or("keyId", "")) continue;
      EXPECT_EQ(event.string_or("type", ""), "proposal.creation.completed");
      ++of_robot;
    }
  }
  EXPECT_EQ(of_robot, proposed + 1) << "and the one of proposals.create";
}

TEST_F(AccessTest, AnOwnerTakesAwayAMembersAccessAndGivesItBack) {
  start();
  const auto key = kept_key();
  const auto bob = mutate("users.create", Json::object({{"name", "bob"}}), key);
  const auto id = *bob.find("userId");
  const auto bobs_key = std::string(bob.string_or("key", ""));
  const auto own = query("keys.list", key).find("keys")->as_array().front();
  for (const auto& [path, input] : std::map<std::string, Json>{
           {"keys.create", Json::object({{"name", "x"}, {"userId", own.string_or("id", "")}})},
           {"keys.revoke", Json::object({{"keyId", *own.find("id")}, {"userId", "owner"}})}}) {
    EXPECT_THAT(mutate(path, input, bobs_key).dump(), HasSubstr("Only an owner")) << path;
  }
  const auto revoked =
      mutate("keys.revoke", Json::object({{"keyId", *bob.find("keyId")}, {"userId", id}}), key);
  EXPECT_NE(revoked.find("revoked"), nullptr) << revoked.dump();
  EXPECT_EQ(query("keys.list", bobs_key).find("keys"), nullptr);
  const auto back = mutate("keys.create", Json::object({{"name", "new"}, {"userId", id}}), key);
  EXPECT_NE(query("keys.list", std::string(back.string_or("key", ""))).find("keys"), nullptr);
  const auto users = query("users.list", key);
  const auto& listed = users.find("users")->as_array();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[1].string_or("name", ""), "bob");
  EXPECT_EQ(listed[1].find("keys")->as_integer(), 1);
}

TEST_F(AccessTest, AKeyIsAskedForInOneWayOnly) {
  start();
  const auto key = kept_key();
  const auto refusal = [&](const Json& more) -> std::string {
    Json input = Json::object({{"name", "x"}});
    for (const auto& [name, value] : more.as_object()) input.set(name, value);
    return std::string(mutate("keys.create", input, key).string_or("message", ""));
  };
  Json thousand = Json::array();
  for (int i = 0; i < 1'000; ++i) thousand.push_back("notes:read");
  EXPECT_THAT(refusal(Json::object({{"scopes", thousand}})), HasSubstr("too_big"));
  EXPECT_THAT(refusal(Json::object({{"scopes", Json::array()}})), HasSubstr("too_small"));
  const auto scope = [&](const char* name) {
    Json one = Json::array();
    one.push_back(name);
    return refusal(Json::object({{"scopes", one}}));
  };
  EXPECT_THAT(scope("notes"), HasSubstr("it must be a scope, as notes:read"));
  EXPECT_THAT(scope("nots:read"), HasSubstr("is about nothing that there is here"));
  EXPECT_THAT(refusal(Json::object({{"expiresAt", "2001-01-01T00:00:00Z"}})),
              HasSubstr("is over already"));
  EXPECT_THAT(refusal(Json::object({{"expiresAt", "tomorrow"}})), HasSubstr("invalid_format"));
  EXPECT_THAT(refusal(Json::object({{"expiresAt", "2101-01-01T00:00:00Z"}, {"expiresInDays", 3}})),
              HasSubstr("not both"));
  EXPECT_THAT(refusal(Json::object({{"expiresInDays", 1e9}})), HasSubstr("too_big"));
  EXPECT_THAT(refusal(Json::object({{"userId", "nobody"}})), HasSubstr("no such user"));
}

}  // namespace
}  // namespace synap::pod
