#include "inngest/syncer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "api/test_keys.h"
#include "base/manual_world.h"
#include "db/failing_database.h"
#include "inngest/app_events.h"
#include "inngest/connect/router.h"

namespace synap::inngest {
namespace {

constexpr const char* kNobody = "http://127.0.0.1:1/api/inngest";

TEST(Syncer, LooksAgainForWhoseTheListedAppsAreWhenItCouldNot) {
  ThreadExecutor executor{"test"};
  ManualWorld world;
  api::TestKeys rig;
  rig.open();
  SYNAP_CHECK(rig.database->migrate(workers::Engine::migrations()).has_value());
  const auto owner = *sync_wait(executor, rig.keys->create_user("ann", api::Role::kOwner));
  db::contract::FailingDatabase database(*rig.database);
  std::atomic<int> refusals = 2;
  database.refusal = [&](bool) -> std::optional<Error> {
    if (refusals == 0) return std::nullopt;
    --refusals;
    return db::contract::FailingDatabase::gone();
  };
  api::Keys keys(database, *rig.log, rig.types, api::RateLimit(0), world);
  workers::Engine engine(*rig.database, *rig.log, rig.types, {.world = world});
  outbound::Client client(outbound::Policy::anywhere());
  Checkpoints checkpoints(engine.runs);
  Router router{RouterOptions{}};
  Apps apps({.secret = "secret"},
            {*rig.database, engine, rig.types, client, client, checkpoints, router});
  Syncer syncer({.urls = {kNobody}, .world = world}, client, apps, keys);
  std::stop_source stopping;
  std::atomic<bool> is_over = false;
  testing::internal::CaptureStderr();
  std::thread running([&] {
    ThreadExecutor own{"syncer"};
    sync_wait(own, syncer.run(stopping.get_token()));
    is_over = true;
  });
  // Twice it cannot be looked, and then the app is asked, which is not there.
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(world.wait_for_sleeper(std::chrono::milliseconds(5'000))) << round;
    EXPECT_EQ(syncer.state(kNobody, owner.user_id).has_value(), round == 2);
    world.pass(std::chrono::milliseconds(5'000));
  }
  EXPECT_FALSE(is_over);
  stopping.request_stop();
  running.join();
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace synap::inngest
