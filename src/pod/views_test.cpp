// What a pod says of itself: its types of events, its settings, its checks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "base/json.h"
#include "base/log.h"
#include "base/test_support.h"
#include "net/test_client.h"
#include "pod/pod.h"

namespace synap::pod {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class ViewsTest : public testing::Test {
 protected:
  void start(PodOptions options = {}) {
    options.data = directory.path() + "/data";
    options.port = 0;
    auto started = Pod::start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    pod = std::move(*started);
  }
  Json query(const std::string& path) { return query(path, pod->new_owner_key()); }
  Json query(const std::string& path, const std::string& key) {
    net::TestClient client(pod->port());
    client.request("GET", "/trpc/" + path, "authorization: Bearer " + key + "\r\n", "");
    auto json = parse_json(client.read_response().body);
    if (!json) return {};
    const Json* result = json->find("result");
    return result != nullptr ? *result->find("data") : *json->find("error");
  }
  static std::vector<std::string> texts(const Json& list) {
    std::vector<std::string> all;
    for (const auto& one : list.as_array()) all.push_back(one.as_string());
    return all;
  }

  test::TempDirectory directory;
  std::unique_ptr<Pod> pod;
};

TEST_F(ViewsTest, EveryTypeOfEventIsWrittenBySomebodyAndItsReadersAreNamed) {
  start();
  std::map<std::string, Json> types;
  const auto answer = query("catalogue.eventTypes");
  for (const auto& type : answer.find("types")->as_array()) {
    types[type.find("name")->as_string()] = type;
  }
  for (const auto& [name, type] : types) {
    EXPECT_EQ(type.find("schema")->string_or("type", ""), "object") << name;
    EXPECT_NE(type.string_or("summary", ""), "") << name;
    // A noun without a text is done at once: its commands have no failure to record.
    if (name.ends_with(".failed") && texts(*type.find("writtenBy")).empty()) {
      EXPECT_TRUE(type.string_or("summary", "").starts_with("Nothing writes it")) << name;
      EXPECT_THAT(type.string_or("noun", ""), AnyOf("task", "project", "relation", "entity"));
      continue;
    }
    EXPECT_THAT(texts(*type.find("writtenBy")), Not(IsEmpty())) << name;
  }
  const auto written = [&](const char* name) { return texts(*types[name].find("writtenBy")); };
  const auto read = [&](const char* name) { return texts(*types[name].find("readBy")); };
  EXPECT_THAT(written("note.creation.requested"),
              UnorderedElementsAre("notes.create", "notes.createUploaded", "chat.executeAction"));
  EXPECT_THAT(read("note.creation.requested"), Contains("function:notes.create"));
  EXPECT_THAT(written("note.creation.completed"), ElementsAre("function:notes.create"));
  EXPECT_THAT(read("note.creation.completed"), Contains("projection:notes"));
  EXPECT_THAT(read("note.creation.completed"), Contains("search"));
  EXPECT_THAT(read("note.creation.requested"), Not(Contains("search")));
  EXPECT_THAT(written("note.creation.failed"), ElementsAre("function:notes.create"));
  EXPECT_THAT(written("task.update.completed"), ElementsAre("tasks.restore", "tasks.update"));
  EXPECT_THAT(written("key.creation.completed"), ElementsAre("keys.create", "users.create"));
  EXPECT_EQ(types["key.creation.completed"].find("version")->as_integer(), 2);
  EXPECT_EQ(types["key.creation.completed"].string_or("noun", ""), "key");
}

TEST_F(ViewsTest, SettingsAreToldWithTheirOrigins) {
  start({.settings = {{"batch_max", "30", "100", "flag", "Calls in one request."}}});
  EXPECT_EQ(query("pod.settings").dump(),
            R"({"settings":[{"name":"batch_max","value":"30","default":"100","from":"flag",)"
            R"("description":"Calls in one request."}]})");
}

TEST_F(ViewsTest, TheDoctorSaysWhatIsWrongAndWhatToDo) {
  start({.disk_free_bytes_min = 0});
  const auto checks = [&] {
    std::map<std::string, Json> all;
    const auto answer = query("pod.doctor");
    for (const auto& check : answer.find("checks")->as_array()) {
      all[check.find("name")->as_string()] = check;
    }
    return all;
  };
  const auto status = [](std::map<std::string, Json> all, const char* name) {
    return all[name].string_or("status", "not there");
  };
  auto well = checks();
  for (const char* name :
       {"ready", "permissions", "read models", "dead letters", "log of changes", "clock", "keys"}) {
    EXPECT_EQ(status(well, name), "ok") << well[name].dump();
    EXPECT_EQ(well[name].find("advice"), nullptr);
  }
  EXPECT_NE(status(well, "disk"), "fail");
  const auto data = directory.path() + "/data";
  ASSERT_EQ(::chmod((data + "/owner.key").c_str(), 0644), 0);
  auto open = checks();
  EXPECT_EQ(status(open, "permissions"), "fail");
  EXPECT_THAT(open["permissions"].string_or("advice", ""), HasSubstr("chmod 600"));
  ASSERT_EQ(::chmod((data + "/owner.key").c_str(), 0600), 0);
  ASSERT_EQ(::chmod(data.c_str(), 0755), 0);
  EXPECT_EQ(status(checks(), "permissions"), "warn");
}

TEST_F(ViewsTest, TheDoctorSaysWhatIsOpenByTheSettings) {
  start();
  const auto key = pod->new_owner_key();
  const auto look = [&](const char* name) {
    const auto answer = query("pod.doctor", key);
    for (const auto& check : answer.find("checks")->as_array()) {
      if (check.string_or("name", "") == name) return check;
    }
    return Json();
  };
  EXPECT_EQ(look("mode").string_or("status", ""), "ok");
  EXPECT_EQ(look("agent guard").string_or("status", ""), "ok");
  pod.reset();  // which holds the directory
  start({.inngest = {.is_dev = true}, .guards_agents = false});
  EXPECT_EQ(look("mode").string_or("status", ""), "warn");
  EXPECT_THAT(look("mode").string_or("message", ""), HasSubstr("without a key"));
  EXPECT_EQ(look("agent guard").string_or("status", ""), "warn");
  EXPECT_THAT(look("agent guard").string_or("advice", ""), HasSubstr("agent_guard"));
}

TEST_F(ViewsTest, ThePodHasNoSamplesInItsFirstSecondsAndRefusesToLookFurtherThanAnHour) {
  start();
  const auto answer = query("pod.samples");
  EXPECT_THAT(answer.find("samples")->as_array(), IsEmpty());
  EXPECT_GT(answer.find("at")->as_integer(), 1'700'000'000'000);
  const auto refused = query("pod.samples?input=%7B%22seconds%22%3A3601%7D");
  EXPECT_EQ(refused.find("data")->string_or("code", ""), "BAD_REQUEST");
}

TEST_F(ViewsTest, TheLogIsReadWithoutTheMachine) {
  start();
  write_log(LogLevel::kInfo, "pod", "all is well");
  write_log(LogLevel::kError, "workers", "{run} was given up", {{"run", "r1"}});
  const auto errors = query("pod.logs?input=%7B%22level%22%3A%22error%22%2C%22limit%22%3A1%7D");
  const auto& lines = errors.find("lines")->as_array();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].string_or("message", ""), "r1 was given up");
  EXPECT_EQ(lines[0].string_or("room", ""), "workers");
  EXPECT_EQ(lines[0].find("fields")->string_or("run", ""), "r1");
  EXPECT_EQ(lines[0].string_or("id", ""), errors.string_or("lastId", "none"));
  EXPECT_EQ(errors.string_or("writtenLevel", ""), "info");
  const auto all = query("pod.logs").dump();
  EXPECT_THAT(all, HasSubstr("all is well"));
  EXPECT_THAT(all, Not(HasSubstr(pod->new_owner_key())));
}

// What `stream` sends up to `end`.
std::string text_until(net::TestClient& stream, std::string_view end) {
  std::string text;
  while (!text.contains(end)) {
    const auto chunk = stream.read_chunk();
    if (!chunk) break;
    text += *chunk;
  }
  return text;
}

TEST_F(ViewsTest, TheLogIsFollowedFromALineOnAlsoOverAStart) {
  start();
  const auto key = pod->new_owner_key();
  const auto follow = [&](net::TestClient& client, const std::string& id) {
    client.request("GET", "/trpc/pod.watchLogs?input=%7B%22level%22%3A%22warn%22%7D",
                   "authorization: Bearer " + key + "\r\naccept: text/event-stream\r\n" +
                       (id.empty() ? "" : "last-event-id: " + id + "\r\n"));
    return client.read_head().status;
  };
  write_log(LogLevel::kWarn, "pod", "before");
  const std::string id(query("pod.logs").string_or("lastId", ""));
  net::TestClient client(pod->port(), {.timeout_s = 30});
  ASSERT_EQ(follow(client, id), 200);
  write_log(LogLevel::kInfo, "pod", "not asked for");
  write_log(LogLevel::kWarn, "pod", "behind");
  write_log(LogLevel::kWarn, "pod", "enough");
  const auto text = text_until(client, "enough");
  EXPECT_THAT(text, HasSubstr("\"message\":\"behind\""));
  EXPECT_THAT(text, Not(HasSubstr("not asked for")));
  EXPECT_THAT(text, Not(HasSubstr("before")));

  net::TestClient of_another(pod->port(), {.timeout_s = 30});
  ASSERT_EQ(follow(of_another, "12345.7"), 200);
  EXPECT_THAT(text_until(of_another, "enough"), HasSubstr("\"message\":\"before\""));
  net::TestClient wrong(pod->port(), {.timeout_s = 30});
  follow(wrong, "x");
  EXPECT_THAT(text_until(wrong, "BAD_REQUEST"), HasSubstr("lastEventId is the id of a line"));
}

TEST_F(ViewsTest, OnlyOwnersAreToldOfThePod) {
  start();
  net::TestClient client(pod->port());
  client.request(
      "POST", "/trpc/users.create",
      "authorization: Bearer " + pod->new_owner_key() + "\r\ncontent-type: application/json\r\n",
      R"({"name":"bob"})");
  const auto made = parse_json(client.read_response().body);
  const auto key = made->find("result")->find("data")->find("key")->as_string();
  for (const char* path : {"pod.settings", "pod.doctor", "pod.samples", "pod.logs"}) {
    EXPECT_EQ(query(path, key).find("data")->string_or("code", ""), "FORBIDDEN") << path;
  }
  net::TestClient follower(pod->port(), {.timeout_s = 30});
  follower.request("GET", "/trpc/pod.watchLogs", "authorization: Bearer " + key + "\r\n");
  EXPECT_EQ(follower.read_head().status, 200) << "a stream, which says why it ends";
  EXPECT_THAT(text_until(follower, "FORBIDDEN"), HasSubstr("FORBIDDEN"));
}

}  // namespace
}  // namespace synap::pod
