#include "pod/readiness.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <future>

#include "base/manual_world.h"
#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"

namespace synap::pod {
namespace {

using testing::HasSubstr;
constexpr std::chrono::milliseconds kForLong = std::chrono::hours(1);

class ReadinessTest : public testing::Test {
 protected:
  void open(const std::string& at, ReadinessOptions options) {
    readiness.reset();
    database.reset();
    directory.reset();
    directory = std::move(*DataDirectory::open(at));
    database = std::move(*db::sqlite::SqliteDatabase::open({.path = directory->database()}));
    ASSERT_TRUE(database->migrate(Readiness::migrations()));
    readiness = std::make_unique<Readiness>(options, *database, *directory, world);
  }
  Result<> check() { return sync_wait(executor, readiness->check()); }
  std::string reason() {
    auto answer = check();
    return answer ? "ready" : answer.error().message;
  }

  ManualWorld world;
  test::TempDirectory temporary;
  const std::string path = temporary.path() + "/data";
  ThreadExecutor executor{"test"};
  std::unique_ptr<DataDirectory> directory;
  std::unique_ptr<db::sqlite::SqliteDatabase> database;
  std::unique_ptr<Readiness> readiness;
};

TEST_F(ReadinessTest, WritesARowEachTimeItLooks) {
  open(path, {.fresh_for = std::chrono::milliseconds(0)});
  const auto count = [&] {
    return *test::run(executor, [&] {
      return database->read([](db::Tx& tx) {
        auto rows = tx.query("SELECT count(*), max(looked_at) > 0 FROM readiness");
        return rows.next() ? rows.integer(0) + rows.integer(1) : -1;
      });
    });
  };
  const auto before = database->statistics().commits;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(check());
  EXPECT_EQ(database->statistics().commits, before + 3);
  EXPECT_EQ(count(), 2);
}

TEST_F(ReadinessTest, GivesAFreshAnswerAgain) {
  open(path, {.fresh_for = kForLong});
  const auto before = database->statistics().commits;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(check());
  EXPECT_EQ(database->statistics().commits, before + 1);
  world.pass(kForLong - std::chrono::milliseconds(1));
  EXPECT_TRUE(check());
  EXPECT_EQ(database->statistics().commits, before + 1);
  world.pass(std::chrono::milliseconds(1));
  EXPECT_TRUE(check());
  EXPECT_EQ(database->statistics().commits, before + 2);
}

TEST_F(ReadinessTest, SaysNoBelowTheFloor) {
  open(path, {.free_bytes_min = std::int64_t{1} << 60});
  EXPECT_THAT(reason(), HasSubstr("MiB left"));
}

TEST_F(ReadinessTest, SaysNoWhereTheDirectoryIsNoLongerItsOwn) {
  open(path, {.fresh_for = std::chrono::milliseconds(0)});
  EXPECT_EQ(reason(), "ready");
  std::filesystem::remove(path + "/synap.lock");
  EXPECT_THAT(reason(), HasSubstr("synap.lock was removed"));
  std::filesystem::rename(path, path + "-moved");
  EXPECT_THAT(reason(), HasSubstr("was moved"));
}

TEST_F(ReadinessTest, SaysNoOnADiskThatIsFull) {
  test::SmallDisk disk(4 << 20);
  ASSERT_TRUE(disk.is_there()) << "this test mounts a small disk, which needs the right to";
  open(disk.path() + "/data", {.fresh_for = std::chrono::milliseconds(0),
                               .refusal_counts_for = std::chrono::milliseconds(0)});
  EXPECT_EQ(reason(), "ready");
  disk.fill();
  // What is left of the last page may take a write or two. A row that says the same time again is
  // none.
  std::string said = "ready";
  for (int i = 0; i < 2'000 && said == "ready"; ++i) {
    world.pass(std::chrono::milliseconds(1));
    said = reason();
  }
  EXPECT_THAT(said, HasSubstr("full"));
  disk.give_back();
  EXPECT_EQ(reason(), "ready");
  readiness.reset();
  database.reset();
  directory.reset();
}

// A row is written over one that is there; what needs more room finds none. Nobody has asked while
// that was so.
TEST_F(ReadinessTest, SaysNoForAWhileAfterTheDiskHasRefusedWhatOthersWrite) {
  test::SmallDisk disk(4 << 20);
  ASSERT_TRUE(disk.is_there()) << "this test mounts a small disk, which needs the right to";
  for (const auto counts_for : {kForLong, std::chrono::milliseconds(0)}) {
    open(disk.path() + "/data",
         {.fresh_for = std::chrono::milliseconds(0), .refusal_counts_for = counts_for});
    EXPECT_EQ(reason(), "ready");
    const auto written = test::run(executor, [&] {
      return database->write(
          [](db::Tx& tx) { tx.run("CREATE TABLE large AS SELECT zeroblob(8388608)"); });
    });
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().fault, Fault::kFull);
    EXPECT_THAT(reason(),
                counts_for == kForLong ? HasSubstr("disk has just refused") : HasSubstr("ready"));
  }
  readiness.reset();
  database.reset();
  directory.reset();
}

// The writer hangs, as it does on a disk that does not answer.
TEST_F(ReadinessTest, DoesNotWaitWithWhoLooksAndLosesPatience) {
  for (const auto waited : {kForLong, kForLong + std::chrono::milliseconds(1)}) {
    open(path, {.fresh_for = std::chrono::milliseconds(0), .patience = kForLong});
    EXPECT_TRUE(check());
    std::promise<void> hangs;
    std::promise<void> goes_on;
    test::Started<Result<>> calls(executor);
    calls.add_awaitable([&] {
      return database->write([&](db::Tx&) {
        hangs.set_value();
        goes_on.get_future().wait();
      });
    });
    hangs.get_future().wait();
    calls.add(readiness->check());
    test::settle(executor);
    world.pass(waited);
    EXPECT_THAT(reason(), waited == kForLong ? HasSubstr("ready") : HasSubstr("waiting"));
    goes_on.set_value();
    for (const auto& result : calls.wait()) EXPECT_TRUE(result);
    EXPECT_EQ(reason(), "ready");
  }
}

/// Content of which only check() is asked.
class CheckedContent final : public content::ContentStore {
 public:
  Result<> answer;
  int asked = 0;
  Task<Result<>> check() override {
    ++asked;
    co_return answer;
  }
  Task<Result<content::Stored>> put(content::ContentKey, std::string) override { std::abort(); }
  Task<Result<content::Stored>> put(content::ContentKey, content::Chunks) override { std::abort(); }
  Task<Result<std::string>> get(content::ContentKey) override { std::abort(); }
  Task<Result<std::string>> get(content::ContentKey, content::Range) override { std::abort(); }
  content::Chunks read(content::ContentKey, content::Range) override { std::abort(); }
  Task<Result<std::int64_t>> size(content::ContentKey) override { std::abort(); }
  Task<Result<content::Page>> list(content::Listing) override { std::abort(); }
  Task<Result<>> remove(content::ContentKey) override { std::abort(); }
};

// A look at a bucket costs money, so content that is well is believed for a while; one that is not
// is asked each time. Whoever may ask is told nothing of where it is.
TEST_F(ReadinessTest, SaysNoWhileContentCannotBeStored) {
  CheckedContent content;
  open(path, {.fresh_for = std::chrono::milliseconds(0),
              .content = &content,
              .content_fresh_for = std::chrono::seconds(30)});
  EXPECT_EQ(reason(), "ready");
  EXPECT_EQ(reason(), "ready");
  EXPECT_EQ(content.asked, 1);
  content.answer = fail(Code::kServiceUnavailable, "there is no bucket secret-place");
  EXPECT_EQ(reason(), "ready");
  world.pass(std::chrono::seconds(31));
  EXPECT_EQ(reason(), "Content cannot be stored now");
  EXPECT_EQ(reason(), "Content cannot be stored now");
  EXPECT_EQ(content.asked, 3);
  content.answer = {};
  EXPECT_EQ(reason(), "ready");
}

}  // namespace
}  // namespace synap::pod
