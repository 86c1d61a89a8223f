#include "features/links/links.h"

#include <gtest/gtest.h>

#include "features/events/events.h"
#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "features/relations/relations.h"
#include "features/requests/requests.h"

namespace synap::features {
namespace {

class LinksTest : public FeatureTest {
 protected:
  explicit LinksTest(int reading_parts_max = links::kReadingPartsMax)
      : FeatureTest([reading_parts_max](const Rooms& rooms) {
          requests::add(rooms);
          event_views::add(rooms);
          notes::add(rooms, reading_parts_max);
          relations::add(rooms);
        }) {}

  std::string note(const std::string& title, const std::string& text = "text",
                   Json::Object more = {}, const std::string& user = "ann") {
    Json asked = Json::object({{"title", title}, {"content", text}});
    for (auto& [key, value] : more) asked.set(key, std::move(value));
    const auto made = call("notes.create", asked, user);
    SYNAP_CHECK(made.has_value(), made ? "" : made.error().message);
    wait_until_idle();
    return made->find("entityId")->as_string();
  }
  void update(const std::string& id, Json::Object more) {
    const auto changed = done("notes.update", input(id, std::move(more)));
    SYNAP_CHECK(changed.has_value(), changed ? "" : changed.error().message);
    wait_for_renewals();
  }
  void remove(const std::string& id) { SYNAP_CHECK(done("notes.delete", input(id)).has_value()); }
  /// The titles of the notes that mention it, in the order of their relations.
  std::string mentions(const std::string& id, const std::string& user = "ann") {
    const auto found = call("notes.backlinks", input(id), user);
    if (!found) return found.error().message;
    std::string titles;
    for (const auto& link : found->find("backlinks")->as_array()) {
      titles += (titles.empty() ? "" : " ") + link.find("title")->as_string();
    }
    return titles;
  }
  // Those that wait for a moment are no jobs.
  void wait_for_renewals() {
    SYNAP_CHECK(test::wait_until(executor, database->commits(), [this] {
      return events_of("note.links.outdated") == events_of("note.links.renewed");
    }));
    wait_until_idle();
  }
  std::string text_of(const std::string& id) {
    return std::string(call("notes.get", input(id))->string_or("content", ""));
  }
  /// What the last renewal of links says that it has done.
  std::string renewed() {
    const Json types = Json::array().push_back("note.links.renewed");
    const auto found = call("events.list", Json::object({{"types", types}}));
    const auto& events = found->find("events")->as_array();
    return events.empty() ? "nothing" : events.back().find("data")->dump();
  }
  std::int64_t count(const std::string& user = "ann") {
    return call("relations.list", Json::object(), user)->find("total")->as_integer();
  }
  std::size_t events_of(std::string_view type) {
    const auto found = call("events.list", Json::object({{"types", Json::Array{Json(type)}}}));
    return found->find("events")->as_array().size();
  }
  /// What the last search for links of before says that it has done.
  std::string read_by(const std::string& user) {
    const Json types = Json::array().push_back("note.link_reading.completed");
    const auto found = call("events.list", Json::object({{"types", types}}), user);
    const auto& events = found->find("events")->as_array();
    return events.empty() ? "nothing" : events.back().find("data")->dump();
  }
  /// Nothing of the read models is anything but what the log says.
  void expect_verified() {
    for (const auto* name : {"note_links", "note_names", "relations"}) {
      const auto found = sync_wait(executor, projections->verify(name));
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_TRUE(found->is_equal()) << name << ": " << found->first_difference;
    }
  }
};

TEST_F(LinksTest, BecomeRelations) {
  const auto other = note("Other");
  const auto one = note("One", "It is in [[Other]].");
  const auto found = call("relations.list", Json::object());
  ASSERT_EQ(found->find("total")->as_integer(), 1);
  const auto& relation = found->find("relations")->as_array()[0];
  EXPECT_EQ(relation.find("fromId")->as_string(), other);
  EXPECT_EQ(relation.find("toId")->as_string(), one);
  EXPECT_EQ(relation.find("type")->as_string(), "mentioned_in");
  EXPECT_EQ(relation.find("properties")->dump(), R"({"wikiLink":"Other"})");
  EXPECT_EQ(call("notes.backlinks", input(other))->find("backlinks")->as_array()[0].dump(),
            R"({"id":")" + one + R"(","title":"One","target":"Other","around":"It is in Other.",)" +
                R"("relationId":")" + relation.find("id")->as_string() + R"("})");
}

TEST_F(LinksTest, FollowTheTextOfTheirNote) {
  const auto a = note("A");
  const auto b = note("B");
  const auto one = note("One", "[[A]]");
  update(one, {{"content", "[[B]] and [[A|again]]"}});
  EXPECT_EQ(mentions(a) + "/" + mentions(b), "One/One");
  update(one, {{"content", "`[[A]]` [[B]]"}});
  EXPECT_EQ(mentions(a) + "/" + mentions(b), "/One");
  update(one, {{"content", "none"}});
  EXPECT_EQ(count(), 0);
  update(one, {{"content", "[[A]]"}});
  update(one, {{"title", "Uno"}});
  EXPECT_EQ(mentions(a), "Uno");
  remove(one);
  EXPECT_EQ(count(), 0);
  expect_verified();
}

TEST_F(LinksTest, KeepTheirHeading) {
  const auto other = note("Other");
  const auto one = note("One", "[[Other]] [[Other# Part two |x]] [[Other#Three]]");
  const auto properties = [&] {
    const auto relation = call("relations.list", Json::object())->find("relations")->as_array()[0];
    return relation.find("properties")->dump() + relation.find("version")->dump();
  };
  EXPECT_EQ(properties(), R"({"wikiLink":"Other","heading":"Part two"}1)");
  update(one, {{"content", "[[Other#Three]]"}});
  EXPECT_EQ(properties(), R"({"wikiLink":"Other","heading":"Three"}2)");
  update(one, {{"content", "[[Other#Three]] and more"}});
  EXPECT_EQ(properties(), R"({"wikiLink":"Other","heading":"Three"}2)");
  update(one, {{"content", "[[Other]]"}});
  EXPECT_EQ(properties(), R"({"wikiLink":"Other"}3)");
  EXPECT_EQ(mentions(other), "One");
  expect_verified();
}

TEST_F(LinksTest, LeadToAliases) {
  const auto properties = [](std::string_view json) {
    return Json::Object{{"properties", *parse_json(json)}};
  };
  const auto one = note("One", "[[Beta]] [[year 2024]] [[2024]]");
  const auto alpha = note("Alpha", "text", properties(R"({"aliases":["beta","Beta","x"]})"));
  EXPECT_EQ(mentions(alpha), "One");
  const auto year = note("Y", "text", properties(R"({"Alias":" year 2024 ","x":1})"));
  EXPECT_EQ(mentions(year), "One");
  // An update that says the same properties once more is no news.
  const auto before = events_of("note.name.awaited");
  update(alpha, properties(R"({"aliases":["Beta"],"mood":"good"})"));
  EXPECT_EQ(events_of("note.name.awaited"), before);
  // Titles before aliases, for who links anew; who has linked stays.
  const auto beta = note("Beta");
  const auto two = note("Two", "[[Beta]] [[x]]");
  EXPECT_EQ(mentions(alpha) + "/" + mentions(beta), "One/Two");
  const auto number = note("N");
  EXPECT_EQ(mentions(number), "");
  update(number, properties(R"({"aliases":[2024,null,{"a":1}]})"));
  EXPECT_EQ(mentions(number), "One");
  // The alias is gone: the link that leads there stays, and leads on when the note goes.
  // The alias is gone: the link that leads there stays, and one that is written now does not.
  update(year, properties("{}"));
  update(two, {{"content", "[[year 2024]]"}});
  EXPECT_EQ(mentions(year), "One");
  remove(alpha);
  EXPECT_EQ(mentions(beta), "One");
  expect_verified();
}

TEST_F(LinksTest, LeadToNamesOfAnotherUnicodeForm) {
  const auto cafe = note("Cafe\u0301");
  const auto nina = note("N", "text", {{"properties", *parse_json(R"({"aliases":"Ni\u00f1a"})")}});
  note("One", "[[Caf\u00e9]] [[nin\u0303a]]");
  EXPECT_EQ(mentions(cafe) + "/" + mentions(nina), "One/One");
  expect_verified();
}

TEST_F(LinksTest, SayTheTitleThatTheirNoteHasNow) {
  const auto alpha = note("Alpha");
  const auto one = note("One", "[[Alpha]] ![[alpha#Part|words]] `[[Alpha]]` [[Else]] #tag");
  const auto relation = [&] {
    const auto found = call("relations.list", Json::object({{"toId", one}}));
    const auto& first = found->find("relations")->as_array()[0];
    return first.find("id")->as_string() + first.find("properties")->dump();
  };
  const auto id = relation().substr(0, 36);
  update(alpha, {{"title", "Gamma & Co"}});
  EXPECT_EQ(text_of(one), "[[Gamma & Co]] ![[Gamma & Co#Part|words]] `[[Alpha]]` [[Else]] #tag");
  EXPECT_EQ(relation(), id + R"({"wikiLink":"Gamma & Co","heading":"Part"})");
  EXPECT_EQ(renewed(), R"({"changed":1})");
  EXPECT_EQ(call("notes.get", input(one))->find("version")->dump(), "2");
  EXPECT_EQ(call("notes.get", input(one))->find("tags")->dump(), R"(["tag"])");
  // What says nothing else than before is asked nothing of.
  update(alpha, {{"title", "Gamma & Co"}, {"content", "more"}});
  EXPECT_EQ(events_of("note.links.outdated"), 1U);
  EXPECT_EQ(call("notes.get", input(one))->find("version")->dump(), "2");
  // A restore renames it as well.
  ASSERT_TRUE(done("notes.restore", input(alpha, {{"version", 1}})));
  wait_for_renewals();
  EXPECT_EQ(text_of(one), "[[Alpha]] ![[Alpha#Part|words]] `[[Alpha]]` [[Else]] #tag");
  EXPECT_EQ(relation().substr(0, 36), id);
  expect_verified();
}

TEST_F(LinksTest, OfOneNoteByManyNamesAreOneRelation) {
  const auto alpha =
      note("Alpha", "text", {{"properties", *parse_json(R"({"aliases":["Al","A"]})")}});
  const auto one = note("One", "[[Al]] [[Alpha#Part]] [[alpha]]");
  const auto relation = [&] {
    const auto found = call("relations.list", Json::object());
    const auto& all = found->find("relations")->as_array();
    return std::to_string(all.size()) + (all.empty() ? "" : all[0].find("properties")->dump());
  };
  EXPECT_EQ(relation(), R"(1{"wikiLink":"Al","otherWikiLinks":["Alpha","alpha"]})");
  // Of the two names one is the title.
  update(alpha, {{"title", "Gamma"}});
  EXPECT_EQ(text_of(one), "[[Al]] [[Gamma#Part]] [[Gamma]]");
  EXPECT_EQ(relation(), R"(1{"wikiLink":"Al","otherWikiLinks":["Gamma"]})");
  update(one, {{"content", "[[Gamma#Part]] [[A]] [[Late]]"}});
  EXPECT_EQ(relation(), R"(1{"wikiLink":"Gamma","heading":"Part","otherWikiLinks":["A"]})");
  // A name that comes later.
  update(alpha, {{"properties", *parse_json(R"({"aliases":["Late","A"]})")}});
  EXPECT_EQ(relation(), R"(1{"wikiLink":"Gamma","heading":"Part","otherWikiLinks":["A","Late"]})");
  // The alias is no more, and the link that led there does.
  update(alpha, {{"properties", *parse_json(R"({"aliases":["Late"]})")}});
  update(one, {{"content", "[[A]]"}});
  EXPECT_EQ(relation(), R"(1{"wikiLink":"A"})");
  expect_verified();
}

TEST_F(LinksTest, SayTheLastOfManyTitles) {
  const auto alpha = note("Alpha", "I am [[Alpha]].");
  const auto one = note("One", "[[Alpha]]");
  for (const char* title : {"B", "C", "D"}) {
    ASSERT_TRUE(call("notes.update", input(alpha, {{"title", title}})));
    ASSERT_TRUE(call("notes.update", input(one, {{"tags", Json::array().push_back(title)}})));
  }
  wait_until_idle();
  wait_for_renewals();
  EXPECT_EQ(text_of(one), "[[D]]");
  EXPECT_EQ(text_of(alpha), "I am [[D]].");
  EXPECT_EQ(mentions(alpha), "One");
  expect_verified();
}

TEST_F(LinksTest, KeepWhatLeadsToTheirNoteAllTheSame) {
  const auto origin = [](const std::string& path) {
    return Json::Object{
        {"origin", Json::object({{"path", path}, {"checksum", std::string(64, 'a')}})}};
  };
  auto more = origin("/n/Alpha.md");
  more.emplace_back("properties", *parse_json(R"({"aliases":["Al"]})"));
  const auto alpha = note("Alpha", "text", std::move(more));
  const auto one = note("One", "[[Alpha]]");
  const auto two = note("Two", "[[n/Alpha]]");
  const auto three = note("Three", "[[Al]]");
  update(alpha, {{"title", "Gamma"}});
  EXPECT_EQ(text_of(one) + text_of(two) + text_of(three), "[[Alpha]][[n/Alpha]][[Al]]");
  EXPECT_EQ(renewed(), R"({"changed":0})");
  EXPECT_EQ(mentions(alpha), "Three Two One");
  // Files say what they say.
  const auto b = note("B");
  const auto four = note("Four", "[[B]]");
  auto file = origin("/n/X.md");
  file.emplace_back("title", "C");
  update(b, std::move(file));
  EXPECT_EQ(text_of(four), "[[B]]");
  EXPECT_EQ(events_of("note.links.outdated"), 1U);
}

TEST_F(LinksTest, StayWhereTheNewTitleCannotBeSaid) {
  note("Gamma");
  const auto alpha = note("Alpha");
  const auto one = note("One", "[[Alpha]]");
  update(alpha, {{"title", "Gamma"}});
  EXPECT_EQ(renewed(), R"({"changed":0,"left":1})");
  update(alpha, {{"title", "a|b"}});
  EXPECT_EQ(text_of(one), "[[Alpha]]");
  EXPECT_EQ(mentions(alpha), "One");
  // As soon as it can be.
  const auto first = note("Delta", "[[a|b]] [[Alpha]]");
  update(alpha, {{"title", "Alpha"}});
  update(alpha, {{"title", "Omega"}});
  EXPECT_EQ(text_of(one), "[[Omega]]");
  EXPECT_EQ(mentions(alpha), "Delta One");
}

TEST_F(LinksTest, StayWhereTheTextSaysTheNewTitleOfAnotherNote) {
  const auto beta = note("Beta", "text", {{"properties", *parse_json(R"({"aliases":["Gamma"]})")}});
  const auto alpha = note("Alpha", "[[Alpha]] [[Gamma]]");
  const auto one = note("One", "[[Alpha]] [[Gamma]]");
  const auto two = note("Two", "[[Alpha]]");
  update(alpha, {{"title", "Gamma"}});
  EXPECT_EQ(renewed(), R"({"changed":1,"left":2})");
  EXPECT_EQ(text_of(one) + text_of(alpha) + text_of(two),
            "[[Alpha]] [[Gamma]][[Alpha]] [[Gamma]][[Gamma]]");
  EXPECT_EQ(mentions(alpha) + "/" + mentions(beta), "Two One/One Gamma");
  // Two that swap their titles.
  const auto here = note("Here");
  const auto there = note("There");
  const auto three = note("Three", "[[Here]] [[There]]");
  update(here, {{"title", "There"}});
  update(there, {{"title", "Here"}});
  EXPECT_EQ(text_of(three), "[[Here]] [[There]]");
  EXPECT_EQ(mentions(here) + "/" + mentions(there), "Three/Three");
  expect_verified();
}

TEST_F(LinksTest, AreAskedOnceToSayWhatTheirTextCannot) {
  const auto alpha = note("Alpha");
  const auto one = note("One", "[[Alpha]] a ` b");
  update(alpha, {{"title", "x`y"}});
  EXPECT_EQ(renewed(), R"({"changed":0,"left":1})");
  EXPECT_EQ(text_of(one), "[[Alpha]] a ` b");
  EXPECT_EQ(call("notes.get", input(one))->find("version")->dump(), "2");
}

// The title of a note that follows from a text with links changes with them, and that is the end.
TEST_F(LinksTest, InATitleThatFollowsFromTheTextComeToAnEnd) {
  const auto alpha = note("Alpha");
  const auto made =
      call("notes.create", Json::object({{"content", "See [[Alpha]], [[See Alpha]]"}}));
  wait_until_idle();
  const auto one = made->find("entityId")->as_string();
  note("Two", "[[" + std::string("See [[Alpha]], [[See Alpha]]") + "]]");
  update(alpha, {{"title", "Gamma"}});
  EXPECT_EQ(call("notes.get", input(one))->string_or("title", ""), "See [[Gamma]], [[See Alpha]]");
  EXPECT_EQ(mentions(alpha), "Two See [[Gamma]], [[See Alpha]]");
}

TEST_F(LinksTest, OfManyNotesSayTheNewTitle) {
  constexpr int kMany = 60;  // more than one commit asks for
  const auto hub = note("Hub");
  for (int i = 0; i < kMany; ++i) {
    ASSERT_TRUE(
        call("notes.create", Json::object({{"title", std::to_string(i)}, {"content", "[[Hub]]"}})));
  }
  wait_until_idle();
  update(hub, {{"title", "Centre"}});
  EXPECT_EQ(renewed(), R"({"changed":60})");
  const auto page = call("notes.backlinks", input(hub, {{"limit", 100}}));
  for (const auto& link : page->find("backlinks")->as_array()) {
    EXPECT_EQ(link.string_or("target", ""), "Centre");
  }
  EXPECT_EQ(page->find("backlinks")->as_array().size(), 60U);
}

// As after an update from a version that did not read tags.
TEST_F(LinksTest, AndTagsOfNotesFromBeforeAreFoundWhenSomebodyAsks) {
  const auto one = note("One", "#garden", {{"tags", Json::array().push_back("x")}});
  note("Two", "none");
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([](db::Tx& tx) {
      tx.run(R"(UPDATE notes_data SET data = '{"title":"One","tags":["x"],"properties":{}}' )"
             "WHERE data LIKE '%garden%'");
    });
  }));
  const auto tags = [&] { return call("notes.get", input(one))->find("tags")->dump(); };
  EXPECT_EQ(tags(), R"(["x"])");
  ASSERT_TRUE(call("notes.findLinks", Json()));
  wait_until_idle();
  EXPECT_EQ(read_by("ann"), R"({"read":2,"found":1,"unreadable":0})");
  EXPECT_EQ(tags(), R"(["x","garden"])");
  EXPECT_EQ(call("notes.get", input(one))->string_or("content", ""), "#garden");
  ASSERT_TRUE(call("notes.findLinks", Json()));
  wait_until_idle();
  EXPECT_EQ(read_by("ann"), R"({"read":2,"found":0,"unreadable":0})");
}

// As after an update from a version that did not read aliases: the names are there, since their
// table is filled from the log, and the relations are not.
TEST_F(LinksTest, ToAliasesFromBeforeAreFoundWhenSomebodyAsks) {
  const auto alpha =
      note("Alpha", "text", {{"properties", *parse_json(R"({"aliases":["Beta"]})")}});
  const auto write = [&](const char* sql) {
    ASSERT_TRUE(
        test::run(executor, [&] { return database->write([&](db::Tx& tx) { tx.run(sql); }); }));
  };
  write("UPDATE note_names_data SET key = 'not ' || key");
  note("One", "[[Beta]]");
  EXPECT_EQ(count(), 0);
  write("UPDATE note_names_data SET key = substr(key, 5) WHERE key LIKE 'not %'");
  ASSERT_TRUE(call("notes.findLinks", Json()));
  wait_until_idle();
  EXPECT_EQ(read_by("ann"), R"({"read":2,"found":1,"unreadable":0})");
  EXPECT_EQ(mentions(alpha), "One");
  ASSERT_TRUE(call("notes.findLinks", Json()));
  wait_until_idle();
  EXPECT_EQ(read_by("ann"), R"({"read":2,"found":0,"unreadable":0})");
}

// A relation has so many names that it does not say them all.
TEST_F(LinksTest, ByVeryManyNamesAreNotFoundAgain) {
  Json aliases = Json::array();
  std::string text;
  for (std::size_t i = 0; i < links::kOtherLinksMax + 3; ++i) {
    aliases.push_back("a" + std::to_string(i));
    text += "[[a" + std::to_string(i) + "]] ";
  }
  const auto alpha =
      note("Alpha", "text", {{"properties", Json::object({{"aliases", std::move(aliases)}})}});
  note("One", text);
  EXPECT_EQ(mentions(alpha), "One");
  ASSERT_TRUE(call("notes.findLinks", Json()));
  wait_until_idle();
  EXPECT_EQ(read_by("ann"), R"({"read":2,"found":0,"unreadable":0})");
}

// As after an update from a version that did not read links.
TEST_F(LinksTest, OfNotesFromBeforeAreFoundWhenSomebodyAsks) {
  const auto other = note("Other");
  const auto one = note("One", "It is in [[Other]].");
  note("Two", "[[Other]]");
  note("Three", "none");
  note("His", "[[Other]]", {}, "bob");
  const auto find = [&](const std::string& user = "ann") {
    const auto asked = call("notes.findLinks", Json(), user);
    SYNAP_CHECK(asked.has_value(), asked ? "" : asked.error().message);
    wait_until_idle();
    const Json which = Json::object({{"requestId", asked->string_or("requestId", "")}});
    EXPECT_EQ(call("requests.get", which, user)->string_or("status", ""), "completed");
    return read_by(user);
  };
  EXPECT_EQ(find(), R"({"read":4,"found":0,"unreadable":0})");
  EXPECT_EQ(events_of("note.links.found"), 2U);

  for (const auto& relation :
       call("relations.list", Json::object())->find("relations")->as_array()) {
    ASSERT_TRUE(done("relations.delete", input(relation.find("id")->as_string())));
  }
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([](db::Tx& tx) { tx.run("DELETE FROM note_links_data"); });
  }));
  EXPECT_EQ(mentions(other), "");
  EXPECT_EQ(find(), R"({"read":4,"found":2,"unreadable":0})");
  EXPECT_EQ(mentions(other), "Two One");
  EXPECT_EQ(call("notes.backlinks", input(other))
                ->find("backlinks")
                ->as_array()[1]
                .string_or("around", ""),
            "It is in Other.");
  EXPECT_EQ(count("bob"), 0);
  // Nothing twice.
  EXPECT_EQ(find(), R"({"read":4,"found":0,"unreadable":0})");
  EXPECT_EQ(events_of("note.links.found"), 4U);
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(find("bob"), R"({"read":1,"found":1,"unreadable":0})");
  EXPECT_EQ(call("notes.get", input(one))->find("version")->as_integer(), 1);
  expect_verified();
}

TEST_F(LinksTest, OfNotesWhoseTextIsGoneAreCountedAsUnreadable) {
  const auto gone = Uuid::parse(note("Gone", "[[Other]]")).value_or(Uuid{});
  note("Other");
  const auto file = test::run(executor, [&] {
    return database->read([&](db::Tx& tx) {
      auto rows = tx.query("SELECT file_path FROM notes_data WHERE id = $1", gone);
      return rows.next() ? rows.text(0) : std::string();
    });
  });
  ASSERT_TRUE(file);
  auto key = content::ContentKey::parse(*file);
  ASSERT_TRUE(key);
  ASSERT_TRUE(sync_wait(executor, content->remove(*std::move(key))));
  ASSERT_TRUE(call("notes.findLinks", Json()));
  wait_until_idle();
  EXPECT_EQ(read_by("ann"), R"({"read":2,"found":0,"unreadable":1})");
  EXPECT_EQ(count(), 1);
}

class BriefReading : public LinksTest {
 protected:
  BriefReading() : LinksTest(1) {}
};

// More than a commit, which is a run here: another one goes on.
TEST_F(BriefReading, OfManyNotesFromBeforeAreFoundByRunsInARow) {
  constexpr int kNotes = 120;
  const auto other = note("Other");
  for (int i = 1; i < kNotes; ++i) {
    const auto text = i % 10 == 0 ? "[[Other]]" : "none";
    ASSERT_TRUE(call("notes.create", Json::object({{"title", "n"}, {"content", text}})));
  }
  wait_until_idle();
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([](db::Tx& tx) { tx.run("DELETE FROM note_links_data"); });
  }));
  const auto asked = call("notes.findLinks", Json());
  ASSERT_TRUE(asked);
  wait_until_idle();
  EXPECT_EQ(read_by("ann"), R"({"read":120,"found":11,"unreadable":0})");
  EXPECT_EQ(events_of("note.link_reading.requested"), 3U);
  EXPECT_EQ(events_of("note.links.found"), 22U);
  // The relations were there, and are not made again.
  EXPECT_EQ(count(), 11);
  expect_verified();
}

TEST_F(BriefReading, OfManyNotesSayTheNewTitleByRunsInARow) {
  constexpr int kMany = 120;  // more than two commits ask for
  const auto hub = note("Hub", "I am [[Hub]].");
  for (int i = 0; i < kMany; ++i) {
    ASSERT_TRUE(call("notes.create", Json::object({{"content", "[[Hub]] and " + std::to_string(i)},
                                                   {"title", std::to_string(i)}})));
  }
  wait_until_idle();
  ASSERT_TRUE(done("notes.update", input(hub, {{"title", "Centre"}})));
  ASSERT_TRUE(test::wait_until(executor, database->commits(),
                               [this] { return events_of("note.links.renewed") == 1U; }));
  EXPECT_GT(events_of("note.links.outdated"), 1U);
  EXPECT_EQ(renewed(), R"({"changed":121})");
  wait_until_idle();
  const auto page = call("notes.backlinks", input(hub, {{"limit", 100}}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->find("backlinks")->as_array().size(), 100U);
  EXPECT_EQ(count(), 120);
  for (const auto& link : page->find("backlinks")->as_array()) {
    EXPECT_EQ(link.string_or("target", ""), "Centre");
  }
  EXPECT_EQ(text_of(hub), "I am [[Centre]].");
}

TEST_F(LinksTest, OfTextsTooLongForAnEventAreFoundAsWell) {
  const auto other = note("Other");
  note("Long", "[[Other]]\n" + std::string(100'000, 'x'));
  EXPECT_EQ(mentions(other), "Long");
}

TEST_F(LinksTest, AreToldOfANoteWhoseRowIsDamaged) {
  const auto other = note("Other");
  const auto row = Uuid::parse(note("One", "[[Other]]")).value_or(Uuid{});
  note("Two", "[[Other]]");
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      tx.run("UPDATE notes_data SET data = $2 WHERE id = $1", row, "{\"title\":");
    });
  }));
  EXPECT_EQ(mentions(other), "Two ");
}

TEST_F(LinksTest, ToNothingWaitForANoteOfThatName) {
  note("One", "[[Other]]");
  const auto two = note("Two", "[[other]] [[Nobody]]");
  EXPECT_EQ(count(), 0);
  const auto other = note("Other");
  EXPECT_EQ(mentions(other), "Two One");
  const auto renamed = note("Somebody");
  EXPECT_EQ(mentions(renamed), "");
  update(renamed, {{"title", "Nobody"}});
  EXPECT_EQ(mentions(renamed), "Two");
  expect_verified();
}

TEST_F(LinksTest, StandWhateverTheNotesAreCalledByNow) {
  const auto other = note("Other");
  const auto one = note("One", "[[Other]]");
  // By an import, which changes no other text.
  const auto file = Json::object({{"path", "/n/x.md"}, {"checksum", std::string(64, 'a')}});
  update(other, {{"title", "New"}, {"origin", file}});
  EXPECT_EQ(mentions(other), "One");
  const auto second = note("Other");
  update(one, {{"content", "Still [[Other]], and [[New]]"}});
  EXPECT_EQ(mentions(other), "One");
  EXPECT_EQ(mentions(second), "");
  EXPECT_EQ(count(), 1);
}

TEST_F(LinksTest, OfWhatIsDeletedGoOnToTheNextOfThatName) {
  const auto first = note("Other");
  const auto second = note("Other");
  note("One", "[[Other]]");
  EXPECT_EQ(mentions(first) + "/" + mentions(second), "One/");
  remove(first);
  EXPECT_EQ(mentions(second), "One");
  remove(second);
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(mentions(note("other")), "One");
  expect_verified();
}

TEST_F(LinksTest, LeaveAloneWhatWasMadeByHand) {
  const auto other = note("Other");
  const auto one = note("One", "[[Other]]");
  const auto by_hand = [&](const Json& properties) {
    return *call("relations.create", Json::object({{"fromId", other},
                                                   {"toId", one},
                                                   {"type", "mentioned_in"},
                                                   {"properties", properties}}));
  };
  by_hand(Json::object());
  by_hand(Json::object({{"wikiLink", "Other"}}));
  EXPECT_EQ(count(), 3);
  update(one, {{"content", "none"}});
  EXPECT_EQ(count(), 2);
  update(one, {{"content", "again [[Other]]"}});
  EXPECT_EQ(count(), 2) << "one stands for it";
}

TEST_F(LinksTest, OfImportedNotesGoByTheirFiles) {
  const auto imported = [&](const std::string& path, const std::string& title) {
    return note(title, "text",
                {{"origin", Json::object({{"path", path}, {"checksum", std::string(64, 'a')}})}});
  };
  const auto deep = imported("/v/a/b/Other.md", "First");
  const auto near = imported("/v/a/Other.md", "Second");
  const auto titled = note("Other");
  note("One", "[[Other]]");
  EXPECT_EQ(mentions(near), "One") << "the shortest path";
  note("Two", "[[b/Other]]");
  EXPECT_EQ(mentions(deep), "Two") << "the end of the path";
  note("Three", "[[c/Other]] [[her]]");
  note("Four", "[[Second]]");
  EXPECT_EQ(mentions(near), "Four One") << "or the title";
  EXPECT_EQ(mentions(titled), "");
  note("Five", "[[../b/Other]]");
  note("Six", "[[.././b/Other|words]] [[../nothing]]");
  EXPECT_EQ(mentions(deep), "Six Five Two") << "as Obsidian writes relative links";
  EXPECT_EQ(count(), 5);
}

TEST_F(LinksTest, PreferWhatIsWrittenToOtherCapitals) {
  const auto small = note("größe");
  const auto capital = note("Größe");
  note("One", "[[Größe]]");
  note("Two", "[[GRÖSSE]] [[GRÖßE]]");
  EXPECT_EQ(mentions(capital) + "/" + mentions(small), "One/Two");
}

TEST_F(LinksTest, LeadToOthersAlone) {
  const auto one = note("One", "[[One]] [[Other]]");
  EXPECT_EQ(count(), 0);
  note("Other", "bob's", {}, "bob");
  EXPECT_EQ(count(), 0);
  const auto bobs = note("Two", "[[One]]", {}, "bob");
  EXPECT_EQ(count("bob"), 0);
  EXPECT_EQ(mentions(one, "bob"), "There is no such note of yours");
  EXPECT_EQ(mentions(bobs, "bob"), "");
}

TEST_F(LinksTest, CostNotesWithoutAnyNothing) {
  note("One", "text");
  const auto two = note("Two", "[[Three]]");
  EXPECT_EQ(events_of("note.links.found"), 1U);
  update(two, {{"content", "[[Three]]"}, {"tags", Json::Array{Json("x")}}});
  EXPECT_EQ(events_of("note.links.found"), 1U) << "they are what they were";
  note("Four");
  EXPECT_EQ(events_of("note.name.awaited"), 0U);
  note("Three");
  EXPECT_EQ(events_of("note.name.awaited"), 1U);
}

TEST_F(LinksTest, OfManyNotesAreMadeInParts) {
  constexpr int kMany = 120;  // more than one commit makes
  std::string text;
  for (int i = 0; i < kMany; ++i) {
    const auto title = "n" + std::to_string(i);
    ASSERT_TRUE(call("notes.create", Json::object({{"title", title}, {"content", "[[Hub]]"}})));
    text += "[[" + title + "]] ";
  }
  wait_until_idle();
  const auto hub = note("Hub", text);
  EXPECT_EQ(count(), 2 * kMany);
  const auto page = call("notes.backlinks", input(hub, {{"limit", 100}}));
  ASSERT_EQ(page->find("backlinks")->as_array().size(), 100U);
  const auto rest =
      call("notes.backlinks", input(hub, {{"limit", 100}, {"cursor", *page->find("nextCursor")}}));
  EXPECT_EQ(rest->find("backlinks")->as_array().size(), 20U);
  EXPECT_EQ(rest->find("nextCursor"), nullptr);
  update(hub, {{"content", "none"}});
  EXPECT_EQ(count(), kMany);
  expect_verified();
}

}  // namespace
}  // namespace synap::features
