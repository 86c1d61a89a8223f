#include "features/checkpoints/checkpoints.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "features/checkpoints/thread_store.h"
#include "features/feature_test.h"

namespace synap::features::checkpoints {
namespace {

Json typed(const std::string& bytes) {
  return Json::object({{"type", "json"}, {"bytes", to_base64url(bytes)}});
}

class Checkpoints : public FeatureTest {
 protected:
  Checkpoints() : FeatureTest([](const Rooms& rooms) { checkpoints::add(rooms); }) {}

  /// A checkpoint whose channel "state" has a new value in each.
  Json checkpoint(const std::string& thread, const std::string& id, Json::Object more = {}) {
    Json made = Json::object({
        {"threadId", thread},
        {"checkpointId", id},
        {"checkpoint", typed("checkpoint " + id)},
        {"metadata", typed("metadata " + id)},
        {"labels", Json::object({{"step", id}})},
        {"versions", Json::object({{"state", id}, {"same", "1"}})},
        {"values", Json::Array{Json::object({{"channel", "state"},
                                             {"version", id},
                                             {"type", "json"},
                                             {"bytes", to_base64url("state " + id)}})}},
    });
    for (auto& [key, value] : more) made.set(key, std::move(value));
    return made;
  }
  void put(const std::string& thread, const std::string& id, Json::Object more = {},
           const std::string& user = "ann") {
    const auto stored = call("checkpoints.put", checkpoint(thread, id, std::move(more)), user);
    ASSERT_TRUE(stored) << stored.error().message;
  }
  Result<Json> write(const std::string& thread, const std::string& id, const std::string& task,
                     std::int64_t index, const std::string& channel, const std::string& value,
                     const std::string& path = "") {
    return call(
        "checkpoints.putWrites",
        Json::object({{"threadId", thread},
                      {"checkpointId", id},
                      {"taskId", task},
                      {"taskPath", path},
                      {"writes", Json::Array{Json::object({{"index", index},
                                                           {"channel", channel},
                                                           {"type", "json"},
                                                           {"bytes", to_base64url(value)}})}}}));
  }
  std::optional<Json> get(const std::string& thread, const std::string& id = "",
                          const std::string& user = "ann") {
    Json asked = Json::object({{"threadId", thread}});
    if (!id.empty()) asked.set("checkpointId", id);
    const auto found = call("checkpoints.get", asked, user);
    EXPECT_TRUE(found) << found.error().message;
    const auto* checkpoint = found->find("checkpoint");
    return checkpoint == nullptr ? std::nullopt : std::optional(*checkpoint);
  }
  /// "channel=value ..." of a checkpoint.
  static std::string state(const std::optional<Json>& found) {
    if (!found) return "none";
    std::string text;
    for (const auto& value : found->find("values")->as_array()) {
      text += value.find("channel")->as_string() + "=" +
              *from_base64url(value.find("bytes")->as_string()) + " ";
    }
    return text;
  }
  static std::string writes(const std::optional<Json>& found) {
    if (!found) return "none";
    std::string text;
    for (const auto& value : found->find("pendingWrites")->as_array()) {
      text += value.find("taskId")->as_string() + ":" +
              *from_base64url(value.find("bytes")->as_string()) + " ";
    }
    return text;
  }
  /// "thread/id" of all pages.
  std::string listed(Json::Object asked, const std::string& user = "ann") {
    std::string text;
    Json input(std::move(asked));
    for (int pages = 0; pages < 50; ++pages) {
      const auto page = call("checkpoints.list", input, user);
      EXPECT_TRUE(page) << page.error().message;
      if (!page) break;
      for (const auto& one : page->find("checkpoints")->as_array()) {
        text +=
            one.find("threadId")->as_string() + "/" + one.find("checkpointId")->as_string() + " ";
      }
      const auto* next = page->find("nextCursor");
      if (next == nullptr) break;
      input.set("cursor", *next);
    }
    return text;
  }
  /// Types of events and the thread that each is of.
  std::string told() {
    const auto page = sync_wait(executor, log->read(events::Tenancy::whole_pod(), {}));
    std::string text;
    for (const auto& event : page->events) {
      text += event->type.substr(std::string("graph.thread.").size()) + " ";
    }
    return text;
  }
  std::int64_t count(const std::string& table) {
    const auto found = test::run(executor, [&] {
      return database->read([&](db::Tx& tx) {
        auto rows = tx.query("SELECT count(*) FROM " + table);
        return rows.next() ? rows.integer(0) : -1;
      });
    });
    return *found;
  }
  /// What each thread counts is what its rows are.
  void expect_counted() {
    const auto wrong = test::run(executor, [&] {
      return database->read([](db::Tx& tx) {
        const auto sum = [](std::string_view bytes, std::string_view table) {
          return fmt::format("coalesce((SELECT sum({}) FROM {} WHERE thread = t.id), 0)", bytes,
                             table);
        };
        auto rows = tx.query(fmt::format(
            "SELECT thread_id, bytes, {} + {} + {} FROM graph_threads_data AS t ORDER BY thread_id",
            sum(kCheckpointBytes, "checkpoints_data"), sum(kBytes, "checkpoint_values_data"),
            sum(kBytes, "checkpoint_writes_data")));
        std::string wrong;
        while (rows.next()) {
          if (rows.integer(1) == rows.integer(2)) continue;
          wrong += fmt::format("{}: {}, not {} ", rows.text(0), rows.integer(1), rows.integer(2));
        }
        return wrong;
      });
    });
    ASSERT_TRUE(wrong) << wrong.error().message;
    EXPECT_EQ(*wrong, "");
  }
};

TEST_F(Checkpoints, GiveTheNewestWithWhatEachVersionHas) {
  put("t", "1");
  // The second changes another channel, and sends that alone.
  put("t", "2",
      {{"parentCheckpointId", "1"},
       {"versions", Json::object({{"state", "1"}, {"more", "2"}})},
       {"values", Json::Array{Json::object({{"channel", "more"},
                                            {"version", "2"},
                                            {"type", "json"},
                                            {"bytes", to_base64url("new")}})}}});
  const auto newest = get("t");
  EXPECT_EQ(newest->string_or("checkpointId", ""), "2");
  EXPECT_EQ(newest->string_or("parentCheckpointId", ""), "1");
  EXPECT_EQ(state(newest), "more=new state=state 1 ");
  EXPECT_EQ(*from_base64url(newest->find("metadata")->string_or("bytes", "")), "metadata 2");
  EXPECT_EQ(state(get("t", "1")), "state=state 1 ");
  EXPECT_EQ(count("checkpoint_values_data"), 2);
  EXPECT_EQ(state(get("t", "3")), "none");
  EXPECT_EQ(state(get("other")), "none");
}

TEST_F(Checkpoints, KeepWhatATaskWroteFirstAndReplaceWhatIsSpecial) {
  put("t", "1");
  ASSERT_TRUE(write("t", "1", "b", 0, "state", "first", "~2"));
  ASSERT_TRUE(write("t", "1", "b", 0, "state", "second", "~2"));
  ASSERT_TRUE(write("t", "1", "b", -1, "__error__", "first", "~2"));
  ASSERT_TRUE(write("t", "1", "b", -1, "__error__", "second", "~2"));
  ASSERT_TRUE(write("t", "1", "a", 0, "state", "of a", "~3"));
  ASSERT_TRUE(write("t", "1", "c", 0, "state", "of c"));
  EXPECT_EQ(writes(get("t")), "c:of c b:second b:first a:of a ");
}

TEST_F(Checkpoints, AreTheirUsersOnly) {
  put("t", "1");
  put("t", "2", {}, "bob");
  EXPECT_EQ(listed({}), "t/1 ");
  EXPECT_EQ(listed({}, "bob"), "t/2 ");
  EXPECT_EQ(state(get("t", "1", "bob")), "none");
  put("u", "1", {{"runId", "run"}});
  ASSERT_TRUE(
      call("checkpoints.deleteRuns", Json::object({{"runIds", Json::Array{"run"}}}), "bob"));
  ASSERT_TRUE(call("checkpoints.prune",
                   Json::object({{"threadIds", Json::Array{"u"}}, {"strategy", "delete"}}), "bob"));
  ASSERT_TRUE(call("checkpoints.deleteThread", Json::object({{"threadId", "u"}}), "bob"));
  EXPECT_EQ(call("checkpoints.copyThread",
                 Json::object({{"sourceThreadId", "u"}, {"targetThreadId", "v"}}), "bob")
                .error()
                .code,
            Code::kNotFound);
  EXPECT_EQ(listed({}), "u/1 t/1 ");
}

TEST_F(Checkpoints, AreListedInPagesAndByTheirLabels) {
  std::string all;
  for (const auto* thread : {"t", "u", "v"}) {
    for (const auto* id : {"1", "2", "3"}) put(thread, id);
  }
  for (const std::int64_t limit : {1, 2, 3, 100}) {
    EXPECT_EQ(listed({{"limit", limit}}), "v/3 v/2 v/1 u/3 u/2 u/1 t/3 t/2 t/1 ") << limit;
  }
  EXPECT_EQ(listed({{"threadId", "u"}, {"before", "3"}}), "u/2 u/1 ");
  EXPECT_EQ(listed({{"checkpointId", "2"}}), "v/2 u/2 t/2 ");
  EXPECT_EQ(listed({{"filter", Json::object({{"step", "1"}})}, {"limit", 2}}), "v/1 u/1 t/1 ");
  EXPECT_EQ(listed({{"filter", Json::object({{"step", 1}})}}), "");
  put("u", "4", {{"checkpointNs", "child"}});
  EXPECT_EQ(listed({{"threadId", "u"}, {"limit", 1}}), "u/4 u/3 u/2 u/1 ");
  EXPECT_EQ(listed({{"checkpointNs", "child"}}), "u/4 ");
  EXPECT_EQ(call("checkpoints.list", Json::object({{"cursor", "x"}})).error().code,
            Code::kBadRequest);
}

TEST_F(Checkpoints, TellOfThreadsOnce) {
  put("t", "1");
  put("t", "1");
  EXPECT_EQ(told(), "created ");
  ASSERT_TRUE(write("t", "1", "a", -3, "__interrupt__", "?"));
  ASSERT_TRUE(write("t", "1", "a", -3, "__interrupt__", "?"));
  ASSERT_TRUE(write("t", "1", "b", -3, "__interrupt__", "?"));
  // The checkpoint comes behind the question that was asked at it.
  put("t", "1");
  EXPECT_EQ(told(), "created interrupted ");
  ASSERT_TRUE(write("t", "1", "a", -4, "__resume__", "!"));
  ASSERT_TRUE(write("t", "1", "a", -4, "__resume__", "!"));
  EXPECT_EQ(told(), "created interrupted resumed ");
  ASSERT_TRUE(write("t", "1", "a", -3, "__interrupt__", "?"));
  put("t", "2");
  EXPECT_EQ(told(), "created interrupted resumed interrupted resumed ");
  ASSERT_TRUE(call("checkpoints.deleteThread", Json::object({{"threadId", "t"}})));
  ASSERT_TRUE(call("checkpoints.deleteThread", Json::object({{"threadId", "t"}})));
  EXPECT_EQ(told(), "created interrupted resumed interrupted resumed deleted ");
}

TEST_F(Checkpoints, OfADeletedThreadAreGone) {
  for (int i = 0; i < 300; ++i) put("t", "id" + std::to_string(1000 + i));
  ASSERT_TRUE(write("t", "id1000", "a", 0, "state", "x"));
  put("u", "1");
  ASSERT_TRUE(call("checkpoints.deleteThread", Json::object({{"threadId", "t"}})));
  for (const auto* table : {"graph_threads_data", "checkpoints_data", "checkpoint_values_data"}) {
    EXPECT_EQ(count(table), 1) << table;
  }
  EXPECT_EQ(count("checkpoint_writes_data"), 0);
  EXPECT_EQ(count("checkpoint_trash"), 0);
  EXPECT_EQ(listed({}), "u/1 ");
}

TEST_F(Checkpoints, AreCopiedWhole) {
  for (int i = 0; i < 120; ++i) {
    put("t", "id" + std::to_string(1000 + i), {{"checkpointNs", i % 2 == 0 ? "" : "child"}});
  }
  ASSERT_TRUE(write("t", "id1000", "a", 0, "state", "x"));
  const auto copied = call("checkpoints.copyThread",
                           Json::object({{"sourceThreadId", "t"}, {"targetThreadId", "copy"}}));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->find("checkpoints")->as_integer(), 120);
  auto of_copy = listed({{"threadId", "copy"}});
  for (std::size_t at; (at = of_copy.find("copy/")) != of_copy.npos;) of_copy.replace(at, 5, "t/");
  EXPECT_EQ(of_copy, listed({{"threadId", "t"}}));
  EXPECT_EQ(writes(get("copy", "id1000")), "a:x ");
  EXPECT_EQ(state(get("copy", "id1118")), "state=state id1118 ");
  EXPECT_EQ(call("checkpoints.copyThread",
                 Json::object({{"sourceThreadId", "t"}, {"targetThreadId", "t"}}))
                .error()
                .code,
            Code::kBadRequest);
}

TEST_F(Checkpoints, OfRunsAreDeletedWithWhatOnlyTheyHad) {
  put("t", "1", {{"runId", "a"}});
  ASSERT_TRUE(write("t", "1", "x", 0, "state", "x"));
  put("t", "2", {{"runId", "b"}});
  const auto gone =
      call("checkpoints.deleteRuns", Json::object({{"runIds", Json::Array{"a", "none"}}}));
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(gone->find("checkpoints")->as_integer(), 1);
  EXPECT_EQ(listed({}), "t/2 ");
  EXPECT_EQ(state(get("t")), "state=state 2 ");
  EXPECT_EQ(count("checkpoint_values_data"), 1);
  EXPECT_EQ(count("checkpoint_writes_data"), 0);
  expect_counted();
}

TEST_F(Checkpoints, ArePrunedToTheNewestAndWhatItFollowsFrom) {
  for (const auto* id : {"1", "2", "3"}) put("plain", id);
  put("plain", "1", {{"checkpointNs", "child"}});
  // The channel "log" has a value at 2; what it has become since is in the writes.
  put("delta", "1", {{"deltaChannels", Json::Array{"log"}}});
  put("delta", "2",
      {{"parentCheckpointId", "1"},
       {"versions", Json::object({{"log", "2"}})},
       {"values", Json::Array{Json::object({{"channel", "log"},
                                            {"version", "2"},
                                            {"type", "json"},
                                            {"bytes", to_base64url("whole")}})}}});
  for (const auto* id : {"3", "4"}) {
    put("delta", id,
        {{"parentCheckpointId", std::string(1, static_cast<char>(*id - 1))},
         {"deltaChannels", Json::Array{"log"}},
         {"versions", Json::object({{"log", id}})},
         {"values", Json::array()}});
  }
  const auto gone = call("checkpoints.prune",
                         Json::object({{"threadIds", Json::Array{"plain", "delta", "none"}}}));
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(gone->find("checkpoints")->as_integer(), 3);
  EXPECT_EQ(listed({}), "delta/4 delta/3 delta/2 plain/3 plain/1 ");
  EXPECT_EQ(state(get("plain")), "state=state 3 ");
  EXPECT_EQ(count("checkpoint_values_data"), 3);
  expect_counted();
  const auto all =
      call("checkpoints.prune",
           Json::object({{"threadIds", Json::Array{"delta"}}, {"strategy", "delete"}}));
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(listed({}), "plain/3 plain/1 ");
}

TEST_F(Checkpoints, AreCountedWhateverComesAgainOrIsCopied) {
  put("t", "1");
  put("t", "2");
  put("t", "1", {{"labels", Json::object({{"a", std::string(1'000, 'x')}})}});
  put("t", "2", {{"values", Json::array()}});
  for (const auto* value : {"", "", "longer", "other"}) {
    for (const std::int64_t place : {0, -3}) ASSERT_TRUE(write("t", "1", "a", place, "c", value));
  }
  expect_counted();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(call("checkpoints.copyThread",
                     Json::object({{"sourceThreadId", "t"}, {"targetThreadId", "copy"}})));
    expect_counted();
  }
}

// More than one slice, and more than one page of what is looked at.
TEST_F(Checkpoints, OfALongThreadArePrunedInSlices) {
  for (int i = 0; i < 620; ++i) put("t", fmt::format("{:04}", i));
  const auto gone = call("checkpoints.prune", Json::object({{"threadIds", Json::Array{"t"}}}));
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(gone->find("checkpoints")->as_integer(), 619);
  EXPECT_EQ(listed({}), "t/0619 ");
  EXPECT_EQ(state(get("t")), "state=state 0619 ");
  EXPECT_EQ(count("checkpoint_values_data"), 1);
  expect_counted();
}

TEST_F(Checkpoints, AreRefusedWhereTheStateIsTooLarge) {
  const std::string large(7 << 20, 'x');
  const auto put_large = [&](const std::string& channel) {
    return call(
        "checkpoints.put",
        checkpoint("t", "1",
                   {{"versions", Json::object({{"a", "1"}, {"b", "1"}, {"c", "1"}})},
                    {"values", Json::Array{Json::object({{"channel", channel},
                                                         {"version", "1"},
                                                         {"type", "bytes"},
                                                         {"bytes", to_base64url(large)}})}}}));
  };
  ASSERT_TRUE(put_large("a"));
  ASSERT_TRUE(put_large("b"));
  EXPECT_EQ(put_large("c").error().code, Code::kPayloadTooLarge);
  EXPECT_EQ(count("checkpoint_values_data"), 2);
  for (const auto* task : {"a", "b"}) ASSERT_TRUE(write("t", "1", task, 0, "state", large));
  EXPECT_EQ(write("t", "1", "c", 0, "state", large).error().code, Code::kPayloadTooLarge);
  expect_counted();
}

TEST_F(Checkpoints, OfThreadsThatNobodyUsesGo) {
  put("old", "1");
  put("waiting", "1");
  ASSERT_TRUE(write("waiting", "1", "a", -3, "__interrupt__", "?"));
  const auto age = [&](std::int64_t to) {
    ASSERT_TRUE(test::run(executor, [&] {
      return database->write(
          [&](db::Tx& tx) { tx.run("UPDATE graph_threads_data SET updated_at = $1", to); });
    }));
  };
  age(1);
  put("new", "1");
  ThreadPruner keeps(std::chrono::milliseconds(0), *database, *log, types);
  EXPECT_EQ(*sync_wait(executor, keeps.round({})), 0);
  ThreadPruner pruner(std::chrono::hours(1), *database, *log, types);
  EXPECT_EQ(*sync_wait(executor, pruner.round({})), 1);
  EXPECT_EQ(listed({}), "new/1 waiting/1 ");
  EXPECT_EQ(count("checkpoints_data"), 2);
  EXPECT_EQ(told(), "created created interrupted created deleted ");
}

}  // namespace
}  // namespace synap::features::checkpoints
