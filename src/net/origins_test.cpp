#include "net/origins.h"

#include <gtest/gtest.h>

namespace synap::net {
namespace {

Request from(std::string origin, std::string host = "pod.example:4400") {
  return {.headers = {{"Origin", std::move(origin)}, {"Host", std::move(host)}}};
}

Request to(std::string host) {
  return {.headers = {{"Host", std::move(host)}}};
}

TEST(Origins, AreTheServersOwnAndThoseOfThisMachine) {
  const Origins origins;
  EXPECT_TRUE(origins.allows(Request{})) << "no page's";
  EXPECT_TRUE(origins.allows(from("http://pod.example:4400")));
  EXPECT_TRUE(origins.allows(from("https://POD.example:4400")));
  for (const char* page : {"http://localhost:5173", "https://localhost", "http://127.0.0.1:1",
                           "http://[::1]:3000", "http://LOCALHOST:80"}) {
    EXPECT_TRUE(origins.allows(from(page))) << page;
  }
}

TEST(Origins, AreNoOthers) {
  const Origins origins{.allowed = {"https://notes.example"}};
  EXPECT_TRUE(origins.allows(from("https://notes.example")));
  for (const char* page :
       {"https://evil.example", "null", "http://notes.example", "https://notes.example:8443",
        "http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://pod.example",
        "http://evil.example#localhost", "file://localhost", "http://127.0.0.1@evil.example",
        "chrome-extension://localhost", "", "http://", "http://[::1", "localhost",
        "http://localhost:4610.evil.example", "http://127.0.0.1:4610, http://evil.example",
        "http://127.0.0.1:4610/", "http://[::1]:80.evil.example"}) {
    EXPECT_FALSE(origins.allows(from(page))) << page;
  }
}

TEST(Origins, AreAllWithAStar) {
  EXPECT_TRUE(Origins{.allowed = {"*"}}.allows(from("https://evil.example")));
}

TEST(HostNames, AreTheAddressLoopbackAndThePublicOne) {
  const HostNames names{.listening = "192.0.2.7", .public_url = "https://Notes.example/pod"};
  for (const char* host : {"192.0.2.7:4400", "localhost:4400", "127.0.0.1", "[::1]:4400",
                           "notes.example", "NOTES.example.:443"}) {
    EXPECT_TRUE(names.has(to(host))) << host;
  }
  EXPECT_TRUE(names.has(Request{}));
  for (const char* host : {"evil.example:4400", "192.0.2.8", "localhost.evil.example", "",
                           "notes.example.evil.example", "evil.example/localhost"}) {
    EXPECT_FALSE(names.has(to(host))) << host;
  }
}

TEST(HostNames, AreAllAddressesWhereAllAreListenedOn) {
  for (const char* everywhere : {"0.0.0.0", "::"}) {
    const HostNames names{.listening = everywhere};
    EXPECT_TRUE(names.has(to("192.0.2.8:4400")));
    EXPECT_TRUE(names.has(to("[2001:db8::1]:4400")));
    EXPECT_FALSE(names.has(to("evil.example:4400")));
  }
}

}  // namespace
}  // namespace synap::net
