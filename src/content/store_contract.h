// What every ContentStore must do, as tests. An engine joins by naming itself:
//
//   INSTANTIATE_TEST_SUITE_P(Local, ContentStore, testing::Values(Engine{...}), engine_name);
//
// in a test file that includes this header in namespace synap::content::contract.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/crypto.h"
#include "base/test_support.h"
#include "content/store.h"

namespace synap::content::contract {

/// Where one store is kept. It can be opened again and again, one at a time.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::unique_ptr<content::ContentStore> open() = 0;
};

struct Engine {
  std::string name;
  std::function<std::unique_ptr<Storage>()> make;
};
inline void PrintTo(const Engine& engine, std::ostream* out) { *out << engine.name; }
inline std::string engine_name(const testing::TestParamInfo<Engine>& info) {
  return info.param.name;
}

inline ContentKey key_of(std::string_view id, std::string_view user = "ann") {
  auto key = ContentKey::make(user, "note", id, "md");
  SYNAP_CHECK(key.has_value());
  return std::move(*key);
}

class ContentStore : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    storage = GetParam().make();
    store = storage->open();
  }
  void reopen() {
    store.reset();
    store = storage->open();
  }
  Result<Stored> put(const ContentKey& key, std::string bytes) {
    return sync_wait(executor, store->put(key, std::move(bytes)));
  }
  Result<std::string> get(const ContentKey& key) { return sync_wait(executor, store->get(key)); }
  Result<> remove(const ContentKey& key) { return sync_wait(executor, store->remove(key)); }

  std::unique_ptr<Storage> storage;
  ThreadExecutor executor{"test"};
  std::unique_ptr<content::ContentStore> store;
};

TEST_P(ContentStore, GivesBackWhatWasPut) {
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  const std::string large(3'000'000, 'x');
  int n = 0;
  for (const auto& bytes : {std::string(), std::string("text"), every_byte, large}) {
    const auto key = key_of("id" + std::to_string(n++));
    const auto stored = put(key, bytes);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->path, key.path());
    EXPECT_EQ(stored->size, static_cast<std::int64_t>(bytes.size()));
    EXPECT_EQ(stored->checksum, to_hex(sha256(bytes)));
    EXPECT_EQ(*get(key), bytes);
  }
  reopen();
  EXPECT_EQ(*get(key_of("id3")), large);
}

TEST_P(ContentStore, ChecksumIsSha256InLowerCaseHexadecimal) {
  EXPECT_EQ(put(key_of("a"), "abc")->checksum,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_P(ContentStore, PutReplacesWhole) {
  const auto key = key_of("a");
  ASSERT_TRUE(put(key, "a longer first text"));
  ASSERT_TRUE(put(key, "second"));
  EXPECT_EQ(*get(key), "second");
  ASSERT_TRUE(put(key, ""));
  EXPECT_EQ(*get(key), "");
}

TEST_P(ContentStore, RemoveLeavesNothingAndMayBeRepeated) {
  const auto key = key_of("a");
  ASSERT_TRUE(put(key, "text"));
  EXPECT_TRUE(remove(key));
  EXPECT_TRUE(remove(key));
  EXPECT_TRUE(remove(key_of("never", "nobody")));
  const auto gone = get(key);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Code::kNotFound);
  ASSERT_TRUE(put(key, "again"));
  EXPECT_EQ(*get(key), "again");
}

TEST_P(ContentStore, KeysOfUsersTypesAndExtensionsAreApart) {
  ASSERT_TRUE(put(key_of("a", "ann"), "ann's"));
  EXPECT_EQ(get(key_of("a", "bob")).error().code, Code::kNotFound);
  EXPECT_EQ(get(*ContentKey::make("ann", "text", "a", "md")).error().code, Code::kNotFound);
  EXPECT_EQ(get(*ContentKey::make("ann", "note", "a", "txt")).error().code, Code::kNotFound);
}

TEST_P(ContentStore, ConcurrentPutsAreEachWhole) {
  constexpr int kPuts = 300;
  const auto text = [](int i) {
    return std::to_string(i) + std::string(static_cast<std::size_t>(i * 37 % 5'000), 'x');
  };
  test::Started<Result<Stored>> calls(executor);
  for (int i = 0; i < kPuts; ++i) {
    const auto key = key_of("id" + std::to_string(i), "user" + std::to_string(i % 7));
    calls.add(store->put(key, text(i)));
  }
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  reopen();
  for (int i = 0; i < kPuts; ++i) {
    const auto key = key_of("id" + std::to_string(i), "user" + std::to_string(i % 7));
    ASSERT_EQ(*get(key), text(i));
  }
}

TEST_P(ContentStore, ConcurrentPutsUnderOneKeyLeaveOneOfThemAndReadersSeeNoMixture) {
  const auto key = key_of("one");
  ASSERT_TRUE(put(key, std::string(10'000, 'a')));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::thread reader([&] {
    ThreadExecutor own("reader");
    while (!done) {
      const auto got = sync_wait(own, store->get(key));
      if (!got || got->size() != 10'000 || *got != std::string(10'000, got->front())) ++wrong;
    }
  });
  test::Started<Result<Stored>> calls(executor);
  for (int i = 0; i < 100; ++i) {
    calls.add(store->put(key, std::string(10'000, static_cast<char>('a' + i % 26))));
  }
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
  // Those that were asked for later win.
  EXPECT_EQ(get(key)->front(), static_cast<char>('a' + 99 % 26));
}

TEST_P(ContentStore, ClosingFinishesWhatWasQueued) {
  test::Started<Result<Stored>> calls(executor);
  for (int i = 0; i < 50; ++i) calls.add(store->put(key_of("id" + std::to_string(i)), "x"));
  test::settle(executor);
  reopen();
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  EXPECT_EQ(*get(key_of("id49")), "x");
}

}  // namespace synap::content::contract
