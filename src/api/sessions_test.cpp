// Sessions and links: what they are good for, and when they end.
#include <gtest/gtest.h>

#include "api/access_events.h"
#include "api/test_keys.h"
#include "base/background.h"
#include "base/clock.h"
#include "base/manual_world.h"

namespace synap::api {
namespace {

using namespace std::chrono_literals;

class SessionsTest : public testing::Test {
 protected:
  SessionsTest() { open(); }
  void open() {
    rig.open(RateLimit(0), world);
    keys = rig.keys.get();
    ASSERT_TRUE(sync_wait(executor, keys->load()));
  }
  NewKey owner() { return *sync_wait(executor, keys->create_user("ann", Role::kOwner)); }
  NewKey key(const std::string& user_id, KeyOptions options) {
    return *sync_wait(executor, keys->create_key(user_id, std::move(options)));
  }
  NewKey session(const NewKey& of) {
    return *sync_wait(executor, keys->create_session(*keys->find(of.key), std::nullopt));
  }
  std::string link(const NewKey& of) {
    return sync_wait(executor, keys->create_link(*keys->find(of.key)))->token;
  }
  Result<NewKey> use(const std::string& link) { return sync_wait(executor, keys->use_link(link)); }
  // As a browser shows it: in two halves.
  Result<ActorRef> signed_in(const NewKey& session) {
    Credential shown(
        std::string_view(session.key).substr(0, session.key.size() - kPageHalfCharacters),
        KeyKind::kSession);
    shown.page_half = std::string_view(session.key).substr(shown.token.size());
    return keys->find(shown);
  }
  Result<> revoke(const NewKey& key) {
    return sync_wait(executor, keys->revoke(key.user_id, key.key_id));
  }

  ManualWorld world;
  ThreadExecutor executor{"test"};
  TestKeys rig;
  Keys* keys = nullptr;
};

TEST_F(SessionsTest, ASessionActsForItsUserAsItself) {
  const auto ann = owner();
  const auto begun = session(ann);
  for (int pass = 0; pass < 2; ++pass) {
    const auto actor = signed_in(begun);
    ASSERT_TRUE(actor);
    EXPECT_EQ((*actor)->user_id, ann.user_id);
    EXPECT_EQ((*actor)->role, Role::kOwner);
    EXPECT_EQ((*actor)->recorded.id, begun.key_id);
    open();
  }
}

TEST_F(SessionsTest, EachIsGoodOnlyAsWhatItIs) {
  const auto ann = owner();
  const std::pair<NewKey, KeyKind> all[] = {{ann, KeyKind::kKey},
                                            {session(ann), KeyKind::kSession}};
  for (const auto& [secret, kind] : all) {
    for (const auto as : {KeyKind::kKey, KeyKind::kSession}) {
      EXPECT_EQ(keys->find({secret.key, as}).has_value(), as == kind) << secret.key;
    }
    EXPECT_FALSE(use(secret.key));
  }
  const auto token = link(ann);
  for (const auto as : {KeyKind::kKey, KeyKind::kSession}) EXPECT_FALSE(keys->find({token, as}));
}

TEST_F(SessionsTest, ASessionMayWhatItsKeyMay) {
  const auto ann = owner();
  const auto reader = key(ann.user_id, {.name = "r", .scopes = *Scopes::parse({"notes:read"})});
  const auto actor = signed_in(session(reader));
  ASSERT_TRUE(actor);
  EXPECT_TRUE((*actor)->scopes.allow("notes:read"));
  EXPECT_FALSE((*actor)->scopes.allow("notes:write"));
}

TEST_F(SessionsTest, ASessionEndsWithItsKey) {
  const auto ann = owner();
  const auto laptop = key(ann.user_id, {.name = "laptop"});
  const auto begun = session(laptop);
  const auto unused = link(laptop);
  const auto ended = keys->ended(**signed_in(begun));
  ASSERT_TRUE(revoke(laptop));
  EXPECT_TRUE(ended.stop_requested());
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(signed_in(begun).error().code, Code::kUnauthorized);
    EXPECT_EQ(use(unused).error().code, Code::kUnauthorized);
    open();
  }
}

TEST_F(SessionsTest, SigningOutEndsOneSessionAndNotItsKey) {
  const auto ann = owner();
  const auto here = session(ann);
  const auto there = session(ann);
  ASSERT_TRUE(revoke(here));
  EXPECT_FALSE(signed_in(here));
  EXPECT_TRUE(signed_in(there));
  EXPECT_TRUE(keys->find(ann.key));
}

TEST_F(SessionsTest, ASessionEndsAfterThirtyDaysOrWithTheTimeOfItsKey) {
  const auto ann = owner();
  const auto day = key(ann.user_id, {.name = "day", .expires_at = world.unix_ms() + 86'400'000});
  const auto shorter = session(day);
  const auto longer = session(ann);
  world.pass(24h - 1s);
  EXPECT_TRUE(signed_in(shorter));
  world.pass(1s);
  EXPECT_FALSE(signed_in(shorter));
  world.pass(24h * 29 - 1s);
  EXPECT_TRUE(signed_in(longer));
  world.pass(1s);
  EXPECT_FALSE(signed_in(longer));
}

TEST_F(SessionsTest, ALinkBeginsOneSession) {
  const auto ann = owner();
  const auto sent = link(ann);
  const auto begun = use(sent);
  ASSERT_TRUE(begun);
  EXPECT_EQ((*signed_in(*begun))->user_id, ann.user_id);
  const auto again = use(sent);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kUnauthorized);
  EXPECT_NE(again.error().message.find("works once"), std::string::npos) << again.error().message;
  open();
  EXPECT_FALSE(use(sent));
  EXPECT_TRUE(signed_in(*begun));
}

TEST_F(SessionsTest, OfTwoThatUseALinkAtOnceOneIsSignedIn) {
  const auto sent = link(owner());
  std::vector<Task<Result<NewKey>>> both;
  for (int i = 0; i < 8; ++i) both.push_back(keys->use_link(sent));
  const auto begun = test::run(executor, [&] { return when_all(std::move(both)); });
  EXPECT_EQ(std::ranges::count_if(begun, [](const auto& one) { return one.has_value(); }), 1);
}

TEST_F(SessionsTest, ALinkIsGoodForFifteenMinutes) {
  const auto ann = owner();
  const auto in_time = link(ann);
  const auto late = link(ann);
  open();
  world.pass(15min - 1ms);
  EXPECT_TRUE(use(in_time));
  world.pass(1ms);
  EXPECT_FALSE(use(late));
}

// Somebody's machine was a year ahead when it started, and is put right.
TEST_F(SessionsTest, WhatWasMadeByAClockThatWasAheadIsNotGoodForLonger) {
  const auto ann = owner();
  world.jump(24h * 365);
  const auto shown = link(ann);
  const auto kept = link(ann);
  const auto unknown = session(ann);
  EXPECT_TRUE(signed_in(unknown));
  world.jump(-24h * 365);
  EXPECT_FALSE(signed_in(unknown));
  EXPECT_FALSE(use(shown));
  EXPECT_TRUE(use(link(ann))) << "what is made now is good";
  // Nor are the others when the time has come that the clock showed.
  Background background(executor);
  background.begin(keys->forget_links(background.token()));
  ASSERT_TRUE(world.wait_for_sleeper(1min));
  world.pass(1min);
  ASSERT_TRUE(world.wait_for_sleeper(1min)) << "it has looked, and sleeps again";
  background.stop();
  world.pass(24h * 365);
  open();
  for (const auto& token : {shown, kept}) EXPECT_FALSE(use(token));
}

TEST_F(SessionsTest, LinksOfAClockThatWasAheadKeepNobodyFromMakingOthers) {
  const auto ann = owner();
  world.jump(24h);
  for (int i = 0; i < Keys::kLinksMax; ++i) link(ann);
  world.jump(-24h);
  EXPECT_TRUE(use(link(ann)));
}

TEST_F(SessionsTest, ALinkIsGoodForFifteenMinutesAlsoWhereTheClockIsSetBack) {
  const auto ann = owner();
  const auto in_time = link(ann);
  const auto late = link(ann);
  world.jump(-24h);
  world.pass(15min - 1ms);
  EXPECT_TRUE(use(in_time));
  world.pass(1ms);
  EXPECT_FALSE(use(late));
}

// No event says how late it was when the link was made.
TEST_F(SessionsTest, AStartWithAClockThatIsBehindMakesNoLinkLastLonger) {
  const auto ann = owner();
  world.pass(10h);
  const auto sent = link(ann);
  world.jump(-24h);
  open();
  EXPECT_FALSE(use(sent));
  EXPECT_TRUE(use(link(ann)));
}

TEST_F(SessionsTest, WhoShowsAKeyIsNeverLockedOutByHisSessions) {
  const auto ann = owner();
  const auto first = session(ann);
  const auto second = session(ann);
  for (int i = 2; i < Keys::kSessionsMax; ++i) session(ann);
  EXPECT_TRUE(signed_in(first));
  const auto more = session(ann);
  EXPECT_TRUE(signed_in(more));
  EXPECT_FALSE(signed_in(first)) << "the oldest gave way";
  EXPECT_TRUE(signed_in(second));
  const auto by_link = use(link(ann));
  ASSERT_TRUE(by_link);
  EXPECT_FALSE(signed_in(second)) << "also to one that a link began";
}

TEST_F(SessionsTest, TheSessionsOfARevokedKeyAreRevokedRows) {
  const auto ann = owner();
  const auto laptop = key(ann.user_id, {.name = "laptop"});
  session(laptop);
  ASSERT_TRUE(revoke(laptop));
  const auto listed = sync_wait(executor, keys->list(ann.user_id, "", 10, KeyKind::kSession));
  ASSERT_EQ(listed->items.size(), 1u);
  EXPECT_TRUE(listed->items.front().revoked_at);
}

TEST_F(SessionsTest, ANewSessionTakesThePlaceOfTheOneBeforeInTheSameBrowser) {
  const auto ann = owner();
  const auto before = session(ann);
  const auto whose = *keys->find(ann.key);
  const auto after = sync_wait(executor, keys->create_session(whose, *signed_in(before)));
  ASSERT_TRUE(after);
  EXPECT_FALSE(signed_in(before));
  EXPECT_TRUE(signed_in(*after));
}

TEST_F(SessionsTest, ALinkIsGoodForAsLongAsWhoMadeIt) {
  const auto ann = owner();
  const auto begun = session(ann);
  const auto of_session = sync_wait(executor, keys->create_link(*signed_in(begun)))->token;
  const auto used = sync_wait(executor, keys->create_link(*signed_in(begun)))->token;
  const auto by_link = use(used);
  ASSERT_TRUE(by_link);
  const auto events = sync_wait(executor, rig.log->read(events::Tenancy::whole_pod(), {}))->events;
  EXPECT_EQ(events.back()->actor->id, begun.key_id) << "as itself, not as its key";
  ASSERT_TRUE(revoke(begun));
  EXPECT_FALSE(use(of_session)) << "or whoever stole a session would stay";
}

TEST_F(SessionsTest, AKeyIsInUseWhereItsSessionIs) {
  const auto ann = owner();
  const auto begun = session(ann);
  ASSERT_TRUE(keys->admit(**signed_in(begun)));
  const auto listed = sync_wait(executor, keys->list(ann.user_id));
  EXPECT_TRUE(listed->items.front().last_used_at);
}

TEST_F(SessionsTest, AUserHasNoMoreThanAHundredLinksThatAreGood) {
  const auto ann = owner();
  for (int i = 0; i < Keys::kLinksMax; ++i) link(ann);
  const auto more = [&] { return sync_wait(executor, keys->create_link(*keys->find(ann.key))); };
  EXPECT_EQ(more().error().code, Code::kPreconditionFailed);
  world.pass(15min);
  EXPECT_TRUE(more());
}

TEST_F(SessionsTest, AKeyThatASessionMakesStaysWhenTheSessionEnds) {
  const auto ann = owner();
  const auto begun = session(ann);
  const auto made = sync_wait(
      executor, keys->create_key(ann.user_id, {.name = "app"}, {.actor = **signed_in(begun)}));
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->expires_at) << "it ends with no session";
  ASSERT_TRUE(revoke(begun));
  EXPECT_TRUE(keys->find(made->key));
}

TEST_F(SessionsTest, ASessionWhoseKeyIsRevokedMakesNoMoreKeys) {
  const auto ann = owner();
  const auto laptop = key(ann.user_id, {.name = "laptop"});
  const AccessRequest by_session{.actor = **signed_in(session(laptop))};
  ASSERT_TRUE(revoke(laptop));
  const auto made = sync_wait(executor, keys->create_key(ann.user_id, {.name = "x"}, by_session));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kUnauthorized);
}

TEST_F(SessionsTest, ASessionIsNoKeyByWhichAnOwnerGetsBackIn) {
  const auto ann = owner();
  session(ann);
  EXPECT_EQ(revoke(ann).error().code, Code::kPreconditionFailed);
}

TEST_F(SessionsTest, SessionsAreListedByThemselves) {
  const auto ann = owner();
  const auto begun = session(ann);
  link(ann);
  const auto list = [&](KeyKind kind) {
    std::vector<std::string> ids;
    for (const auto& one : sync_wait(executor, keys->list(ann.user_id, "", 10, kind))->items) {
      ids.push_back(one.id);
    }
    return ids;
  };
  EXPECT_EQ(list(KeyKind::kKey), std::vector{ann.key_id});
  EXPECT_EQ(list(KeyKind::kSession), std::vector{begun.key_id});
  EXPECT_EQ(sync_wait(executor, keys->list_users("", 10))->items.front().keys, 1);
}

}  // namespace
}  // namespace synap::api
