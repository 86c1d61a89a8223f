#include "db/sqlite/wal_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "base/test_support.h"

namespace synap::db::sqlite {
namespace {

constexpr int kWal = SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

// A file of the layer, as SQLite uses it.
class File {
 public:
  File(const std::string& path, int flags) : path_(path) {
    opened_ = vfs_->xOpen(vfs_, path_.c_str(), get(), flags, nullptr);
  }
  ~File() {
    if (opened_ == SQLITE_OK) get()->pMethods->xClose(get());
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return opened_ == SQLITE_OK; }
  int write(std::string_view bytes, std::int64_t at) {
    return get()->pMethods->xWrite(get(), bytes.data(), static_cast<int>(bytes.size()), at);
  }
  std::string read(std::size_t count, std::int64_t at) {
    std::string bytes(count, '?');
    const int code = get()->pMethods->xRead(get(), bytes.data(), static_cast<int>(count), at);
    return code == SQLITE_OK ? bytes : "error " + std::to_string(code);
  }
  int sync() { return get()->pMethods->xSync(get(), SQLITE_SYNC_NORMAL); }
  int truncate(std::int64_t size) { return get()->pMethods->xTruncate(get(), size); }
  std::int64_t size() {
    sqlite3_int64 size = -1;
    get()->pMethods->xFileSize(get(), &size);
    return size;
  }

 private:
  sqlite3_file* get() { return reinterpret_cast<sqlite3_file*>(memory_.get()); }

  sqlite3_vfs* vfs_ = sqlite3_vfs_find(wal_vfs());
  std::unique_ptr<char[]> memory_ =
      std::make_unique<char[]>(static_cast<std::size_t>(vfs_->szOsFile));
  std::string path_;
  int opened_ = SQLITE_ERROR;
};

class WalVfs : public testing::Test {
 protected:
  WalVfs() { make_database(directory.path()); }
  // A WAL gets the rights of its database, so there must be one.
  static void make_database(const std::string& in) { std::ofstream(in + "/test.db"); }
  std::string on_disk() { return test::read_file(path); }

  test::TempDirectory directory;
  const std::string path = directory.path() + "/test.db-wal";
};

TEST_F(WalVfs, KeepsWhatIsWrittenUntilTheSync) {
  File file(path, kWal);
  EXPECT_EQ(file.write("head", 0), SQLITE_OK);
  EXPECT_EQ(file.write("page", 4), SQLITE_OK);
  EXPECT_EQ(on_disk(), "");
  EXPECT_EQ(file.size(), 8);
  EXPECT_EQ(file.sync(), SQLITE_OK);
  EXPECT_EQ(on_disk(), "headpage");
  EXPECT_EQ(file.size(), 8);
}

TEST_F(WalVfs, ReadsWhatItKeeps) {
  File file(path, kWal);
  file.write("0123456789", 0);
  EXPECT_EQ(file.read(4, 3), "3456");
  file.write("ab", 4);
  EXPECT_EQ(file.read(10, 0), "0123ab6789");
  EXPECT_EQ(file.read(4, 8), "error " + std::to_string(SQLITE_IOERR_SHORT_READ));
}

TEST_F(WalVfs, ClosingWritesWhatItKeeps) {
  {
    File(path, kWal).write("kept", 0);
  }
  EXPECT_EQ(on_disk(), "kept");
}

TEST_F(WalVfs, WritesMoreThanTheLayerBelowTakesAtOnce) {
  std::string large(3'000'000, '?');
  std::mt19937 random(1);
  for (auto& c : large) c = static_cast<char>('a' + random() % 26);
  File file(path, kWal);
  for (std::size_t at = 0; at < large.size(); at += 4'120) {
    ASSERT_EQ(file.write(std::string_view(large).substr(at, 4'120), static_cast<std::int64_t>(at)),
              SQLITE_OK);
  }
  ASSERT_EQ(file.write("one piece", 0), SQLITE_OK);
  ASSERT_EQ(file.sync(), SQLITE_OK);
  large.replace(0, 9, "one piece");
  EXPECT_TRUE(on_disk() == large);
}

TEST_F(WalVfs, IsAFileWhateverIsDoneToIt) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    std::mt19937 random(seed);
    std::filesystem::remove(path);
    File file(path, kWal);
    std::string model;
    for (int step = 0; step < 300; ++step) {
      const auto at = random() % (model.size() + 1);
      const auto count = 1 + random() % 5'000;
      switch (random() % 8) {
        case 0:
          ASSERT_EQ(file.sync(), SQLITE_OK);
          ASSERT_TRUE(on_disk() == model) << seed << ' ' << step;
          break;
        case 1:
          ASSERT_EQ(file.truncate(static_cast<std::int64_t>(at)), SQLITE_OK);
          model.resize(at);
          break;
        case 2:
          if (at + count <= model.size()) {
            ASSERT_TRUE(file.read(count, static_cast<std::int64_t>(at)) == model.substr(at, count))
                << seed << ' ' << step;
          }
          break;
        default: {
          // Mostly behind all that is there, as a WAL grows.
          const auto place = random() % 4 == 0 ? at : model.size();
          const std::string bytes(count, static_cast<char>('a' + step % 26));
          ASSERT_EQ(file.write(bytes, static_cast<std::int64_t>(place)), SQLITE_OK);
          if (place + count > model.size()) model.resize(place + count);
          model.replace(place, count, bytes);
        }
      }
      ASSERT_EQ(file.size(), static_cast<std::int64_t>(model.size())) << seed << ' ' << step;
    }
  }
}

TEST_F(WalVfs, FullDiskIsToldWithTheSyncAndWhatWasKeptIsForgotten) {
  test::SmallDisk disk(1 << 20);
  if (!disk.is_there())
    GTEST_FAIL()
        << "this test mounts a small disk, which needs the right to (root, or a user namespace)";
  make_database(disk.path());
  File file(disk.path() + "/test.db-wal", kWal);
  ASSERT_EQ(file.write("first", 0), SQLITE_OK);
  ASSERT_EQ(file.sync(), SQLITE_OK);
  disk.fill();
  ASSERT_EQ(file.write(std::string(200'000, 'x'), 5), SQLITE_OK);
  EXPECT_EQ(file.sync() & 0xff, SQLITE_FULL);
  EXPECT_EQ(file.sync(), SQLITE_OK);
  ASSERT_EQ(file.write(std::string(200'000, 'x'), 5), SQLITE_OK);
  EXPECT_EQ(file.read(5, 5), "error " + std::to_string(SQLITE_IOERR_WRITE));
  EXPECT_EQ(file.read(5, 0), "first");
  disk.give_back();
  ASSERT_EQ(file.write("again", 5), SQLITE_OK);
  EXPECT_EQ(file.sync(), SQLITE_OK);
  EXPECT_EQ(file.read(10, 0), "firstagain");
}

TEST_F(WalVfs, OtherFilesAreWrittenAtOnce) {
  File file(path, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  ASSERT_TRUE(file.is_open());
  EXPECT_EQ(file.write("page", 0), SQLITE_OK);
  EXPECT_EQ(on_disk(), "page");
}

TEST_F(WalVfs, FileThatCannotBeOpenedIsToldAsSuch) {
  EXPECT_FALSE(File(directory.path() + "/no/such/place", kWal).is_open());
}

}  // namespace
}  // namespace synap::db::sqlite
