#include "api/keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "api/access_events.h"
#include "api/test_keys.h"
#include "base/background.h"
#include "base/clock.h"
#include "base/manual_world.h"

namespace synap::api {
namespace {

class KeysTest : public testing::Test {
 protected:
  KeysTest() { open(); }
  void open(RateLimit limit = RateLimit(0)) {
    rig.open(limit, world);
    keys = rig.keys.get();
    ASSERT_TRUE(sync_wait(executor, keys->load()));
  }
  NewKey user(std::string name, Role role = Role::kMember) {
    return *sync_wait(executor, keys->create_user(std::move(name), role));
  }
  Result<NewKey> key(const std::string& user_id, KeyOptions options, AccessRequest request = {}) {
    return sync_wait(executor, keys->create_key(user_id, std::move(options), std::move(request)));
  }
  NewKey second_key(const std::string& user_id) { return *key(user_id, {.name = "second"}); }
  AccessRequest by(const NewKey& key) { return {.actor = *keys->authenticate(key.key)}; }
  Result<> revoke(const std::string& user_id, const std::string& key_id) {
    return sync_wait(executor, keys->revoke(user_id, key_id));
  }
  std::vector<KeyInfo> list(const std::string& user_id) {
    return sync_wait(executor, keys->list(user_id))->items;
  }
  std::vector<std::string> types_of(const std::string& user_id) {
    const auto page = sync_wait(executor, rig.log->read(events::Tenancy::of_user(user_id), {}));
    std::vector<std::string> seen;
    for (const auto& event : page->events) seen.push_back(event->type);
    return seen;
  }

  ManualWorld world;
  ThreadExecutor executor{"test"};
  TestKeys rig;
  Keys* keys = nullptr;
};

TEST_F(KeysTest, AuthenticatesWhoeverHasTheKey) {
  EXPECT_FALSE(keys->has_users());
  const auto ann = user("ann", Role::kOwner);
  EXPECT_TRUE(keys->has_users());
  EXPECT_TRUE(ann.key.starts_with("synap_"));
  EXPECT_EQ(ann.key.size(), 6u + 43u);
  for (int pass = 0; pass < 2; ++pass) {
    const auto caller = keys->authenticate(ann.key);
    ASSERT_TRUE(caller);
    EXPECT_EQ((*caller)->user_id, ann.user_id);
    EXPECT_EQ((*caller)->role, Role::kOwner);
    EXPECT_EQ((*caller)->recorded.id, ann.key_id);
    open();
  }
}

TEST_F(KeysTest, UsersWithoutKeysAreStillUsers) {
  const auto ann = user("ann");
  ASSERT_TRUE(revoke(ann.user_id, ann.key_id));
  open();
  EXPECT_FALSE(keys->authenticate(ann.key));
  // Otherwise the next start would make another owner.
  EXPECT_TRUE(keys->has_users());
}

TEST_F(KeysTest, KnowsTheFirstOwnerOnceThereIsOne) {
  const auto first = [&] { return *sync_wait(executor, keys->find_owner()); };
  user("eve", Role::kMember);
  EXPECT_EQ(first(), std::nullopt);
  const auto ann = user("ann", Role::kOwner);
  EXPECT_EQ(first(), ann.user_id);
  user("bob", Role::kOwner);
  EXPECT_EQ(first(), ann.user_id);
  open();
  EXPECT_EQ(first(), ann.user_id);
}

TEST_F(KeysTest, NewKeyIsKeptBeforeItOpensAnything) {
  std::string kept;
  const auto keep = [&](bool works) {
    return sync_wait(executor, keys->create_user("ann", Role::kOwner, {},
                                                 [&, works](const NewKey& made) -> Result<> {
                                                   kept = made.key;
                                                   EXPECT_FALSE(keys->authenticate(made.key));
                                                   if (!works) return fail(Code::kTimeout, "");
                                                   return {};
                                                 }));
  };
  EXPECT_EQ(keep(false).error().code, Code::kTimeout);
  EXPECT_FALSE(keys->has_users());
  EXPECT_EQ(rig.log->end().value(), 0);
  EXPECT_EQ(keep(true)->key, kept);
  EXPECT_TRUE(keys->authenticate(kept));
}

TEST_F(KeysTest, RefusalsDoNotTellWhatIsWrong) {
  const auto ann = user("ann");
  auto other = ann.key;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  const auto revoked = user("bob");
  ASSERT_TRUE(revoke(revoked.user_id, revoked.key_id));
  const auto refusal = [&](std::string_view key) { return keys->authenticate(key).error(); };
  for (const auto& bad : {other, revoked.key, std::string("synap_"), std::string("nonsense"),
                          ann.key.substr(1), ann.key + " ", std::string(100'000, 'x')}) {
    EXPECT_EQ(refusal(bad).code, Code::kUnauthorized);
    EXPECT_EQ(refusal(bad).message, refusal(other).message);
  }
  EXPECT_EQ(refusal("").code, Code::kUnauthorized);
}

TEST_F(KeysTest, RevocationTakesEffectAtOnceAndForGood) {
  const auto ann = user("ann");
  const auto second = second_key(ann.user_id);
  ASSERT_TRUE(revoke(ann.user_id, ann.key_id));
  EXPECT_FALSE(keys->authenticate(ann.key));
  EXPECT_TRUE(keys->authenticate(second.key));
  EXPECT_EQ(revoke(ann.user_id, ann.key_id).error().code, Code::kNotFound);
  open();
  EXPECT_FALSE(keys->authenticate(ann.key));
  EXPECT_TRUE(keys->authenticate(second.key));
}

TEST_F(KeysTest, AllKeysOfAUserShareOneRate) {
  open(RateLimit(2));
  const auto ann = user("ann");
  const auto second = second_key(ann.user_id);
  const auto bob = user("bob");
  const Actor first = by(ann).actor.value();
  EXPECT_TRUE(keys->admit(first));
  EXPECT_TRUE(keys->admit(*by(second).actor));
  const auto refused = keys->admit(*by(second).actor);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kTooManyRequests);
  EXPECT_TRUE(keys->admit(*by(bob).actor));
  world.pass(std::chrono::milliseconds(500));
  EXPECT_TRUE(keys->admit(*by(second).actor));
  EXPECT_FALSE(keys->admit(first));
  // Revoked is not "later".
  ASSERT_TRUE(revoke(ann.user_id, ann.key_id));
  EXPECT_EQ(keys->admit(first).error().code, Code::kUnauthorized);
}

TEST_F(KeysTest, AKeyCarriesItsScopes) {
  const auto ann = user("ann");
  const auto made = *key(ann.user_id, {"reader", *Scopes::parse({"notes:read", "tasks:*"})});
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ((*keys->authenticate(made.key))->scopes.names(),
              (std::vector<std::string>{"notes:read", "tasks:*"}));
    EXPECT_TRUE((*keys->authenticate(ann.key))->scopes.is_everything());
    EXPECT_EQ(list(ann.user_id)[0].scopes, std::vector<std::string>{"*"});
    EXPECT_EQ(list(ann.user_id)[1].scopes, (std::vector<std::string>{"notes:read", "tasks:*"}));
    open();
  }
}

TEST_F(KeysTest, AKeyMakesNoneThatMayDoMore) {
  const auto ann = user("ann", Role::kOwner);
  const auto narrow = *key(ann.user_id, {"narrow", *Scopes::parse({"keys:write", "notes:*"})});
  const auto refused = key(ann.user_id, {.name = "all"}, by(narrow));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_FALSE(key(ann.user_id, {"more", *Scopes::parse({"notes:*", "tasks:read"})}, by(narrow)));
  EXPECT_TRUE(key(ann.user_id, {"less", *Scopes::parse({"notes:read"})}, by(narrow)));
  // Nor by way of another user.
  const auto bob = sync_wait(executor, keys->create_user("bob", Role::kOwner, by(narrow)));
  EXPECT_EQ((*keys->authenticate(bob->key))->scopes, *Scopes::parse({"keys:write", "notes:*"}));
}

TEST_F(KeysTest, AnExpiredKeyIsToldSo) {
  const auto ann = user("ann");
  const auto made = *key(ann.user_id, {.name = "short", .expires_at = world.unix_ms() + 1'000});
  const auto actor = *keys->authenticate(made.key);
  world.jump(std::chrono::milliseconds(999));
  EXPECT_TRUE(keys->check(actor));
  world.jump(std::chrono::milliseconds(1));
  for (int pass = 0; pass < 2; ++pass) {
    for (const auto& refused : {keys->check(actor), keys->admit(actor),
                                Result<>(fail(keys->authenticate(made.key).error()))}) {
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::kUnauthorized);
      EXPECT_NE(refused.error().message.find("expired at 2026-01-01T01:00:01.000Z"),
                std::string::npos)
          << refused.error().message;
    }
    EXPECT_TRUE(keys->authenticate(ann.key));
    open();
  }
}

TEST_F(KeysTest, ASubscriptionEndsWithItsKey) {
  const auto ann = user("ann", Role::kOwner);
  const auto stream_of = [&](const NewKey& made, std::function<void()> then) {
    Session session{.actor = *keys->authenticate(made.key), .authority = keys};
    auto two = [](std::function<void()> between) -> rpc::Items {
      co_yield rpc::Item{"1", "1"};
      between();
      co_yield rpc::Item{"2", "2"};
      co_return rpc::Text{};
    };
    return while_authorized(std::move(session), [two, then = std::move(then)](Session) mutable {
      return two(std::move(then));
    });
  };
  const auto read = [&](rpc::Items items) -> Task<std::pair<int, Code>> {
    int count = 0;
    while (co_await items.next()) ++count;
    co_return std::pair(count, items.end() ? Code::kNotFound : items.end().error().code);
  };
  const auto ended = std::pair(1, Code::kUnauthorized);
  const auto expiring = *key(ann.user_id, {.name = "short", .expires_at = world.unix_ms() + 1});
  EXPECT_EQ(sync_wait(executor,
                      read(stream_of(expiring, [&] { world.jump(std::chrono::milliseconds(1)); }))),
            ended);
  // By itself, which is how somebody signs out.
  const auto own = second_key(ann.user_id);
  auto request = by(own);
  const auto revoke_itself = [&] {
    std::jthread([&] {
      ThreadExecutor other("other");
      EXPECT_TRUE(sync_wait(other, keys->revoke(ann.user_id, own.key_id, request)));
    }).join();
  };
  EXPECT_EQ(sync_wait(executor, read(stream_of(own, revoke_itself))), ended);
}

TEST_F(KeysTest, ASubscriptionThatWaitsEndsWithItsKey) {
  const auto ann = user("ann", Role::kOwner);
  constexpr std::chrono::hours kDay(24);
  std::atomic<bool> has_slept_through = false;
  const auto read_with = [&](const NewKey& made) -> Task<Code> {
    Session session{.actor = *keys->authenticate(made.key), .authority = keys};
    auto items = while_authorized(std::move(session), [&](Session own) -> rpc::Items {
      if (co_await world.sleep_for(kDay, own.stop)) has_slept_through = true;
      co_return rpc::Text{};
    });
    EXPECT_FALSE(co_await items.next());
    co_return items.end() ? Code::kNotFound : items.end().error().code;
  };
  const auto second = second_key(ann.user_id);
  test::Started<Code> revoked(executor);
  revoked.add(read_with(second));
  ASSERT_TRUE(world.wait_for_sleeper(kDay));
  ASSERT_TRUE(revoke(ann.user_id, second.key_id));
  world.pass(kDay);  // too late to wake whoever was asked to stop
  EXPECT_EQ(revoked.wait().front(), Code::kUnauthorized);
  EXPECT_FALSE(has_slept_through);

  constexpr std::chrono::minutes kMinute(1);
  const auto brief = *key(ann.user_id, {.name = "brief", .expires_at = keys->now() + 1'000});
  test::Started<Code> expired(executor);
  expired.add(read_with(brief));
  ASSERT_TRUE(world.wait_for_sleeper(kDay));
  Background minutely(executor);
  minutely.begin(keys->uses().run(minutely.token()));
  ASSERT_TRUE(world.wait_for_sleeper(kMinute));
  world.pass(kMinute);
  ASSERT_TRUE(world.wait_for_sleeper(kMinute));  // it has looked, and sleeps again
  world.pass(kDay);
  EXPECT_EQ(expired.wait().front(), Code::kUnauthorized);
  EXPECT_FALSE(has_slept_through);
}

TEST_F(KeysTest, AClockThatIsSetBackRevivesNoKey) {
  const auto ann = user("ann");
  const auto made = *key(ann.user_id, {.name = "short", .expires_at = world.unix_ms() + 1'000});
  world.pass(std::chrono::seconds(2));
  world.jump(-std::chrono::milliseconds(1'000'000));
  EXPECT_FALSE(keys->authenticate(made.key));
  // One that was set forward by mistake has harmed nobody once it is right again.
  const auto later = *key(ann.user_id, {.name = "later", .expires_at = keys->now() + 1'000'000});
  world.jump(std::chrono::milliseconds(100'000'000));
  EXPECT_FALSE(keys->authenticate(later.key));
  world.jump(-std::chrono::milliseconds(100'000'000));
  EXPECT_TRUE(keys->authenticate(later.key));
}

TEST_F(KeysTest, AStartWithAClockThatIsBehindRevivesNoKey) {
  const auto ann = user("ann");
  const auto made = *key(ann.user_id, {.name = "short", .expires_at = world.unix_ms() + 1'000});
  const auto lasting = *key(ann.user_id, {.name = "long", .expires_at = world.unix_ms() + 90'000});
  world.pass(std::chrono::seconds(2));
  user("bob");  // by whose event the next start knows how late it is
  world.jump(-std::chrono::hours(24));
  open();
  EXPECT_FALSE(keys->authenticate(made.key));
  EXPECT_TRUE(keys->authenticate(lasting.key));
  // From there on by what passes.
  world.pass(std::chrono::seconds(88));
  EXPECT_FALSE(keys->authenticate(lasting.key));
}

TEST_F(KeysTest, TheLastFullKeyOfTheOwnersCannotBeRevoked) {
  const auto ann = user("ann", Role::kOwner);
  user("bob");
  // Neither of these could do everything, for long.
  ASSERT_TRUE(key(ann.user_id, {"narrow", *Scopes::parse({"notes:*"})}));
  ASSERT_TRUE(key(ann.user_id, {.name = "over", .expires_at = world.unix_ms() + 1}));
  world.jump(std::chrono::milliseconds(1));
  const auto refused = revoke(ann.user_id, ann.key_id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPreconditionFailed);
  EXPECT_NE(refused.error().message.find("make another one first"), std::string::npos);
  EXPECT_TRUE(keys->authenticate(ann.key));
  // All others can.
  const auto others = list(ann.user_id);
  for (const auto& other : others) {
    if (other.id != ann.key_id) EXPECT_TRUE(revoke(ann.user_id, other.id));
  }
  const auto second = second_key(ann.user_id);
  EXPECT_TRUE(revoke(ann.user_id, ann.key_id));
  EXPECT_EQ(revoke(ann.user_id, second.key_id).error().code, Code::kPreconditionFailed);
  // Another owner is one, too.
  user("eve", Role::kOwner);
  EXPECT_TRUE(revoke(ann.user_id, second.key_id));
}

TEST_F(KeysTest, AKeyThatEndsIsNoOtherForOneThatDoesNot) {
  const auto ann = user("ann", Role::kOwner);
  const auto brief =
      *key(ann.user_id, {.name = "brief", .expires_at = world.unix_ms() + 100'000'000});
  EXPECT_EQ(revoke(ann.user_id, ann.key_id).error().code, Code::kPreconditionFailed);
  EXPECT_TRUE(revoke(ann.user_id, brief.key_id));
}

TEST_F(KeysTest, AKeyMakesNoneThatOutlivesIt) {
  const auto ann = user("ann", Role::kOwner);
  const auto brief =
      *key(ann.user_id, {.name = "brief", .expires_at = world.unix_ms() + 100'000'000});
  const AccessRequest by_brief{.actor = *keys->authenticate(brief.key)};
  EXPECT_EQ(
      key(ann.user_id, {.name = "longer", .expires_at = world.unix_ms() + 200'000'000}, by_brief)
          .error()
          .code,
      Code::kForbidden);
  ASSERT_TRUE(key(ann.user_id, {.name = "same"}, by_brief));
}

TEST_F(KeysTest, OfTwoRevocationsAtOnceOnlyOneMayTakeTheLastKey) {
  const auto ann = user("ann", Role::kOwner);
  for (int round = 0; round < 20; ++round) {
    const auto all = list(ann.user_id);
    const auto spare = second_key(ann.user_id);
    std::string last;
    for (const auto& each : all) {
      if (!each.revoked_at) last = each.id;
    }
    const auto both = [&]() -> Task<int> {
      std::vector<Task<Result<>>> tasks;
      tasks.push_back(keys->revoke(ann.user_id, last));
      tasks.push_back(keys->revoke(ann.user_id, spare.key_id));
      int done = 0;
      for (const auto& result : co_await when_all(std::move(tasks))) done += result ? 1 : 0;
      co_return done;
    };
    ASSERT_EQ(sync_wait(executor, both()), 1);
  }
}

TEST_F(KeysTest, ARevokedKeyMakesNoMoreKeysWhateverIsUnderWay) {
  const auto ann = user("ann", Role::kOwner);
  const auto stolen = second_key(ann.user_id);
  const auto thief = by(stolen);  // the call has begun
  ASSERT_TRUE(revoke(ann.user_id, stolen.key_id));
  EXPECT_EQ(key(ann.user_id, {.name = "child"}, thief).error().code, Code::kUnauthorized);
  EXPECT_EQ(sync_wait(executor, keys->create_user("eve", Role::kOwner, thief)).error().code,
            Code::kUnauthorized);
  EXPECT_EQ(sync_wait(executor, keys->revoke(ann.user_id, ann.key_id, thief)).error().code,
            Code::kUnauthorized);
}

TEST_F(KeysTest, ARepeatMakesNothingAndTellsNoSecret) {
  const auto ann = user("ann", Role::kOwner);
  const auto once = [&](std::string asked) {
    auto request = by(ann);
    request.idempotency_key = "once";
    request.fingerprint_of = std::move(asked);
    return sync_wait(executor, keys->create_user("bob", Role::kMember, request));
  };
  const auto first = *once("bob");
  const auto end = rig.log->end().value();
  const auto again = *once("bob");
  EXPECT_TRUE(again.is_repeat);
  EXPECT_EQ(again.user_id, first.user_id);
  EXPECT_EQ(again.key_id, first.key_id);
  EXPECT_EQ(again.key, "");
  EXPECT_EQ(rig.log->end().value(), end);
  EXPECT_EQ(once("eve").error().code, Code::kConflict);
}

TEST_F(KeysTest, LastUseReachesTheDiskNowAndThenAndAtAStop) {
  const auto ann = user("ann");
  const auto gone = second_key(ann.user_id);
  EXPECT_EQ(list(ann.user_id).front().last_used_at, std::nullopt);
  const auto actor = *by(ann).actor;
  for (int call = 0; call < 100; ++call) ASSERT_TRUE(keys->admit(actor));
  ASSERT_TRUE(keys->admit(*by(gone).actor));
  ASSERT_TRUE(revoke(ann.user_id, gone.key_id));
  const auto used = to_iso8601(world.unix_ms());
  EXPECT_EQ(list(ann.user_id).front().last_used_at, used);
  const auto rows = [&] {
    return *test::run(executor, [&] {
      return rig.database->read([](db::Tx& tx) {
        auto found = tx.query("SELECT count(*) FROM key_uses_data");
        return found.next() ? found.integer(0) : -1;
      });
    });
  };
  EXPECT_EQ(rows(), 0) << "a call costs no write";
  Background background(executor);
  background.begin(keys->uses().run(background.token()));
  ASSERT_TRUE(world.wait_for_sleeper(std::chrono::minutes(1)));
  EXPECT_EQ(rows(), 0);
  world.pass(std::chrono::minutes(1));
  ASSERT_TRUE(test::wait_until(executor, rig.database->commits(), [&] { return rows() == 2; }))
      << "also of a key that is gone by now";
  ASSERT_TRUE(keys->admit(actor));
  background.stop();
  open();
  EXPECT_EQ(list(ann.user_id).front().last_used_at, to_iso8601(world.unix_ms()));
  EXPECT_EQ(list(ann.user_id).back().last_used_at, used);
}

TEST_F(KeysTest, TenThousandKeysAreListedInPagesAndOneUserHasNoMoreThanHisPart) {
  const auto ann = user("ann");
  // Ten users' keys, made as their own events, a thousand in one append.
  for (int owner = 0; owner < 10; ++owner) {
    const auto whose = owner == 0 ? ann.user_id : user("user").user_id;
    events::Append append;
    for (int i = owner == 0 ? 1 : 0; i < Keys::kKeysMax; ++i) {
      KeyCreated data{.key_id = Uuid::v7().to_string(),
                      .name = "many",
                      .prefix = "synap_AbCd",
                      .hash = to_hex(sha256(std::to_string(owner * 10'000 + i)))};
      events::Envelope envelope;
      envelope.user_id = whose;
      envelope.aggregate_type = "key";
      envelope.aggregate_id = Uuid::parse(data.key_id);
      append.events.push_back(*rig.types.make(kKeyCreationCompleted, data, envelope));
    }
    ASSERT_TRUE(sync_wait(executor, rig.log->append(std::move(append))));
  }
  EXPECT_TRUE(keys->authenticate(std::to_string(9 * 10'000 + 999)));
  const auto refused = key(ann.user_id, {.name = "one more"}, by(ann));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPreconditionFailed);
  std::size_t seen = 0;
  std::string after;
  for (bool is_last = false; !is_last;) {
    const auto page = *sync_wait(executor, keys->list(ann.user_id, after, 300));
    ASSERT_LE(page.items.size(), 300u);
    seen += page.items.size();
    after = page.items.back().id;
    is_last = page.is_last;
  }
  EXPECT_EQ(seen, 1'000u);
  const auto users = *sync_wait(executor, keys->list_users("", 4));
  EXPECT_EQ(users.items.size(), 4u);
  EXPECT_FALSE(users.is_last);
  EXPECT_EQ(users.items.front().keys, Keys::kKeysMax);
  // One that is revoked makes room.
  ASSERT_TRUE(revoke(ann.user_id, after));
  EXPECT_TRUE(key(ann.user_id, {.name = "one more"}, by(ann)));
}

TEST_F(KeysTest, AnEventSaysWhoActed) {
  const auto ann = user("ann", Role::kOwner);
  const auto bob = *sync_wait(executor, keys->create_user("bob", Role::kMember, by(ann)));
  const auto read = [&](const std::string& user_id) {
    return sync_wait(executor, rig.log->read(events::Tenancy::of_user(user_id), {}))->events;
  };
  for (const auto& event : read(ann.user_id)) {
    EXPECT_EQ(event->source, events::Source::kSystem);
    EXPECT_EQ(event->actor, std::nullopt);
  }
  for (const auto& event : read(bob.user_id)) {
    EXPECT_EQ(event->source, events::Source::kApi);
    EXPECT_EQ(event->actor, events::Actor::key(ann.key_id));
  }
}

TEST_F(KeysTest, OnlyItsUserRevokesOrListsAKey) {
  const auto ann = user("ann");
  const auto bob = user("bob", Role::kOwner);
  EXPECT_EQ(revoke(bob.user_id, ann.key_id).error().code, Code::kNotFound);
  EXPECT_FALSE(revoke(bob.user_id, "not a key id"));
  EXPECT_TRUE(keys->authenticate(ann.key));
  ASSERT_EQ(list(ann.user_id).size(), 1u);
  EXPECT_EQ(list(ann.user_id).front().id, ann.key_id);
  EXPECT_TRUE(list("nobody").empty());
}

TEST_F(KeysTest, NoSecretIsStoredOrListed) {
  const auto ann = user("ann");
  const auto info = list(ann.user_id).front();
  EXPECT_EQ(info.prefix, ann.key.substr(0, 10));
  EXPECT_EQ(info.revoked_at, std::nullopt);
  rig.close();
  const auto secret = ann.key.substr(10);
  const auto stored = rig.store->stored_bytes();
  EXPECT_EQ(stored.find(secret), std::string::npos);
  EXPECT_NE(stored.find(info.prefix), std::string::npos);
  open();
}

TEST_F(KeysTest, ARevokedKeyStaysRevokedWhereTheEventOfThatWasErased) {
  const auto ann = user("ann");
  ASSERT_TRUE(revoke(ann.user_id, ann.key_id));
  const auto erased = test::run(executor, [&] {
    return rig.database->write([this](db::Tx& tx) -> std::int64_t {
      return tx.run("UPDATE events SET salt = NULL, metadata = NULL, data = '{}' WHERE " +
                    rig.store->where_type("name = 'key.revocation.completed'"));
    });
  });
  EXPECT_EQ(erased.value_or(0), 1);
  open();
  const auto verified = sync_wait(executor, rig.projections->verify("access"));
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(verified->is_equal()) << verified->first_difference;
  EXPECT_FALSE(keys->authenticate(ann.key));
}

TEST_F(KeysTest, EveryChangeIsAnEvent) {
  const auto ann = user("ann");
  ASSERT_TRUE(revoke(ann.user_id, ann.key_id));
  EXPECT_EQ(types_of(ann.user_id),
            (std::vector<std::string>{"user.creation.completed", "key.creation.completed",
                                      "key.revocation.completed"}));
}

TEST_F(KeysTest, KeyOfAnUnknownUserIsNotMade) {
  const auto refused = key("nobody", {.name = "name"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kNotFound);
  EXPECT_EQ(rig.log->end().value(), 0);
}

}  // namespace
}  // namespace synap::api
