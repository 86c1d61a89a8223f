// What every ContentStore must do, as tests. An engine joins by naming itself:
//
//   INSTANTIATE_TEST_SUITE_P(Local, ContentStore, testing::Values(Engine{...}), engine_name);
//
// in a test file that includes this header in namespace synap::content::contract.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <numeric>
#include <thread>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/test_support.h"
#include "content/store.h"
#include "content/test_content.h"

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
inline void PrintTo(const Engine& engine, std::ostream* out) {
  *out << engine.name;
}
inline std::string engine_name(const testing::TestParamInfo<Engine>& info) {
  return info.param.name;
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
  Result<Stored> put(const ContentKey& key, Chunks chunks) {
    return sync_wait(executor, store->put(key, std::move(chunks)));
  }
  Result<std::string> get(const ContentKey& key) { return sync_wait(executor, store->get(key)); }
  Result<std::string> get(const ContentKey& key, Range range) {
    return sync_wait(executor, store->get(key, range));
  }
  Result<std::vector<std::string>> read(const ContentKey& key, Range range = {}) {
    return sync_wait(executor, pieces_of(store->read(key, range)));
  }
  Result<Page> list(Listing listing) { return sync_wait(executor, store->list(listing)); }
  /// The paths of all pages.
  std::vector<std::string> listed(std::string prefix, int limit = kListedMax) {
    std::vector<std::string> paths;
    Listing listing{.prefix = std::move(prefix), .limit = limit};
    for (;;) {
      const auto page = list(listing);
      SYNAP_CHECK(page.has_value());
      for (const auto& item : page->items) paths.push_back(item.path);
      if (!page->next) return paths;
      listing.after = *page->next;
    }
  }
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

TEST_P(ContentStore, PutOfTheSameBytesAnswersAsTheFirstDid) {
  const auto key = key_of("a");
  const auto first = put(key, "text");
  for (int i = 0; i < 2; ++i) {
    const auto again = put(key, "text");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->checksum, first->checksum);
    EXPECT_EQ(*get(key), "text");
    reopen();
  }
}

TEST_P(ContentStore, VersionsOfAnEntityAreApart) {
  ASSERT_TRUE(put(key_of("a"), "first"));
  ASSERT_TRUE(put(version_of("a", "r2"), "second"));
  ASSERT_TRUE(put(version_of("a", "r3"), "third"));
  EXPECT_EQ(*get(key_of("a")), "first");
  EXPECT_EQ(*get(version_of("a", "r2")), "second");
  EXPECT_TRUE(remove(version_of("a", "r2")));
  EXPECT_EQ(get(version_of("a", "r2")).error().code, Code::kNotFound);
  EXPECT_EQ(*get(version_of("a", "r3")), "third");
}

TEST_P(ContentStore, ChangesOfOneKeyTakeEffectInTheirOrder) {
  // All at once, so that a store which groups them has them in one group.
  const auto key = key_of("a");
  for (const bool is_there : {false, true}) {
    ASSERT_TRUE(is_there ? put(key, "old").has_value() : remove(key).has_value());
    test::Started<Result<>> calls(executor);
    const auto drop_stored = [](Task<Result<Stored>> put) -> Task<Result<>> {
      auto stored = co_await std::move(put);
      if (!stored) co_return fail(stored.error());
      co_return Result<>{};
    };
    for (int i = 0; i < 10; ++i) {
      calls.add(drop_stored(store->put(key_of("other" + std::to_string(i)), "x")));
    }
    calls.add(drop_stored(store->put(key, "new")));
    calls.add(store->remove(key));
    for (const auto& result : calls.wait()) EXPECT_TRUE(result);
    EXPECT_FALSE(get(key)) << is_there;
    ASSERT_TRUE(put(key, "old"));
    test::Started<Result<>> others(executor);
    others.add(store->remove(key));
    others.add(drop_stored(store->put(key, "newer")));
    for (const auto& result : others.wait()) EXPECT_TRUE(result);
    EXPECT_EQ(*get(key), "newer");
  }
}

TEST_P(ContentStore, ChunksAreStoredAsOne) {
  const std::string large = varied(3'000'000);
  const std::vector<std::vector<std::string>> all = {
      {}, {""}, {"text"}, {"te", "", "xt", ""}, {large.substr(0, 1), large.substr(1)}};
  int n = 0;
  for (const auto& pieces : all) {
    const auto key = key_of("id" + std::to_string(n++));
    const auto stored = put(key, chunks_of(pieces));
    ASSERT_TRUE(stored);
    const auto whole = joined(pieces);
    EXPECT_EQ(stored->path, key.path());
    EXPECT_EQ(stored->size, static_cast<std::int64_t>(whole.size()));
    EXPECT_EQ(stored->checksum, to_hex(sha256(whole)));
    EXPECT_EQ(*get(key), whole);
  }
  reopen();
  EXPECT_EQ(*get(key_of("id4")), large);
}

TEST_P(ContentStore, ChunksReplaceWhole) {
  const auto key = key_of("a");
  ASSERT_TRUE(put(key, "a longer first text"));
  ASSERT_TRUE(put(key, chunks_of({"sec", "ond"})));
  EXPECT_EQ(*get(key), "second");
  ASSERT_TRUE(put(key, chunks_of({"second"})));
  EXPECT_EQ(*get(key), "second");
}

TEST_P(ContentStore, ChunksThatEndWithAnErrorChangeNothing) {
  const auto failed = fail(Code::kPreconditionFailed, "the client went away");
  const auto refused = put(key_of("new"), chunks_of({"half", std::string(400'000, 'x')}, failed));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPreconditionFailed);
  EXPECT_EQ(refused.error().message, "the client went away");
  EXPECT_EQ(get(key_of("new")).error().code, Code::kNotFound);
  ASSERT_TRUE(put(key_of("old"), "old"));
  EXPECT_FALSE(put(key_of("old"), chunks_of({"half"}, failed)));
  EXPECT_EQ(*get(key_of("old")), "old");
  EXPECT_EQ(listed(""), std::vector<std::string>{"ann/note/old.md"});
}

TEST_P(ContentStore, NothingIsThereBeforeTheLastChunk) {
  const auto key = key_of("a");
  bool was_there = false;
  const auto watched = [&]() -> Chunks {
    for (int i = 0; i < 3; ++i) {
      co_yield std::string(300'000, 'x');
      was_there = was_there || (co_await store->get(key)).has_value();
    }
    co_return Result<>{};
  };
  ASSERT_TRUE(put(key, watched()));
  EXPECT_FALSE(was_there);
  EXPECT_EQ(get(key)->size(), 900'000u);
}

TEST_P(ContentStore, RangeIsCutAtTheEnd) {
  const auto key = key_of("a");
  ASSERT_TRUE(put(key, "0123456789"));
  EXPECT_EQ(*get(key, {}), "0123456789");
  EXPECT_EQ(*get(key, {2, 3}), "234");
  EXPECT_EQ(*get(key, {8, 100}), "89");
  EXPECT_EQ(*get(key, {10, 1}), "");
  EXPECT_EQ(*get(key, {0, 0}), "");
  EXPECT_EQ(joined(*read(key, {2, 3})), "234");
  EXPECT_TRUE(read(key, {10, 1})->empty());
  for (const Range bad : {Range{11, 1}, Range{-1, 1}, Range{0, -1}}) {
    EXPECT_EQ(get(key, bad).error().code, Code::kBadRequest);
    EXPECT_EQ(read(key, bad).error().code, Code::kBadRequest);
  }
}

TEST_P(ContentStore, ReadGivesTheBytesInChunks) {
  const auto key = key_of("a");
  const auto bytes = varied(2 * kChunkBytesMax + 1'000);
  ASSERT_TRUE(put(key, bytes));
  for (const Range range : {Range{}, Range{1, 2 * kChunkBytesMax}, Range{kChunkBytesMax, 5}}) {
    const auto pieces = read(key, range);
    ASSERT_TRUE(pieces);
    for (const auto& piece : *pieces) {
      EXPECT_GT(piece.size(), 0u);
      EXPECT_LE(piece.size(), kChunkBytesMax);
    }
    EXPECT_EQ(joined(*pieces), bytes.substr(static_cast<std::size_t>(range.offset),
                                            static_cast<std::size_t>(range.length)));
  }
}

TEST_P(ContentStore, ReadGoesOnWithWhatItBegan) {
  const auto key = key_of("a");
  const std::string old(3 * kChunkBytesMax, 'o');
  ASSERT_TRUE(put(key, old));
  const auto reading = [&]() -> Task<Result<std::string>> {
    auto chunks = store->read(key, {});
    std::string all;
    while (auto chunk = co_await chunks.next()) {
      if (all.empty()) {
        auto replaced = co_await store->put(key, std::string(3 * kChunkBytesMax, 'n'));
        SYNAP_CHECK(replaced.has_value());
      } else {
        SYNAP_CHECK((co_await store->remove(key)).has_value());
      }
      all += *chunk;
    }
    if (!chunks.end()) co_return fail(chunks.end().error());
    co_return all;
  };
  const auto all = sync_wait(executor, reading());
  ASSERT_TRUE(all);
  EXPECT_TRUE(*all == old);
}

TEST_P(ContentStore, SizeIsThatOfTheBytes) {
  const auto size = [&](const ContentKey& key) { return sync_wait(executor, store->size(key)); };
  ASSERT_TRUE(put(key_of("a"), "text"));
  ASSERT_TRUE(put(key_of("empty"), ""));
  EXPECT_EQ(*size(key_of("a")), 4);
  EXPECT_EQ(*size(key_of("empty")), 0);
  EXPECT_EQ(size(key_of("never")).error().code, Code::kNotFound);
}

TEST_P(ContentStore, WhatWasNeverPutIsNotFound) {
  for (const auto& key : {key_of("never"), key_of("never", "nobody"), version_of("never", "r")}) {
    EXPECT_EQ(get(key).error().code, Code::kNotFound);
    EXPECT_EQ(get(key, {0, 1}).error().code, Code::kNotFound);
    EXPECT_EQ(read(key).error().code, Code::kNotFound);
  }
}

TEST_P(ContentStore, ListIsInTheOrderOfThePathsAndResumes) {
  EXPECT_TRUE(listed("").empty());
  std::vector<std::string> paths;
  // A slash comes behind a minus and before a letter: users are not in the order of their names.
  for (const char* user : {"ann", "ann-b", "annb", "A", "bob"}) {
    for (const char* type : {"note", "note-x", "texts"}) {
      for (const char* id : {"1", "10", "2", "B", "a_", "a-"}) {
        for (const auto& key : {*ContentKey::make(user, type, id, "md"),
                                *ContentKey::make_version(user, type, id, "r2", "md")}) {
          paths.push_back(key.path());
          ASSERT_TRUE(put(key, std::string(paths.size() % 7, 'x')));
        }
      }
    }
  }
  std::ranges::sort(paths);
  for (const int limit : {1, 7, 180, kListedMax}) EXPECT_EQ(listed("", limit), paths) << limit;
  for (const std::string prefix :
       {"ann", "ann/", "ann/note", "ann/note/", "ann/note/1", "ann/note/1.", "bob/texts/a_.md",
        "ann-b/note-x/B.r2.md", "nobody/", "zoe", "bob/texts/a_.mdx"}) {
    std::vector<std::string> expected;
    for (const auto& path : paths) {
      if (path.starts_with(prefix)) expected.push_back(path);
    }
    for (const int limit : {1, 5, 1'000}) EXPECT_EQ(listed(prefix, limit), expected) << prefix;
  }
}

TEST_P(ContentStore, ListTellsSizeAndTime) {
  const auto before = unix_ms_now();
  ASSERT_TRUE(put(key_of("a"), "text"));
  const auto page = list({.prefix = "ann/"});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].path, "ann/note/a.md");
  EXPECT_EQ(page->items[0].size, 4);
  // The clock of a store may tick in steps, or be that of another machine.
  EXPECT_NEAR(static_cast<double>(page->items[0].modified_at), static_cast<double>(before), 60'000);
}

TEST_P(ContentStore, ListGoesOnOverRemovals) {
  for (const char* id : {"a", "b", "c", "d"}) ASSERT_TRUE(put(key_of(id), "x"));
  auto page = list({.limit = 2});
  ASSERT_TRUE(page && page->next);
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(remove(key_of(id)));
  page = list({.after = *page->next, .limit = 2});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].path, "ann/note/d.md");
  EXPECT_FALSE(page->next);
}

TEST_P(ContentStore, ListRefusesALimitThatIsNone) {
  for (const int limit : {0, -1, kListedMax + 1}) {
    EXPECT_EQ(list({.limit = limit}).error().code, Code::kBadRequest) << limit;
  }
}

TEST_P(ContentStore, StreamDestroyedHalfWayHarmsNobody) {
  const auto key = key_of("a");
  ASSERT_TRUE(put(key, varied(3 * kChunkBytesMax)));
  const auto half = [&]() -> Task<bool> {
    auto chunks = store->read(key, {});
    co_return (co_await chunks.next()).has_value();
  };
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(sync_wait(executor, half()));
  {
    auto never_begun = store->read(key, {});
  }
  EXPECT_EQ(get(key)->size(), 3 * kChunkBytesMax);
}

// Each kind of Task, destroyed as soon as it has begun, and when its answer is on its way: behind
// those of others that were asked for later, and posted to an executor that is busy.
TEST_P(ContentStore, TaskThatIsDestroyedIsNotResumedAndHarmsNobody) {
  ThreadExecutor elsewhere("elsewhere");
  ASSERT_TRUE(put(key_of("old"), varied(3 * kChunkBytesMax)));
  const auto read_all = [&]() -> Task<void> { co_await pieces_of(store->read(key_of("old"), {})); };
  const auto drop = [](auto task) -> Task<void> { co_await std::move(task); };
  int n = 0;
  const std::vector<std::function<Task<void>()>> kinds = {
      [&] { return drop(store->put(key_of("new" + std::to_string(n)), varied(100'000))); },
      [&] {
        return drop(
            store->put(key_of("new" + std::to_string(n)), chunks_of({varied(100'000), "x"})));
      },
      [&] { return drop(store->get(key_of("old"))); },
      [&] { return drop(store->size(key_of("old"))); },
      [&] { return drop(store->list({})); },
      [&] { return drop(store->remove(key_of("never"))); },
      read_all,
  };
  const auto all_others = [&](std::promise<void>& done) -> Task<void> {
    SYNAP_CHECK((co_await store->put(key_of("other"), std::to_string(n))).has_value());
    SYNAP_CHECK((co_await store->get(key_of("other"))).has_value());
    SYNAP_CHECK((co_await store->list({})).has_value());
    done.set_value();
  };
  for (const auto& make : kinds) {
    for (const bool at_once : {true, false}) {
      for (int i = 0; i < 10; ++i, ++n) {
        auto task = make();
        test::call_on(executor, [&] {
          task.start();
          if (!at_once) {
            std::promise<void> done;
            spawn(elsewhere, all_others(done));
            done.get_future().wait();
          }
          task = {};
          return true;
        });
      }
    }
  }
  for (const auto& path : listed("ann/note/new")) {
    const auto whole = get(*ContentKey::parse(path));
    ASSERT_TRUE(whole);
    EXPECT_GE(whole->size(), 100'000u) << path;
  }
  EXPECT_EQ(get(key_of("old"))->size(), 3 * kChunkBytesMax);
}

}  // namespace synap::content::contract
