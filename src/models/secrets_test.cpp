#include "models/secrets.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace synap::models {
namespace {

constexpr std::string_view kMark = "[left out: a secret]";

std::string masked(std::string text) {
  mask_secrets(text);
  return text;
}
// Put together here, so that nobody who looks for keys finds one in this file.
std::string long_part(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text.push_back(i % 2 == 0 ? 'a' : '7');
  return text;
}

TEST(Secrets, OfEachFormAreLeftOutAndNothingBesides) {
  const std::string private_key = "-----BEGIN RSA PRIVATE" + std::string(" KEY-----\nMIIE+/=\n") +
                                  "-----END RSA PRIVATE KEY-----";
  const std::vector<std::string> secrets = {
      "synap_" + long_part(43),
      "synap_session_" + long_part(43),
      "synap_link_" + long_part(43),
      "sk-" + long_part(48),
      "sk-proj-" + long_part(20) + "-" + long_part(10),
      "sk-ant-api03-" + long_part(90),
      "sk_live_" + long_part(24),
      "ghp_" + long_part(36),
      "github_pat_" + long_part(60),
      "glpat-" + long_part(20),
      "xoxb-" + long_part(30),
      "AIza" + long_part(35),
      "AKIA" + std::string("IOSFODNN7EXAMPLE"),
      "eyJ" + long_part(20) + ".eyJ" + long_part(20) + "." + long_part(20),
      private_key,
      "-----BEGIN RSA PRIVATE" +
          std::string(" KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,0\n\n") + long_part(64) +
          "\n" + long_part(9) + "=\n-----END RSA PRIVATE KEY-----",
      "-----BEGIN PRIVATE" + std::string(" KEY-----\n// ") + long_part(64) + "\n// " +
          long_part(64) + "\n// -----END PRIVATE KEY-----",
      "-----BEGIN PRIVATE" + std::string(" KEY-----\\\\n") + long_part(64) + "\\\\n" +
          long_part(5) + "\\/a\\u003d\\\\n-----END PRIVATE KEY-----"};
  for (const auto& secret : secrets) {
    for (const std::string around : {"%", "Key: %.", "\"%\"", "key=%&x=1", "**%**", "a\\n%\\nb",
                                     "a\\\\n%\\\\nb", "a\\u000a%\\u000a"}) {
      const auto at = around.find('%');
      const auto before = around.substr(0, at);
      const auto behind = around.substr(at + 1);
      std::string text = before;
      text.append(secret).append(behind);
      EXPECT_EQ(mask_secrets(text), 1) << secret << " in " << around;
      std::string expected = before;
      EXPECT_EQ(text, expected.append(kMark).append(behind));
    }
  }
}

TEST(Secrets, WhatOnlyLooksLikeOneStays) {
  for (const std::string& text : std::vector<std::string>{
           "sk-fading-circle and sk-learn", "sk-2024-annual-report-of-things", "synap_notes",
           "ghp_short", "AKIA is a name", "AKIAIOSFODNN7EXAMPLEX is longer",
           "0192d3a0-5b1c-7c3e-9f4a-2b6d8e0f1a2b", "eyJ is how they begin. eyJust. so",
           "task-management-0123456789abcdef0123", "synap_notes_of_the_year_2026_and_before",
           "sk_test_that_it_is_there", "xoxb-as-slack-writes-it", "\\u00zzsk-" + long_part(48),
           "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "", "-----BEGIN "}) {
    EXPECT_EQ(masked(text), text);
  }
}

TEST(Secrets, AKeyOfWhichTheEndIsCutOffIsLeftOutAsFarAsItGoes) {
  const auto begin = "-----BEGIN PRIVATE" + std::string(" KEY-----\\nMIIE") + long_part(60);
  EXPECT_EQ(masked("a " + begin + "ab+/\\nZZ\" b"), "a " + std::string(kMark) + "\" b");
  EXPECT_EQ(masked("x-" + begin), "x-" + std::string(kMark)) << "joined to what stands before";
}

TEST(Secrets, AQuotedBeginningHidesNothingBehindIt) {
  const std::string begin = "-----BEGIN PRIVATE" + std::string(" KEY-----");
  const std::string end = "-----END PRIVATE" + std::string(" KEY-----");
  const std::string certificate = "\n</data>\n<data>-----END CERTIFICATE-----";
  for (const auto& text : {"A key begins with " + begin + " and ends with " + end + ".",
                           "The line\n" + begin + "\nis the first. See below." + certificate,
                           begin + "\n" + end, begin + certificate}) {
    EXPECT_EQ(masked(text), text);
  }
  const auto cut = begin + "\n" + long_part(64) + "\n" + long_part(64);
  const std::string mark(kMark);
  EXPECT_EQ(masked(cut + certificate), mark + certificate);
  EXPECT_EQ(masked(cut + "\n</data>\n" + end), mark + "\n</data>\n" + end);
  EXPECT_EQ(masked(cut + "\n-----END RSA" + end.substr(8)), mark + "\n-----END RSA" + end.substr(8))
      << "of another label";
}

TEST(Secrets, AreFoundInOnePassHoweverManyBeginnings) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) {
    text += "-----BEGIN PRIVATE KEY----- eyJaaaaaaaaaa. -----BEGIN PRIVATE KEY-----\n";
    text += "MIIEaaaaaaaaaaaaaaaa.";
  }
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(mask_secrets(text), 100'000);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST(Secrets, AreLeftOutOfAllThatIsAsked) {
  const auto secret = "sk-" + long_part(48);
  Ask ask;
  ask.messages = {{.role = "user", .text = "A " + secret}, {.role = "assistant", .text = ""}};
  ask.messages[0].parts.emplace_back(TextPart{secret});
  ToolCall call{.id = "1", .name = "x", .arguments = "{\"a\":\"" + secret + "\"}"};
  read_arguments(call);
  ask.messages[1].tool_calls.push_back(call);
  EXPECT_EQ(mask_secrets(ask), 3);
  EXPECT_EQ(ask.messages[0].text, "A " + std::string(kMark));
  EXPECT_EQ(std::get<TextPart>(ask.messages[0].parts[0]).text, kMark);
  ASSERT_TRUE(ask.messages[1].tool_calls[0].input);
  EXPECT_EQ(ask.messages[1].tool_calls[0].input->string_or("a", ""), kMark);
}

}  // namespace
}  // namespace synap::models
