// What the simulation has found in the content store, each told by itself.
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "content/local/local_store.h"
#include "simulation/machine.h"

namespace synap::simulation {
namespace {

using content::ContentKey;
using content::LocalStore;

// A loss of power may spare what was not safe, so each is tried with some seeds.
class ContentTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  ~ContentTest() override { store.reset(); }

  void open() {
    auto opened = LocalStore::open("content", {.world = machine.world, .files = machine.files});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void end_process(bool has_lost_power) {
    machine.disk.cut_power();
    store.reset();
    machine.go_on(has_lost_power);
  }
  Result<content::Stored> put(const std::string& id, std::string bytes) {
    return sync_wait(*executor, store->put(*ContentKey::make("ann", "note", id, "md"), bytes));
  }
  // At once: so many that one sync is for all of them.
  Task<std::vector<Result<content::Stored>>> put_all(std::vector<std::string> ids,
                                                     std::string bytes) {
    std::vector<Task<Result<content::Stored>>> puts;
    for (const auto& id : ids) {
      puts.push_back(store->put(*ContentKey::make("ann", "note", id, "md"), bytes));
    }
    co_return co_await when_all(std::move(puts));
  }
  Result<std::string> get(const std::string& id) {
    return sync_wait(*executor, store->get(*ContentKey::make("ann", "note", id, "md")));
  }

  Machine machine{GetParam()};
  std::unique_ptr<Executor> executor = machine.world.make_executor("test");
  std::unique_ptr<LocalStore> store;
};

TEST_P(ContentTest, KeepsItsRootWithTheFirstFile) {
  open();
  ASSERT_TRUE(put("a", "text"));
  end_process(/*has_lost_power=*/true);
  open();
  EXPECT_EQ(get("a").value_or(""), "text");
}

// Killed after it made a directory and before it synced its name; the next process finds it there.
TEST_P(ContentTest, KeepsAFileInADirectoryThatAnotherProcessHasMade) {
  open();
  for (std::uint64_t changes = 0;; ++changes) {
    machine.disk.cut_power_after(changes);
    const bool is_put = put("a", "text").has_value();
    end_process(/*has_lost_power=*/false);
    open();
    if (machine.disk.find(machine.disk.find(machine.disk.root(), "content"), "ann") != nullptr) {
      break;
    }
    ASSERT_FALSE(is_put);
  }
  ASSERT_TRUE(put("b", "text"));
  end_process(/*has_lost_power=*/true);
  open();
  EXPECT_EQ(get("b").value_or(""), "text");
}

// After a failed sync a file that is there is written again. That fails too; but it was answered
// for before.
TEST_P(ContentTest, KeepsAFileWhoseSecondPutFails) {
  open();
  ASSERT_TRUE(put("a", "text"));
  machine.disk.faults.failing_sync = 1;
  ASSERT_FALSE(put("b", "text"));
  for (int i = 0; i < 20; ++i) {
    machine.disk.faults.failing_sync = 2;
    std::ignore = put("a", "text");
    machine.disk.faults.failing_sync = 0;
    ASSERT_EQ(get("a").value_or(""), "text");
  }
  end_process(/*has_lost_power=*/true);
  open();
  EXPECT_EQ(get("a").value_or(""), "text");
}

// The system takes for written what it could not write, whoever had asked for it.
TEST_P(ContentTest, AnswersForNoUploadOfWhichASyncForOthersHasLostAPart) {
  open();
  const auto halves = [this]() -> content::Chunks {
    co_yield std::string(1'000, 'a');
    machine.disk.faults.failing_sync = 1;
    for (const auto& refused : co_await put_all({"b", "c", "d", "e"}, "text")) {
      EXPECT_FALSE(refused);
    }
    machine.disk.faults.failing_sync = 0;
    co_yield std::string(1'000, 'b');
    co_return Result<>{};
  };
  const auto key = *ContentKey::make("ann", "file", "a", "bin");
  EXPECT_FALSE(sync_wait(*executor, store->put(key, halves())));
  EXPECT_TRUE(sync_wait(*executor, store->put(key, std::string("whole"))));
  end_process(/*has_lost_power=*/true);
  open();
  EXPECT_EQ(sync_wait(*executor, store->get(key)).value_or(""), "whole");
}

// Of two syncs for a group the first has failed, which was asked for those that replace others.
TEST_P(ContentTest, AnswersForNothingOfAGroupOfWhichOneSyncHasFailed) {
  open();
  std::vector<std::string> stored;
  for (int i = 0; i < 20; ++i) {
    const auto fresh = "fresh" + std::to_string(i);
    machine.disk.faults.failing_sync = 2;
    const auto put = sync_wait(*executor, put_all({"a", "b", "c", "d", fresh}, fresh + " text"));
    machine.disk.faults.failing_sync = 0;
    if (put.back()) stored.push_back(fresh);
  }
  ASSERT_FALSE(stored.empty());
  end_process(/*has_lost_power=*/true);
  open();
  for (const auto& id : stored) EXPECT_EQ(get(id).value_or(""), id + " text");
}

INSTANTIATE_TEST_SUITE_P(Seeds, ContentTest, testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace synap::simulation
