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
};

TEST_F(Tags, AreRenamedOnAllNotesOfAUserAndOnNobodyElses) {
  const auto one = tagged({"x", "old", "y"});
  const auto two = tagged({"old"});
  const auto other = tagged({"older"});
  const auto bobs = tagged({"old"}, "bob");
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "old"}, {"to", "new"}})),
            R"({"tag":"old","changed":2})");
  EXPECT_EQ(tags_of(one), R"(["x","new","y"])");
  EXPECT_EQ(get(one).find("version")->as_integer(), 2);
  EXPECT_EQ(get(one).find("content")->as_string(), "text");
  EXPECT_EQ(tags_of(two), R"(["new"])");
  EXPECT_EQ(tags_of(other), R"(["older"])");
  EXPECT_EQ(counts(), R"([{"tag":"new","count":2},{"tag":"older","count":1},{"tag":"x","count":1},)"
                      R"({"tag":"y","count":1}])");
  EXPECT_EQ(counts("bob"), R"([{"tag":"old","count":1}])");
}

TEST_F(Tags, AreOneInEveryUnicodeForm) {
  const char* apart = "cafe\u0301";
  const char* whole = "caf\u00e9";
  const auto one = tagged({apart, whole, "x"});
  const auto two = tagged({whole});
  auto made = done("notes.create", Json::object({{"content", std::string("#") + apart}}));
  ASSERT_TRUE(made);
  const auto three = made->find("entityId")->as_string();
  const auto named = [](std::string_view tag, std::string_view rest) {
    return fmt::format(R"([{{"tag":"{}"{}}}])", tag, rest);
  };
  EXPECT_EQ(tags_of(one), "[\"caf\u00e9\",\"x\"]");
  EXPECT_EQ(get(three).find("textTags")->dump(), "[\"caf\u00e9\"]");
  ASSERT_TRUE(done("notes.update", input(one, {{"tags", list({apart})}})));
  EXPECT_EQ(counts(), named(whole, R"(,"count":3)"));
  for (const auto* form : {apart, whole}) {
    EXPECT_EQ(call("notes.list", Json::object({{"tag", form}}))->find("total")->as_integer(), 3);
  }
  ASSERT_TRUE(call("tags.colour", Json::object({{"tag", apart}, {"colour", "red"}})));
  EXPECT_EQ(counts(), named(whole, R"(,"count":3,"colour":"red")"));
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", apart}, {"to", "nin\u0303a"}})),
            "{\"tag\":\"caf\u00e9\",\"changed\":3}");
  EXPECT_EQ(counts(), named("ni\u00f1a", R"(,"count":3,"colour":"red")"));
  EXPECT_EQ(get(three).find("content")->as_string(), "#ni\u00f1a");
}

// As an event of an earlier version says them.
TEST_F(Tags, OfOldEventsAreOneInEveryUnicodeForm) {
  const auto one = tagged({"x"});
  const auto id = Uuid::parse(one).value_or(Uuid{});
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      auto event = types.make(
          "note.update.completed",
          Json::object({{"entityId", one},
                        {"tags", list({"cafe\u0301", "caf\u00e9"})},
                        {"version", 2},
                        {"at", "2026-01-01T00:00:00.000Z"},
                        {"source", "api"}})
              .dump(),
          {.user_id = "ann", .aggregate_id = id, .aggregate_type = "note", .request_id = id});
      SYNAP_CHECK(event.has_value(), event ? "" : event.error().message);
      log->append(tx, {.events = {*std::move(event)}});
    });
  }));
  EXPECT_EQ(tags_of(one), "[\"caf\u00e9\"]");
  wait_for_followers();
  EXPECT_EQ(counts(), "[{\"tag\":\"caf\u00e9\",\"count\":1}]");
  EXPECT_EQ(call("notes.list", Json::object({{"tag", "cafe\u0301"}}))->find("total")->as_integer(),
            1);
}

// A few letters are two in NFC: a tag that would be too long there stays as it is, everywhere.
TEST_F(Tags, AreAsTheyAreWhereNfcIsTooLong) {
  std::string longer;
  for (int i = 0; i < 60; ++i) longer += "\u0958";
  const auto one = tagged({longer.c_str()});
  EXPECT_EQ(tags_of(one), "[\"" + longer + "\"]");
  const auto made = done("notes.create", Json::object({{"content", "#" + longer}}));
  ASSERT_TRUE(made);
  const auto two = made->find("entityId")->as_string();
  EXPECT_EQ(tags_of(two), "[\"" + longer + "\"]");
  ASSERT_TRUE(done("notes.update", input(two, {{"title", "Two"}})));
  EXPECT_EQ(tags_of(two), "[\"" + longer + "\"]");
  wait_for_followers();
  EXPECT_EQ(counts(), "[{\"tag\":\"" + longer + "\",\"count\":2}]");
  EXPECT_EQ(call("notes.list", Json::object({{"tag", longer}}))->find("total")->as_integer(), 2);
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", longer}, {"to", "short"}})),
            "{\"tag\":\"" + longer + "\",\"changed\":2}");
  EXPECT_EQ(get(two).find("content")->as_string(), "#short");
}

// A renaming that an earlier version asked for, and that is carried out now.
TEST_F(Tags, AreRenamedInWhateverFormAnEarlierVersionAskedForIt) {
  const auto one = tagged({"caf\u00e9"});
  const auto id = types.world().new_id();
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      auto event = types.make("note.retagging.requested",
                              Json::object({{"tag", "cafe\u0301"}, {"to", "nin\u0303a"}}).dump(),
                              {.user_id = "ann",
                               .aggregate_id = id,
                               .aggregate_type = "tag",
                               .starts_stream = true,
                               .request_id = id});
      SYNAP_CHECK(event.has_value(), event ? "" : event.error().message);
      log->append(tx, {.events = {*std::move(event)}});
    });
  }));
  wait_until_idle();
  EXPECT_EQ(tags_of(one), "[\"ni\u00f1a\"]");
}

TEST_F(Tags, AreMergedWhereTheOtherIsThereAndTakenAway) {
  const auto both = tagged({"a", "b", "c"});
  const auto one = tagged({"c"});
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "c"}, {"to", "a"}})),
            R"({"tag":"c","changed":2})");
  EXPECT_EQ(tags_of(both), R"(["a","b"])");
  EXPECT_EQ(tags_of(one), R"(["a"])");
  EXPECT_EQ(retag("tags.remove", Json::object({{"tag", "a"}})), R"({"tag":"a","changed":2})");
  EXPECT_EQ(tags_of(both), R"(["b"])");
  EXPECT_EQ(tags_of(one), "[]");
  EXPECT_EQ(retag("tags.remove", Json::object({{"tag", "none"}})), R"({"tag":"none","changed":0})");
  const auto same = call("tags.rename", Json::object({{"tag", "b"}, {"to", "b"}}));
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().message, "to: it is the same tag");
}

TEST_F(Tags, AreNamedWithTheMarkOrWithout) {
  const auto one = tagged({"old", "#marked"});
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "#old"}, {"to", "#new"}})),
            R"({"tag":"old","changed":1})");
  EXPECT_EQ(tags_of(one), R"(["new","#marked"])");
  EXPECT_EQ(retag("tags.rename", Json::object({{"tag", "#marked"}, {"to", "#marked"}})),
            R"({"tag":"#marked","changed":1})");
  EXPECT_EQ(tags_of(one), R"(["new","marked"])");
  EXPECT_EQ(retag("tags.remove", Json::object({{"tag", "#new"}})), R"({"tag":"new","changed":1})");
}

TEST_F(Tags, ThatNothingHasAreRenamedOnNothing) {
  tagged({"year/2026", "yearly", "ärzte/anna"});
  tagged({"bobs"}, "bob");
  const auto renamed = [&](const char* tag) {
    return retag("tags.rename", Json::object({{"tag", tag}, {"to", "other"}}));
  };
  EXPECT_EQ(renamed("bobs"), R"({"tag":"bobs","changed":0})");
  EXPECT_EQ(renamed("#yea"), R"({"tag":"yea","changed":0})");
  EXPECT_EQ(renamed("year"), R"({"tag":"year","changed":0,"below":"year/2026"})");
  EXPECT_EQ(renamed("ärzte"), R"({"tag":"ärzte","changed":0,"below":"ärzte/anna"})");
  for (const auto* to : {" ", "#", "# ", "##"}) {
    const auto answer = call("tags.rename", Json::object({{"tag", "yearly"}, {"to", to}}));
    ASSERT_FALSE(answer) << to;
    EXPECT_EQ(answer.error().message, "to: it is no name of a tag");
  }
}

// A note that was accepted has its tags a little later: nothing of it may be denied before.
TEST_F(Tags, OfANoteThatWasJustAcceptedAreNotDenied) {
  ASSERT_TRUE(call("notes.create", Json::object({{"content", "t"}, {"tags", list({"fresh"})}})));
  EXPECT_TRUE(call("tags.rename", Json::object({{"tag", "fresh"}, {"to", "other"}})));
  EXPECT_TRUE(call("tags.colour", Json::object({{"tag", "fresh"}, {"colour", "red"}})));
}

// The follower may be behind.
TEST_F(Tags, HaveTheColourThatTheirOwnerGivesThem) {
  tagged({"a", "b"});
  tagged({"a"}, "bob");
  const auto colour = [&](const char* tag, Json colour, const std::string& user = "ann") {
    const auto answer =
        call("tags.colour", Json::object({{"tag", tag}, {"colour", std::move(colour)}}), user);
    return answer ? answer->dump() : answer.error().message;
  };
  EXPECT_EQ(colour("a", "teal"), R"({"tag":"a","colour":"teal"})");
  EXPECT_EQ(settled_counts(), R"([{"tag":"a","count":1,"colour":"teal"},{"tag":"b","count":1}])");
  EXPECT_EQ(settled_counts("bob"), R"([{"tag":"a","count":1}])");
  // What was accepted a moment ago may get it.
  EXPECT_EQ(colour("b", "teal", "bob"), R"({"tag":"b","colour":"teal"})");
  tagged({"b"}, "bob");
  EXPECT_EQ(settled_counts("bob"),
            R"([{"tag":"a","count":1},{"tag":"b","count":1,"colour":"teal"}])");
  EXPECT_NE(colour("a", "#ff0000").find("nvalid"), std::string::npos);
  EXPECT_EQ(colour("a", "red"), R"({"tag":"a","colour":"red"})");
  EXPECT_EQ(colour("b", "red"), R"({"tag":"b","colour":"red"})");
  EXPECT_EQ(colour("b", nullptr), R"({"tag":"b","colour":null})");
  const auto told = R"([{"tag":"a","count":1,"colour":"red"},{"tag":"b","count":1}])";
  EXPECT_EQ(settled_counts(), told);
  open();  // the next start
  EXPECT_EQ(settled_counts(), told);
}

TEST_F(Tags, ThatHaveTheColourAreGivenItWithoutAnEvent) {
  tagged({"a"});
  const auto colour = [&](Json colour) {
    ASSERT_TRUE(call("tags.colour", Json::object({{"tag", "a"}, {"colour", std::move(colour)}})));
  };
  for (const auto* wanted : {"red", "red", "blue", "red"}) colour(wanted);
  colour(nullptr);
  colour(nullptr);
  events::Filter filter{.types = {"note.tag_colouring.completed"}};
  auto page = sync_wait(executor, log->read(events::Tenancy::of_user("ann"), std::move(filter)));
  EXPECT_EQ(page->events.size(), 4U) << "red, blue, red, none";
}

TEST_F(Tags, TakeTheirColourAlongAndLoseItToAnothers) {
  tagged({"a", "b", "c"});
  for (const auto& [tag, colour] : {std::pair{"a", "red"}, std::pair{"b", "blue"}}) {
    ASSERT_TRUE(call("tags.colour", Json::object({{"tag", tag}, {"colour", colour}})));
  }
  retag("tags.rename", Json::object({{"tag", "a"}, {"to", "x"}}));
  EXPECT_EQ(settled_counts(), R"([{"tag":"b","count":1,"colour":"blue"},{"tag":"c","count":1},)"
                              R"({"tag":"x","count":1,"colour":"red"}])");
  retag("tags.rename", Json::object({{"tag", "x"}, {"to", "c"}}));
  EXPECT_EQ(settled_counts(), R"([{"tag":"b","count":1,"colour":"blue"},)"
                              R"({"tag":"c","count":1,"colour":"red"}])");
  retag("tags.rename", Json::object({{"tag", "c"}, {"to", "b"}}));
  EXPECT_EQ(settled_counts(), R"([{"tag":"b","count":1,"colour":"blue"}])");
  retag("tags.remove", Json::object({{"tag", "b"}}));
  // Given again they are new: what was taken away left no colour behind.
  tagged({"a", "b", "c", "x"});
  EXPECT_EQ(settled_counts(), R"([{"tag":"a","count":1},{"tag":"b","count":1},)"
                              R"({"tag":"c","count":1},{"tag":"x","count":1}])");
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
            R"({"tag":"many","changed":230})");
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
