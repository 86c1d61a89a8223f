#include "inngest/access.h"

#include <gtest/gtest.h>

#include <atomic>

#include "api/test_keys.h"
#include "db/failing_database.h"
#include "inngest/connect/router.h"

namespace synap::inngest {
namespace {

class AccessTest : public testing::Test {
 protected:
  AccessTest() {
    rig.open();
    SYNAP_CHECK(rig.database->migrate(workers::Engine::migrations()).has_value());
    database.emplace(*rig.database);
    database->refusal = [this](bool) {
      ++asked;
      return std::optional<Error>();
    };
    keys.emplace(*database, *rig.log, rig.types, api::RateLimit(0));
    engine.emplace(*rig.database, *rig.log, rig.types, workers::EngineOptions{});
    checkpoints.emplace(engine->runs);
    apps.emplace(
        AppsOptions{.secret = "secret"},
        Apps::Rooms{*rig.database, *engine, rig.types, client, client, *checkpoints, router});
    access.emplace(AccessOptions{}, *keys, *apps);
    access->observe(*rig.log);
  }
  std::string user(std::string name) {
    return sync_wait(executor, rig.keys->create_user(std::move(name), api::Role::kMember))->user_id;
  }
  /// As the Python SDK shows it.
  std::string hash_of(const std::string& user_id) {
    const auto hashed = apps->key_of(user_id).hashed();
    return hashed.substr(hashed.size() - 64);
  }
  std::string caller(const std::string& bearer) {
    net::Request head{.method = "GET", .path = "/v1/events"};
    head.headers.add("authorization", "Bearer " + bearer);
    auto asker = sync_wait(executor, access->by_signing_key(head, "events:read"));
    return asker ? asker->user_id : asker.error().message;
  }

  ThreadExecutor executor{"test"};
  api::TestKeys rig;
  std::optional<db::contract::FailingDatabase> database;
  std::atomic<int> asked = 0;
  std::optional<api::Keys> keys;
  std::optional<workers::Engine> engine;
  outbound::Client client{outbound::Policy::anywhere()};
  std::optional<Checkpoints> checkpoints;
  Router router{RouterOptions{}};
  std::optional<Apps> apps;
  std::optional<Access> access;
};

TEST_F(AccessTest, AHashedKeyWithoutItsPrefixSaysWhoseItIsAtNoCost) {
  const auto ann = user("ann");
  ASSERT_TRUE(sync_wait(executor, access->load()));
  const auto bob = user("bob");
  asked = 0;
  EXPECT_EQ(caller(hash_of(ann)), ann);
  EXPECT_EQ(caller(hash_of(bob)), bob) << "who was made since the start";
  EXPECT_TRUE(caller(std::string(64, 'a')).starts_with("A key is needed"));
  EXPECT_EQ(asked, 0) << "a stranger has the pod look through its users";
  EXPECT_EQ(caller(apps->key_of(ann).text()), ann);
}

}  // namespace
}  // namespace synap::inngest
