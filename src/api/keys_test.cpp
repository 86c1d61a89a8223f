#include "api/keys.h"

#include <gtest/gtest.h>

#include "api/test_keys.h"

namespace synap::api {
namespace {

class KeysTest : public testing::Test {
 protected:
  KeysTest() { open(); }
  void open(RateLimit limit = RateLimit(0)) {
    rig.open(directory.path(), limit);
    keys = rig.keys.get();
    ASSERT_TRUE(sync_wait(executor, keys->load()));
  }
  NewKey user(std::string name, Role role = Role::kMember) {
    return *sync_wait(executor, keys->create_user(std::move(name), role, ""));
  }
  Result<> revoke(const std::string& user_id, const std::string& key_id) {
    return sync_wait(executor, keys->revoke(user_id, key_id));
  }
  std::vector<KeyInfo> list(const std::string& user_id) {
    return *sync_wait(executor, keys->list(user_id));
  }

  test::TempDirectory directory;
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
    EXPECT_EQ(caller->user_id, ann.user_id);
    EXPECT_EQ(caller->role, Role::kOwner);
    EXPECT_EQ(caller->recorded.id, ann.key_id);
    open();
  }
}

TEST_F(KeysTest, UsersWithoutKeysAreStillUsers) {
  const auto ann = user("ann", Role::kOwner);
  ASSERT_TRUE(sync_wait(executor, keys->revoke(ann.user_id, ann.key_id)));
  open();
  EXPECT_FALSE(keys->authenticate(ann.key));
  // Otherwise the next start would make another owner.
  EXPECT_TRUE(keys->has_users());
}

TEST_F(KeysTest, NewKeyIsKeptBeforeItOpensAnything) {
  std::string kept;
  const auto keep = [&](bool works) {
    return sync_wait(executor, keys->create_user("ann", Role::kOwner, "",
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
  const auto second = *sync_wait(executor, keys->create_key(ann.user_id, "second"));
  ASSERT_TRUE(revoke(ann.user_id, ann.key_id));
  EXPECT_FALSE(keys->authenticate(ann.key));
  EXPECT_TRUE(keys->authenticate(second.key));
  EXPECT_EQ(revoke(ann.user_id, ann.key_id).error().code, Code::kNotFound);
  open();
  EXPECT_FALSE(keys->authenticate(ann.key));
  EXPECT_TRUE(keys->authenticate(second.key));
}

TEST_F(KeysTest, EachKeyHasItsOwnRate) {
  open(RateLimit(2));
  const auto ann = user("ann");
  const auto second = *sync_wait(executor, keys->create_key(ann.user_id, "second"));
  const auto actor_of = [&](const NewKey& key) { return *keys->authenticate(key.key); };
  const Actor first = actor_of(ann);
  int admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += keys->admit(first) ? 1 : 0;
  EXPECT_GE(admitted, 2);
  EXPECT_LT(admitted, 100);
  EXPECT_TRUE(keys->admit(actor_of(second)));
  // Revoked is not "later".
  ASSERT_TRUE(revoke(ann.user_id, ann.key_id));
  EXPECT_EQ(keys->admit(first).error().code, Code::kUnauthorized);
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
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    EXPECT_EQ(test::read_file(file.path().string()).find(secret), std::string::npos);
  }
  open();
}

TEST_F(KeysTest, EveryChangeIsAnEvent) {
  const auto ann = user("ann");
  ASSERT_TRUE(revoke(ann.user_id, ann.key_id));
  const auto page = sync_wait(executor, rig.log->read(events::Scope::of_user(ann.user_id), {}));
  std::vector<std::string> seen;
  for (const auto& event : page->events) seen.push_back(event->type);
  EXPECT_EQ(seen, (std::vector<std::string>{"user.creation.completed", "key.creation.completed",
                                            "key.revocation.completed"}));
}

TEST_F(KeysTest, KeyOfAnUnknownUserIsNotMade) {
  const auto refused = sync_wait(executor, keys->create_key("nobody", "name"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kNotFound);
  EXPECT_EQ(rig.log->end().value(), 0);
}

}  // namespace
}  // namespace synap::api
