// What a pod says of itself: its types of events, its settings, its checks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "base/json.h"
#include "base/test_support.h"
#include "net/test_client.h"
#include "pod/pod.h"

namespace synap::pod {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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
    if (name.ends_with(".failed") && !name.starts_with("note.")) continue;
    EXPECT_THAT(texts(*type.find("writtenBy")), Not(IsEmpty())) << name;
  }
  const auto written = [&](const char* name) { return texts(*types[name].find("writtenBy")); };
  const auto read = [&](const char* name) { return texts(*types[name].find("readBy")); };
  EXPECT_THAT(written("note.creation.requested"), ElementsAre("notes.create"));
  EXPECT_THAT(read("note.creation.requested"), Contains("function:notes.create"));
  EXPECT_THAT(written("note.creation.completed"), ElementsAre("function:notes.create"));
  EXPECT_THAT(read("note.creation.completed"), Contains("projection:notes"));
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

TEST_F(ViewsTest, ThePodHasNoSamplesInItsFirstSecondsAndRefusesToLookFurtherThanAnHour) {
  start();
  const auto answer = query("pod.samples");
  EXPECT_THAT(answer.find("samples")->as_array(), IsEmpty());
  EXPECT_GT(answer.find("at")->as_integer(), 1'700'000'000'000);
  const auto refused = query("pod.samples?input=%7B%22seconds%22%3A3601%7D");
  EXPECT_EQ(refused.find("data")->string_or("code", ""), "BAD_REQUEST");
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
  for (const char* path : {"pod.settings", "pod.doctor", "pod.samples"}) {
    EXPECT_EQ(query(path, key).find("data")->string_or("code", ""), "FORBIDDEN") << path;
  }
}

}  // namespace
}  // namespace synap::pod
