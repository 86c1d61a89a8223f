#include "content/local/local_store.h"

#include <sys/stat.h>

#include <filesystem>

#include "base/io_errors.h"
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

TEST_F(LocalStoreTest, StoresNothingWhereItsDirectoryIsNotInItsPlace) {
  open(root);
  const auto check = [&] { return sync_wait(executor, store->check()).has_value(); };
  EXPECT_TRUE(check());
  fs::rename(root, root + "-moved");
  EXPECT_FALSE(check());
  const auto refused = put(key_of("a"), "text");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kServiceUnavailable);
  EXPECT_EQ(refused.error().fault, Fault::kGone);
  fs::create_directory(root);
  EXPECT_FALSE(check());
  EXPECT_FALSE(put(key_of("a"), "text"));
  EXPECT_FALSE(fs::exists(root + "-moved/ann/note/a.md"));
  fs::remove(root);
  fs::rename(root + "-moved", root);
  EXPECT_TRUE(check());
  EXPECT_TRUE(put(key_of("a"), "text"));
}

TEST_F(LocalStoreTest, StoresInTheDirectoryOfTheNameAndNotInTheOneThatHadIt) {
  open(root);
  for (const std::string moved : {"/ann/note", "/ann"}) {
    ASSERT_TRUE(put(key_of("before"), "text"));
    fs::rename(root + moved, root + "-aside");
    ASSERT_TRUE(put(key_of("moved"), "text"));
    fs::remove_all(root + moved);
    fs::copy(root + "-aside", root + moved, fs::copy_options::recursive);
    ASSERT_TRUE(put(key_of("copied"), "text"));
    fs::remove_all(root + "-aside");
    EXPECT_EQ(*get(key_of("before")), "text");
    EXPECT_EQ(*get(key_of("copied")), "text");
  }
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

// What stands in the way of one user's notes says nothing about others'.
TEST_F(LocalStoreTest, WhatStandsAtOneNameBlocksThatNameAlone) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), "text"));
  std::ofstream(root + "/eve") << "in the way";
  fs::create_directories(root + "/ann/note/b.md/c");
  testing::internal::CaptureStderr();
  for (const auto& key : {key_of("a", "eve"), key_of("b")}) {
    const auto refused = put(key, "text");
    ASSERT_FALSE(refused) << key.path();
    EXPECT_EQ(refused.error().fault, Fault::kBlocked) << key.path();
    EXPECT_TRUE(refused.error().is_retriable());
  }
  EXPECT_EQ(get(key_of("b")).error().fault, Fault::kBlocked);
  testing::internal::GetCapturedStderr();
  EXPECT_TRUE(put(key_of("c"), "text"));
}

// The crash came after the rename: the name is there, its bytes may be anything.
TEST_F(LocalStoreTest, ReplacesWhatACrashLeftUnderTheName) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), "text"));
  const auto path = root + "/ann/note/a.md";
  const std::string large(200'000, 'x');
  for (const std::string& left : {std::string(), std::string("te"), std::string("texT"),
                                  std::string(4, 0), std::string("text and more")}) {
    std::ofstream(path, std::ios::trunc | std::ios::binary) << left;
    ASSERT_TRUE(put(key_of("a"), "text"));
    EXPECT_EQ(test::read_file(path), "text");
  }
  std::ofstream(path, std::ios::trunc) << large;
  ASSERT_TRUE(put(key_of("a"), std::string(199'999, 'x') + "y"));
  EXPECT_EQ(get(key_of("a"))->back(), 'y');
  EXPECT_EQ(files_in(root + "/.tmp"), 0u);
}

TEST_F(LocalStoreTest, KeepsTheFileThatHasTheSameBytes) {
  open(root);
  const auto inode = [&] {
    struct stat info{};
    SYNAP_CHECK(::stat((root + "/ann/note/a.md").c_str(), &info) == 0);
    return info.st_ino;
  };
  const std::string text(100'000, 'x');
  ASSERT_TRUE(put(key_of("a"), text));
  const auto first = inode();
  ASSERT_TRUE(put(key_of("a"), text));
  EXPECT_EQ(inode(), first);
  ASSERT_TRUE(put(key_of("a"), text + "y"));
  EXPECT_NE(inode(), first);
  EXPECT_EQ(files_in(root + "/.tmp"), 0u);
}

TEST_F(LocalStoreTest, RemovalMakesNoDirectories) {
  open(root);
  EXPECT_TRUE(sync_wait(executor, store->remove(key_of("a", "nobody"))));
  EXPECT_FALSE(fs::exists(root + "/nobody"));
}

TEST_F(LocalStoreTest, MakesADirectoryThatWasDeletedUnderIt) {
  open(root);
  for (const char* deleted : {"/ann/note", "/ann", "/.tmp"}) {
    ASSERT_TRUE(put(key_of("a"), "text"));
    fs::remove_all(root + deleted);
    ASSERT_TRUE(put(key_of("b"), "text")) << deleted;
    EXPECT_EQ(*get(key_of("b")), "text");
    test::Started<Result<Stored>> calls(executor);
    fs::remove_all(root + deleted);
    for (int i = 0; i < 20; ++i) calls.add(store->put(key_of("c" + std::to_string(i)), "text"));
    for (const auto& result : calls.wait()) EXPECT_TRUE(result);
    fs::remove_all(root + deleted);
    ASSERT_TRUE(sync_wait(executor, store->put(key_of("d"), contract::chunks_of({"text"}))));
    EXPECT_EQ(*get(key_of("d")), "text");
  }
}

TEST_F(LocalStoreTest, IsNotHeldUpByWhatIsNoFile) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), "text"));
  ASSERT_EQ(::mkfifo((root + "/ann/note/pipe.md").c_str(), 0600), 0);
  fs::create_directory(root + "/ann/note/folder.md");
  testing::internal::CaptureStderr();
  for (const char* id : {"pipe", "folder"}) {
    const auto refused = get(key_of(id));
    ASSERT_FALSE(refused) << id;
    EXPECT_EQ(refused.error().code, Code::kServiceUnavailable);
    EXPECT_FALSE(sync_wait(executor, store->size(key_of(id))));
  }
  const auto told = testing::internal::GetCapturedStderr();
  EXPECT_NE(told.find("ann/note/pipe.md: this is no regular file"), std::string::npos) << told;
  EXPECT_EQ(sync_wait(executor, store->list({}))->items.size(), 1u);
  ASSERT_TRUE(put(key_of("pipe"), "text"));
  EXPECT_EQ(*get(key_of("pipe")), "text");
}

TEST_F(LocalStoreTest, DoesNotTakeAFileOfAnySizeIntoMemory) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), "text"));
  fs::resize_file(root + "/ann/note/a.md", std::uintmax_t{1} << 40);
  EXPECT_EQ(get(key_of("a")).error().code, Code::kPayloadTooLarge);
  EXPECT_EQ(sync_wait(executor, store->get(key_of("a"), {0, 4})), "text");
  EXPECT_EQ(*sync_wait(executor, store->size(key_of("a"))), std::int64_t{1} << 40);
}

TEST_F(LocalStoreTest, ListsWhatItHasStoredAndNothingElse) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), "text"));
  ASSERT_TRUE(put(key_of("b"), "text"));
  std::ofstream(root + "/ann/note/no key") << "x";
  std::ofstream(root + "/ann/note/.hidden.md") << "x";
  std::ofstream(root + "/ann/stray.md") << "x";
  std::ofstream(root + "/stray") << "x";
  fs::create_symlink("a.md", root + "/ann/note/link.md");
  fs::create_directory_symlink("ann", root + "/eve");
  const auto page = sync_wait(executor, store->list({}));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].path, "ann/note/a.md");
  EXPECT_EQ(page->items[1].path, "ann/note/b.md");
}

TEST_F(LocalStoreTest, WhatEndsHalfWayLeavesNoDescriptorAndNoFile) {
  open(root);
  ASSERT_TRUE(put(key_of("a"), std::string(3 * kChunkBytesMax, 'x')));
  const auto half_read = [&]() -> Task<bool> {
    auto chunks = store->read(key_of("a"), {});
    co_return (co_await chunks.next()).has_value();
  };
  EXPECT_TRUE(sync_wait(executor, half_read()));
  const auto before = files_in("/proc/self/fd");
  const auto failed = fail(Code::kPreconditionFailed, "the client went away");
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(sync_wait(executor, half_read()));
    EXPECT_FALSE(sync_wait(executor,
                           store->put(key_of("b"), contract::chunks_of({"half", "more"}, failed))));
  }
  EXPECT_EQ(files_in("/proc/self/fd"), before);
  EXPECT_EQ(files_in(root + "/.tmp"), 0u);
}

TEST_F(LocalStoreTest, UploadThatIsDestroyedLeavesNothing) {
  open(root);
  ASSERT_TRUE(put(key_of("other"), ""));  // opens its directory
  const auto before = files_in("/proc/self/fd");
  const auto endless = []() -> Chunks {
    for (;;) co_yield std::string(100'000, 'x');
  };
  for (int i = 0; i < 20; ++i) {
    auto upload = store->put(key_of("a"), endless());
    test::call_on(executor, [&] { return upload.start(), true; });
    for (int k = 0; k < i; ++k) ASSERT_TRUE(put(key_of("other"), std::to_string(k)));
    test::call_on(executor, [&] { return upload = {}, true; });
  }
  // The thread may be at a last chunk, behind which it does this.
  ASSERT_TRUE(sync_wait(executor, store->list({})));
  EXPECT_EQ(files_in("/proc/self/fd"), before);
  EXPECT_EQ(files_in(root + "/.tmp"), 0u);
  EXPECT_EQ(get(key_of("a")).error().code, Code::kNotFound);
}

// More than an upload leaves unsynced, in pieces of odd sizes.
TEST_F(LocalStoreTest, TakesUploadsThatAreLargerThanItsMemory) {
  open(root);
  std::string whole;
  const auto piece = contract::varied(700'001);
  for (int i = 0; i < 30; ++i) whole += piece;
  const auto stored = sync_wait(
      executor, store->put(key_of("a"), contract::chunks_of(std::vector<std::string>(30, piece))));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->size, static_cast<std::int64_t>(whole.size()));
  EXPECT_EQ(stored->checksum, to_hex(sha256(whole)));
  EXPECT_TRUE(*get(key_of("a")) == whole);
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
  const auto full_before = io_errors(Store::kContent, Fault::kFull).value();
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
  const auto refused = sync_wait(
      executor, store->put(key_of("streamed"), contract::chunks_of({std::string(200'000, 'x')})));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "The disk is full: content cannot be stored");
  EXPECT_EQ(files_in(disk.path() + "/content/.tmp"), 0u);
  const auto told = testing::internal::GetCapturedStderr();
  EXPECT_NE(told.find("content: write ann/note/old.md: the disk is full"), std::string::npos)
      << told;
  EXPECT_GT(io_errors(Store::kContent, Fault::kFull).value(), full_before);
  disk.give_back();
  EXPECT_TRUE(put(key_of("old"), std::string(200'000, 'x')));
  EXPECT_EQ(get(key_of("old"))->size(), 200'000u);
  store.reset();
}

}  // namespace
}  // namespace synap::content
