#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "features/checkpoints/checkpoints.h"
#include "features/feature_test.h"

namespace synap::features::checkpoints {
namespace {

using testing::HasSubstr;

Json typed(const std::string& json) {
  return Json::object({{"type", "json"}, {"bytes", to_base64url(json)}});
}

class GraphThreads : public FeatureTest {
 protected:
  GraphThreads() : FeatureTest([](const Rooms& rooms) { checkpoints::add(rooms); }) {}

  Json called(const std::string& path, Json::Object input, const std::string& user = "ann") {
    auto answer = call(path, Json(std::move(input)), user);
    EXPECT_TRUE(answer) << path << ": " << answer.error().message;
    return answer.value_or(Json::object());
  }
  Error refused(const std::string& path, Json::Object input, const std::string& user = "ann") {
    auto answer = call(path, Json(std::move(input)), user);
    EXPECT_FALSE(answer) << path << ": " << answer->dump();
    return answer ? Error{Code::kInternalServerError, ""} : answer.error();
  }
  /// A checkpoint at which `next` is to be done, if it has a name.
  void put(const std::string& thread, const std::string& id, const std::string& next = "",
           const std::string& log = "[]", const std::string& user = "ann") {
    Json versions = Json::object({{"log", id}});
    Json values = Json::Array{Json::object(
        {{"channel", "log"}, {"version", id}, {"type", "json"}, {"bytes", to_base64url(log)}})};
    if (!next.empty()) {
      versions.set("branch:to:" + next, id);
      values.push_back(Json::object({{"channel", "branch:to:" + next},
                                     {"version", id},
                                     {"type", "json"},
                                     {"bytes", to_base64url("null")}}));
    }
    called("checkpoints.put",
           {{"threadId", thread},
            {"checkpointId", id},
            {"checkpoint", typed(R"({"ts":"then","versions_seen":{}})")},
            {"metadata", typed(fmt::format(R"({{"step":"{}"}})", id))},
            {"versions", versions},
            {"values", values}},
           user);
  }
  void write(const std::string& thread, const std::string& id, const std::string& channel,
             const std::string& value, const std::string& node = "ask") {
    const int index = channel == "__resume__" ? -4 : channel == "__interrupt__" ? -3 : -1;
    called("checkpoints.putWrites",
           {{"threadId", thread},
            {"checkpointId", id},
            {"taskId", "task of " + node},
            {"taskPath", "~__pregel_pull, " + node},
            {"writes", Json::Array{Json::object({{"index", index},
                                                 {"channel", channel},
                                                 {"type", "json"},
                                                 {"bytes", to_base64url(value)}})}}});
  }
  std::string status(const std::string& thread) {
    return std::string(called("graphThreads.get", {{"threadId", thread}}).string_or("status", ""));
  }
  std::string found(Json::Object input, const std::string& user = "ann") {
    const auto list = called("graphThreads.search", std::move(input), user);
    std::string names;
    for (const auto& one : list.find("threads")->as_array()) {
      names.append(one.string_or("threadId", "")).append(" ");
    }
    return names + (*list.find("isCut") == Json(true) ? "..." : "");
  }
  std::string counted(Json::Object input) {
    return called("graphThreads.count", std::move(input)).find("count")->dump();
  }
};

TEST_F(GraphThreads, AreMadeOnceAndKeepTheirMetadata) {
  const auto made = called("graphThreads.create",
                           {{"threadId", "t"}, {"metadata", Json::object({{"b", 1}, {"a", 2}})}});
  EXPECT_EQ(made.find("metadata")->dump(), R"({"b":1,"a":2})");
  EXPECT_EQ(made.find("values")->dump(), "{}");
  EXPECT_EQ(made.find("stateUpdatedAt"), nullptr);
  EXPECT_EQ(refused("graphThreads.create", {{"threadId", "t"}}).code, Code::kConflict);
  const auto again = called(
      "graphThreads.create",
      {{"threadId", "t"}, {"ifExists", "do_nothing"}, {"metadata", Json::object({{"c", 3}})}});
  EXPECT_EQ(again.find("metadata")->dump(), R"({"b":1,"a":2})");
  const auto updated = called("graphThreads.update",
                              {{"threadId", "t"}, {"metadata", Json::object({{"b", nullptr}})}});
  EXPECT_EQ(updated.find("metadata")->dump(), R"({"b":null,"a":2})");
  put("t", "1");
  EXPECT_EQ(called("graphThreads.get", {{"threadId", "t"}}).find("metadata")->dump(),
            R"({"b":null,"a":2})");
}

TEST_F(GraphThreads, HaveAsMuchMetadataAsTheyMay) {
  const Json large = Json::object({{"x", std::string(17'000, 'x')}});
  EXPECT_EQ(refused("graphThreads.create", {{"threadId", "t"}, {"metadata", large}}).code,
            Code::kBadRequest);
  called("graphThreads.create",
         {{"threadId", "t"}, {"metadata", Json::object({{"x", std::string(10'000, 'x')}})}});
  const auto error =
      refused("graphThreads.update",
              {{"threadId", "t"}, {"metadata", Json::object({{"y", std::string(10'000, 'y')}})}});
  EXPECT_EQ(error.code, Code::kBadRequest);
  EXPECT_THAT(error.message, HasSubstr("metadata: 20"));
  EXPECT_EQ(refused("graphThreads.update", {{"threadId", "u"}, {"metadata", Json::object()}}).code,
            Code::kNotFound);
  EXPECT_EQ(
      refused("graphThreads.search", {{"metadata", Json::object({{"x", std::string(3'000, 'x')}})}})
          .code,
      Code::kBadRequest);
}

TEST_F(GraphThreads, SayWhatIsKnownOfTheirRun) {
  put("t", "1", "ask");
  EXPECT_EQ(status("t"), "busy");
  write("t", "1", "__interrupt__", R"([{"id":"q","value":"May I?"}])");
  EXPECT_EQ(status("t"), "interrupted");
  const auto thread = called("graphThreads.get", {{"threadId", "t"}});
  EXPECT_EQ(thread.find("interrupts")->dump(), R"({"task of ask":[{"id":"q","value":"May I?"}]})");
  put("t", "0", "first");
  EXPECT_EQ(status("t"), "interrupted") << "one that was stored late is not the newest";
  write("t", "1", "__resume__", R"(["yes"])");
  EXPECT_EQ(status("t"), "busy");
  EXPECT_EQ(called("graphThreads.get", {{"threadId", "t"}}).find("interrupts")->dump(), "{}");
  put("t", "2");
  EXPECT_EQ(status("t"), "idle");
  put("t", "1", "ask");
  EXPECT_EQ(status("t"), "idle") << "so is this one";
  // The failure at a checkpoint may be there before it.
  write("t", "3", "__error__", R"("it cannot be")");
  put("t", "3", "ask");
  EXPECT_EQ(status("t"), "error");
  const auto state = called("graphThreads.state", {{"threadId", "t"}});
  EXPECT_EQ(state.find("tasks")->dump(),
            R"([{"id":"task of ask","name":"ask","error":"it cannot be","interrupts":[]}])");
  put("t", "4");
  EXPECT_EQ(status("t"), "idle");
}

TEST_F(GraphThreads, HaveAStateAtEachCheckpoint) {
  put("t", "1", "first", R"(["a"])");
  put("t", "2", "", R"(["a","b"])");
  EXPECT_EQ(called("graphThreads.state", {{"threadId", "t"}}).find("values")->dump(),
            R"({"log":["a","b"]})");
  const auto first = called("graphThreads.state", {{"threadId", "t"}, {"checkpointId", "1"}});
  EXPECT_EQ(first.find("values")->dump(), R"({"log":["a"]})");
  EXPECT_EQ(first.find("next")->dump(), R"(["first"])");
  EXPECT_EQ(first.string_or("createdAt", ""), "then");
  const auto steps = [&](Json::Object input) {
    std::string text;
    input.emplace_back("threadId", "t");
    const auto history = called("graphThreads.history", std::move(input));
    for (const auto& one : history.find("states")->as_array()) {
      text.append(one.find("metadata")->string_or("step", "")).append(" ");
    }
    return text;
  };
  EXPECT_EQ(steps({}), "2 1 ");
  EXPECT_EQ(steps({{"limit", 1}}), "2 ");
  EXPECT_EQ(steps({{"before", "2"}}), "1 ");
  EXPECT_EQ(steps({{"metadata", Json::object({{"step", "1"}})}, {"limit", 1}}), "1 ");
  EXPECT_EQ(steps({{"checkpointNs", "child"}}), "");
  EXPECT_EQ(refused("graphThreads.state", {{"threadId", "t"}, {"checkpointId", "9"}}).code,
            Code::kNotFound);
  EXPECT_EQ(refused("graphThreads.state", {{"threadId", "u"}}).code, Code::kNotFound);
  EXPECT_EQ(refused("graphThreads.history", {{"threadId", "u"}}).code, Code::kNotFound);
}

TEST_F(GraphThreads, AHistoryAndASearchAreCutWhereTheyAreLarge) {
  const std::string large = "[\"" + std::string(3 << 20, 'x') + "\"]";
  for (const auto* id : {"1", "2"}) put("t", id, "", large);
  for (const auto* id : {"1", "2"}) put("u", id, "", large);
  const auto history = called("graphThreads.history", {{"threadId", "t"}});
  EXPECT_EQ(history.find("states")->as_array().size(), 1);
  EXPECT_EQ(*history.find("isCut"), Json(true));
  EXPECT_EQ(found({}), "u ...");
  EXPECT_EQ(found({{"limit", 1}}), "u ");
  EXPECT_EQ(found({{"withValues", false}}), "u t ");
}

TEST_F(GraphThreads, AreFound) {
  for (const int i : {1, 2, 3}) {
    const auto name = std::to_string(i);
    called("graphThreads.create",
           {{"threadId", name},
            {"metadata", Json::object({{"n", i}, {"tags", Json::Array{"all", name}}})}});
  }
  // Twice: the first may be in the millisecond in which the third was made.
  put("2", "1", "ask", R"(["two"])");
  put("2", "1", "ask", R"(["two"])");
  EXPECT_EQ(found({}), "2 3 1 ");
  EXPECT_EQ(found({{"sortBy", "createdAt"}, {"sortOrder", "asc"}}), "1 2 3 ");
  EXPECT_EQ(found({{"sortBy", "stateUpdatedAt"}, {"limit", 1}}), "2 ");
  EXPECT_EQ(found({{"sortBy", "threadId"}, {"limit", 2}}), "3 2 ");
  EXPECT_EQ(found({{"sortBy", "threadId"}, {"limit", 2}, {"offset", 2}}), "1 ");
  EXPECT_EQ(found({{"metadata", Json::object({{"tags", Json::Array{"3"}}})}}), "3 ");
  EXPECT_EQ(found({{"metadata", Json::object({{"tags", Json::Array{"all"}}})},
                   {"sortBy", "threadId"},
                   {"offset", 1},
                   {"limit", 1}}),
            "2 ");
  EXPECT_EQ(found({{"values", Json::object({{"log", Json::Array{"two"}}})}}), "2 ");
  EXPECT_EQ(found({{"status", "busy"}}), "2 ");
  EXPECT_EQ(found({{"ids", Json::Array{"3", "1", "none"}}, {"sortBy", "threadId"}}), "3 1 ");
  EXPECT_EQ(found({{"ids", Json::Array{}}}), "");
  EXPECT_EQ(counted({}), "3");
  EXPECT_EQ(counted({{"status", "idle"}}), "2");
  EXPECT_EQ(counted({{"metadata", Json::object({{"n", 1}})}}), "1");
  EXPECT_EQ(counted({{"values", Json::object({{"log", Json::Array{"two"}}})}}), "1");
  EXPECT_EQ(counted({{"ids", Json::Array{}}}), "0");
  EXPECT_EQ(counted({{"ids", Json::Array{}}, {"status", "idle"}}), "0");
  EXPECT_EQ(found({{"ids", Json::Array{}}, {"status", "idle"}}), "");
}

TEST_F(GraphThreads, AFilterThatIsTooMuchWorkIsCut) {
  // Each 1 is looked for to the end of the list; the last item is not there.
  const auto tags = [](std::string list, int times, const std::string& last) {
    for (int i = 0; i < times; ++i) list += list[1] == '0' ? "0," : "1,";
    return Json::object({{"tags", *parse_json(list + last + "]")}});
  };
  for (int i = 0; i < 10; ++i) {
    called("graphThreads.create",
           {{"threadId", std::to_string(i)}, {"metadata", tags("[0,", 7'000, "1")}});
  }
  EXPECT_EQ(found({{"metadata", tags("[1,", 900, "1")}, {"limit", 1}}), "9 ");
  EXPECT_EQ(found({{"metadata", tags("[1,", 900, "9")}}), "...");
  EXPECT_EQ(refused("graphThreads.count", {{"metadata", tags("[1,", 900, "9")}}).code,
            Code::kBadRequest);
  EXPECT_EQ(found({{"metadata", tags("[1,", 1, "9")}}), "") << "this is not";
}

TEST_F(GraphThreads, AreTheirUsersOnly) {
  put("t", "1", "", R"(["mine"])");
  EXPECT_EQ(refused("graphThreads.get", {{"threadId", "t"}}, "bob").code, Code::kNotFound);
  EXPECT_EQ(refused("graphThreads.state", {{"threadId", "t"}}, "bob").code, Code::kNotFound);
  EXPECT_EQ(
      refused("graphThreads.update", {{"threadId", "t"}, {"metadata", Json::object()}}, "bob").code,
      Code::kNotFound);
  EXPECT_EQ(
      refused("graphThreads.copy", {{"sourceThreadId", "t"}, {"targetThreadId", "u"}}, "bob").code,
      Code::kNotFound);
  EXPECT_EQ(found({}, "bob"), "");
  called("graphThreads.create", {{"threadId", "t"}}, "bob");
  EXPECT_EQ(called("graphThreads.get", {{"threadId", "t"}}, "bob").find("values")->dump(), "{}");
  EXPECT_EQ(found({}), "t ");
}

TEST_F(GraphThreads, ACopyIsLikeItsSource) {
  called("graphThreads.create", {{"threadId", "t"}, {"metadata", Json::object({{"a", 1}})}});
  put("t", "1", "ask", R"(["a"])");
  write("t", "1", "__interrupt__", R"([{"id":"q","value":"May I?"}])");
  const auto copied =
      called("graphThreads.copy", {{"sourceThreadId", "t"}, {"targetThreadId", "u"}});
  EXPECT_EQ(copied.string_or("threadId", ""), "u");
  EXPECT_EQ(copied.string_or("status", ""), "interrupted");
  EXPECT_EQ(copied.find("metadata")->dump(), R"({"a":1})");
  EXPECT_EQ(copied.find("values")->dump(), R"({"log":["a"]})");
  put("u", "2");
  EXPECT_EQ(status("u"), "idle");
  EXPECT_EQ(status("t"), "interrupted");
  called("graphThreads.create", {{"threadId", "empty"}});
  called("graphThreads.copy", {{"sourceThreadId", "empty"}, {"targetThreadId", "v"}});
  EXPECT_EQ(status("v"), "idle");
}

TEST_F(GraphThreads, AnAnswerToACopyEndsWhatItWaitsFor) {
  put("t", "1", "ask", R"(["a"])");
  write("t", "1", "__interrupt__", R"([{"id":"q","value":"May I?"}])");
  called("graphThreads.copy", {{"sourceThreadId", "t"}, {"targetThreadId", "u"}});
  write("u", "1", "__resume__", R"(["yes"])");
  EXPECT_EQ(status("u"), "busy");
  EXPECT_EQ(status("t"), "interrupted");
}

TEST_F(GraphThreads, AFailureThatComesLateIsOfAnEarlierStep) {
  put("t", "1");
  put("t", "2");
  write("t", "1", "__error__", R"("too late")");
  EXPECT_EQ(status("t"), "idle");
  write("t", "2", "__error__", R"("now")");
  EXPECT_EQ(status("t"), "error");
}

TEST_F(GraphThreads, PruningTellsHowManyThereWere) {
  put("t", "1");
  put("t", "2");
  put("u", "1");
  EXPECT_EQ(called("checkpoints.prune", {{"threadIds", Json::Array{"t", "none"}}}).dump(),
            R"({"checkpoints":1,"threads":1})");
  EXPECT_EQ(called("checkpoints.prune",
                   {{"threadIds", Json::Array{"t", "u", "none"}}, {"strategy", "delete"}})
                .dump(),
            R"({"checkpoints":0,"threads":2})");
}

}  // namespace
}  // namespace synap::features::checkpoints
