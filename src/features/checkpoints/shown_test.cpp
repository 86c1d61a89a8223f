#include "features/checkpoints/shown.h"

#include <gtest/gtest.h>

#include "features/checkpoints/thread_state.h"

namespace synap::features::checkpoints {
namespace {

std::string shown(std::string_view type, std::string_view bytes) {
  return Shower().show(type, bytes).dump();
}
std::string pack(std::string_view bytes) {
  return shown("msgpack", bytes);
}
std::string unread_of(std::size_t bytes) {
  return unread("msgpack", bytes).dump();
}
/// An extension of this code that holds these bytes.
std::string extension(char code, const std::string& inside) {
  return std::string("\xc7") + static_cast<char>(inside.size()) + code + inside;
}
std::string text(const std::string& value) {
  return static_cast<char>(0xa0 | value.size()) + value;
}

TEST(Shown, MessagePackIsTheJsonThatItIs) {
  using namespace std::string_literals;
  EXPECT_EQ(pack("\xc0"), "null");
  EXPECT_EQ(pack("\xc2"), "false");
  EXPECT_EQ(pack("\xc3"), "true");
  EXPECT_EQ(pack("\x07"), "7");
  EXPECT_EQ(pack("\xff"), "-1");
  EXPECT_EQ(pack("\xe0"), "-32");
  EXPECT_EQ(pack("\xcc\xff"), "255");
  EXPECT_EQ(pack("\xcd\x01\x00"s), "256");
  EXPECT_EQ(pack("\xce\xff\xff\xff\xff"), "4294967295");
  EXPECT_EQ(pack("\xcf\x00\x00\x01\x00\x00\x00\x00\x00"s), "1099511627776");
  EXPECT_EQ(pack("\xd0\x80"), "-128");
  EXPECT_EQ(pack("\xd1\xff\x00"s), "-256");
  EXPECT_EQ(pack("\xd2\x80\x00\x00\x00"s), "-2147483648");
  EXPECT_EQ(pack("\xd3\xff\xff\xff\xff\xff\xff\xff\xfe"), "-2");
  EXPECT_EQ(pack("\xca\x3f\xc0\x00\x00"s), "1.5");
  EXPECT_EQ(pack("\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1");
  EXPECT_EQ(pack("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"s), "null") << "infinity";
  EXPECT_EQ(pack("\xd9\x03"
                 "a\"b"),
            R"("a\"b")");
  EXPECT_EQ(pack("\xda\x00\x01"
                 "a"s),
            R"("a")");
  EXPECT_EQ(pack("\xdc\x00\x02\x01\x90"s), "[1,[]]");
  EXPECT_EQ(pack("\x83\xa1"
                 "a\x01\x05\xc0\xc3\x92\x02\x03"),
            R"({"a":1,"5":null,"true":[2,3]})");
  EXPECT_EQ(pack("\xc4\x02xy"), R"({"__unread__":{"type":"msgpack","bytes":2,"of":"bytes"}})");
}

TEST(Shown, ObjectsOfPythonAreWhatTheyWereMadeOf) {
  const auto object = [](const std::string& module, const std::string& name,
                         const std::string& made_of) {
    return "\x93" + text(module) + text(name) + made_of;
  };
  EXPECT_EQ(pack(extension(0, object("builtins", "set", "\x92\x01\x02"))), "[1,2]");
  EXPECT_EQ(pack(extension(5, object("app", "Model", "\x81\xa1n\x01"))), R"({"n":1})");
  EXPECT_EQ(pack(extension(2, object("app", "Data", "\x81\xa1n\x01"))), R"({"n":1})");
  EXPECT_EQ(pack(extension(1, object("langgraph.types", "Send", "\x92\xa1n\x01"))),
            R"({"node":"n","args":1})");
  EXPECT_EQ(pack(extension(0, object("app", "Colour", "\x01"))),
            R"({"__unread__":{"type":"msgpack","bytes":13,"of":"app.Colour"}})");
  EXPECT_EQ(pack(extension(0, object("uuid", "UUID", text("not hexadecimal")))),
            R"({"__unread__":{"type":"msgpack","bytes":27,"of":"uuid.UUID"}})");
  EXPECT_EQ(pack(extension(7, "\x91\x01")), "[1]") << "what a DeltaChannel keeps";
  EXPECT_EQ(pack(extension(6, "anything")),
            R"({"__unread__":{"type":"msgpack","bytes":8,"of":"numpy.ndarray"}})");
  // One that is broken is so for itself.
  EXPECT_EQ(pack("\x92\x01" + extension(5, "\xc1")),
            R"([1,{"__unread__":{"type":"msgpack","bytes":1}}])");
}

TEST(Shown, WhatIsNoMessagePackIsUnread) {
  for (const std::string& bytes : std::vector<std::string>{
           "", "\x01\x02", "\xc1",
           "\xa2"
           "a",
           "\xa1\xff", "\x92\x01",
           "\x81\xa1"
           "a",
           "\xdf\xff\xff\xff\xff", "\xdd\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff",
           "\xc9\xff\xff\xff\xff", "\xcf\x01", "\x81\x90\x01", "\xd8\x05"}) {
    EXPECT_EQ(pack(bytes), unread_of(bytes.size())) << testing::PrintToString(bytes);
  }
  EXPECT_EQ(pack(std::string(63, '\x91') + "\x01").substr(0, 2), "[[");
  EXPECT_EQ(pack(std::string(100'000, '\x91') + "\x01"), unread_of(100'001)) << "too deep";
}

TEST(Shown, TheValuesOfOneAnswerHaveABoundedNumberOfParts) {
  const std::string many = std::string("\xdd\x00\x09\x27\xc0", 5) + std::string(600'000, '\xc0');
  Shower shower;
  EXPECT_TRUE(shower.show("msgpack", many).is_array());
  EXPECT_EQ(shower.show("msgpack", many).dump(), unread_of(many.size()));
  std::string json = "[0";
  for (int i = 0; i < 600'000; ++i) json += ",0";
  json += "]";
  Shower other;
  EXPECT_TRUE(other.show("json", json).is_array());
  EXPECT_TRUE(other.show("json", json).is_object());
}

TEST(Shown, ObjectsOfLangChainAreShownAsItsServersDo) {
  EXPECT_EQ(shown("json", R"([{"lc":1,"type":"constructor","id":["langchain_core","messages",)"
                          R"("HumanMessage"],"kwargs":{"content":"Hi","id":"1"}}])"),
            R"([{"type":"human","content":"Hi","id":"1"}])");
  EXPECT_EQ(shown("json", R"({"s":{"lc":2,"type":"constructor","id":["Set"],"args":[[1]]},)"
                          R"("u":{"lc":2,"type":"undefined"},"d":{"lc":2,"type":"delta_snapshot",)"
                          R"("value":[2]}})"),
            R"({"s":[1],"u":null,"d":[2]})");
  const std::string other =
      R"({"lc":1,"type":"constructor","id":["langchain_core","prompts","X"],"kwargs":{}})";
  EXPECT_EQ(shown("json", other), other);
  EXPECT_EQ(shown("json", "{"), unread("json", 1).dump());
  EXPECT_EQ(shown("null", ""), "null");
  EXPECT_EQ(shown("pickle", "abc"), unread("pickle", 3).dump());
}

TEST(Shown, AFilterIsContained) {
  const auto has = [](const char* value, const char* wanted) {
    std::int64_t steps = 100;
    return contains(*parse_json(value), *parse_json(wanted), steps);
  };
  EXPECT_TRUE(has(R"({"a":1,"b":{"c":[1,{"d":2}]}})", R"({"b":{"c":[{"d":2}]}})"));
  EXPECT_TRUE(has(R"({"a":null})", R"({"a":null})"));
  EXPECT_FALSE(has(R"({})", R"({"a":null})"));
  EXPECT_FALSE(has(R"({"a":1})", R"({"a":[1]})"));
  EXPECT_TRUE(has("{}", "{}"));
  EXPECT_FALSE(has("[1]", "[2]"));
  // A list in a list costs the product of both, so there is an end to it.
  std::string many = "[0";
  for (int i = 0; i < 200; ++i) many += ",0";
  many += "]";
  EXPECT_TRUE(has(many.c_str(), "[0]"));
  EXPECT_FALSE(has(many.c_str(), many.c_str()));
}

// --- What is to be done ------------------------------------------------------------------------

std::string pending(const char* seen, const std::map<std::string, std::string>& values) {
  std::map<std::string, std::string> versions;
  for (const auto& [channel, value] : values) versions[channel] = "2";
  const auto checkpoint = Json::object({{"versions_seen", *parse_json(seen)}});
  std::string names;
  for (const auto& [name, path] :
       pending_of(checkpoint, versions, [&](const std::string& channel, const std::string&) {
         const auto& value = values.at(channel);
         return value.empty() ? std::nullopt : std::optional(*parse_json(value));
       })) {
    names += name + "(" + path + ") ";
  }
  return names;
}

TEST(PendingOf, IsWhatANodeHasNotSeen) {
  EXPECT_EQ(pending("{}", {{"branch:to:a", "null"}, {"branch:to:b", ""}, {"log", "[]"}}),
            "a(~__pregel_pull, a) ");
  EXPECT_EQ(pending(R"({"a":{"branch:to:a":"2"}})", {{"branch:to:a", "null"}}), "");
  EXPECT_EQ(pending(R"({"a":{"branch:to:a":2}})", {{"branch:to:a", "null"}}), "") << "JavaScript's";
  EXPECT_EQ(pending(R"({"a":{"branch:to:a":"1"}})", {{"branch:to:a", "null"}}),
            "a(~__pregel_pull, a) ");
  EXPECT_EQ(pending("{}", {{"__start__", "{}"}}), "__start__(~__pregel_pull, __start__) ");
  EXPECT_EQ(pending(R"({"f":{"__start__":"2"}})", {{"__start__", "{}"}}), "");
}

TEST(PendingOf, WaitsForAllOfAnEdge) {
  EXPECT_EQ(pending("{}", {{"join:a+b:j", R"(["b","a"])"}}), "j(~__pregel_pull, j) ");
  EXPECT_EQ(pending("{}", {{"join:a+b:j", R"(["b"])"}}), "");
  EXPECT_EQ(pending("{}", {{"join:a+b:j", "[]"}}), "");
  EXPECT_EQ(pending("{}", {{"join:a+b:j", R"([["a","b"],false])"}}), "") << "deferred";
  EXPECT_EQ(pending("{}", {{"join:a+b:j", R"([["a","b"],true])"}}), "j(~__pregel_pull, j) ");
  EXPECT_EQ(pending("{}", {{"branch:to:d", "[null,false]"}}), "");
  EXPECT_EQ(pending("{}", {{"join:", "[]"}, {"join:x", "[]"}, {"branch:to:", ""}}), "");
}

TEST(PendingOf, IsWhatIsSent) {
  EXPECT_EQ(pending("{}", {{"__pregel_tasks", R"([{"node":"s","args":1},{"node":"s"},5])"},
                           {"branch:to:a", "null"}}),
            "s(~__pregel_push, 0000000000) s(~__pregel_push, 0000000001) "
            "(~__pregel_push, 0000000002) a(~__pregel_pull, a) ");
}

}  // namespace
}  // namespace synap::features::checkpoints
