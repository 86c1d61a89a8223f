#include "outbound/policy.h"

#include <gtest/gtest.h>

namespace synap::outbound {
namespace {

bool is_public(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address && special_use(*address).empty();
}

Result<> ask(const std::vector<std::string>& allowed, std::string_view host, std::uint16_t port,
             std::string_view peer) {
  const auto policy = Policy::public_only(allowed);
  if (!policy) return fail(policy.error());
  return policy->check({host, port}, *IpAddress::parse(peer));
}

TEST(IpAddress, TwoSpellingsOfAnIpv4AddressAreOneValue) {
  EXPECT_EQ(IpAddress::parse("127.0.0.1"), IpAddress::parse("::ffff:127.0.0.1"));
  EXPECT_EQ(IpAddress::parse("::ffff:7f00:1")->to_string(), "127.0.0.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8::0")->to_string(), "2001:db8::");
  for (const auto* text : {"", "127.1", "0x7f.0.0.1", "1.2.3.4.5", "[::1]", "::1%lo", "a.org"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, OfThePublicInternetIsReservedForNothing) {
  for (const auto* text :
       {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
        "192.0.1.0",       "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",      "223.255.255.255", "2000::",          "2606:4700::1111",
        "2a00::1",         "2001:4860::1",    "3fff:ffff::",     "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(IpAddress, OfEverySpecialUseIsKnown) {
  for (const auto* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.0.1",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.1",
                           "192.168.255.255",
                           "198.18.0.0",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::127.0.0.1",
                           "::ffff:0.0.0.0",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::ffff:169.254.169.254",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b::169.254.169.254",
                           "64:ff9b:1::8.8.8.8",
                           "100::1",
                           "2001::1",
                           "2001:10::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "3fff::1",
                           "5f00::1",
                           "fc00::1",
                           "fd12:3456::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1",
                           "fd00:ec2::254",
                           "4000::"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

TEST(Network, HoldsTheAddressesThatBeginWithItsBits) {
  EXPECT_TRUE(Network::parse("10.1.0.0/16")->contains(*IpAddress::parse("10.1.255.255")));
  EXPECT_FALSE(Network::parse("10.1.0.0/16")->contains(*IpAddress::parse("10.2.0.0")));
  EXPECT_TRUE(Network::parse("10.1.2.3/15")->contains(*IpAddress::parse("10.0.0.0")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("255.255.255.255")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(Network::parse("fd00::/8")->contains(*IpAddress::parse("fdff::1")));
  for (const auto* text : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129",
                           "10.0.0.0/8x", "/8", "a.org/8"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

TEST(Policy, AnywhereRefusesNothing) {
  EXPECT_TRUE(Policy::anywhere().check({"localhost", 80}, *IpAddress::parse("127.0.0.1")));
}

TEST(Policy, PublicOnlySaysWhoLeadsWhereAndWhatWouldAllowIt) {
  const auto refused = ask({}, "evil.example", 8080, "10.0.0.7");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_EQ(refused.error().message,
            "evil.example leads to 10.0.0.7, which is a private address; requests go to public "
            "addresses only, unless the setting outbound_allowed names the host, the host with its "
            "port (8080), or a range of addresses");
  EXPECT_TRUE(ask({}, "127.0.0.1", 80, "127.0.0.1")
                  .error()
                  .message.starts_with("127.0.0.1 is a loopback address;"));
  EXPECT_TRUE(ask({}, "example.org", 443, "8.8.8.8"));
}

TEST(Policy, TheseOnlyNamesPublicAddressesToo) {
  const auto policy =
      Policy::these_only({"apps.example", "10.1.0.0/16", "api.example:443"}, {"own.lan"});
  ASSERT_TRUE(policy);
  const auto may = [&](std::string_view host, std::uint16_t port, const char* peer) {
    return policy->check({host, port}, *IpAddress::parse(peer));
  };
  EXPECT_TRUE(may("apps.example", 80, "8.8.8.8"));
  EXPECT_FALSE(may("apps.example", 80, "127.0.0.1")) << "a name opens no private address";
  EXPECT_TRUE(may("apps.example", 80, "10.1.2.3")) << "but the range that is named beside it";
  EXPECT_TRUE(may("own.lan", 80, "192.168.0.7"));
  EXPECT_TRUE(may("10.1.2.3", 80, "10.1.2.3"));
  EXPECT_FALSE(may("other.example", 80, "10.1.2.3")) << "a name is not looked up for a range";
  EXPECT_TRUE(may("api.example", 443, "8.8.8.8"));
  EXPECT_FALSE(may("api.example", 80, "8.8.8.8"));
  EXPECT_FALSE(may("8.8.8.8", 80, "8.8.8.8")) << "of no name that is allowed";
  const auto refused = may("evil.example", 443, "8.8.8.8");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_EQ(refused.error().message,
            "evil.example:443 is none of the places that the setting egress_allowed names, and "
            "nothing is sent to others");
  EXPECT_FALSE(policy->check({"evil.example", 443})) << "before it is looked up";
  EXPECT_TRUE(policy->check({"apps.example", 80}));
  EXPECT_TRUE(Policy::these_only({"127.0.0.0/8"})->check({"localhost", 80}));
  EXPECT_FALSE(policy->check({"localhost", 80}));
  EXPECT_FALSE(Policy::these_only({"127.0.0.0/8"})->check({"127.evil.example", 80}));
  EXPECT_TRUE(Policy::public_only()->check({"evil.example", 443}));
  EXPECT_FALSE(Policy::these_only({"no host"}));
  EXPECT_FALSE(Policy::these_only({}, {"no host"}));
}

TEST(Policy, AHostThatIsAllowedMayLeadAnywhere) {
  EXPECT_TRUE(ask({"MinIO.lan"}, "minio.lan", 9000, "10.0.0.7"));
  EXPECT_FALSE(ask({"minio.lan"}, "other.lan", 9000, "10.0.0.7"));
  EXPECT_FALSE(ask({"minio.lan"}, "a.minio.lan", 9000, "10.0.0.7"));
  EXPECT_FALSE(ask({"minio.lan"}, "10.0.0.7", 9000, "10.0.0.7"));
}

TEST(Policy, APortThatIsGivenIsTheOnlyOne) {
  EXPECT_TRUE(ask({"minio.lan:9000"}, "minio.lan", 9000, "10.0.0.7"));
  EXPECT_FALSE(ask({"minio.lan:9000"}, "minio.lan", 9001, "10.0.0.7"));
  EXPECT_TRUE(ask({"127.0.0.1:8288"}, "localhost", 8288, "127.0.0.1"));
  EXPECT_FALSE(ask({"127.0.0.1:8288"}, "localhost", 8289, "127.0.0.1"));
  EXPECT_TRUE(ask({"[::1]:8288"}, "::1", 8288, "::1"));
  EXPECT_FALSE(ask({"[::1]:8288"}, "::1", 80, "::1"));
}

TEST(Policy, ARangeHoldsForWhicheverNameLeadsIntoIt) {
  EXPECT_TRUE(ask({"10.1.0.0/16"}, "any.lan", 80, "10.1.2.3"));
  EXPECT_FALSE(ask({"10.1.0.0/16"}, "any.lan", 80, "10.2.2.3"));
  EXPECT_TRUE(ask({"fd00::/8"}, "any.lan", 80, "fd00::1"));
  EXPECT_TRUE(ask({"::1"}, "any.lan", 80, "::1"));
}

TEST(Policy, AnEntryThatIsNoneIsNamed) {
  for (const auto* entry : {"", "*.lan", "http://minio.lan", "minio.lan:0", "minio.lan:x",
                            "minio.lan:70000", "10.0.0.0/64", "a b", ":80", "[::1"}) {
    const auto policy = Policy::public_only({"fine.lan", entry});
    ASSERT_FALSE(policy) << entry;
    EXPECT_EQ(policy.error().code, Code::kBadRequest);
    EXPECT_TRUE(policy.error().message.contains('"' + std::string(entry) + '"')) << entry;
  }
}

}  // namespace
}  // namespace synap::outbound
