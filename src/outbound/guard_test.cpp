// The guard against requests into the private network, and redirects, against real sockets.
//
// Names are looked up by getaddrinfo(), which this file has one of its own of: so a name may lead
// anywhere, and elsewhere the next time, as an attacker's name server makes it.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <map>
#include <mutex>

#include "base/test_support.h"
#include "outbound/client.h"
#include "outbound/test_server.h"

namespace synap::outbound {
namespace {

// Names that only this test knows, and the addresses that each look-up gives, in turn.
class FakeNames {
 public:
  using Addresses = std::vector<std::string>;
  static FakeNames& instance() {
    static FakeNames names;
    return names;
  }
  void set(const std::string& name, std::vector<Addresses> answers) {
    std::lock_guard lock(mutex_);
    answers_[name] = std::move(answers);
  }
  std::optional<Addresses> look_up(const std::string& name) {
    std::lock_guard lock(mutex_);
    const auto found = answers_.find(name);
    if (found == answers_.end()) return std::nullopt;
    auto answer = found->second.front();
    if (found->second.size() > 1) found->second.erase(found->second.begin());
    return answer;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<Addresses>> answers_;
};

int real_getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  using Function = decltype(&::getaddrinfo);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, out);
}

}  // namespace
}  // namespace synap::outbound

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** out) {
  using namespace synap::outbound;
  const auto addresses = FakeNames::instance().look_up(node == nullptr ? "" : node);
  if (!addresses) return real_getaddrinfo(node, service, hints, out);
  addrinfo numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST;
  numeric.ai_family = AF_UNSPEC;
  addrinfo* first = nullptr;
  for (auto address = addresses->rbegin(); address != addresses->rend(); ++address) {
    addrinfo* one = nullptr;
    if (const int code = real_getaddrinfo(address->c_str(), service, &numeric, &one)) return code;
    one->ai_next = first;
    first = one;
  }
  *out = first;
  return 0;
}

namespace synap::outbound {
namespace {

class GuardTest : public testing::Test {
 protected:
  static Policy guarding(const std::vector<std::string>& allowed = {}) {
    auto policy = Policy::public_only(allowed);
    EXPECT_TRUE(policy) << policy.error().message;
    return *policy;
  }
  Result<Response> send(const std::vector<std::string>& allowed, Request request,
                        Options options = {}) {
    Client client(guarding(allowed));
    return send(client, std::move(request), std::move(options));
  }
  Result<Response> send(Client& client, Request request, Options options = {}) {
    return sync_wait(executor_, client.send(std::move(request), std::move(options)));
  }
  // Answers "here" to everything but /to/URL, which it redirects there, with the status of
  // /307/URL.
  static void serve(Wire& wire, const Seen& seen) {
    const auto target =
        seen.line.substr(seen.line.find(' ') + 1, seen.line.rfind(' ') - seen.line.find(' ') - 1);
    if (target.size() < 6 || target[4] != '/') {
      wire.send(answer(200, "here"));
    } else {
      wire.send(answer(std::stoi(target.substr(1, 3)), "moved",
                       "location: " + target.substr(5) + "\r\n"));
    }
  }

  ThreadExecutor executor_{"test"};
  TestServer server_{serve};
};

#define EXPECT_REFUSED(response)                                                                  \
  do {                                                                                            \
    const auto& refused = response;                                                               \
    ASSERT_FALSE(refused) << refused->status;                                                     \
    EXPECT_EQ(refused.error().code, Code::kForbidden) << refused.error().message;                 \
    EXPECT_TRUE(refused.error().message.contains("outbound_allowed")) << refused.error().message; \
  } while (false)

TEST_F(GuardTest, EverySpellingOfThisMachineIsRefusedUnlessAllowed) {
  FakeNames::instance().set("inside.test", {{"127.0.0.1"}});
  FakeNames::instance().set("inside.test.", {{"127.0.0.1"}});
  for (const std::string host :
       {"localhost", "LOCALHOST", "127.0.0.1", "127.1", "0.0.0.0", "0", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001",
        "inside.test", "inside.test.", "me:pass@localhost"}) {
    EXPECT_REFUSED(send({}, {.url = server_.url_for(host)}));
    const auto allowed = send({"127.0.0.0/8", "0.0.0.0", "::1"}, {.url = server_.url_for(host)});
    EXPECT_TRUE(allowed) << host << ": " << allowed.error().message;
  }
  EXPECT_GT(server_.connections(), 0);
}

TEST_F(GuardTest, NoConnectionIsMadeToWhatIsRefused) {
  for (const std::string host : {"localhost", "127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254",
                                 "[fe80::1]", "[fd00::1]", "224.0.0.1", "[64:ff9b::7f00:1]"}) {
    EXPECT_REFUSED(send({}, {.url = server_.url_for(host)}));
  }
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(GuardTest, TheLoopbackOfIpv6IsRefusedUnlessAllowed) {
  TestServer server(serve, nullptr, "::1");
  EXPECT_REFUSED(send({}, {.url = server.url()}));
  if (!server.is_listening()) GTEST_SKIP() << "this machine has no IPv6";
  EXPECT_TRUE(send({"::1"}, {.url = server.url()}));
  EXPECT_TRUE(send({"[::1]:" + server.port()}, {.url = server.url()}));
}

TEST_F(GuardTest, AnAllowedHostAndPortOpensNothingElse) {
  TestServer other(serve);
  const std::vector<std::string> allowed{"localhost:" + server_.port()};
  EXPECT_TRUE(send(allowed, {.url = server_.url_for("localhost")}));
  EXPECT_REFUSED(send(allowed, {.url = server_.url_for("127.0.0.1")}));
  EXPECT_REFUSED(send(allowed, {.url = other.url_for("localhost")}));
}

TEST_F(GuardTest, EveryAddressOfANameIsJudged) {
  FakeNames::instance().set("mixed.test", {{"127.0.0.2", "127.0.0.1"}});
  // Nobody listens at the one that is allowed, and the one where somebody does is not.
  EXPECT_REFUSED(send({"127.0.0.2"}, {.url = server_.url_for("mixed.test")}));
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(GuardTest, ANameThatChangesItsAddressIsJudgedByTheOneThatIsReached) {
  FakeNames::instance().set("rebind.test", {{"127.0.0.2"}, {"127.0.0.1"}});
  TestServer allowed(serve, nullptr, "127.0.0.2");
  Client client(guarding({"127.0.0.2"}));
  EXPECT_TRUE(send(client, {.url = allowed.url_for("rebind.test")}));
  EXPECT_REFUSED(send(client, {.url = server_.url_for("rebind.test")}));
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(GuardTest, AConnectionThatIsOpenServesOnlyTheHostItWasMadeFor) {
  FakeNames::instance().set("friend.test", {{"127.0.0.1"}});
  FakeNames::instance().set("foe.test", {{"127.0.0.1"}});
  Client client(guarding({"friend.test"}));
  EXPECT_TRUE(send(client, {.url = server_.url_for("friend.test")}));
  EXPECT_REFUSED(send(client, {.url = server_.url_for("foe.test")}));
  EXPECT_TRUE(send(client, {.url = server_.url_for("friend.test")}));
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(GuardTest, ARedirectIsJudgedAsItsOwnRequest) {
  FakeNames::instance().set("friend.test", {{"127.0.0.1"}});
  const auto friendly = [&](std::string_view to) {
    return send({"friend.test"},
                {.url = server_.url_for("friend.test", "/302/" + std::string(to))});
  };
  for (const std::string host : {"localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1"}) {
    EXPECT_REFUSED(friendly(server_.url_for(host)));
  }
  EXPECT_REFUSED(friendly("http://169.254.169.254/latest/meta-data/"));
  EXPECT_EQ(friendly("/300")->body, "here");
  EXPECT_EQ(friendly(server_.url_for("friend.test"))->body, "here");
}

TEST_F(GuardTest, ARedirectToAnotherSchemeIsNotFollowed) {
  for (const std::string to : {"file:///etc/hostname", "ftp://127.0.0.1/",
                               "gopher://127.0.0.1:25/x", "dict://127.0.0.1:11211/stat"}) {
    const auto response = send({"127.0.0.1"}, {.url = server_.url("/302/" + to)});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Code::kForbidden) << response.error().message;
  }
}

TEST_F(GuardTest, ARedirectFromTlsToPlainTextIsNotFollowed) {
  const test::TempDirectory directory;
  const TestCertificate certificate;
  certificate.write_to(directory.path() + "/ca.pem");
  TestServer secure(serve, &certificate);
  Client client(guarding({"127.0.0.1"}), {.ca_file = directory.path() + "/ca.pem"});
  const auto response = send(client, {.url = secure.url("/302/" + server_.url())});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kForbidden);
  EXPECT_TRUE(response.error().message.contains("not encrypted")) << response.error().message;
  EXPECT_EQ(server_.connections(), 0);
  EXPECT_EQ(send(client, {.url = server_.url("/302/" + secure.url())})->body, "here");
}

TEST_F(GuardTest, ACertificateMustNameTheHost) {
  FakeNames::instance().set("other.test", {{"127.0.0.1"}});
  const test::TempDirectory directory;
  const TestCertificate certificate;
  certificate.write_to(directory.path() + "/ca.pem");
  TestServer secure(serve, &certificate);
  Client client(guarding({"127.0.0.1"}), {.ca_file = directory.path() + "/ca.pem"});
  for (const auto* host : {"127.0.0.1", "localhost"}) {
    EXPECT_TRUE(send(client, {.url = secure.url_for(host)})) << host;
  }
  const auto response = send(client, {.url = secure.url_for("other.test")});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kBadGateway);
  EXPECT_TRUE(response.error().message.contains("SSL")) << response.error().message;
  EXPECT_EQ(secure.seen().size(), 2u);
}

TEST_F(GuardTest, RedirectsAreFollowedUpToTheirNumber) {
  std::string path = "/";
  for (int i = 0; i < 5; ++i) path = "/302/" + server_.url(path);
  EXPECT_EQ(send({"127.0.0.1"}, {.url = server_.url(path)})->body, "here");
  const auto response = send({"127.0.0.1"}, {.url = server_.url("/302/" + server_.url(path))});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kBadGateway);
  EXPECT_TRUE(response.error().message.contains("5 are followed")) << response.error().message;
}

TEST_F(GuardTest, ARedirectIsAnAnswerWhereNoneIsToBeFollowed) {
  const auto response =
      send({"127.0.0.1"}, {.url = server_.url("/302/http://10.0.0.1/")}, {.redirects_max = 0});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->body, "moved");
  EXPECT_EQ(*find(response->headers, "location"), "http://10.0.0.1/");
}

TEST_F(GuardTest, AnotherOriginSeesNoSecretHeader) {
  TestServer other(serve);
  const Headers headers{{"Authorization", "Bearer k"},
                        {"Cookie", "c"},
                        {"X-Api-Key", "k"},
                        {"Accept", "text/plain"},
                        {"X-Signature", "s"}};
  ASSERT_TRUE(
      send({"127.0.0.1"}, {.url = server_.url("/302/" + server_.url()), .headers = headers}));
  EXPECT_TRUE(server_.seen().back().has("authorization: bearer k"));
  ASSERT_TRUE(send({"127.0.0.1"}, {.url = server_.url("/302/" + other.url()), .headers = headers}));
  const auto seen = other.seen().back();
  EXPECT_TRUE(seen.has("accept: text/plain"));
  for (const auto* secret : {"authorization", "cookie", "x-api-key", "x-signature"}) {
    EXPECT_FALSE(seen.has(secret)) << secret;
  }
  // Nor one that returns from there.
  const auto there_and_back = "/302/" + other.url("/302/" + server_.url());
  ASSERT_TRUE(send({"127.0.0.1"}, {.url = server_.url(there_and_back), .headers = headers}));
  EXPECT_FALSE(server_.seen().back().has("authorization"));
}

TEST_F(GuardTest, ARedirectChangesTheMethodAsItsStatusSays) {
  const auto method_after = [&](int status, const std::string& method) {
    const auto path = "/" + std::to_string(status) + "/" + server_.url();
    EXPECT_TRUE(send({"127.0.0.1"}, {.method = method,
                                     .url = server_.url(path),
                                     .headers = {{"content-type", "text/plain"}},
                                     .body = method == "GET" ? "" : "body"}));
    const auto seen = server_.seen().back();
    EXPECT_EQ(seen.has("content-type"), !seen.line.starts_with("GET") || method == "GET");
    return seen.line.substr(0, seen.line.find(' ')) + ":" + seen.body;
  };
  EXPECT_EQ(method_after(301, "POST"), "GET:");
  EXPECT_EQ(method_after(302, "POST"), "GET:");
  EXPECT_EQ(method_after(302, "PUT"), "PUT:body");
  EXPECT_EQ(method_after(303, "PUT"), "GET:");
  EXPECT_EQ(method_after(307, "POST"), "POST:body");
  EXPECT_EQ(method_after(308, "PUT"), "PUT:body");
  EXPECT_EQ(method_after(301, "GET"), "GET:");
}

TEST_F(GuardTest, TheBodyOfARedirectIsNotReadAtAnyLength) {
  TestServer talkative([&](Wire& wire, const Seen&) {
    wire.send("HTTP/1.1 302 Found\r\nlocation: " + server_.url() +
              "\r\ncontent-length: 100000000\r\n\r\n" + std::string(1'000'000, 'x'));
    wire.wait_for_end();
  });
  EXPECT_EQ(send({"127.0.0.1"}, {.url = talkative.url()})->body, "here");
}

TEST_F(GuardTest, NoProxyOfTheEnvironmentGetsAroundIt) {
  ::setenv("http_proxy", server_.url().c_str(), 1);
  ::setenv("all_proxy", server_.url().c_str(), 1);
  EXPECT_REFUSED(send({}, {.url = "http://127.0.0.2:1/"}));
  EXPECT_EQ(server_.connections(), 0);
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
}

}  // namespace
}  // namespace synap::outbound
