#include "content/local/local_store.h"

#include <sys/stat.h>

#include <filesystem>

#include "content/store_contract.h"

namespace synap::content::contract {

class LocalStorage final : public Storage {
 public:
  std::unique_ptr<content::ContentStore> open() override {
    auto store = LocalStore::open(directory_.path() + "/content");
    SYNAP_CHECK(store.has_value());
    return std::move(*store);
  }

 private:
  test::TempDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Local, ContentStore,
                         testing::Values(Engine{"Local",
                                                [] { return std::make_unique<LocalStorage>(); }}),
                         engine_name);

}  // namespace synap::content::contract

namespace synap::content {
namespace {

namespace fs = std::filesystem;
using contract::key_of;

class LocalStoreTest : public testing::Test {
 protected:
  void open(const std::string& at) {
    store.reset();
    auto opened = LocalStore::open(at);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  Result<Stored> put(const ContentKey& key, std::string bytes) {
    return sync_wait(executor, store->put(key, std::move(bytes)));
  }
  Result<std::string> get(const ContentKey& key) { return sync_wait(executor, store->get(key)); }
  static std::size_t files_in(const fs::path& path) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }

  test::TempDirectory directory;
  const std::string root = directory.path() + "/content";
  ThreadExecutor executor{"test"};
  std::unique_ptr<LocalStore> store;
};

TEST_F(LocalStoreTest, KeepsContentAsAFileThatOnlyTheOwnerReads) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), "text"));
  const auto path = root + "/ann/note/a.md";
  EXPECT_EQ(test::read_file(path), "text");
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((root + "/ann").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_EQ(files_in(root + "/.tmp"), 0u);
}

TEST_F(LocalStoreTest, RemovesWhatACrashLeftHalfWritten) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), "text"));
  store.reset();
  for (const char* name : {"0", "1", "17"}) std::ofstream(root + "/.tmp/" + name) << "half";
  open(root);
  EXPECT_EQ(files_in(root + "/.tmp"), 0u);
  EXPECT_EQ(*get(key_of("a")), "text");
  ASSERT_TRUE(put(key_of("b"), "more"));
}

TEST_F(LocalStoreTest, ReplacesASymbolicLinkAndFollowsNone) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), "text"));
  const auto outside = directory.path() + "/outside.md";
  std::ofstream(outside) << "outside";
  const auto link = root + "/ann/note/link.md";
  fs::create_symlink(outside, link);
  testing::internal::CaptureStderr();
  EXPECT_FALSE(get(key_of("link")));
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(put(key_of("link"), "inside"));
  EXPECT_EQ(test::read_file(outside), "outside");
  EXPECT_FALSE(fs::is_symlink(link));
  EXPECT_EQ(*get(key_of("link")), "inside");
}

TEST_F(LocalStoreTest, FollowsNoSymbolicLinkOfADirectoryEither) {
  open(root);
  const auto outside = directory.path() + "/outside";
  fs::create_directories(outside + "/note");
  std::ofstream(outside + "/note/a.md") << "outside";
  fs::create_directory_symlink(outside, root + "/eve");
  testing::internal::CaptureStderr();
  EXPECT_FALSE(get(key_of("a", "eve")));
  EXPECT_FALSE(put(key_of("b", "eve"), "text"));
  EXPECT_FALSE(sync_wait(executor, store->remove(key_of("a", "eve"))));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(test::read_file(outside + "/note/a.md"), "outside");
  EXPECT_FALSE(fs::exists(outside + "/note/b.md"));
}

TEST_F(LocalStoreTest, CannotOpenAFile) {
  std::ofstream(root) << "a file";
  const auto refused = LocalStore::open(root);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kServiceUnavailable);
}

TEST_F(LocalStoreTest, FullDiskRefusesAndKeepsTheOldBytes) {
  test::SmallDisk disk(2 << 20);
  if (!disk.is_there())
    GTEST_FAIL()
        << "this test mounts a small disk, which needs the right to (root, or a user namespace)";
  open(disk.path() + "/content");
  ASSERT_TRUE(put(key_of("old"), "old bytes"));
  disk.fill(16 << 10);
  testing::internal::CaptureStderr();
  // Alone and in a group: the two ways to the disk.
  for (const int count : {1, 20}) {
    test::Started<Result<Stored>> calls(executor);
    for (int i = 0; i < count; ++i) {
      calls.add(store->put(i == 0 ? key_of("old") : key_of("new" + std::to_string(i)),
                           std::string(200'000, 'x')));
    }
    for (const auto& result : calls.wait()) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Code::kServiceUnavailable);
    }
    EXPECT_EQ(*get(key_of("old")), "old bytes");
    EXPECT_EQ(get(key_of("new1")).error().code, Code::kNotFound);
    EXPECT_EQ(files_in(disk.path() + "/content/.tmp"), 0u);
  }
  testing::internal::GetCapturedStderr();
  disk.give_back();
  EXPECT_TRUE(put(key_of("old"), std::string(200'000, 'x')));
  EXPECT_EQ(get(key_of("old"))->size(), 200'000u);
  store.reset();
}

}  // namespace
}  // namespace synap::content
