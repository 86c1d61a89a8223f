#include "pod/model_settings.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>

#include "base/test_support.h"
#include "pod/config.h"

namespace synap::pod {
namespace {

using testing::HasSubstr;
using testing::Not;

class ModelSettingsTest : public testing::Test {
 protected:
  Result<Config> load(const std::string& toml) {
    const auto path = directory.path() + "/synap.toml";
    std::ofstream(path) << toml;
    return load_config({.file = path});
  }
  std::string refusal(const std::string& toml) {
    auto config = load(toml);
    return config ? "accepted" : config.error().message;
  }
  std::string key_file(std::string_view text) {
    const auto path = directory.path() + "/key";
    std::ofstream(path) << text;
    return path;
  }

  test::TempDirectory directory;
};

TEST_F(ModelSettingsTest, AreNoneByDefault) {
  auto config = load("");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->pod.models.chat.empty());
  EXPECT_TRUE(config->pod.models.embed.empty());
}

TEST_F(ModelSettingsTest, SayAllOfAProvider) {
  auto config = load(R"(
[[models.chat]]
name = "first"
url = "https://api.example/v1/"
wire = "messages"
model = "large"
key_file = ")" + key_file("sk-1\n") +
                     R"("
price = { input = 3, output = 15.5, cached = 0.3, cache_written = 3.75 }
timeout = "90s"
silence = "20s"
retries = 5
tokens_max = 1000
[[models.chat]]
url = "http://127.0.0.1:11434/v1"
model = "small"
tokens_field = "max_completion_tokens"
context_tokens = 8192
[[models.embed]]
url = "http://[::1]:8080/v1"
model = "e"
dimension = 768
batch = 16
tokens_max = 2048
[models.budget]
user_tokens = 1_000
user_cost = 2.5
key_tokens = 500
key_cost = 1
)");
  ASSERT_TRUE(config) << config.error().message;
  const auto& models = config->pod.models;
  ASSERT_EQ(models.chat.size(), 2U);
  const auto& first = models.chat[0];
  EXPECT_EQ(first.name, "first");
  EXPECT_EQ(first.url, "https://api.example/v1");
  EXPECT_EQ(first.wire, models::Wire::kMessages);
  EXPECT_EQ(first.key, "sk-1");
  EXPECT_EQ(first.price.output, 15.5);
  EXPECT_EQ(first.price.cached, 0.3);
  EXPECT_EQ(first.price.cache_written, 3.75);
  EXPECT_EQ(first.timeout, std::chrono::seconds(90));
  EXPECT_EQ(first.silence, std::chrono::seconds(20));
  EXPECT_EQ(first.retries, 5);
  EXPECT_EQ(first.tokens_max, 1'000);
  const auto& second = models.chat[1];
  EXPECT_EQ(second.name, "127.0.0.1");
  EXPECT_EQ(second.wire, models::Wire::kChatCompletions);
  EXPECT_EQ(second.key, "");
  EXPECT_EQ(first.context_tokens, std::nullopt);
  EXPECT_EQ(second.context_tokens, 8'192);
  EXPECT_EQ(second.tokens_field, "max_completion_tokens");
  EXPECT_EQ(destination_of(second), "127.0.0.1:11434");
  ASSERT_EQ(models.embed.size(), 1U);
  EXPECT_EQ(models.embed[0].dimension, 768U);
  EXPECT_EQ(models.embed[0].batch, 16U);
  EXPECT_EQ(models.embed[0].input_tokens_max, 2'048U);
  EXPECT_EQ(destination_of(models.embed[0]), "[::1]:8080");
  EXPECT_EQ(models.of_user.tokens, 1'000);
  EXPECT_EQ(models.of_user.cost, 2.5);
  EXPECT_EQ(models.of_key.tokens, 500);
  EXPECT_EQ(models.of_key.cost, 1);
}

TEST_F(ModelSettingsTest, TakeAKeyFromTheEnvironmentAndShowItNowhere) {
  ::setenv("A_KEY_OF_THIS_TEST", "sk-of-the-environment", 1);
  auto config = load(R"(
[[models.chat]]
url = "https://api.example/v1"
model = "large"
key_variable = "A_KEY_OF_THIS_TEST"
)");
  ::unsetenv("A_KEY_OF_THIS_TEST");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pod.models.chat[0].key, "sk-of-the-environment");
  std::string all;
  for (const auto& one : config->pod.settings) {
    all += one.name + " = " + one.value + " " + one.default_value + " " + one.from + "\n";
  }
  EXPECT_THAT(all, Not(HasSubstr("sk-of-the-environment")));
  EXPECT_THAT(all, HasSubstr("models.chat = api.example: large at https://api.example/v1 (a key is "
                             "set)"));
}

TEST_F(ModelSettingsTest, RefuseWhatIsWrongWithItsLineAndNeverAKey) {
  const std::string chat = "[[models.chat]]\nurl = \"https://api.example/v1\"\nmodel = \"m\"\n";
  EXPECT_EQ(refusal(chat), "accepted");
  for (const auto& [more, said] : std::vector<std::pair<std::string, std::string>>{
           {"key = \"sk-secret\"", "a key does not stand in the settings"},
           {"key_variable = \"NO_SUCH_VARIABLE\"", "NO_SUCH_VARIABLE is not set"},
           {"key_file = \"/no/such/file\"", "/no/such/file cannot be read"},
           {"key_file = \"" + key_file("sk secret\nmore") + "\"", "the key is empty, or has"},
           {"key_file = \"" + key_file("") + "\"", "the key is empty"},
           {"wire = \"telegraph\"",
            "line 4: models.chat: wire must be chat-completions, responses"},
           {"modle = \"x\"", "line 4: models.chat: there is no \"modle\"; there are name, url"},
           {"price = { in = 3 }", "models.chat.price: there is no \"in\"; there are input, output"},
           {"price = { input = -3 }", "input must be a number, 0 or more"},
           {"price = 3", "price must be a table"},
           {"timeout = \"2d\"", "timeout must be a duration from 100ms to 1h"},
           {"retries = 11", "retries must be a whole number from 0 to 10"},
           {"name = \"two words\"", "name must be 1 to 60 characters without blanks"},
           {"dimension = 3", "there is no \"dimension\""},
           {"[[models.chat]]\nurl = \"https://api.example/v2\"\nmodel = \"n\"",
            "has two of the name api.example"}}) {
    EXPECT_THAT(refusal(chat + more + "\n"), HasSubstr(said)) << more;
    EXPECT_THAT(refusal(chat + more + "\n"), Not(HasSubstr("secret"))) << more;
  }
  for (const std::string url :
       {"ftp://x/v1", "https://me:pw@x/v1", "https://x/v1?key=1", "x", ""}) {
    EXPECT_THAT(refusal("[[models.chat]]\nurl = \"" + url + "\"\nmodel = \"m\"\n"),
                HasSubstr("url must be a URL"))
        << url;
  }
  EXPECT_THAT(refusal("[[models.chat]]\nmodel = \"m\"\n"), HasSubstr("url is missing"));
  EXPECT_THAT(refusal("[[models.embed]]\nurl = \"https://x/v1\"\nmodel = \"m\"\n"),
              HasSubstr("dimension is missing"));
  EXPECT_THAT(refusal("models = 3\n"), HasSubstr("models must be a table"));
  EXPECT_THAT(refusal("[models]\nchat = 3\n"), HasSubstr("must be 1 to 16 tables"));
  EXPECT_THAT(refusal("[models.rerank]\n"), HasSubstr("there is no table \"models.rerank\""));
  EXPECT_THAT(refusal("[models.budget]\nuser_tokens = -1\n"), HasSubstr("user_tokens must be"));
}

}  // namespace
}  // namespace synap::pod
