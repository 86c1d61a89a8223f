// What a pod says of itself: its types of events, its settings, its checks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/json.h"
#include "base/test_support.h"
#include "net/test_client.h"
#include "pod/pod.h"

namespace synap::pod {
namespace {

using testing::Contains;
using testing::ElementsAre;
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
  EXPECT_EQ(types["key.creation.completed"].find("version")->as_integer(), 3);
  EXPECT_EQ(types["key.creation.completed"].string_or("noun", ""), "key");
}

}  // namespace
}  // namespace synap::pod
