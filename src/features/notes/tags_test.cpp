// Tags: their counts, and what is done to one on all notes of a user.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "features/notes/notes_test.h"

namespace synap::features::notes {
namespace {

TEST_F(Notes, TagsAreListedWithTheirCounts) {
  const auto tags = [](std::initializer_list<const char*> names) {
    Json list = Json::array();
    for (const char* name : names) list.push_back(name);
    return list;
  };
  const auto listed = [&](const std::string& user = "ann") {
    return call("tags.list", Json::object({}), user)->find("tags")->dump();
  };
  const auto one = make("1", {{"tags", tags({"a", "b"})}});
  const auto two = make("2", {{"tags", tags({"b", "c"})}});
  EXPECT_EQ(listed(), R"([{"tag":"a","count":1},{"tag":"b","count":2},{"tag":"c","count":1}])");
  ASSERT_TRUE(done("notes.update", input(one, {{"tags", tags({"c"})}})));
  EXPECT_EQ(listed(), R"([{"tag":"b","count":1},{"tag":"c","count":2}])");
  ASSERT_TRUE(done("notes.delete", input(two)));
  EXPECT_EQ(listed(), R"([{"tag":"c","count":1}])");
  EXPECT_EQ(listed("bob"), "[]");
}

class Tags : public Notes {
 protected:
  static Json list(std::initializer_list<const char*> names) {
    Json all = Json::array();
    for (const char* name : names) all.push_back(name);
    return all;
  }
  std::string tagged(std::initializer_list<const char*> names, const std::string& user = "ann") {
    auto made =
        done("notes.create", Json::object({{"content", "text"}, {"tags", list(names)}}), user);
    EXPECT_TRUE(made);
    return made ? made->find("entityId")->as_string() : std::string();
  }
  std::string tags_of(const std::string& id) { return get(id).find("tags")->dump(); }
  std::string counts(const std::string& user = "ann") {
    return call("tags.list", Json::object({}), user)->find("tags")->dump();
  }
  /// What the completed event says.
  std::string retag(const std::string& procedure, Json asked) {
    const auto request = call(procedure, std::move(asked));
    if (!request) return request.error().message;
    const Json which = Json::object({{"requestId", request->string_or("requestId", "")}});
    // The run sleeps in between.
    Json told;
    SYNAP_CHECK(test::wait_until(executor, database->commits(), [&] {
      told = *call("requests.get", which);
      return told.string_or("status", "") != "pending";
    }));
    return told.find("events")->as_array().back().find("data")->dump();
  }
};

TEST_F(Tags, AreRenamedOnAllNotesOfAUserAndOnNobodyElses) {
  const auto one = tagged({"x", "old", "y"});
  const auto two = tagged({"old"});
  const auto other = tagged({"older"});
  const auto bobs = tagged({"old"}, "bob");
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "old"}, {"to", "new"}})),
            R"({"changed":2})");
  EXPECT_EQ(tags_of(one), R"(["x","new","y"])");
  EXPECT_EQ(get(one).find("version")->as_integer(), 2);
  EXPECT_EQ(get(one).find("content")->as_string(), "text");
  EXPECT_EQ(tags_of(two), R"(["new"])");
  EXPECT_EQ(tags_of(other), R"(["older"])");
  EXPECT_EQ(counts(), R"([{"tag":"new","count":2},{"tag":"older","count":1},{"tag":"x","count":1},)"
                      R"({"tag":"y","count":1}])");
  EXPECT_EQ(counts("bob"), R"([{"tag":"old","count":1}])");
}

TEST_F(Tags, AreMergedWhereTheOtherIsThereAndTakenAway) {
  const auto both = tagged({"a", "b", "c"});
  const auto one = tagged({"c"});
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "c"}, {"to", "a"}})), R"({"changed":2})");
  EXPECT_EQ(tags_of(both), R"(["a","b"])");
  EXPECT_EQ(tags_of(one), R"(["a"])");
  EXPECT_EQ(retag("tags.remove", Json::object({{"tag", "a"}})), R"({"changed":2})");
  EXPECT_EQ(tags_of(both), R"(["b"])");
  EXPECT_EQ(tags_of(one), "[]");
  EXPECT_EQ(retag("tags.remove", Json::object({{"tag", "none"}})), R"({"changed":0})");
  const auto same = call("tags.rename", Json::object({{"tag", "b"}, {"to", "b"}}));
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().message, "to: it is the same tag");
}

// More than are asked for in one commit.
TEST_F(Tags, AreRenamedHoweverManyNotesHaveThem) {
  constexpr int kNotes = 230;
  for (int i = 0; i < kNotes; ++i) {
    ASSERT_TRUE(call("notes.create", Json::object({{"content", "t"}, {"tags", list({"many"})}})));
  }
  // What is still being made has no tag yet.
  SYNAP_CHECK(test::wait_until(executor, database->commits(),
                               [&] { return counts() == R"([{"tag":"many","count":230}])"; }));
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "many"}, {"to", "few"}})),
            R"({"changed":230})");
  EXPECT_EQ(counts(), R"([{"tag":"few","count":230}])");
}

// What was asked for before it is not overwritten.
TEST_F(Tags, AreRenamedOnNotesThatAreBeingChanged) {
  const auto id = tagged({"old"});
  ASSERT_TRUE(call("notes.update", input(id, {{"tags", list({"old", "more"})}})));
  EXPECT_NE(retag("tags.rename", Json::object({{"tag", "old"}, {"to", "new"}})), "");
  EXPECT_EQ(tags_of(id), R"(["new","more"])");
}

}  // namespace
}  // namespace synap::features::notes
