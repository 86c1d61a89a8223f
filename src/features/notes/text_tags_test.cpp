// #tags in the texts of notes.
#include <gtest/gtest.h>

#include <tuple>

#include "features/notes/notes_test.h"

namespace synap::features::notes {
namespace {

class TextTags : public Notes {
 protected:
  void change(const std::string& id, Json::Object fields) {
    const auto changed = done("notes.update", input(id, std::move(fields)));
    ASSERT_TRUE(changed) << changed.error().message;
  }
  std::string field(const std::string& id, const char* name) {
    const auto note = get(id);
    const Json* value = note.find(name);
    return value != nullptr ? value->dump() : "absent";
  }
  std::string tags_of(const std::string& id) { return field(id, "tags"); }
  std::string content_of(const std::string& id) {
    return std::string(get(id).string_or("content", ""));
  }
  std::string titles_with(const char* tag) {
    const auto found = call("notes.list", Json::object({{"tag", tag}}));
    std::string titles;
    for (const auto& note : found->find("notes")->as_array()) titles += note.string_or("title", "");
    return titles;
  }
  void expect_verified() {
    for (const auto* name : {"notes", "tags"}) {
      const auto found = sync_wait(executor, projections->verify(name));
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_TRUE(found->is_equal()) << name << ": " << found->first_difference;
    }
  }
};

TEST_F(TextTags, AreTagsOfTheNoteAsLongAsTheyAreInItsText) {
  const auto id = make("One #garden and #home.");
  EXPECT_EQ(tags_of(id), R"(["garden","home"])");
  EXPECT_EQ(field(id, "textTags"), R"(["garden","home"])");
  EXPECT_EQ(titles_with("home"), "One #garden and #home.");
  EXPECT_EQ(settled_counts(), R"([{"tag":"garden","count":1},{"tag":"home","count":1}])");
  change(id, {{"content", "Two #home and `#code`"}});
  EXPECT_EQ(tags_of(id), R"(["home"])");
  EXPECT_EQ(titles_with("garden"), "");
  change(id, {{"title", "three"}});
  EXPECT_EQ(tags_of(id), R"(["home"])");
  EXPECT_EQ(settled_counts(), R"([{"tag":"home","count":1}])");
  change(id, {{"content", "none"}});
  EXPECT_EQ(tags_of(id) + field(id, "textTags") + field(id, "ownTags"), "[]absentabsent");
  EXPECT_EQ(settled_counts(), "[]");
  expect_verified();
}

TEST_F(TextTags, LeaveThoseThatWereGivenAsTheyAre) {
  const auto id = make("#a #b", {{"tags", list({"x", "a"})}});
  EXPECT_EQ(tags_of(id), R"(["x","a","b"])");
  EXPECT_EQ(field(id, "ownTags"), R"(["x","a"])");
  change(id, {{"content", "#c"}});
  EXPECT_EQ(tags_of(id), R"(["x","a","c"])");
  change(id, {{"tags", list({"y"})}});
  EXPECT_EQ(tags_of(id), R"(["y","c"])");
  // Whoever sends back what he has read gives nothing that the text has alone.
  change(id, {{"tags", list({"y", "c", "z"})}});
  EXPECT_EQ(field(id, "ownTags"), R"(["y","z"])");
  // Also where he takes it out of the text.
  change(id, {{"content", "none"}, {"tags", list({"y", "c"})}});
  EXPECT_EQ(tags_of(id), R"(["y"])");
  expect_verified();
}

TEST_F(TextTags, AreGivenByWhoKnowsWhichAreWhose) {
  const auto id = make("#a");
  change(id, {{"ownTags", list({"a", "x", "x"})}});
  EXPECT_EQ(tags_of(id) + field(id, "ownTags"), R"(["a","x"]["a","x"])");
  change(id, {{"content", "none"}});
  EXPECT_EQ(tags_of(id), R"(["a","x"])");
  change(id, {{"ownTags", list({"y"})}});
  EXPECT_EQ(tags_of(id) + field(id, "textTags"), R"(["y"]absent)");
  expect_verified();
}

TEST_F(TextTags, GoWithTheirText) {
  const auto id = make("#a", {{"tags", list({"x"})}});
  change(id, {{"content", "#b"}, {"tags", list({"y"})}});
  EXPECT_EQ(tags_of(id), R"(["y","b"])");
  ASSERT_TRUE(done("notes.restore", input(id, {{"version", 1}})));
  EXPECT_EQ(tags_of(id) + field(id, "ownTags"), R"(["x","a"]["x"])");
  const auto both = make("#a", {{"tags", list({"a"})}});
  change(both, {{"ownTags", Json::array()}});
  ASSERT_TRUE(done("notes.restore", input(both, {{"version", 1}})));
  EXPECT_EQ(field(both, "ownTags"), R"(["a"])");
  expect_verified();
}

TEST_F(TextTags, OfALongTextAreThoseOfItsBeginning) {
  std::string text = "#first\n\n";
  while (text.size() < 100'000) text += "words and more words\n";
  const auto id = make(text + "\n#last");
  EXPECT_EQ(tags_of(id), R"(["first"])");
  change(id, {{"content", "#second\n" + text}});
  EXPECT_EQ(tags_of(id), R"(["second","first"])");
}

TEST_F(TextTags, AreAHundredWithThoseThatWereGiven) {
  Json given = Json::array();
  for (int i = 0; i < 99; ++i) given.push_back("g" + std::to_string(i));
  const auto id = make("#one #two", {{"tags", given}});
  EXPECT_EQ(get(id).find("tags")->as_array().size(), 100U);
  EXPECT_EQ(field(id, "textTags"), R"(["one","two"])");
  change(id, {{"tags", list({"g"})}});
  EXPECT_EQ(tags_of(id), R"(["g","one","two"])");
}

TEST_F(TextTags, AreRenamedInTheText) {
  const auto id = make("#old, `#old` and #older", {{"tags", list({"x"})}});
  const auto both = make("**#old**", {{"tags", list({"old"})}});
  const auto given = make("#other", {{"tags", list({"old"})}});
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "old"}, {"to", "new"}})),
            R"({"tag":"old","changed":3})");
  EXPECT_EQ(content_of(id), "#new, `#old` and #older");
  EXPECT_EQ(tags_of(id) + field(id, "ownTags"), R"(["x","new","older"]["x"])");
  EXPECT_EQ(content_of(both), "**#new**");
  EXPECT_EQ(tags_of(both) + field(both, "ownTags"), R"(["new"]["new"])");
  EXPECT_EQ(content_of(given), "#other");
  EXPECT_EQ(tags_of(given), R"(["new","other"])");
  EXPECT_EQ(get(id).string_or("preview", ""), "#new, `#old` and #older");
  EXPECT_EQ(settled_counts(), R"([{"tag":"new","count":3},{"tag":"older","count":1},)"
                              R"({"tag":"other","count":1},{"tag":"x","count":1}])");
  expect_verified();
}

// "_" is a mark of Markdown as well.
TEST_F(TextTags, AreGivenWhereTheirNewNameWouldBeNoneOrAnothersThere) {
  for (const auto& [text, tag, to, content, tags] :
       {std::tuple{"About #old here", "old", "_a_", "About old here", R"(["_a_"])"},
        std::tuple{"#old and foo_ bar", "old", "_a", "old and foo_ bar", R"(["_a"])"},
        std::tuple{"see _it is #old here", "old", "a_", "see _it is old here", R"(["a_"])"},
        std::tuple{"two: #_u x #v", "v", "v_", "two: #_u x v", R"(["v_","_u"])"}}) {
    const auto id = make(text);
    retag("tags.rename", Json::object({{"tag", tag}, {"to", to}}));
    EXPECT_EQ(content_of(id), content);
    EXPECT_EQ(tags_of(id), tags) << text;
    ASSERT_TRUE(done("notes.delete", input(id)));
  }
}

// A shorter name shows more of a long text.
TEST_F(TextTags, OfALongTextAreRenamedByOneVersion) {
  const std::string name(90, 'L');
  std::string text;
  while (text.size() < 300'000) text += "line #" + name + "\n";
  const auto id = make(text);
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", name}, {"to", "b"}})),
            R"({"tag":")" + name + R"(","changed":1})");
  EXPECT_EQ(tags_of(id), R"(["b"])");
  EXPECT_EQ(get(id).find("version")->as_integer(), 2);
}

// Two who rename to each other's names.
TEST_F(TextTags, AreAskedForAFewTimesAtMost) {
  const auto id = make("#a");
  make("#b");  // a tag that nothing has is not renamed
  const auto ask = [&](const char* tag, const char* to) {
    const auto asked = call("tags.rename", Json::object({{"tag", tag}, {"to", to}}));
    return std::string(asked->string_or("requestId", ""));
  };
  const Json first = Json::object({{"requestId", ask("a", "b")}});
  const Json second = Json::object({{"requestId", ask("b", "a")}});
  SYNAP_CHECK(test::wait_until(executor, database->commits(), [&] {
    return call("requests.get", first)->string_or("status", "") != "pending" &&
           call("requests.get", second)->string_or("status", "") != "pending";
  }));
  EXPECT_LE(get(id).find("version")->as_integer(), 9);
}

TEST_F(TextTags, BecomeWordsWhereTheyAreTakenAwayOrCannotStandThere) {
  const auto id = make("in the #garden now");
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "garden"}, {"to", "my garden"}})),
            R"({"tag":"garden","changed":1})");
  EXPECT_EQ(content_of(id), "in the garden now");
  EXPECT_EQ(tags_of(id), R"(["my garden"])");
  const auto other = make("in #winter");
  EXPECT_EQ(retag("tags.remove", Json::object({{"tag", "winter"}})),
            R"({"tag":"winter","changed":1})");
  EXPECT_EQ(content_of(other) + tags_of(other), "in winter[]");
  expect_verified();
}

}  // namespace
}  // namespace synap::features::notes
