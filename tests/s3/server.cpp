#include "s3/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/check.h"
#include "content/s3/requests.h"

namespace synap::s3test {
namespace {

constexpr const char* kAccessKey = "test-access";
constexpr const char* kSecretKey = "test/secret+with=signs";

// All at once, so that they differ. Somebody else may take one before the server does: then it does
// not start, and the test says so.
std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<int> sockets;
  std::vector<std::uint16_t> ports;
  while (ports.size() < count) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    SYNAP_CHECK(::bind(listener, reinterpret_cast<sockaddr*>(&name), size) == 0);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size);
    sockets.push_back(listener);
    ports.push_back(ntohs(name.sin_port));
  }
  for (const int each : sockets) ::close(each);
  return ports;
}

/// While it lives nothing is said on stderr, where a test may listen.
class Silence {
 public:
  Silence() : stderr_(::dup(STDERR_FILENO)) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDERR_FILENO);
    ::close(nowhere);
  }
  ~Silence() {
    ::dup2(stderr_, STDERR_FILENO);
    ::close(stderr_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  const int stderr_;
};

std::string variable(const char* name, std::string otherwise = {}) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::string(value) : otherwise;
}

}  // namespace

std::string Server::program(Kind kind) {
  const std::string path =
      std::string(SYNAP_BUILD_TOOLS) +
      (kind == Kind::kSeaweed ? "/python-s3/bin/weed" : "/versitygw/versitygw");
  return std::filesystem::exists(path) ? path : std::string();
}

Server::Server(Kind kind) : kind_(kind), ports_(free_ports(kind == Kind::kSeaweed ? 8 : 1)) {
  std::filesystem::create_directory(directory_.path() + "/data");
  std::ofstream(directory_.path() + "/s3.json")
      << R"({"identities":[{"name":"pod","credentials":[{"accessKey":")" << kAccessKey
      << R"(","secretKey":")" << kSecretKey << R"("}],"actions":["Admin"]}]})";
  start();
}

Server::~Server() {
  kill();
}

std::vector<std::string> Server::command() const {
  const auto data = directory_.path() + "/data";
  const auto port = [&](std::size_t index) { return std::to_string(ports_.at(index)); };
  if (kind_ == Kind::kVersity) {
    return {program(kind_),         "--access", kAccessKey, "--secret", kSecretKey, "--port",
            "127.0.0.1:" + port(0), "--quiet",  "posix",    data};
  }
  return {program(kind_),
          "server",
          "-dir=" + data,
          "-ip=127.0.0.1",
          "-ip.bind=127.0.0.1",
          "-s3",
          "-s3.config=" + directory_.path() + "/s3.json",
          "-s3.port=" + port(0),
          "-s3.port.grpc=" + port(1),
          "-master.port=" + port(2),
          "-master.port.grpc=" + port(3),
          "-volume.port=" + port(4),
          "-volume.port.grpc=" + port(5),
          "-filer",
          "-filer.port=" + port(6),
          "-filer.port.grpc=" + port(7),
          "-volume.max=60",
          "-master.volumeSizeLimitMB=128",
          "-master.telemetry=false",
          "-s3.port.iceberg=0",
          "-s3.port.lance=0",
          "-s3.domainName=localhost",
          "-s3.autoCreateBucket=false"};
}

content::S3Settings Server::settings() const {
  return {.endpoint = "http://127.0.0.1:" + std::to_string(port()),
          .bucket = "pod-content",
          .prefix = real_world().new_id().to_string() + "/",
          .access_key = kAccessKey,
          .secret_key = kSecretKey};
}

void Server::start() {
  auto words = command();
  const auto log = directory_.path() + "/log";
  pid_ = ::fork();
  SYNAP_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // however the test ends
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
  }
  for (int i = 0; i < 600; ++i) {
    if (serves()) return;
    SYNAP_CHECK(::waitpid(pid_, nullptr, WNOHANG) == 0,
                "the S3 server has ended: " + test::read_file(log));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  SYNAP_CHECK(false, "the S3 server does not start: " + test::read_file(log));
}

// It makes the bucket and takes an object: some of it may be there before the rest.
bool Server::serves() const {
  auto requests = content::S3Requests::make(settings(), real_world());
  SYNAP_CHECK(requests.has_value());
  ThreadExecutor executor("server");
  const auto ask = [&](content::S3Request request) {
    return sync_wait(executor, (*requests)->send(std::move(request))).has_value();
  };
  const Silence silence;
  const bool is_there =
      ask({.method = "PUT", .expected = {409}}) &&
      ask({.method = "PUT", .name = "started", .body = std::make_shared<const std::string>("x")}) &&
      ask({.method = "GET", .name = "started"});
  return is_there;
}

void Server::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

Server& seaweed() {
  static Server server(Server::Kind::kSeaweed);
  return server;
}

Server& versity() {
  static Server server(Server::Kind::kVersity);
  return server;
}

content::S3Settings given() {
  return {.endpoint = variable("SYNAP_TEST_S3_ENDPOINT"),
          .bucket = variable("SYNAP_TEST_S3_BUCKET"),
          .region = variable("SYNAP_TEST_S3_REGION", "us-east-1"),
          .prefix = real_world().new_id().to_string() + "/",
          .access_key = variable("SYNAP_TEST_S3_ACCESS_KEY"),
          .secret_key = variable("SYNAP_TEST_S3_SECRET_KEY"),
          .is_path_style = variable("SYNAP_TEST_S3_PATH_STYLE", "true") == "true"};
}

}  // namespace synap::s3test
