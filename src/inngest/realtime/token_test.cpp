#include "inngest/realtime/token.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace synap::inngest {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

Listening listening() {
  return {.user_id = "ann",
          .key_id = "k",
          .topics = {{"chat", "a"}, {"chat", "b"}},
          .expires_at = kNow + 60};
}

TEST(ListeningToken, SaysWhatItWasMadeFor) {
  const ListeningTokens tokens("secret");
  const auto token = tokens.make(listening());
  ASSERT_TRUE(token);
  const auto read = tokens.read(*token, kNow);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user_id, "ann");
  EXPECT_EQ(read->key_id, "k");
  EXPECT_EQ(read->topics, listening().topics);
}

TEST(ListeningToken, ExpiresAndIsOfOnePodAlone) {
  const ListeningTokens tokens("secret");
  const auto token = tokens.make(listening()).value();
  EXPECT_TRUE(tokens.read(token, kNow + 59));
  EXPECT_EQ(tokens.read(token, kNow + 60).error().code, Code::kUnauthorized);
  EXPECT_FALSE(ListeningTokens("another").read(token, kNow));
  EXPECT_FALSE(tokens.read(token, kNow - 86'400)) << "the clock was a day ahead, or is set back";
}

TEST(ListeningToken, IsNoneWhereAnythingOfItWasChanged) {
  const ListeningTokens tokens("secret");
  const auto token = tokens.make(listening()).value();
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last character has two bits that say nothing; text is compared, so they count as well.
    EXPECT_FALSE(tokens.read(changed, kNow)) << i;
  }
  const auto unsigned_header = to_base64url(R"({"alg":"none"})");
  const auto claims = token.substr(token.find('.'), token.rfind('.') - token.find('.'));
  for (const auto& text : {std::string(), std::string("."), std::string(".."),
                           unsigned_header + claims + ".", token + ".", token.substr(1)}) {
    EXPECT_FALSE(tokens.read(text, kNow)) << text;
  }
}

TEST(ListeningToken, HasRoomForSoManyTopics) {
  auto many = listening();
  for (int i = 0; i < 20; ++i) many.topics.push_back({std::string(256, 'c'), "a"});
  EXPECT_EQ(ListeningTokens("secret").make(many).error().code, Code::kPayloadTooLarge);
}

}  // namespace
}  // namespace synap::inngest
