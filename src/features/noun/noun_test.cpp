#include "features/noun/noun.h"

#include <gtest/gtest.h>

#include <regex>

#include "features/events/events.h"
#include "features/feature_test.h"
#include "features/noun/dates.h"
#include "features/requests/requests.h"

namespace synap::features {

namespace projects {
void add(const Rooms& rooms);
}
namespace tasks {
void add(const Rooms& rooms);
}

namespace {

struct Plant {
  std::string name;
  std::int64_t height = 0;
  std::optional<std::string> planted;
  bool is_alive = true;
};
const ObjectSchema<Plant>& describe(Type<Plant>) {
  static const auto schema = object<Plant>("PlantFields")
                                 .field("name", &Plant::name, string().min(1).max(50))
                                 .field_or("height", &Plant::height, integer().min(0), 1)
                                 .field("planted", &Plant::planted, date_schema())
                                 .field_or("isAlive", &Plant::is_alive, boolean(), true);
  return schema;
}

// The same noun after somebody has added a field to it.
struct PlantToday {
  std::string name;
  std::int64_t height = 0;
  std::optional<std::string> planted;
  bool is_alive = true;
  std::string room;
};
const ObjectSchema<PlantToday>& describe(Type<PlantToday>) {
  static const auto schema = object<PlantToday>("PlantFields")
                                 .field("name", &PlantToday::name, string().min(1).max(50))
                                 .field_or("height", &PlantToday::height, integer().min(0), 1)
                                 .field("planted", &PlantToday::planted, date_schema())
                                 .field_or("isAlive", &PlantToday::is_alive, boolean(), true)
                                 .field_or("room", &PlantToday::room, string(), "kitchen");
  return schema;
}

struct Grow {
  std::int64_t by = 0;
};
const ObjectSchema<Grow>& describe(Type<Grow>) {
  static const auto schema = object<Grow>("GrowBy").field("by", &Grow::by, integer().min(1));
  return schema;
}

void add_plants(const Rooms& rooms, bool is_today) {
  requests::add(rooms);
  NounOptions options{
      .name = "plant", .plural = "plants", .indexed = {"height", "planted", "isAlive"}};
  if (is_today) {
    options.indexed.emplace_back("room");
    Noun<PlantToday> plants(rooms, options);
    return;
  }
  Noun<Plant> plants(rooms, options);
  plants.add_change<Grow>({.procedure = "grow",
                           .action = "growing",
                           .summary = "Let it grow.",
                           .effects = rpc::Effects::kAppends},
                          [](Plant plant, const Grow& grow) -> Result<Plant> {
                            if (!plant.is_alive) {
                              return fail(Code::kConflict, "Only what lives grows");
                            }
                            plant.height += grow.by;
                            return plant;
                          });
}

class Nouns : public FeatureTest {
 protected:
  Nouns() : FeatureTest([](const Rooms& rooms) { add_plants(rooms, today); }) {}

  std::string make(const std::string& name, Json::Object more = {}) {
    Json asked = Json::object({{"name", name}});
    for (auto& [key, value] : more) asked.set(key, std::move(value));
    const auto made = call("plants.create", asked);
    SYNAP_CHECK(made.has_value(), made ? "" : made.error().message);
    return made->find("entityId")->as_string();
  }
  Json get(const std::string& id) { return *call("plants.get", input(id)); }
  std::string text(const std::string& id, std::string_view key) {
    const auto plant = get(id);
    const Json* value = plant.find(key);
    return value != nullptr ? value->dump() : "-";
  }
  /// The names that a list shows, and its total.
  std::string list(Json asked = Json::object(), const std::string& user = "ann") {
    const auto page = call("plants.list", std::move(asked), user);
    if (!page) return page.error().message;
    std::string names;
    for (const auto& plant : page->find("plants")->as_array()) {
      names += plant.find("name")->as_string() + " ";
    }
    return names + "of " + page->find("total")->dump();
  }
  void expect_verified(const std::string& name) {
    const auto found = sync_wait(executor, projections->verify(name));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->is_equal()) << found->first_difference;
  }

  static inline bool today = false;
};

TEST_F(Nouns, ACommandIsDoneWhenItHasAnswered) {
  const auto made = *call("plants.create", Json::object({{"name", "fern"}}));
  EXPECT_EQ(made.find("status")->as_string(), "completed");
  EXPECT_EQ(made.find("version")->as_integer(), 1);
  const auto id = made.find("entityId")->as_string();
  const auto plant = get(id);
  EXPECT_EQ(plant.find("id")->as_string(), id);
  EXPECT_EQ(plant.find("name")->as_string(), "fern");
  EXPECT_EQ(plant.find("height")->as_integer(), 1);
  EXPECT_EQ(plant.find("planted"), nullptr);
  EXPECT_EQ(list(), "fern of 1");
  // Both events in one commit, and no run.
  EXPECT_EQ((*sync_wait(executor, log->at(1)))->type, "plant.creation.requested");
  const auto completed = *sync_wait(executor, log->at(2));
  EXPECT_EQ(completed->type, "plant.creation.completed");
  EXPECT_EQ(completed->causation_id, (*sync_wait(executor, log->at(1)))->id);
  EXPECT_EQ(completed->data,
            R"({"entityId":")" + id + R"(","version":1,"name":"fern","height":1,"isAlive":true})");
  EXPECT_EQ(status(made), "completed");
}

TEST_F(Nouns, AnUpdateChangesWhatIsGivenAndNullTakesAway) {
  const auto id = make("fern", {{"planted", "2026-01-31"}, {"height", 5}});
  ASSERT_TRUE(call("plants.update", input(id, {{"height", 6}})));
  EXPECT_EQ(text(id, "planted"), "\"2026-01-31\"");
  EXPECT_EQ(text(id, "height"), "6");
  ASSERT_TRUE(call("plants.update", input(id, {{"planted", nullptr}, {"name", "moss"}})));
  EXPECT_EQ(text(id, "planted"), "-");
  EXPECT_EQ(text(id, "name"), "\"moss\"");
  EXPECT_EQ(text(id, "version"), "3");
  EXPECT_EQ(call("plants.update", input(id)).error().code, Code::kBadRequest);
  EXPECT_EQ(call("plants.update", input(id, {{"height", nullptr}})).error().code,
            Code::kBadRequest);
  EXPECT_EQ(call("plants.update", input(id, {{"height", -1}})).error().code, Code::kBadRequest);
}

TEST_F(Nouns, AChangeOfItsOwnDecidesOnWhatTheThingIs) {
  const auto id = make("fern", {{"height", 5}});
  const auto grown = *call("plants.grow", input(id, {{"by", 3}}));
  EXPECT_EQ(grown.find("version")->as_integer(), 2);
  EXPECT_EQ(text(id, "height"), "8");
  ASSERT_TRUE(call("plants.update", input(id, {{"isAlive", false}})));
  const auto refused = call("plants.grow", input(id, {{"by", 3}}));
  EXPECT_EQ(refused.error().message, "Only what lives grows");
  EXPECT_EQ(text(id, "height"), "8");
  EXPECT_EQ((*sync_wait(executor, log->at(4)))->type, "plant.growing.completed");
}

TEST_F(Nouns, ConcurrentChangesAllHappenOneAfterAnother) {
  const auto id = make("fern", {{"height", 0}});
  const auto* grow = procedures.find("plants.grow");
  test::Started<Result<rpc::Reply>> calls(executor);
  for (int i = 0; i < 16; ++i) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    calls.add(grow->handler({.context = context, .input = {.json = input(id, {{"by", 1}})}}));
  }
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  EXPECT_EQ(text(id, "height"), "16");
  EXPECT_EQ(text(id, "version"), "17");
}

TEST_F(Nouns, AStaleExpectedVersionIsToldTheActualOne) {
  const auto id = make("fern");
  ASSERT_TRUE(call("plants.grow", input(id, {{"by", 1}, {"expectedVersion", 1}})));
  for (const char* path : {"plants.update", "plants.grow", "plants.delete", "plants.restore"}) {
    const auto refused =
        call(path, input(id, {{"name", "x"}, {"by", 1}, {"version", 1}, {"expectedVersion", 1}}));
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, Code::kConflict) << path;
    EXPECT_EQ(actual_version(refused.error()), 2) << path;
  }
  EXPECT_EQ(log->end().value(), 4);
}

TEST_F(Nouns, ARepeatIsAnsweredAsTheFirstAlsoWhenTheThingIsGone) {
  const auto create = Json::object({{"name", "fern"}, {"idempotencyKey", "k1"}});
  const auto first = *call("plants.create", create);
  EXPECT_EQ(*call("plants.create", create), first);
  EXPECT_EQ(list(), "fern of 1");
  EXPECT_EQ(call("plants.create", Json::object({{"name", "moss"}, {"idempotencyKey", "k1"}}))
                .error()
                .code,
            Code::kConflict);
  const auto id = first.find("entityId")->as_string();
  const auto grow = input(id, {{"by", 2}, {"idempotencyKey", "k2"}, {"expectedVersion", 1}});
  const auto grown = *call("plants.grow", grow);
  const auto remove = input(id, {{"idempotencyKey", "k3"}});
  const auto removed = *call("plants.delete", remove);
  EXPECT_EQ(*call("plants.grow", grow), grown);
  EXPECT_EQ(*call("plants.delete", remove), removed);
  EXPECT_EQ(call("plants.delete", input(id)).error().code, Code::kNotFound);
  EXPECT_EQ(call("plants.delete", input(id, {{"idempotencyKey", "k4"}})).error().code,
            Code::kNotFound);
}

TEST_F(Nouns, ARepeatIsAnsweredAsTheFirstAlsoWhenItCouldNotBeDoneNow) {
  const auto id = make("fern", {{"height", 0}});
  ASSERT_TRUE(call("plants.update", input(id, {{"height", 5}})));
  const auto restore = input(id, {{"version", 1}, {"idempotencyKey", "k1"}});
  const auto restored = *call("plants.restore", restore);
  const auto grow = input(id, {{"by", 2}, {"idempotencyKey", "k2"}});
  const auto grown = *call("plants.grow", grow);
  ASSERT_TRUE(call("plants.update", input(id, {{"isAlive", false}})));
  EXPECT_EQ(*call("plants.grow", grow), grown);
  EXPECT_EQ(call("plants.grow", input(id, {{"by", 2}})).error().code, Code::kConflict);
  ASSERT_TRUE(call("plants.delete", input(id)));
  EXPECT_EQ(*call("plants.restore", restore), restored);
  EXPECT_EQ(
      call("plants.restore", input(id, {{"version", 1}, {"idempotencyKey", "k3"}})).error().code,
      Code::kNotFound);
}

TEST_F(Nouns, HistoryShowsEveryVersionAndRestoreBringsOneBack) {
  const auto id = make("fern", {{"planted", "2026-01-31"}});
  ASSERT_TRUE(call("plants.update", input(id, {{"planted", nullptr}, {"height", 9}})));
  const auto history = *call("plants.history", input(id));
  const auto& versions = history.find("versions")->as_array();
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].find("height")->as_integer(), 9);
  EXPECT_EQ(versions[1].find("planted")->as_string(), "2026-01-31");
  EXPECT_EQ(versions[1].find("source")->as_string(), "api");
  EXPECT_EQ(call("plants.get", input(id, {{"version", 1}}))->find("height")->as_integer(), 1);
  ASSERT_TRUE(call("plants.restore", input(id, {{"version", 1}})));
  EXPECT_EQ(text(id, "version"), "3");
  EXPECT_EQ(text(id, "height"), "1");
  EXPECT_EQ(text(id, "planted"), "\"2026-01-31\"");
  EXPECT_EQ(call("plants.restore", input(id, {{"version", 7}})).error().code, Code::kNotFound);
  EXPECT_EQ(call("plants.history", input(id), "bob").error().code, Code::kNotFound);
}

TEST_F(Nouns, HistorySaysWhoAskedForEachVersionAndWhy) {
  reason = "it is spring";
  const auto id = make("fern");
  reason.clear();
  const auto agent = [&](Json asked) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    api::Actor actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    actor.recorded = {events::Actor::Kind::kAgent, "chat", "ann"};
    actor.source = events::Source::kAgent;
    context->actor = std::move(actor);
    rpc::Call request{.context = context, .input = {.json = std::move(asked)}};
    return sync_wait(executor, procedures.find("plants.update")->handler(std::move(request)));
  };
  ASSERT_TRUE(agent(input(id, {{"height", 9}})));
  const auto history = *call("plants.history", input(id));
  const auto& versions = history.find("versions")->as_array();
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].find("actor")->dump(),
            R"({"kind":"agent","id":"chat","onBehalfOf":"ann"})");
  EXPECT_EQ(versions[0].find("reason"), nullptr);
  EXPECT_EQ(versions[1].find("actor")->dump(), R"({"kind":"key","id":"key"})");
  EXPECT_EQ(versions[1].string_or("reason", ""), "it is spring");
  const auto event =
      sync_wait(executor, log->find(events::Tenancy::of_user("ann"),
                                    *Uuid::parse(versions[1].string_or("eventId", ""))));
  ASSERT_TRUE(event);
  EXPECT_EQ((*event)->type, "plant.creation.requested");
  EXPECT_EQ((*event)->request_id->to_string(), versions[1].string_or("requestId", ""));
}

TEST_F(Nouns, TheHistoryOfNothingIsNotFoundOnEveryPage) {
  const auto id = make("fern");
  EXPECT_EQ(call("plants.history", input(id, {{"before", 1}}))->dump(), R"({"versions":[]})");
  EXPECT_EQ(call("plants.history", input(id, {{"before", 2}}), "bob").error().code,
            Code::kNotFound);
  ASSERT_TRUE(call("plants.delete", input(id)));
  for (Json::Object page : {Json::Object{}, {{"before", 2}}, {{"before", 1}}}) {
    const auto gone = call("plants.history", input(id, std::move(page)));
    ASSERT_FALSE(gone) << gone->dump();
    EXPECT_EQ(gone.error().code, Code::kNotFound);
  }
}

TEST_F(Nouns, AnothersThingDoesNotExist) {
  const auto id = make("fern");
  for (const char* path :
       {"plants.get", "plants.update", "plants.delete", "plants.grow", "plants.restore"}) {
    const auto refused = call(path, input(id, {{"name", "x"}, {"by", 1}, {"version", 1}}), "bob");
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, Code::kNotFound) << path;
  }
  EXPECT_EQ(list(Json::object(), "bob"), "of 0");
}

TEST_F(Nouns, ListsAreFilteredAndSortedByIndexedFields) {
  make("a", {{"height", 3}, {"planted", "2026-03-01"}});
  make("b", {{"height", 1}, {"isAlive", false}});
  make("c", {{"height", 2}, {"planted", "2026-01-01"}});
  make("d", {{"height", 2}, {"planted", "2026-02-01T08:00:00Z"}, {"isAlive", false}});
  EXPECT_EQ(list(), "d c b a of 4");
  EXPECT_EQ(list(Json::object({{"sort", "createdAt"}})), "a b c d of 4");
  EXPECT_EQ(list(Json::object({{"sort", "height"}})), "b c d a of 4");
  EXPECT_EQ(list(Json::object({{"sort", "-height"}})), "a d c b of 4");
  EXPECT_EQ(list(Json::object({{"sort", "planted"}})), "b c d a of 4");
  EXPECT_EQ(list(Json::object({{"height", 2}})), "d c of 2");
  EXPECT_EQ(list(Json::object({{"height", 2}, {"isAlive", false}})), "d of 1");
  EXPECT_EQ(list(Json::object({{"isAlive", false}, {"sort", "height"}})), "b d of 2");
  EXPECT_EQ(list(Json::object({{"heightFrom", 2}, {"heightTo", 2}})), "d c of 2");
  EXPECT_EQ(list(Json::object({{"plantedFrom", "2026-01-15"}, {"plantedTo", "2026-02-28"}})),
            "d of 1");
  EXPECT_EQ(call("plants.list", Json::object({{"sort", "name"}})).error().code, Code::kBadRequest);
  EXPECT_EQ(call("plants.list", Json::object({{"cursor", "x"}})).error().code, Code::kBadRequest);
}

TEST_F(Nouns, ATotalWhoseFollowerIsBehindSaysThatItIsStale) {
  const auto mark = [this](Json asked, const std::string& user = "ann") {
    const auto page = *call("plants.list", std::move(asked), user);
    return page.find("totalIsStale") != nullptr && page.find("totalIsStale")->as_bool();
  };
  make("fern");
  EXPECT_FALSE(mark(Json::object()));
  const auto change = [this](const std::vector<std::string>& statements) {
    ASSERT_TRUE(test::run(executor, [&] {
      return database->write([&](db::Tx& tx) {
        for (const auto& sql : statements) tx.run(sql);
      });
    }));
  };
  change(store->refuse("INSERT", "plant_totals_data"));
  testing::internal::CaptureStderr();
  make("moss");
  EXPECT_EQ(list(), "moss fern of 1");
  EXPECT_TRUE(mark(Json::object()));
  EXPECT_FALSE(mark(Json::object({{"height", 1}}))) << "that total is counted";
  EXPECT_FALSE(mark(Json::object(), "bob")) << "his are all in it";
  change(store->refuse_no_more("plant_totals_data"));
  open();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(list(), "moss fern of 2");
  EXPECT_FALSE(mark(Json::object()));
}

TEST_F(Nouns, PagesShowEachThingOnceInEveryOrder) {
  for (int i = 0; i < 11; ++i) {
    Json::Object more = {{"height", i % 3}, {"isAlive", i % 2 == 0}};
    if (i % 4 != 0) more.emplace_back("planted", "2026-01-0" + std::to_string(1 + i % 3));
    make(std::string(1, static_cast<char>('a' + i)), std::move(more));
  }
  for (const char* sort : {"createdAt", "-createdAt", "height", "-height", "planted", "-planted",
                           "isAlive", "-isAlive"}) {
    for (const bool is_filtered : {false, true}) {
      Json asked = Json::object({{"sort", sort}, {"limit", 2}});
      if (is_filtered) asked.set("isAlive", true);
      std::vector<std::string> paged;
      for (;;) {
        const auto page = *call("plants.list", asked);
        for (const auto& plant : page.find("plants")->as_array()) {
          paged.push_back(plant.find("name")->as_string());
        }
        if (page.find("nextCursor") == nullptr) break;
        asked.set("cursor", *page.find("nextCursor"));
      }
      asked = Json::object({{"sort", sort}, {"limit", 100}});
      if (is_filtered) asked.set("isAlive", true);
      std::vector<std::string> whole;
      const auto all = *call("plants.list", asked);
      for (const auto& plant : all.find("plants")->as_array()) {
        whole.push_back(plant.find("name")->as_string());
      }
      EXPECT_EQ(paged, whole) << sort << is_filtered;
      EXPECT_EQ(whole.size(), is_filtered ? 6u : 11u) << sort;
    }
  }
}

TEST_F(Nouns, ARepeatIsOneWhicheverWayItsKeyCame) {
  const auto first = *call("plants.create", Json::object({{"name", "fern"}}), "ann", "k");
  const auto again =
      call("plants.create", Json::object({{"name", "fern"}, {"idempotencyKey", "k"}}));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, first);
}

TEST_F(Nouns, TwoIdempotencyKeysOfOneCommandAreRefused) {
  const auto asked = [](const std::string& name) {
    return Json::object({{"name", name}, {"idempotencyKey", "of-the-input"}});
  };
  const auto refused = call("plants.create", asked("fern"), "ann", "of-the-header");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(refused.error().message,
            "The Idempotency-Key header and the input's idempotencyKey differ: give one of them");
  EXPECT_EQ(list(), "of 0");
  EXPECT_TRUE(call("plants.create", asked("moss"), "ann", "of-the-input"));
  EXPECT_EQ(list(), "moss of 1");
}

TEST_F(Nouns, ACursorOfAnotherOrderIsRefused) {
  make("fern", {{"height", 1}});
  const auto id = Uuid::v7().to_string();
  for (const char* sort : {"height", "-planted", "isAlive"}) {
    for (const char* value : {"5.5", "\"x\"", "[]", "{}"}) {
      const auto cursor = to_base64url("[" + std::string(value) + ",\"" + id + "\"]");
      const auto refused = call("plants.list", Json::object({{"sort", sort}, {"cursor", cursor}}));
      ASSERT_FALSE(refused) << sort << value;
      EXPECT_EQ(refused.error().code, Code::kBadRequest);
    }
  }
}

TEST_F(Nouns, TheirTablesFollowFromTheLog) {
  const auto fern = make("fern");
  const auto moss = make("moss", {{"planted", "2026-01-01"}});
  ASSERT_TRUE(call("plants.grow", input(fern, {{"by", 1}})));
  ASSERT_TRUE(call("plants.update", input(moss, {{"planted", nullptr}})));
  ASSERT_TRUE(call("plants.delete", input(fern)));
  expect_verified("plants");
  expect_verified("plant_totals");
}

TEST_F(Nouns, AFieldIsAddedToAPodWithDataByOneLine) {
  const auto fern = make("fern");
  const auto moss = make("moss");
  ASSERT_TRUE(call("plants.update", input(moss, {{"height", 4}})));
  today = true;
  open();
  today = false;
  // Old events are read with the default, at once.
  EXPECT_EQ(text(fern, "room"), "\"kitchen\"");
  ASSERT_TRUE(call("plants.update", input(moss, {{"room", "bath"}})));
  EXPECT_EQ(text(moss, "room"), "\"bath\"");
  EXPECT_EQ(text(moss, "height"), "4");
  // And the table fills itself again, so that lists can be asked for the new field.
  ASSERT_TRUE(test::wait_until(executor, projections->changes(), [this] {
    return std::ranges::all_of(*sync_wait(executor, projections->list()),
                               &projections::Status::is_current);
  }));
  EXPECT_EQ(list(Json::object({{"room", "kitchen"}})), "fern of 1");
  EXPECT_EQ(list(Json::object({{"room", "bath"}})), "moss of 1");
  expect_verified("plants");
}

class TasksAndProjects : public FeatureTest {
 protected:
  TasksAndProjects()
      : FeatureTest([](const Rooms& rooms) {
          projects::add(rooms);
          tasks::add(rooms);
        }) {}
};

TEST_F(TasksAndProjects, ATaskIsForAProjectThatIsThere) {
  const auto house =
      call("projects.create", Json::object({{"title", "House"}}))->find("entityId")->as_string();
  const auto paint =
      call("tasks.create",
           Json::object({{"title", "Paint"}, {"projectId", house}, {"dueDate", "2026-12-01"}}));
  ASSERT_TRUE(paint) << paint.error().message;
  const auto id = paint->find("entityId")->as_string();
  const auto nowhere =
      call("tasks.create", Json::object({{"title", "x"}, {"projectId", Uuid::v7().to_string()}}));
  EXPECT_EQ(nowhere.error().code, Code::kBadRequest);
  EXPECT_EQ(call("tasks.create", Json::object({{"title", "x"}, {"projectId", house}}), "bob")
                .error()
                .code,
            Code::kBadRequest);
  EXPECT_EQ(call("tasks.complete", input(id))->find("version")->as_integer(), 2);
  EXPECT_EQ(call("tasks.get", input(id))->find("status")->as_string(), "done");
  EXPECT_EQ(call("tasks.list", Json::object({{"projectId", house}, {"status", "done"}}))
                ->find("total")
                ->as_integer(),
            1);
  EXPECT_EQ(call("tasks.reopen", input(id))->find("version")->as_integer(), 3);
  EXPECT_EQ(call("tasks.get", input(id))->find("status")->as_string(), "open");
  // A project that is gone holds nobody up.
  ASSERT_TRUE(call("projects.delete", input(house)));
  EXPECT_TRUE(call("tasks.complete", input(id)));
  EXPECT_TRUE(call("tasks.update", input(id, {{"title", "Paint it"}})));
  EXPECT_EQ(call("tasks.update", input(id, {{"projectId", Uuid::v7().to_string()}})).error().code,
            Code::kBadRequest);
  for (const char* wrong : {"2026-13-01", "tomorrow", "2026-12-01T25:00:00Z", "2026-12-01T10:00"}) {
    EXPECT_EQ(call("tasks.update", input(id, {{"dueDate", wrong}})).error().code, Code::kBadRequest)
        << wrong;
  }
}

// A noun with a text, tags, an indexed field and a reference; and one with tags that completes at
// once.
struct Essay {
  std::string heading;
  std::vector<std::string> labels;
  std::optional<std::int64_t> stars;
  std::optional<std::string> project_id;
};
const ObjectSchema<Essay>& describe(Type<Essay>) {
  static const auto schema = object<Essay>("EssayFields")
                                 .field("heading", &Essay::heading, string().min(1))
                                 .field_or("labels", &Essay::labels, array(string().min(1)), {})
                                 .field("stars", &Essay::stars, integer().min(0).max(5))
                                 .field("projectId", &Essay::project_id, string().uuid());
  return schema;
}
struct Pot {
  std::string name;
  std::vector<std::string> colours;
};
const ObjectSchema<Pot>& describe(Type<Pot>) {
  static const auto schema = object<Pot>("PotFields")
                                 .field("name", &Pot::name, string().min(1))
                                 .field_or("colours", &Pot::colours, array(string().min(1)), {});
  return schema;
}

class NounsWithTextAndTags : public FeatureTest {
 protected:
  NounsWithTextAndTags()
      : FeatureTest([](const Rooms& rooms) {
          requests::add(rooms);
          projects::add(rooms);
          Noun<Essay> essays(
              rooms,
              {.name = "essay",
               .plural = "essays",
               .indexed = {"stars"},
               .references = {{"projectId", "projects"}},
               .text = TextOptions{.extension = "txt",
                                   .docs = "The text.",
                                   .derived = {{"heading",
                                                [](std::string_view text) {
                                                  return Json(text.substr(0, 5));
                                                }}}},
               .tags = TagOptions{.field = "labels", .one = "label", .procedure = "labels.list"}});
          Noun<Pot> pots(rooms,
                         {.name = "pot",
                          .plural = "pots",
                          .tags = TagOptions{
                              .field = "colours", .one = "colour", .procedure = "colours.list"}});
        }) {}

  static Json names(std::initializer_list<const char*> all) {
    Json list = Json::array();
    for (const char* name : all) list.push_back(name);
    return list;
  }
  std::string make(const std::string& text, Json::Object more = {}) {
    Json asked = Json::object({{"content", text}});
    for (auto& [key, value] : more) asked.set(key, std::move(value));
    const auto made = done("essays.create", asked);
    SYNAP_CHECK(made.has_value(), made ? "" : made.error().message);
    return made->find("entityId")->as_string();
  }
  /// The field of each thing in a list, and its total.
  std::string list(const char* path, const char* field, Json asked) {
    const auto page = call(path, std::move(asked));
    if (!page) return page.error().message;
    std::string shown;
    for (const auto& thing : page->as_object().front().second.as_array()) {
      shown += thing.find(field)->as_string() + " ";
    }
    return shown + "of " + page->find("total")->dump();
  }
  std::string essays(Json asked) { return list("essays.list", "heading", std::move(asked)); }
  void expect_verified(std::initializer_list<const char*> all) {
    for (const char* name : all) {
      const auto found = sync_wait(executor, projections->verify(name));
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_TRUE(found->is_equal()) << name << ": " << found->first_difference;
    }
  }
};

TEST_F(NounsWithTextAndTags, AreFilteredByTagFieldAndOrder) {
  make("one", {{"labels", names({"a", "b", "a"})}, {"stars", 2}});
  make("two", {{"labels", names({"a"})}, {"stars", 5}});
  make("three", {{"labels", names({"b"})}, {"stars", 1}});
  make("four", {{"heading", "4"}, {"labels", names({"a"})}});
  EXPECT_EQ(essays(Json::object()), "4 three two one of 4");
  EXPECT_EQ(essays(Json::object({{"label", "a"}})), "4 two one of 3");
  EXPECT_EQ(essays(Json::object({{"label", "a"}, {"sort", "createdAt"}})), "one two 4 of 3");
  EXPECT_EQ(essays(Json::object({{"label", "a"}, {"starsFrom", 2}})), "two one of 2");
  EXPECT_EQ(essays(Json::object({{"label", "a"}, {"sort", "stars"}})), "4 one two of 3");
  EXPECT_EQ(essays(Json::object({{"label", "a"}, {"sort", "-stars"}, {"starsTo", 4}})), "one of 1");
  EXPECT_EQ(essays(Json::object({{"label", "c"}})), "of 0");
  std::string seen;
  Json page = Json::object({{"label", "a"}, {"sort", "stars"}, {"limit", 1}});
  for (;;) {
    const auto found = *call("essays.list", page);
    for (const auto& essay : found.find("essays")->as_array()) {
      seen += essay.find("heading")->as_string() + " ";
    }
    if (found.find("nextCursor") == nullptr) break;
    page.set("cursor", *found.find("nextCursor"));
  }
  EXPECT_EQ(seen, "4 one two ");
  EXPECT_EQ(call("labels.list", Json::object())->find("labels")->dump(),
            R"([{"label":"a","count":3},{"label":"b","count":2}])");
  expect_verified({"essays", "labels"});
}

TEST_F(NounsWithTextAndTags, NullTakesAFieldAwayAndARestoreDoesToo) {
  const auto id = make("one");
  ASSERT_TRUE(done("essays.update", input(id, {{"stars", 3}})));
  EXPECT_EQ(call("essays.get", input(id))->find("stars")->as_integer(), 3);
  ASSERT_TRUE(done("essays.restore", input(id, {{"version", 1}})));
  EXPECT_EQ(call("essays.get", input(id))->find("stars"), nullptr);
  ASSERT_TRUE(done("essays.restore", input(id, {{"version", 2}})));
  ASSERT_TRUE(done("essays.update", input(id, {{"stars", nullptr}, {"content", "two"}})));
  const auto essay = *call("essays.get", input(id));
  EXPECT_EQ(essay.find("stars"), nullptr);
  EXPECT_EQ(essay.find("content")->as_string(), "two");
  EXPECT_EQ(essay.find("version")->as_integer(), 5);
  EXPECT_EQ(essay.find("filePath")->as_string().substr(0, 10), "ann/essay/");
  expect_verified({"essays", "labels"});
}

TEST_F(NounsWithTextAndTags, WhatTheyReferToMustBeThere) {
  const auto nobodys = Uuid::v7().to_string();
  const auto refused =
      call("essays.create", Json::object({{"content", "x"}, {"projectId", nobodys}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kBadRequest);
  const auto project = *call("projects.create", Json::object({{"title", "p"}}));
  const auto id = make("one", {{"projectId", *project.find("entityId")}});
  EXPECT_FALSE(call("essays.update", input(id, {{"projectId", nobodys}})));
  EXPECT_TRUE(done("essays.update", input(id, {{"projectId", nullptr}})));
}

TEST_F(NounsWithTextAndTags, WhatFollowsFromAHeaderAloneIsFoldedAlsoWhereItsDataWereErased) {
  const auto kept = make("kept", {{"labels", names({"a"})}});
  const auto gone = make("gone", {{"labels", names({"a"})}});
  ASSERT_TRUE(done("essays.update", input(kept, {{"stars", 2}})));
  ASSERT_TRUE(done("essays.delete", input(gone)));
  content->is_broken = true;
  testing::internal::CaptureStderr();
  ASSERT_TRUE(done("essays.update", input(kept, {{"content", "lost"}})));
  testing::internal::GetCapturedStderr();
  content->is_broken = false;
  const auto pot = call("pots.create", Json::object({{"name", "x"}, {"colours", names({"red"})}}));
  ASSERT_TRUE(call("pots.delete", input(pot->find("entityId")->as_string())));
  wait_for_followers();
  // The number of events whose data were erased.
  const auto erase = [&](const std::string& names) {
    const auto count = test::run(executor, [&] {
      return database->write([&](db::Tx& tx) -> std::int64_t {
        return tx.run("UPDATE events SET salt = NULL, metadata = NULL, data = '{}' WHERE " +
                      store->where_type(names));
      });
    });
    open();
    return count.value_or(0);
  };
  EXPECT_EQ(erase("name LIKE '%.requested' OR name LIKE '%.failed' "
                  "OR name LIKE '%.deletion.completed'"),
            11);
  expect_verified({"essays", "labels", "pots", "colours"});
  // What an update changed is gone with its data; that it is settled is not.
  EXPECT_EQ(erase("name = 'essay.update.completed'"), 1);
  ASSERT_TRUE(sync_wait(executor, projections->rebuild("essays")));
  ASSERT_TRUE(test::wait_until(executor, projections->changes(), [this] {
    return std::ranges::all_of(*sync_wait(executor, projections->list()),
                               &projections::Status::is_current);
  }));
  EXPECT_EQ(call("essays.get", input(kept))->find("version")->as_integer(), 1);
  EXPECT_TRUE(done("essays.update", input(kept, {{"stars", 3}, {"expectedVersion", 1}})));
}

TEST_F(NounsWithTextAndTags, TagsOfWhatCompletesAtOnceAreCountedToo) {
  const auto make_pot = [&](const char* name, Json colours) {
    return call("pots.create", Json::object({{"name", name}, {"colours", std::move(colours)}}))
        ->find("entityId")
        ->as_string();
  };
  const auto one = make_pot("one", names({"red", "blue", "red"}));
  const auto two = make_pot("two", names({"red"}));
  ASSERT_TRUE(call("pots.update", input(one, {{"colours", names({"green"})}})));
  ASSERT_TRUE(call("pots.update", input(two, {{"name", "second"}})));
  EXPECT_EQ(list("pots.list", "name", Json::object({{"colour", "red"}})), "second of 1");
  EXPECT_EQ(list("pots.list", "name", Json::object({{"colour", "green"}})), "one of 1");
  EXPECT_EQ(call("colours.list", Json::object())->find("colours")->dump(),
            R"([{"colour":"green","count":1},{"colour":"red","count":1}])");
  ASSERT_TRUE(call("pots.delete", input(one)));
  EXPECT_EQ(call("colours.list", Json::object())->find("colours")->dump(),
            R"([{"colour":"red","count":1}])");
  EXPECT_EQ(list("pots.list", "name", Json::object()), "second of 1");
  expect_verified({"pots", "colours"});
}

// A noun with a text and no tags.
struct Letter {
  std::string heading;
};
const ObjectSchema<Letter>& describe(Type<Letter>) {
  static const auto schema =
      object<Letter>("LetterFields").field("heading", &Letter::heading, string().min(1));
  return schema;
}
class NounsWithText : public FeatureTest {
 protected:
  NounsWithText()
      : FeatureTest([](const Rooms& rooms) {
          requests::add(rooms);
          Noun<Letter> letters(rooms,
                               {.name = "letter",
                                .plural = "letters",
                                .text = TextOptions{.extension = "txt", .docs = "The text."}});
        }) {}

  std::int64_t total() { return call("letters.list", Json::object())->find("total")->as_integer(); }
};

TEST_F(NounsWithText, WhatWasDeletedBeforeItWasMadeIsNotTakenFromTheTotal) {
  const auto letter = Json::object({{"heading", "h"}, {"content", "text"}});
  ASSERT_TRUE(done("letters.create", letter));
  content->is_held = true;
  content->is_broken = true;
  testing::internal::CaptureStderr();
  const auto made = call("letters.create", letter);
  ASSERT_TRUE(made) << made.error().message;
  const auto deleted = call("letters.delete", input(made->find("entityId")->as_string()));
  ASSERT_TRUE(deleted) << deleted.error().message;
  content->released.raise(1);
  wait_until_idle();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(status(*made), "failed");
  EXPECT_EQ(status(*deleted), "completed");
  EXPECT_EQ(total(), 1);
  const auto found = sync_wait(executor, projections->verify("letter_totals"));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->is_equal()) << found->first_difference;
}

TEST(Dates, AreWhatTheirPatternSaysToOthers) {
  const auto schema = date_schema();
  const std::regex pattern(schema.node().check(SchemaCheck::Kind::kPattern)->pattern);
  const auto is_date = [&](const std::string& text) {
    const bool is_taken = validate(schema, Json(text)).has_value();
    EXPECT_EQ(std::regex_search(text, pattern), is_taken) << text;
    return is_taken;
  };
  for (const char* text : {"2026-01-31", "2024-02-29", "2000-02-29", "0000-02-29", "2026-04-30",
                           "2026-01-31T23:59:59Z", "2026-01-31T00:00:00.25Z"}) {
    EXPECT_TRUE(is_date(text)) << text;
  }
  for (const char* text :
       {"", "2026-02-29", "1900-02-29", "2026-04-31", "0000-00-00", "2026-13-01", "2026-01-32",
        "2026-01-31T12:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:60Z",
        "2026-01-31T12:00:00", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+01:00", "26-01-31"}) {
    EXPECT_FALSE(is_date(text)) << text;
  }
}

TEST(Dates, ThatCannotBeReadAreBeforeNone) {
  constexpr std::string_view kTime = "2026-01-31T12:00:00Z";
  EXPECT_TRUE(is_before("2026-01-31T11:59:59.999Z", kTime));
  EXPECT_FALSE(is_before("some other time", kTime));
  EXPECT_FALSE(is_before("1960-01-01T00:00:00Z", "some other time"));
}

}  // namespace
}  // namespace synap::features
