#include "features/relations/relations.h"

#include <gtest/gtest.h>

#include "features/feature_test.h"
#include "features/notes/notes.h"
#include "features/requests/requests.h"

namespace synap::features {

namespace projects {
void add(const Rooms& rooms);
}
namespace tasks {
void add(const Rooms& rooms);
}

namespace {

class RelationsTest : public FeatureTest {
 protected:
  RelationsTest()
      : FeatureTest([](const Rooms& rooms) {
          requests::add(rooms);
          notes::add(rooms);
          projects::add(rooms);
          tasks::add(rooms);
          relations::add(rooms);
        }) {}

  std::string make(std::string_view noun, const std::string& title,
                   const std::string& user = "ann") {
    Json asked = Json::object({{"title", title}});
    if (noun == "notes") asked.set("content", "text");
    const auto made = call(std::string(noun) + ".create", asked, user);
    SYNAP_CHECK(made.has_value(), made ? "" : made.error().message);
    wait_until_idle();
    return made->find("entityId")->as_string();
  }
  Result<Json> try_relate(const std::string& from, const std::string& to, Json::Object more = {},
                          const std::string& user = "ann") {
    Json asked = Json::object({{"fromId", from}, {"toId", to}, {"type", "part_of"}});
    for (auto& [key, value] : more) asked.set(key, std::move(value));
    return call("relations.create", asked, user);
  }
  std::string relate(const std::string& from, const std::string& to, Json::Object more = {}) {
    const auto made = try_relate(from, to, std::move(more));
    SYNAP_CHECK(made.has_value(), made ? "" : made.error().message);
    return made->find("entityId")->as_string();
  }
  std::string refusal(const Result<Json>& answer) {
    return answer ? "none"
                  : std::string(info(answer.error().code).name) + " " + answer.error().message;
  }
  /// "title@depth" of each thing, and how many relations.
  std::string around(const std::string& id, Json::Object more = {},
                     const std::string& user = "ann") {
    Json asked = Json::object({{"id", id}});
    for (auto& [key, value] : more) asked.set(key, std::move(value));
    const auto found = call("relations.neighbours", asked, user);
    if (!found) return refusal(found);
    std::string text;
    for (const auto& thing : found->find("things")->as_array()) {
      text += thing.find("title")->as_string() + "@" + thing.find("depth")->dump() + " ";
    }
    text += std::to_string(found->find("relations")->as_array().size());
    return text + (found->find("isCut")->as_bool() ? " cut" : "");
  }
  std::int64_t count(const std::string& user = "ann") {
    return call("relations.list", Json::object(), user)->find("total")->as_integer();
  }
};

TEST_F(RelationsTest, LeadFromThingsOfAnyNounToOthers) {
  const auto note = make("notes", "n");
  const auto task = make("tasks", "t");
  const auto project = make("projects", "p");
  relate(task, project);
  relate(note, task, {{"type", "mentioned_in"}, {"properties", Json::object({{"line", 3}})}});
  EXPECT_EQ(around(task), "t@0 p@1 n@1 2");
  EXPECT_EQ(around(task, {{"direction", "out"}}), "t@0 p@1 1");
  EXPECT_EQ(around(task, {{"direction", "in"}}), "t@0 n@1 1");
  EXPECT_EQ(around(note), "n@0 t@1 1");
  EXPECT_EQ(around(note, {{"depth", 2}}), "n@0 t@1 p@2 2");
  EXPECT_EQ(around(note, {{"depth", 2}, {"types", Json(Json::Array{"part_of"})}}), "n@0 0");
  const auto to = *call("relations.list", Json::object({{"toId", task}}));
  EXPECT_EQ(to.find("total")->as_integer(), 1);
  EXPECT_EQ(to.find("relations")->as_array()[0].find("properties")->dump(), R"({"line":3})");
}

TEST_F(RelationsTest, AWalkEndsWhereItHasBeen) {
  const auto a = make("tasks", "a");
  const auto b = make("tasks", "b");
  const auto c = make("tasks", "c");
  relate(a, b);
  relate(b, c);
  relate(c, a);
  relate(b, a, {{"type", "contradicts"}});
  EXPECT_EQ(around(a, {{"depth", 3}}), "a@0 b@1 c@1 4");
  EXPECT_EQ(around(a, {{"depth", 3}, {"direction", "out"}}), "a@0 b@1 c@2 4");
}

TEST_F(RelationsTest, AWalkSaysThatThereIsMore) {
  const auto hub = make("tasks", "hub");
  for (const char* title : {"a", "b", "c"}) relate(hub, make("tasks", title));
  EXPECT_EQ(around(hub, {{"limit", 2}}), "hub@0 a@1 b@1 2 cut");
  EXPECT_EQ(around(hub, {{"limit", 3}}), "hub@0 a@1 b@1 c@1 3");
}

TEST_F(RelationsTest, HoldForATime) {
  const auto a = make("tasks", "a");
  const auto b = make("tasks", "b");
  relate(a, b, {{"validFrom", "2020-03-01"}, {"validTo", "2020-03-31"}});
  EXPECT_EQ(around(a), "a@0 b@1 1");
  EXPECT_EQ(around(a, {{"at", "2020-02-29"}}), "a@0 0");
  EXPECT_EQ(around(a, {{"at", "2020-03-31T23:59:59Z"}}), "a@0 b@1 1");
  EXPECT_EQ(around(a, {{"at", "2020-04-01"}}), "a@0 0");
}

TEST_F(RelationsTest, EndNoSoonerThanTheyBegin) {
  const auto a = make("tasks", "a");
  const auto b = make("tasks", "b");
  const auto id = relate(a, b, {{"validFrom", "2026-05-01"}});
  const auto change = [&](Json::Object fields) {
    Json asked = Json::object({{"id", id}});
    for (auto& [name, value] : fields) asked.set(name, std::move(value));
    return refusal(call("relations.update", asked));
  };
  EXPECT_EQ(change({{"validTo", "2020-01-01"}}),
            "BAD_REQUEST validTo: 2020-01-01 is before validFrom, 2026-05-01");
  EXPECT_EQ(change({{"validTo", "2026-05-01T12:00:00Z"}}), "none");
  EXPECT_EQ(change({{"validFrom", "2026-05-01T12:00:00.001Z"}}),
            "BAD_REQUEST validTo: 2026-05-01T12:00:00Z is before validFrom, "
            "2026-05-01T12:00:00.001Z");
  EXPECT_EQ(change({{"validFrom", "2026-05-01T18:00:00Z"}, {"validTo", "2026-05-01"}}), "none");
  EXPECT_EQ(change({{"validTo", Json(nullptr)}, {"validFrom", "2027-01-01"}}), "none");
  // Each of these was right when it was made.
  EXPECT_EQ(change({{"validTo", "2027-01-01"}}), "none");
  EXPECT_EQ(refusal(call("relations.restore", Json::object({{"id", id}, {"version", 2}}))), "none");
  EXPECT_EQ(change({{"validFrom", "2026-05-02"}}),
            "BAD_REQUEST validTo: 2026-05-01T12:00:00Z is before validFrom, 2026-05-02");
}

// As an earlier version let it be.
TEST_F(RelationsTest, ThatEndBeforeTheyBeginAreChangedOtherwise) {
  const auto id = relate(make("tasks", "a"), make("tasks", "b"),
                         {{"validFrom", "2026-05-01"}, {"validTo", "2027-05-01"}});
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([](db::Tx& tx) {
      tx.run("UPDATE relations_data SET data = replace(data, '2027-05-01', '2020-05-01')");
    });
  }));
  const auto change = [&](const char* name, Json value) {
    return refusal(call("relations.update", Json::object({{"id", id}, {name, std::move(value)}})));
  };
  EXPECT_EQ(change("type", "part_of"), "none");
  EXPECT_EQ(change("validTo", "2021-01-01"),
            "BAD_REQUEST validTo: 2021-01-01 is before validFrom, 2026-05-01");
  EXPECT_EQ(change("validTo", "2026-06-01"), "none");
}

TEST_F(RelationsTest, RefusesWhatIsNoRelation) {
  const auto a = make("tasks", "a");
  const auto b = make("tasks", "b");
  const auto relation = relate(a, b);
  const auto bobs = make("tasks", "bob's", "bob");
  EXPECT_EQ(refusal(try_relate(a, a)),
            "BAD_REQUEST toId: it is fromId; a thing has no relation to itself");
  EXPECT_EQ(refusal(try_relate(a, bobs)),
            "NOT_FOUND toId: there is no such thing among your things");
  EXPECT_EQ(refusal(try_relate(relation, b)),
            "NOT_FOUND fromId: there is no such thing among your things");
  EXPECT_EQ(refusal(try_relate(a, b, {{"type", "Part of"}})).substr(0, 36),
            "BAD_REQUEST type: a word of small le");
  EXPECT_EQ(refusal(try_relate(a, b, {{"validFrom", "2020-02-01"}, {"validTo", "2020-01-01"}})),
            "BAD_REQUEST validTo: 2020-01-01 is before validFrom, 2020-02-01");
  EXPECT_EQ(
      refusal(try_relate(a, b, {{"properties", Json::object({{"x", std::string(16'384, 'x')}})}}))
          .substr(0, 35),
      "BAD_REQUEST properties: 16392 bytes");
  EXPECT_EQ(refusal(call("relations.neighbours", Json::object({{"id", bobs}}))),
            "NOT_FOUND There is no such thing of yours");
  EXPECT_EQ(count(), 1);
}

TEST_F(RelationsTest, KeepTheirEnds) {
  const auto a = make("tasks", "a");
  const auto b = make("tasks", "b");
  const auto id = relate(a, b);
  const auto* update = procedures.find("relations.update");
  ASSERT_NE(update, nullptr);
  for (const auto& field : update->input.node().fields) EXPECT_NE(field.name, "toId");
  ASSERT_TRUE(call("relations.update", Json::object({{"id", id}, {"type", "depends_on"}})));
  EXPECT_EQ(around(a, {{"types", Json(Json::Array{"depends_on"})}}), "a@0 b@1 1");
}

TEST_F(RelationsTest, GoWithTheThingsThatTheyConnect) {
  const auto hub = make("notes", "hub");
  constexpr int kMore = 60;  // than go in one commit
  const auto far = make("tasks", "far");
  for (int i = 0; i < kMore; ++i) relate(hub, far, {{"type", "t" + std::to_string(i)}});
  relate(far, hub);
  const auto stays = make("tasks", "stays");
  relate(far, stays);
  ASSERT_TRUE(done("notes.delete", Json::object({{"id", hub}})));
  wait_until_idle();
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(around(far), "far@0 stays@1 1");
  const auto found = sync_wait(executor, projections->verify("relations"));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->is_equal()) << found->first_difference;
}

TEST_F(RelationsTest, LeadPastARowThatIsDamaged) {
  const auto a = make("tasks", "a");
  const auto b = make("tasks", "b");
  relate(a, b);
  relate(b, make("tasks", "c"));
  const auto row = Uuid::parse(b).value_or(Uuid{});
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      tx.run("UPDATE tasks_data SET data = $2 WHERE id = $1", row, "{\"title\":");
    });
  }));
  EXPECT_EQ(around(a, {{"depth", Json(2)}}), "a@0 @1 c@2 2");
}

TEST_F(RelationsTest, AreTheirOwnersAlone) {
  const auto a = make("tasks", "a");
  relate(a, make("tasks", "b"));
  EXPECT_EQ(count("bob"), 0);
  EXPECT_EQ(around(a, {}, "bob"), "NOT_FOUND There is no such thing of yours");
}

}  // namespace
}  // namespace synap::features
