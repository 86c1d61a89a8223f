#include "features/store/store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "features/feature_test.h"
#include "features/requests/requests.h"
#include "features/store/filter.h"
#include "features/store/items.h"
#include "features/store/paths.h"

namespace synap::features::store {
namespace {

Json json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? std::move(*value) : Json();
}

class StoreTest : public FeatureTest {
 protected:
  StoreTest()
      : FeatureTest([](const Rooms& rooms) {
          store::add(rooms);
          requests::add(rooms);
        }) {}

  /// The answer as text, or the code and message of the refusal.
  std::string told(std::string_view path, std::string_view input, const std::string& user = "ann",
                   const std::string& key = "") {
    const auto answer = call(path, json(input), user, key);
    if (answer) return answer->dump();
    return std::string(info(answer.error().code).name) + ": " + answer.error().message;
  }
  /// The version, or -1 and the actual one behind it: -3 where that is 2.
  std::int64_t put(std::string_view place, std::string_view key, std::string_view value,
                   std::string_view more = "", const std::string& user = "ann",
                   const std::string& header_key = "") {
    const auto done = call(
        "store.put",
        json(fmt::format(R"({{"namespace":{},"key":"{}","value":{}{}}})", place, key, value, more)),
        user, header_key);
    if (done) return done->find("version")->as_integer();
    EXPECT_EQ(done.error().code, Code::kConflict) << done.error().message;
    return -1 - actual_version(done.error());
  }
  std::string get(std::string_view place, std::string_view key, const std::string& user = "ann") {
    const auto gotten =
        call("store.get", json(fmt::format(R"({{"namespace":{},"key":"{}"}})", place, key)), user);
    EXPECT_TRUE(gotten) << gotten.error().message;
    const Json* item = gotten->find("item");
    if (item == nullptr) return "none";
    return fmt::format("{} {}", item->find("version")->as_integer(), item->find("value")->dump());
  }
  std::string remove(std::string_view place, std::string_view key, std::string_view more = "") {
    return told("store.delete",
                fmt::format(R"({{"namespace":{},"key":"{}"{}}})", place, key, more));
  }
  /// The keys that are found, and "cut" where there may be more.
  std::string found(std::string_view input, const std::string& user = "ann") {
    const auto answer = call("store.search", json(input), user);
    if (!answer) return answer.error().message;
    std::string keys;
    for (const auto& item : answer->find("items")->as_array()) {
      keys += (keys.empty() ? "" : " ") + item.find("key")->as_string();
    }
    return answer->find("isCut")->as_bool() ? keys + " cut" : keys;
  }
  std::string namespaces(std::string_view input, const std::string& user = "ann") {
    const auto answer = call("store.namespaces", json(input), user);
    return answer ? answer->find("namespaces")->dump() : answer.error().message;
  }
};

TEST_F(StoreTest, WhatIsPutIsGot) {
  EXPECT_EQ(get(R"(["memories","ann"])", "tea"), "none");
  EXPECT_EQ(put(R"(["memories","ann"])", "tea", R"({"likes":"green","cups":3})"), 1);
  EXPECT_EQ(get(R"(["memories","ann"])", "tea"), R"(1 {"likes":"green","cups":3})");
  EXPECT_EQ(put(R"(["memories","ann"])", "tea", R"({"likes":"black"})"), 2);
  EXPECT_EQ(get(R"(["memories","ann"])", "tea"), R"(2 {"likes":"black"})");
  EXPECT_EQ(get(R"(["memories"])", "tea"), "none");
  EXPECT_EQ(get(R"(["memories","ann"])", "tea", "bob"), "none");
}

TEST_F(StoreTest, TheSameValueAgainIsNoVersion) {
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})"), 1);
  const auto end = log->end().value();
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})"), 1);
  EXPECT_EQ(log->end().value(), end);
  const auto again = call("store.put", json(R"({"namespace":["a"],"key":"k","value":{"n":1}})"));
  EXPECT_EQ(status(*again), "completed") << "the request is the one that made it";
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})", R"(,"index":[])"), 2) << "searched otherwise";
}

TEST_F(StoreTest, NobodyOverwritesWhatTheyHaveNotRead) {
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})", R"(,"expectedVersion":3)"), -1);
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})", R"(,"expectedVersion":0)"), 1);
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":2})", R"(,"expectedVersion":0)"), -2);
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":2})", R"(,"expectedVersion":1)"), 2);
  EXPECT_NE(remove(R"(["a"])", "k", R"(,"expectedVersion":1)").find("CONFLICT"), std::string::npos);
  EXPECT_EQ(get(R"(["a"])", "k"), R"(2 {"n":2})");
}

// Decided in the appending transaction: both have seen that there is none.
TEST_F(StoreTest, OfManyThatExpectTheSameVersionOneWrites) {
  test::Started<Result<rpc::Reply>> calls(executor);
  const auto* procedure = procedures.find("store.put");
  for (int i = 0; i < 20; ++i) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    calls.add(procedure->handler(
        {.context = context,
         .input = {.json = json(fmt::format(
                       R"({{"namespace":["a"],"key":"k","value":{{"n":{}}},"expectedVersion":0}})",
                       i))}}));
  }
  int written = 0;
  for (auto& reply : calls.wait()) written += reply.has_value();
  EXPECT_EQ(written, 1);
}

TEST_F(StoreTest, VersionsGoOnBehindADeletion) {
  put(R"(["a"])", "k", R"({"n":1})");
  EXPECT_NE(remove(R"(["a"])", "k").find(R"("wasThere":true)"), std::string::npos);
  EXPECT_EQ(get(R"(["a"])", "k"), "none");
  const auto end = log->end().value();
  EXPECT_NE(remove(R"(["a"])", "k").find(R"("wasThere":false)"), std::string::npos);
  EXPECT_EQ(log->end().value(), end) << "nothing happened";
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})", R"(,"expectedVersion":1)"), -1);
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})", R"(,"expectedVersion":0)"), 3);
}

TEST_F(StoreTest, ARepeatIsAnsweredAsTheFirst) {
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})", "", "ann", "once"), 1);
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":2})"), 2);
  EXPECT_EQ(put(R"(["a"])", "k", R"({"n":1})", "", "ann", "once"), 1);
  EXPECT_EQ(get(R"(["a"])", "k"), R"(2 {"n":2})");
}

TEST_F(StoreTest, ItsRequestIsCompleted) {
  const auto done = call("store.put", json(R"({"namespace":["a"],"key":"k","value":{}})"));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(status(*done), "completed");
}

TEST_F(StoreTest, ItIsSaidWhatIsWrong) {
  EXPECT_NE(told("store.put", R"({"namespace":["langgraph"],"key":"k","value":{}})")
                .find("LangGraph keeps"),
            std::string::npos);
  EXPECT_NE(told("store.put", R"({"namespace":["a.b"],"key":"k","value":{}})").find("BAD_REQUEST"),
            std::string::npos);
  EXPECT_NE(told("store.put", R"({"namespace":[],"key":"k","value":{}})").find("BAD_REQUEST"),
            std::string::npos);
  EXPECT_NE(told("store.put", R"({"namespace":["a"],"key":"k","value":{},"index":["a[b]"]})")
                .find("is no path"),
            std::string::npos);
  const auto large = fmt::format(R"({{"namespace":["a"],"key":"k","value":{{"t":"{}"}}}})",
                                 std::string(kValueBytesMax, 'x'));
  EXPECT_NE(told("store.put", large).find("at most 262144"), std::string::npos);
  EXPECT_NE(told("store.search", R"({"filter":{"n":{"$like":1}}})").find("is no operator"),
            std::string::npos);
}

TEST_F(StoreTest, SearchFindsByPrefixAndTheNewestFirst) {
  put(R"(["a"])", "1", "{}");
  put(R"(["a","b"])", "2", "{}");
  put(R"(["ab"])", "3", "{}");
  put(R"(["a","b","c"])", "4", "{}");
  put(R"(["a"])", "5", "{}", "", "bob");
  EXPECT_EQ(found("{}"), "4 3 2 1");
  EXPECT_EQ(found(R"({"namespacePrefix":["a"]})"), "4 2 1");
  EXPECT_EQ(found(R"({"namespacePrefix":["a","b"]})"), "4 2");
  EXPECT_EQ(found(R"({"namespacePrefix":["a"],"limit":1,"offset":1})"), "2");
  put(R"(["a"])", "1", R"({"n":1})");
  EXPECT_EQ(found(R"({"namespacePrefix":["a"]})"), "1 4 2");
  EXPECT_EQ(found("{}", "bob"), "5");
}

TEST_F(StoreTest, SearchLooksAtWhatAFilterSays) {
  for (int i = 0; i < 150; ++i) {
    put(R"(["a"])", std::to_string(i), fmt::format(R"({{"n":{},"is":"{}"}})", i, i % 50));
  }
  EXPECT_EQ(found(R"({"filter":{"is":"7"}})"), "107 57 7");
  EXPECT_EQ(found(R"({"filter":{"is":"7","n":{"$lt":100}}})"), "57 7");
  EXPECT_EQ(found(R"({"filter":{"is":"7"},"offset":1,"limit":1})"), "57");
  EXPECT_EQ(found(R"({"filter":{"is":7}})"), "");
}

TEST_F(StoreTest, AnAnswerIsBounded) {
  for (int i = 0; i < 40; ++i) {
    put(R"(["a"])", std::to_string(i),
        fmt::format(R"({{"t":"{}"}})", std::string(kValueBytesMax - 100, 'x')));
  }
  const auto keys = found(R"({"limit":100})");
  EXPECT_TRUE(keys.ends_with(" cut")) << keys;
  EXPECT_TRUE(keys.starts_with("39 38")) << keys;
}

TEST_F(StoreTest, NamespacesAreListed) {
  for (const auto* place : {R"(["a"])", R"(["a","x","v1"])", R"(["a","y","v1"])",
                            R"(["b","x","v2"])", R"(["b","é \u001f\"q"])"}) {
    put(place, "1", "{}");
    put(place, "2", "{}");
  }
  EXPECT_EQ(namespaces("{}"), R"([["a"],["a","x","v1"],["a","y","v1"],["b","x","v2"],)"
                              R"(["b","é \u001f\"q"]])");
  EXPECT_EQ(namespaces(R"({"prefix":["a"]})"), R"([["a"],["a","x","v1"],["a","y","v1"]])");
  EXPECT_EQ(namespaces(R"({"prefix":["*","x"]})"), R"([["a","x","v1"],["b","x","v2"]])");
  EXPECT_EQ(namespaces(R"({"suffix":["*","v1"]})"), R"([["a","x","v1"],["a","y","v1"]])");
  EXPECT_EQ(namespaces(R"({"maxDepth":1})"), R"([["a"],["b"]])");
  EXPECT_EQ(namespaces(R"({"maxDepth":2,"limit":2,"offset":1})"), R"([["a","x"],["a","y"]])");
  EXPECT_EQ(namespaces("{}", "bob"), "[]");
}

TEST_F(StoreTest, AQueryFindsByWords) {
  search->start();
  put(R"(["m","ann"])", "tea", R"({"text":"She likes green tea"})");
  put(R"(["m","ann"])", "dog", R"({"text":"Her dog is called Bolt","about":"pets"})");
  put(R"(["m","bea"])", "tea", R"({"text":"She likes black tea"})");
  put(R"(["m","ann"])", "hidden", R"({"text":"tea"})", R"(,"index":[])");
  put(R"(["m","ann"])", "partly", R"({"text":"tea","title":"cup"})", R"(,"index":["title"])");
  EXPECT_EQ(found(R"({"namespacePrefix":["m","ann"],"query":"tea"})"), "tea");
  EXPECT_EQ(found(R"({"namespacePrefix":["m"],"query":"green -tea \"likes"})"), "tea tea");
  EXPECT_EQ(
      found(R"({"namespacePrefix":["m"],"query":"tea","filter":{"text":{"$gt":"She likes c"}}})"),
      "tea");
  EXPECT_EQ(found(R"({"query":"cup"})"), "partly");
  EXPECT_EQ(found(R"({"query":"dog","namespacePrefix":["M"]})"), "") << "letters are not folded";
  EXPECT_EQ(found(R"({"query":"tea"})", "bob"), "");
  remove(R"(["m","ann"])", "tea");
  EXPECT_EQ(found(R"({"namespacePrefix":["m","ann"],"query":"tea"})"), "");
}

TEST_F(StoreTest, ARebuildMakesTheSameItems) {
  put(R"(["a","b"])", "k", R"({"n":1})", R"(,"index":["n"])");
  put(R"(["a","b"])", "k", R"({"n":2})");
  put(R"(["a","b"])", "gone", "{}");
  remove(R"(["a","b"])", "gone");
  const auto digest = sync_wait(executor, projections->verify("store_items"));
  ASSERT_TRUE(digest) << digest.error().message;
  EXPECT_TRUE(digest->is_equal()) << digest->first_difference;
  EXPECT_EQ(digest->rows, 1);
}

TEST(StoreFilter, ComparesAsLangGraphsStoresDo) {
  const auto value =
      json(R"({"n":5,"s":"abc","t":"2026-01-02","o":{"a":1,"b":2},"l":[1,2],"z":null,"f":1.0})");
  for (const auto* fits :
       {R"({"n":5})", R"({"n":5.0})", R"({"f":1})", R"({"n":{"$gt":4,"$lte":5}})",
        R"({"n":{"$gt":"4"}})", R"({"s":{"$ne":"x"}})", R"({"absent":{"$ne":"x"}})",
        R"({"t":{"$gte":"2026-01-01"}})", R"({"o":{"a":1}})", R"({"o":{"a":{"$lt":2}}})",
        R"({"l":[1,2]})", R"({"z":null})", R"({"absent":null})", R"({"n":{"$in":[4,5]}})",
        R"({"n":{"$nin":[4]}})", R"({"n":{"$eq":5},"s":"abc"})", "{}"}) {
    EXPECT_TRUE(passes(value, json(fits))) << fits;
  }
  for (const auto* fits :
       {R"({"n":"5"})", R"({"n":{"$gt":5}})", R"({"s":{"$gt":1}})", R"({"absent":{"$gt":1}})",
        R"({"o":{"c":1}})", R"({"l":[1]})", R"({"l":1})", R"({"n":5,"s":"x"})",
        R"({"n":{"$in":[]}})", R"({"n":{"$nin":[5]}})", R"({"z":false})",
        R"({"n":{"$lt":"infinity"}})", R"({"n":{"$gte":"nan"}})"}) {
    EXPECT_FALSE(passes(value, json(fits))) << fits;
  }
}

TEST(StorePaths, NamePartsOfAValue) {
  const auto value =
      json(R"({"a":"x","m":[{"c":"one"},{"c":"two"}],"o":{"p":{"q":"deep"}},"n":1.5})");
  const auto words = [&](std::string path) {
    return words_at(value, std::vector{std::move(path)});
  };
  EXPECT_EQ(words("a"), "x");
  EXPECT_EQ(words("m[*].c"), "one\ntwo");
  EXPECT_EQ(words("m[-1].c"), "two");
  EXPECT_EQ(words("m[7].c"), "");
  EXPECT_EQ(words("o.*.q"), "deep");
  EXPECT_EQ(words("n"), "1.5");
  EXPECT_EQ(words("none.x"), "");
  EXPECT_EQ(words("$"), words_at(value, std::nullopt));
  for (const auto* path : {"a", "$", "a.b", "a[0]", "[*].x", "*"}) {
    EXPECT_TRUE(check_path(path)) << path;
  }
  for (const auto* path : {".", "a.", "a..b", "a[", "a[x]", "{a,b}"}) {
    EXPECT_FALSE(check_path(path)) << path;
  }
}

}  // namespace
}  // namespace synap::features::store
