// A pod whose database is on a PostgreSQL server, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/json.h"
#include "base/test_support.h"
#include "db/postgres/test_database.h"
#include "net/test_client.h"
#include "pod/pod.h"
#include "pod/test_request.h"

namespace synap::pod {

class PodOnPostgres : public testing::Test {
 protected:
  PodOptions options(const std::string& name = "data") const {
    PodOptions chosen;
    chosen.data = directory.path() + "/" + name;
    chosen.database = place.url();
    chosen.port = 0;
    chosen.worker_concurrency = 8;
    chosen.log_part_events = 20;  // so that the log of a test may have several parts
    return chosen;
  }
  void start() { start(options()); }
  void start(const PodOptions& chosen) {
    auto started = Pod::start(chosen);
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

}  // namespace synap::pod
