#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "base/test_support.h"
#include "db/postgres/test_database.h"
#include "net/test_client.h"
#include "pod/pod.h"
#include "pod/test_request.h"

namespace synap::pod {
namespace {

using testing::HasSubstr;

class PodOnPostgres : public testing::Test {
 protected:
  PodOptions options(const std::string& name = "data") const {
    PodOptions chosen;
    chosen.data = directory.path() + "/" + name;
    chosen.database = place.url();
    chosen.port = 0;
    chosen.worker_concurrency = 8;
    return chosen;
  }
  void start() {
    auto started = Pod::start(options());
    ASSERT_TRUE(started) << started.error().message;
    pod = std::move(*started);
    if (!pod->new_owner_key().empty()) key = pod->new_owner_key();
  }
  Error refusal(const PodOptions& chosen) {
    const auto started = Pod::start(chosen);
    return started ? Error{} : started.error();
  }
  Json call(std::string_view method, const std::string& target, const std::string& body = "") {
    net::TestClient client(pod->port());
    client.request(method, target,
                   "authorization: Bearer " + key + "\r\ncontent-type: application/json\r\n", body);
    auto json = parse_json(client.read_response().body);
    if (!json) return {};
    const Json* result = json->find("result");
    return result != nullptr ? *result->find("data") : *json;
  }
  /// Its text is stored when this returns.
  void make_note() {
    const auto accepted = call("POST", "/trpc/notes.create", R"({"content":"note"})");
    const auto request = std::string(accepted.string_or("requestId", accepted.dump()));
    const auto asked = "/trpc/requests.get?input=%7B%22requestId%22%3A%22" + request + "%22%7D";
    EXPECT_TRUE(wait_for_request(pod->port(), key, request, [&] {
      return call("GET", asked).string_or("status", "") == "completed";
    }));
  }
  std::int64_t notes() { return call("GET", "/trpc/notes.list").find("total")->as_integer(); }

  test::TempDirectory directory;
  db::postgres::TestDatabase place;
  std::unique_ptr<Pod> pod;
  std::string key;
};

TEST_F(PodOnPostgres, GoesOnWhereItWas) {
  start();
  make_note();
  EXPECT_FALSE(std::filesystem::exists(options().data + "/synap.db"));
  pod.reset();
  start();
  EXPECT_EQ(pod->new_owner_key(), "");
  EXPECT_EQ(notes(), 1);
}

TEST_F(PodOnPostgres, IsAloneOnItsDatabase) {
  start();
  const auto error = refusal(options("other"));
  EXPECT_EQ(error.code, Code::kServiceUnavailable);
  EXPECT_THAT(error.message, HasSubstr("Another pod has the database"));
  make_note();
}

TEST_F(PodOnPostgres, WantsTheDataDirectoryThatItsTextsAreIn) {
  start();
  make_note();
  pod.reset();
  auto elsewhere = options("elsewhere");
  auto error = refusal(elsewhere);
  EXPECT_EQ(error.code, Code::kPreconditionFailed);
  EXPECT_THAT(error.message, HasSubstr("in another data directory"));
  std::ofstream(elsewhere.data + "/owner.key") << "of somebody";
  EXPECT_THAT(refusal(elsewhere).message, HasSubstr("no pod.id"));
  std::ofstream(elsewhere.data + "/pod.id") << "of another\n";
  EXPECT_THAT(refusal(elsewhere).message, HasSubstr("of another pod than the database"));
  start();
  EXPECT_EQ(notes(), 1);
}

TEST_F(PodOnPostgres, IsNotMixedUpWithOneWhoseDatabaseIsInItsDirectory) {
  auto embedded = options("embedded");
  embedded.database.clear();
  pod = std::move(*Pod::start(embedded));
  pod.reset();
  embedded.database = place.url();
  EXPECT_THAT(refusal(embedded).message, HasSubstr("a database of its own"));
  start();
  pod.reset();
  auto without = options();
  without.database.clear();
  EXPECT_THAT(refusal(without).message, HasSubstr("whose database is on a server"));
  EXPECT_FALSE(std::filesystem::exists(without.data + "/synap.db"));
}

TEST_F(PodOnPostgres, TakesAnOwnerBack) {
  start();
  make_note();
  pod.reset();
  const auto reset =
      Pod::reset_owner({.data = options().data, .database = place.url(), .revokes_others = true});
  ASSERT_TRUE(reset) << reset.error().message;
  EXPECT_EQ(reset->revoked, 1);
  start();
  EXPECT_EQ(call("GET", "/trpc/notes.list").find("total"), nullptr) << "the key of before";
  key = test::read_file(reset->path);
  while (key.ends_with('\n')) key.pop_back();
  EXPECT_EQ(notes(), 1);
}

TEST_F(PodOnPostgres, SaysThatItsServerIsAway) {
  auto nowhere = options();
  nowhere.database = "postgres://synap@127.0.0.1:1/nothing";
  const auto error = refusal(nowhere);
  EXPECT_EQ(error.code, Code::kServiceUnavailable);
  EXPECT_THAT(error.message, HasSubstr("database cannot be reached"));
}

}  // namespace
}  // namespace synap::pod
