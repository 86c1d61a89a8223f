#include "synap/file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/test_support.h"

namespace synap::cli {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& path, const ReadOptions& options = {}) {
  const auto read = read_file(path, options);
  return read ? "" : read.error().message;
}

TEST(File, IsReadWholeAndOnlyIfItIsOne) {
  const test::TempDirectory directory;
  const auto path = directory.path() + "/file";
  const std::string text(200'000, 'x');
  std::ofstream(path) << text;
  EXPECT_EQ(read_file(path, {}), text);
  EXPECT_EQ(read_file(path, {.bytes_max = text.size()}), text);
  EXPECT_THAT(refusal(path, {.bytes_max = text.size() - 1}), HasSubstr("too large: 0.2 MiB"));
  EXPECT_NE(read_file("/proc/self/status", {}), "") << "which says that it has 0 bytes";

  EXPECT_EQ(refusal(directory.path()), "cannot be read: it is a directory");
  EXPECT_EQ(refusal(directory.path(), {.takes_streams = true}),
            "cannot be read: it is a directory");
  EXPECT_EQ(refusal("/dev/null"), "cannot be read: it is no regular file");
  EXPECT_THAT(refusal("/dev/zero", {.bytes_max = 1'000'000, .takes_streams = true}),
              HasSubstr("too large"));
  EXPECT_EQ(read_file(path + ".none", {}).error().code, Code::kNotFound);
  EXPECT_EQ(read_file(path + "/below", {}).error().code, Code::kNotFound);

  const auto link = directory.path() + "/link";
  std::filesystem::create_symlink(path, link);
  EXPECT_EQ(read_file(link, {}), text);
  EXPECT_THAT(refusal(link, {.follows_links = false}), HasSubstr("cannot be read"));
}

TEST(File, WaitsForThePipeThatAPersonNamesAndForNoOther) {
  const test::TempDirectory directory;
  const auto pipe = directory.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(refusal(pipe), "cannot be read: it is a pipe, no regular file");
  std::jthread writer([&] { std::ofstream(pipe) << "from a pipe"; });
  EXPECT_EQ(read_file(pipe, {.takes_streams = true}), "from a pipe");
}

}  // namespace
}  // namespace synap::cli
