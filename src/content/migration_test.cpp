#include "content/migration.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/test_support.h"
#include "content/local/local_store.h"
#include "content/test_content.h"

namespace synap::content {
namespace {

using contract::key_of;
using contract::varied;

class MigrationTest : public testing::Test {
 protected:
  MigrationTest() {
    from = std::move(*LocalStore::open(directory.path() + "/from"));
    to = std::move(*LocalStore::open(directory.path() + "/to"));
    for (int i = 0; i < kPieces; ++i) {
      EXPECT_TRUE(sync_wait(executor, from->put(key_of(name(i)), varied(bytes(i)))));
    }
  }
  static std::string name(int i) { return "id" + std::to_string(i); }
  static std::size_t bytes(int i) { return static_cast<std::size_t>(i * 20'000); }
  Result<Migrated> migrate_from(Migrated begin) {
    return sync_wait(executor, migrate(*from, *to, std::move(begin), [&](const Migrated& now) {
                       told.push_back(now);
                       return told.size() == stop_at ? Result<>(fail(Code::kTimeout, "stop"))
                                                     : Result<>();
                     }));
  }
  Result<std::string> got(int i) { return sync_wait(executor, to->get(key_of(name(i)))); }

  static constexpr int kPieces = 40;
  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  std::unique_ptr<LocalStore> from;
  std::unique_ptr<LocalStore> to;
  std::vector<Migrated> told;
  std::size_t stop_at = 0;
};

TEST_F(MigrationTest, CopiesAllAndTellsHowFar) {
  ASSERT_TRUE(sync_wait(executor, to->put(key_of(name(3)), "another")));
  ASSERT_TRUE(sync_wait(executor, to->put(key_of("of-others"), "stays")));
  const auto done = migrate_from({});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->count, kPieces);
  EXPECT_EQ(done->bytes, kPieces * (kPieces - 1) / 2 * 20'000);
  EXPECT_GT(told.size(), 2u);
  for (int i = 0; i < kPieces; ++i) EXPECT_TRUE(*got(i) == varied(bytes(i))) << i;
  EXPECT_EQ(*sync_wait(executor, to->get(key_of("of-others"))), "stays");
}

TEST_F(MigrationTest, GoesOnWhereItEnded) {
  stop_at = 1;
  EXPECT_EQ(migrate_from({}).error().message, "stop");
  const auto first = told.back();
  EXPECT_GT(first.count, 0);
  EXPECT_LT(first.count, kPieces);
  // What is there already is not looked at again.
  const auto seen = ContentKey::parse(sync_wait(executor, to->list({}))->items.front().path);
  ASSERT_TRUE(sync_wait(executor, to->remove(*seen)));
  stop_at = 0;
  const auto done = migrate_from(first);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->count, kPieces);
  EXPECT_EQ(sync_wait(executor, to->list({}))->items.size(), kPieces - 1u);
}

TEST_F(MigrationTest, EndsWhereSomethingCannotBeRead) {
  std::filesystem::remove(directory.path() + "/from/ann/note/id5.md");
  std::filesystem::create_directory(directory.path() + "/from/ann/note/id5.md");
  std::filesystem::remove_all(directory.path() + "/to/ann");
  std::ofstream(directory.path() + "/to/ann") << "no directory";
  testing::internal::CaptureStderr();
  EXPECT_FALSE(migrate_from({}));
  testing::internal::GetCapturedStderr();
}

/// Gives back other bytes than it was given.
class ForgetfulStore final : public ContentStore {
 public:
  explicit ForgetfulStore(ContentStore& real) : real_(real) {}
  Chunks read(ContentKey key, Range range) override {
    auto chunks = real_.read(key, range);
    while (auto chunk = co_await chunks.next()) {
      chunk->front() ^= 1;
      co_yield std::move(*chunk);
    }
    co_return chunks.end();
  }
  Task<Result<Stored>> put(ContentKey key, std::string bytes) override {
    return real_.put(std::move(key), std::move(bytes));
  }
  Task<Result<Stored>> put(ContentKey key, Chunks chunks) override {
    return real_.put(std::move(key), std::move(chunks));
  }
  Task<Result<std::string>> get(ContentKey key) override { return real_.get(std::move(key)); }
  Task<Result<std::string>> get(ContentKey key, Range range) override {
    return real_.get(std::move(key), range);
  }
  Task<Result<std::int64_t>> size(ContentKey key) override { return real_.size(std::move(key)); }
  Task<Result<Page>> list(Listing listing) override { return real_.list(std::move(listing)); }
  Task<Result<>> remove(ContentKey key) override { return real_.remove(std::move(key)); }

 private:
  ContentStore& real_;
};

TEST_F(MigrationTest, EndsWhereWhatWasPutIsNotGivenBack) {
  ForgetfulStore forgetful(*to);
  const auto nothing = [](const Migrated&) { return Result<>(); };
  const auto ended = sync_wait(executor, migrate(*from, forgetful, {}, nothing));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().fault, Fault::kDamaged);
  EXPECT_TRUE(ended.error().message.contains("is not given back as it was put"));
}

TEST_F(MigrationTest, OfNothingIsDone) {
  from = std::move(*LocalStore::open(directory.path() + "/empty"));
  const auto done = migrate_from({});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->count, 0);
}

}  // namespace
}  // namespace synap::content
