#include "pod/pod.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/json.h"
#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "net/test_client.h"
#include "pod/data_directory.h"
#include "pod/test_request.h"

namespace synap::pod {
namespace {

TEST(SizeText, SaysBytesInPowersOf1024WithTwoDigitsOrMore) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1024), "1.0 KiB");
  EXPECT_EQ(size_text(4'718'592), "4.5 MiB");
  EXPECT_EQ(size_text(128LL << 20), "128 MiB");
  EXPECT_EQ(size_text(61LL << 30), "61 GiB");
  EXPECT_EQ(size_text(5'000LL << 40), "5000 TiB");
}

class PodTest : public testing::Test {
 protected:
  PodOptions options() const {
    PodOptions chosen;
    chosen.data = directory.path() + "/data";
    chosen.port = 0;
    chosen.worker_concurrency = 8;
    chosen.stop_grace = grace;
    return chosen;
  }
  void start() {
    auto started = Pod::start(options());
    ASSERT_TRUE(started) << started.error().message;
    pod = std::move(*started);
    if (!pod->new_owner_key().empty()) key = pod->new_owner_key();
  }
  /// What a call answers, its result or its error.
  Json call(std::string_view method, const std::string& target, const std::string& body = "") {
    net::TestClient client(pod->port());
    client.request(method, target,
                   "authorization: Bearer " + key + "\r\ncontent-type: application/json\r\n", body);
    auto json = parse_json(client.read_response().body);
    if (!json) return {};
    const Json* result = json->find("result");
    return result != nullptr ? *result->find("data") : *json;
  }
  std::string create(const std::string& content) {
    return call("POST", "/trpc/notes.create", R"({"content":")" + content + "\"}")
        .find("requestId")
        ->as_string();
  }
  std::string status(const std::string& request_id) {
    const auto answer =
        call("GET", "/trpc/requests.get?input=%7B%22requestId%22%3A%22" + request_id + "%22%7D");
    return std::string(answer.string_or("status", answer.dump()));
  }
  /// What has become of the request when it is not pending any more.
  std::string end_of(const std::string& request_id) {
    EXPECT_TRUE(wait_for_request(pod->port(), key, request_id,
                                 [&] { return status(request_id) != "pending"; }));
    return status(request_id);
  }
  std::int64_t total() { return call("GET", "/trpc/notes.list").find("total")->as_integer(); }

  test::TempDirectory directory;
  std::unique_ptr<Pod> pod;
  std::string key;
  std::chrono::milliseconds grace{8'000};
};

TEST_F(PodTest, SecondOpenOfOneDirectoryIsRefusedWithASentence) {
  start();
  const auto second = Pod::start(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_NE(second.error().message.find("Another synap process"), std::string::npos);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  pod.reset();
  start();
}

// "Another synap process has it" invites to remove the lock.
TEST_F(PodTest, SecondOpenIsRefusedAlsoWhenTheLockFileWasRemovedOrReplaced) {
  start();
  const auto lock = options().data + "/synap.lock";
  std::filesystem::remove(lock);
  const auto refused = Pod::start(options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_FALSE(std::filesystem::exists(lock));
  std::ofstream(lock) << "1";
  EXPECT_FALSE(Pod::start(options()));
  pod.reset();
  start();
}

TEST_F(PodTest, WithoutItsDatabaseIsRefusedAndLeftAsItIs) {
  start();
  EXPECT_EQ(end_of(create("note")), "completed");
  pod.reset();
  const auto data = options().data;
  const auto key_path = data + "/owner.key";
  for (const bool is_empty : {false, true}) {
    for (const char* name : {"/synap.db", "/synap.db-wal", "/synap.db-shm"}) {
      std::filesystem::remove(data + name);
    }
    if (is_empty) std::ofstream(data + "/synap.db") << "";
    for (const bool has_key : {true, false}) {
      if (!has_key) std::filesystem::rename(key_path, directory.path() + "/kept.key");
      const auto refused = Pod::start(options());
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::kPreconditionFailed);
      EXPECT_NE(refused.error().message.find("synap.db back from a backup"), std::string::npos);
      EXPECT_EQ(std::filesystem::exists(data + "/synap.db"), is_empty);
      if (!has_key) std::filesystem::rename(directory.path() + "/kept.key", key_path);
    }
    EXPECT_EQ(test::read_file(key_path), key + "\n");
  }
}

TEST_F(PodTest, FirstStartMakesTheOwnersKeyAndLaterOnesDoNot) {
  start();
  const auto first = key;
  EXPECT_TRUE(first.starts_with("synap_"));
  const auto path = options().data + "/owner.key";
  EXPECT_EQ(test::read_file(path), first + "\n");
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(options().data.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_TRUE(pod->stop());
  pod.reset();
  start();
  EXPECT_TRUE(pod->new_owner_key().empty());
  EXPECT_EQ(test::read_file(path), first + "\n");
}

TEST_F(PodTest, DataOfANewerVersionAreRefusedAndLeftAsTheyAre) {
  start();
  ASSERT_TRUE(pod->stop());
  pod.reset();
  const auto file = options().data + "/synap.db";
  {
    auto database = std::move(*db::sqlite::SqliteDatabase::open({.path = file}));
    ThreadExecutor executor("test");
    ASSERT_TRUE(test::run(executor, [&] {
      return database->write(
          [](db::Tx& tx) { tx.run("INSERT INTO migrations VALUES ('events.99', 1)"); });
    }));
  }
  const auto before = test::read_file(file);
  const auto refused = Pod::start(options());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("newer Synap (it has events.99)"), std::string::npos);
  EXPECT_EQ(test::read_file(file), before);
}

TEST_F(PodTest, OwnerIsNotMadeWithoutKeepingTheKey) {
  const auto path = options().data + "/owner.key";
  std::filesystem::create_directories(path + ".tmp");  // so that no file can have its name
  EXPECT_FALSE(Pod::start(options()));
  std::filesystem::remove(path + ".tmp");
  start();
  EXPECT_TRUE(key.starts_with("synap_"));
  EXPECT_EQ(test::read_file(path), key + "\n");
  EXPECT_EQ(total(), 0);
}

TEST_F(PodTest, CannotUseADirectoryThatIsAFile) {
  std::ofstream(options().data) << "file";
  const auto refused = Pod::start(options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kServiceUnavailable);
}

TEST_F(PodTest, AddressThatIsInUseIsAConflictAndLeavesNothingRunning) {
  start();
  auto other = options();
  other.data = directory.path() + "/other";
  other.port = pod->port();
  const auto refused = Pod::start(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_FALSE(std::filesystem::exists(other.data)) << "nothing is made before the address is had";
  other.port = 0;
  EXPECT_TRUE(Pod::start(other));
}

// A socket that has a port and is not listening: another may take the same port, until one of them
// listens.
class Rival {
 public:
  Rival() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    name_.sin_family = AF_INET;
    name_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&name_), sizeof name_), 0);
    socklen_t size = sizeof name_;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&name_), &size);
  }
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;
  ~Rival() { ::close(socket_); }

  std::uint16_t port() const { return ntohs(name_.sin_port); }
  /// Blocks until `file` appears in `directory`, and listens then.
  void listen_once_there_is(const std::string& directory, std::string_view file) const {
    const int watch = ::inotify_init1(IN_CLOEXEC);
    ::inotify_add_watch(watch, directory.c_str(), IN_MOVED_TO | IN_CREATE);
    std::vector<char> buffer(4096);
    for (bool is_there = false; !is_there;) {
      const auto count = ::read(watch, buffer.data(), buffer.size());
      is_there = count <= 0;
      for (ssize_t at = 0; at < count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        is_there = is_there || (event->len > 0 && file == event->name);
        at += static_cast<ssize_t>(sizeof *event + event->len);
      }
    }
    ::listen(socket_, 1);
    ::close(watch);
  }

 private:
  int socket_;
  sockaddr_in name_{};
};

TEST_F(PodTest, AFirstStartThatFailsLateSaysWhereTheOwnersKeyIs) {
  // The rival has two commits' time; where it is late the pod has started, and the next may be.
  constexpr int kTriesMax = 20;
  for (int i = 0; i < kTriesMax; ++i) {
    const Rival rival;
    auto chosen = options();
    chosen.data = directory.path() + "/late" + std::to_string(i);
    chosen.port = rival.port();
    ASSERT_EQ(::mkdir(chosen.data.c_str(), 0700), 0);
    std::jthread listening([&] { rival.listen_once_there_is(chosen.data, "owner.key"); });
    const auto started = Pod::start(chosen);
    if (started) continue;
    listening.join();
    const auto& error = started.error();
    EXPECT_EQ(error.code, Code::kConflict);
    EXPECT_TRUE(error.message.starts_with("cannot listen")) << error.message;
    EXPECT_TRUE(error.message.contains("the owner's key is made, and is in " + chosen.data))
        << error.message;
    ASSERT_NE(error.details, nullptr);
    const auto file = error.details->string_or("ownerKeyFile", "");
    EXPECT_EQ(file, chosen.data + "/owner.key");
    chosen.port = 0;
    auto next = Pod::start(chosen);
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_TRUE((*next)->new_owner_key().empty());
    pod = std::move(*next);
    std::ifstream(std::string(file)) >> key;
    EXPECT_EQ(total(), 0) << "it is the owner's";
    return;
  }
  FAIL() << "the port was taken too late each time";
}

TEST_F(PodTest, RestartGoesOnWithWhatWasCutOff) {
  grace = std::chrono::milliseconds(0);
  std::vector<std::string> requests;
  for (int round = 0; round < 5; ++round) {
    start();
    for (int i = 0; i < 10; ++i) requests.push_back(create("note"));
    pod.reset();
  }
  start();
  for (const auto& request : requests) {
    EXPECT_EQ(end_of(request), "completed");
  }
  EXPECT_EQ(total(), static_cast<std::int64_t>(requests.size()));
}

TEST_F(PodTest, NothingIsServedWithoutAKey) {
  start();
  key = "synap_wrong";
  EXPECT_NE(call("GET", "/trpc/notes.list").dump().find("UNAUTHORIZED"), std::string::npos);
  EXPECT_EQ(call("GET", "/trpc/health").string_or("status", ""), "ok");
}

TEST(DataDirectory, IsItsOwnersAloneAlsoBelowDirectoriesThatAreMissing) {
  const test::TempDirectory directory;
  for (const std::string path : {"/a/b", "/c/d/", "/e//f"}) {
    ASSERT_TRUE(DataDirectory::open(directory.path() + path));
    const auto mode = std::filesystem::status(directory.path() + path).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_all) << path;
  }
}

TEST(DataDirectory, ThatOthersCanWriteIsRefused) {
  const test::TempDirectory directory;
  for (const auto open :
       {std::filesystem::perms::group_write, std::filesystem::perms::others_write}) {
    const auto path = directory.path() + "/data";
    std::filesystem::create_directory(path);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all | open);
    const auto refused = DataDirectory::open(path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kPreconditionFailed);
    EXPECT_NE(refused.error().message.find("chmod go-w"), std::string::npos);
    EXPECT_TRUE(std::filesystem::is_empty(path));
    std::filesystem::permissions(path, std::filesystem::perms::owner_all |
                                           std::filesystem::perms::group_read |
                                           std::filesystem::perms::others_read);
    EXPECT_TRUE(DataDirectory::open(path));
    std::filesystem::remove_all(path);
  }
}

TEST(DataDirectory, FollowsNoLinkThatSomebodyHasPlanted) {
  const test::TempDirectory directory;
  const auto victim = directory.path() + "/victim";
  std::ofstream(victim) << "of somebody else";
  const auto path = directory.path() + "/data";
  std::filesystem::create_directory(path);
  std::filesystem::create_symlink(victim, path + "/synap.lock");
  const auto refused = DataDirectory::open(path);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("symbolic link"), std::string::npos);
  std::filesystem::remove(path + "/synap.lock");
  ASSERT_EQ(::mkfifo((path + "/synap.lock").c_str(), 0600), 0);
  EXPECT_FALSE(DataDirectory::open(path));
  std::filesystem::remove(path + "/synap.lock");
  auto opened = DataDirectory::open(path);
  ASSERT_TRUE(opened);
  const auto key = (*opened)->owner_key();
  std::filesystem::create_symlink(victim, key + ".tmp");
  std::filesystem::create_symlink(victim, key);
  ASSERT_TRUE((*opened)->write_secret(key, "secret"));
  EXPECT_EQ(test::read_file(victim), "of somebody else");
  EXPECT_FALSE(std::filesystem::is_symlink(key));
  EXPECT_EQ(test::read_file(key), "secret");
}

TEST(DataDirectory, KnowsWhetherItIsStillHeld) {
  const test::TempDirectory directory;
  const auto path = directory.path() + "/data";
  auto opened = DataDirectory::open(path);
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->is_held());
  std::filesystem::rename(path, path + "-moved");
  EXPECT_FALSE((*opened)->is_held());
  std::filesystem::create_directory(path);
  EXPECT_FALSE((*opened)->is_held());
  std::filesystem::remove(path);
  std::filesystem::rename(path + "-moved", path);
  EXPECT_TRUE((*opened)->is_held());
  std::filesystem::remove(path + "/synap.lock");
  EXPECT_FALSE((*opened)->is_held());
  std::ofstream(path + "/synap.lock") << "1";
  EXPECT_FALSE((*opened)->is_held());
}

TEST(DataDirectory, WritesASecretWhole) {
  test::TempDirectory directory;
  auto opened = DataDirectory::open(directory.path() + "/a/b/data");
  ASSERT_TRUE(opened);
  const auto path = (*opened)->owner_key();
  std::ofstream(path) << "an older and longer secret";
  ASSERT_TRUE((*opened)->write_secret(path, "new"));
  EXPECT_EQ(test::read_file(path), "new");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

}  // namespace
}  // namespace synap::pod
