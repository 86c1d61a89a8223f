#include "models/http_embedder.h"

#include <cmath>

#include "models/test_rig.h"
#include "models/vectors.h"

namespace synap::models {
namespace {

using testing::HasSubstr;
using testing::Not;

// A vector of three that says which text it is of: its length.
std::string vectors_of(const outbound::Seen& seen) {
  const auto json = parse_json(seen.body);
  const auto& texts = json->find("input")->as_array();
  std::string data;
  // The last one first: the order is told by the index.
  for (std::size_t at = texts.size(); at-- > 0;) {
    data += (data.empty() ? "" : ",") + std::string(R"({"object":"embedding","index":)") +
            std::to_string(at) + R"(,"embedding":[)" +
            std::to_string(texts[at].as_string().size()) + ",1,0]}";
  }
  return R"({"object":"list","model":"e-1","data":[)" + data + R"(],"usage":{"prompt_tokens":)" +
         std::to_string(texts.size()) + "}}";
}

class HttpEmbedderTest : public ModelsRig {
 protected:
  HttpEmbedderTest() {
    server.then([](outbound::Wire& wire, const outbound::Seen& seen) {
      wire.send(outbound::answer(200, vectors_of(seen)));
    });
  }
  Provider embed() {
    auto provider = chat(server);
    provider.dimension = 3;
    provider.batch = 4;
    return provider;
  }
  Result<std::vector<embedding::Vector>> embed(std::vector<std::string> texts,
                                               const embedding::Payer& whose = {"ann", "k1"}) {
    auto embedded = embed_as("", std::move(texts), whose);
    if (!embedded) return fail(embedded.error());
    return std::move(embedded->vectors);
  }

  Result<embedding::Embedded> embed_as(std::string answered_by, std::vector<std::string> texts,
                                       const embedding::Payer& whose = {"ann", "k1"}) {
    if (embedder == nullptr) embedder = make_embedder(*models);
    return sync_wait(executor, embedder->embed({.texts = std::move(texts),
                                                .answered_by = std::move(answered_by),
                                                .payer = whose}));
  }
  void open(Options options) {
    embedder.reset();
    ModelsRig::open(std::move(options));
  }
  /// What is told of all calls that were made, of which none is made any more.
  std::vector<ModelCall> told() {
    models->account().stop();
    return calls();
  }
  std::int64_t held() { return count("SELECT coalesce(sum(tokens), 0) FROM model_calls"); }

  std::unique_ptr<embedding::Embedder> embedder;

  ScriptedProvider server;
};

TEST_F(HttpEmbedderTest, TextsAreSentInBatchesAndTheirVectorsAreInOrderAndOfLengthOne) {
  open({.embed = {embed()}});
  std::vector<std::string> texts;
  for (std::size_t i = 1; i <= 10; ++i) texts.emplace_back(i, 'x');
  auto vectors = embed(texts);
  ASSERT_TRUE(vectors) << vectors.error().message;
  ASSERT_EQ(vectors->size(), 10U);
  EXPECT_EQ(server.asked(), 3U);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto& vector = (*vectors)[i];
    EXPECT_NEAR(vector[0] / vector[1], static_cast<float>(i + 1), 1e-4);
    EXPECT_NEAR(std::hypot(vector[0], vector[1], vector[2]), 1, 1e-6);
  }
  const auto all = told();
  ASSERT_EQ(all.size(), 1U) << "together";
  EXPECT_EQ(all[0].capability, "embed");
  EXPECT_EQ(all[0].finish, "stop");
  EXPECT_EQ(all[0].input, 10);
  EXPECT_EQ(all[0].cost_nanos, 10'000);
  EXPECT_EQ(all[0].attempts, 3);
  EXPECT_EQ(all[0].answered_by, "e-1");
  EXPECT_EQ(all[0].key, "k1");
}

TEST_F(HttpEmbedderTest, SaysWhichVectorsItsAre) {
  open({.embed = {embed()}});
  const auto embedder = make_embedder(*models);
  EXPECT_EQ(embedder->model(), "m:3");
  EXPECT_EQ(embedder->dimension(), 3U);
  EXPECT_EQ(embedder->tokens_max(), 512U);
  EXPECT_EQ(embedder->count_tokens("hello"), 3U);
  open({});
  EXPECT_EQ(make_embedder(*models), nullptr);
}

// So that the vectors of a model that is replaced can answer until the next one has all.
TEST_F(HttpEmbedderTest, ThereIsOneForEachModelOfTheSettings) {
  auto former = embed();
  former.model = "former";
  former.dimension = 4;
  former.url = ScriptedProvider().url();
  auto again = embed();
  again.name = "again";
  const Options options{.embed = {embed(), former, again}};
  EXPECT_THAT(embedders_of(options), testing::ElementsAre("m:3", "former:4"));
  open(options);
  EXPECT_EQ(make_embedder(*models)->model(), "m:3");
  const auto other = make_embedder(*models, "former:4");
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->model(), "former:4");
  EXPECT_EQ(other->dimension(), 4U);
  // It is asked where it is, and none of the others.
  EXPECT_FALSE(sync_wait(executor, other->embed({.texts = {"text"}})));
  EXPECT_EQ(server.asked(), 0U);
  EXPECT_EQ(make_embedder(*models, "m:4"), nullptr);
}

TEST_F(HttpEmbedderTest, WhatIsOfNobodyIsInNoAccount) {
  open({.embed = {embed()}});
  EXPECT_TRUE(embed({"a"}, {}));
  EXPECT_EQ(held(), 0);
  EXPECT_TRUE(told().empty());
}

TEST_F(HttpEmbedderTest, EachUserAndKeyHasASumOfItsOwn) {
  open({.embed = {embed()}});
  EXPECT_TRUE(embed({"a", "b", "c"}, {"ann"}));
  EXPECT_TRUE(embed({"a"}, {"bob"}));
  EXPECT_TRUE(embed({"a", "b"}, {"ann", "k1"}));
  EXPECT_TRUE(embed({"a"}, {"bob"}));
  EXPECT_EQ(held(), 3 * Tally::kTokensHeld);
  models->account().stop();
  EXPECT_EQ(calls().size(), 3U);
  const auto input = [this](std::string_view whose) {
    return count(
        fmt::format("SELECT coalesce(sum(input), 0) FROM model_usage_data WHERE {}", whose));
  };
  EXPECT_EQ(input("user_id = 'ann' AND key_id = ''"), 3);
  EXPECT_EQ(input("user_id = 'ann' AND key_id = 'k1'"), 2);
  EXPECT_EQ(input("user_id = 'bob'"), 2);
  EXPECT_EQ(held(), 0);
}

TEST_F(HttpEmbedderTest, ASumIsToldWhenWhatIsHeldForItIsUsedUp) {
  auto provider = embed();
  provider.batch = 1;
  open({.embed = {provider}});
  // Each is a fourth of it, by the estimate.
  const std::string text(static_cast<std::size_t>(Tally::kTokensHeld), 'x');
  EXPECT_TRUE(embed({text, text, text, text}));
  EXPECT_TRUE(calls().empty());
  EXPECT_TRUE(embed({text}));
  const auto all = told();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT((std::vector{all[0].attempts, all[1].attempts}), testing::UnorderedElementsAre(4, 1));
}

TEST_F(HttpEmbedderTest, WhatAProcessHeldWhenItEndedIsUsed) {
  open({.embed = {embed()}});
  auto options = models->options();
  EXPECT_TRUE(embed({"text"}));
  // As a kill leaves it: nothing is settled.
  database->close();
  models->account().stop();
  open(std::move(options));
  const auto all = calls();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].finish, "interrupted");
  EXPECT_EQ(all[0].input, Tally::kTokensHeld);
}

TEST_F(HttpEmbedderTest, RefusesVectorsThatAreNotWhatWasAskedFor) {
  const auto wrong = [](const std::string& body, std::size_t count = 1) {
    Usage usage;
    std::string model;
    auto read = read_vectors(body, count, 3, usage, model);
    return read ? std::string() : read.error().message;
  };
  EXPECT_EQ(wrong(R"({"data":[{"index":0,"embedding":[1,2,3]}]})"), "");
  EXPECT_THAT(wrong(R"({"data":[{"embedding":[1,2]}]})"), HasSubstr("dimension = 3"));
  EXPECT_THAT(wrong(R"({"data":[{"embedding":[1,2,3,4]}]})"), HasSubstr("dimension = 3"));
  EXPECT_THAT(wrong(R"({"data":[{"embedding":[1,NaN,3]}]})"), HasSubstr("no finite number"));
  EXPECT_THAT(wrong(R"({"data":[{"embedding":[1,null,3]}]})"), HasSubstr("no finite number"));
  EXPECT_THAT(wrong(R"({"data":[{"embedding":[1,1e999,3]}]})"), HasSubstr("no finite number"));
  EXPECT_THAT(wrong(R"({"data":[{"embedding":[0,0,0]}]})"), HasSubstr("zeros"));
  EXPECT_THAT(wrong(R"({"data":[{"embedding":"AAAA"}]})"), HasSubstr("list of numbers"));
  EXPECT_THAT(wrong(R"({"data":[]})"), HasSubstr("0 vectors for 1 texts"));
  EXPECT_THAT(
      wrong(R"({"data":[{"index":1,"embedding":[1,2,3]},{"index":1,"embedding":[1,2,3]}]})", 2),
      HasSubstr("order cannot be told"));
  EXPECT_THAT(wrong(R"({"data":[{"index":-1,"embedding":[1,2,3]}]})"), HasSubstr("order"));
  EXPECT_THAT(wrong("[]"), HasSubstr("without data"));
  EXPECT_THAT(wrong(""), HasSubstr("no JSON"));
}

TEST_F(HttpEmbedderTest, ABusyProviderIsTriedAgainAndAnUnfitAnswerIsNot) {
  ScriptedProvider busy;
  busy.then(outbound::answer(503, "{}"));
  busy.then(outbound::answer(200, R"({"data":[{"embedding":[3,4,0]}]})"));
  auto provider = embed();
  provider.url = busy.url();
  provider.retries = 2;
  open({.embed = {provider}});
  auto vectors = embed({"text"});
  ASSERT_TRUE(vectors) << vectors.error().message;
  EXPECT_NEAR((*vectors)[0][0], 0.6, 1e-6);
  busy.then(outbound::answer(200, R"({"data":[{"embedding":[3,4]}]})"));
  std::ignore = embed({"text"});  // the answer that was last is given once more
  const auto before = busy.asked();
  auto unfit = embed({"text"});
  ASSERT_FALSE(unfit);
  EXPECT_EQ(unfit.error().code, Code::kBadGateway);
  EXPECT_EQ(busy.asked(), before + 1);
  // Of a sum in which something was answered no failure is told.
  const auto all = told();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].attempts, 4);
  EXPECT_EQ(all[0].finish, "stop");
  EXPECT_FALSE(all[0].error);
  EXPECT_TRUE(all[0].is_estimated);
}

TEST_F(HttpEmbedderTest, ABudgetIsKept) {
  open({.embed = {embed()}, .of_user = {.tokens = 10}});
  EXPECT_TRUE(embed({"12345678"}));
  auto refused = embed({std::string(100, 'x')});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPaymentRequired);
  EXPECT_EQ(server.asked(), 1U);
  EXPECT_TRUE(embed({"1234"})) << "less than is held by default is left";
  EXPECT_TRUE(embed({std::string(100, 'x')}, {"bob", "", true})) << "only counted";
  EXPECT_FALSE(embed({std::string(100, 'x')}, {"bob"}));
}

TEST_F(HttpEmbedderTest, AnotherModelIsNeverAskedForTheFirstOnesVectors) {
  ScriptedProvider down;
  auto one = embed();
  one.url = down.url();
  auto other = embed();
  other.name = "other";
  other.model = "another";
  open({.embed = {one, other}});
  EXPECT_FALSE(embed({"text"}));
  EXPECT_EQ(server.asked(), 0U);
  other.model = one.model;
  open({.embed = {one, other}});
  EXPECT_TRUE(embed({"text"}));
}

// A provider of another name for the model is as good as before where it has not answered yet.
TEST_F(HttpEmbedderTest, RefusesVectorsOfAnotherModelThanHasAnsweredBefore) {
  open({.embed = {embed()}});
  const auto first = embed_as("", {"text"});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->answered_by, "e-1");
  EXPECT_TRUE(embed_as("e-1", {"text"}));
  const auto other = embed_as("e-0", {"text"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kPreconditionFailed);
  EXPECT_THAT(other.error().message, HasSubstr("were made by e-0, and now e-1 answers"));
  // What came was paid for.
  const auto all = told();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].input, 3);
}

TEST_F(HttpEmbedderTest, AProviderThatSaysNoNameIsTakenAtItsWord) {
  ScriptedProvider nameless;
  nameless.then(outbound::answer(200, R"({"data":[{"embedding":[3,4,0]}]})"));
  auto provider = embed();
  provider.url = nameless.url();
  open({.embed = {provider}});
  EXPECT_EQ(embed_as("", {"text"})->answered_by, "");
  const auto again = embed_as("e-1", {"text"});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->answered_by, "e-1");
}

TEST_F(HttpEmbedderTest, AnotherModelInTheMiddleOfABatchIsRefused) {
  ScriptedProvider two;
  const auto named = [](std::string_view name) {
    const std::string vector = R"({"embedding":[3,4,0]})";
    return outbound::answer(200, fmt::format(R"({{"model":"{}","data":[{}]}})", name, vector));
  };
  two.then(named("e-1"));
  two.then(named("e-2"));
  auto provider = embed();
  provider.url = two.url();
  provider.batch = 1;
  open({.embed = {provider}});
  EXPECT_EQ(embed_as("", {"one", "two"}).error().code, Code::kPreconditionFailed);
}

TEST_F(HttpEmbedderTest, WhereAnotherModelAnswersTheNextProviderIsAsked) {
  ScriptedProvider former;
  former.then(outbound::answer(200, R"({"model":"e-0","data":[{"embedding":[3,4,0]}]})"));
  auto next = embed();
  next.name = "next";
  next.url = former.url();
  open({.embed = {embed(), next}});
  const auto found = embed_as("e-0", {"text"});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(told().back().provider, "next");
}

TEST_F(HttpEmbedderTest, KeysInTextsAreNotSent) {
  open({.embed = {embed()}});
  // Put together here, so that nobody who looks for keys finds one in this file. It lies across the
  // place from which on a text of 512 tokens is cut.
  const auto key = std::string("glpat") + "-4fQ9x2LmT7vB1cWz8KpR";
  const auto rest = std::string(512 * 8 - 12, 'x') + " " + key;
  for (const auto& whose : {embedding::Payer{"ann"}, embedding::Payer{}}) {
    ASSERT_TRUE(embed({"plain", "The key is " + key + ", said Ann", rest}, whose));
    const auto& body = server.seen(server.asked() - 1).body;
    const auto json = parse_json(body);
    const auto& texts = json->find("input")->as_array();
    EXPECT_EQ(texts[0].as_string(), "plain");
    EXPECT_EQ(texts[1].as_string(), "The key is [left out: a secret], said Ann");
    EXPECT_THAT(body, Not(HasSubstr("glpat")));
  }
  EXPECT_EQ(told().at(0).secrets, 2);
}

TEST_F(HttpEmbedderTest, TooManyTextsAreRefused) {
  open({.embed = {embed()}});
  EXPECT_EQ(embed(std::vector<std::string>(257, "x")).error().code, Code::kPayloadTooLarge);
  EXPECT_EQ(server.asked(), 0U);
}

}  // namespace
}  // namespace synap::models
