#include "fixture_router.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/timer.h"
#include "schema/schema.h"

namespace synap::trpc::fixture {
namespace {

using rpc::Call;
using rpc::Item;
using rpc::Items;
using rpc::Kind;
using rpc::Reply;
using rpc::Text;
using Answer = Task<Result<Reply>>;
using Input = std::optional<Json>;
using std::chrono::milliseconds;

void log(const char* line) {
  std::fprintf(stderr, "%s\n", line);
}

Result<Reply> text(std::string json) {
  return Reply(Text(std::move(json)));
}
Result<Reply> value(const Json& json) {
  return text(json.dump());
}
Result<Reply> nothing() {
  return Reply(Text());
}

Item untracked(const Json& data) {
  return {std::nullopt, data.dump()};
}
Item tracked(std::string id, const Json& data) {
  return {std::move(id), data.dump()};
}

milliseconds pause_of(const Json& input) {
  const Json* ms = input.find("ms");
  return milliseconds(ms == nullptr ? 10 : static_cast<int>(ms->as_number()));
}

Error asked_for(const Json& input, const std::string& prefix) {
  const auto& name = input.find("code")->as_string();
  return {*code_by_name(name), prefix + name};
}

std::vector<std::string> code_names() {
  std::vector<std::string> names;
  for (int i = 0; i < kCodeCount; ++i) names.emplace_back(info(static_cast<Code>(i)).name);
  return names;
}

// What every procedure does first. The table outlives all calls, so the captures do too.
class Router {
 public:
  explicit Router(rpc::ProcedureTable& table) : table_(table) {}

  void add(std::string path, Kind kind, Schema input, std::function<Answer(Call, Input)> handler) {
    rpc::Procedure procedure;
    procedure.path = std::move(path);
    procedure.kind = kind;
    procedure.input = input;
    procedure.handler = [input, handler = std::move(handler)](Call call) -> Answer {
      auto valid = validate(input, std::move(call.input.json));
      if (!valid) co_return fail(std::move(valid.error()));
      co_return co_await handler(std::move(call), *std::move(valid));
    };
    table_.add(std::move(procedure));
  }
  /// A query without input that always answers the same.
  void constant(std::string path, std::function<Result<Reply>()> make) {
    add(std::move(path), Kind::kQuery, Schema(),
        [make = std::move(make)](Call, Input) -> Answer { co_return make(); });
  }
  /// One that takes no JSON.
  void raw(std::string path, std::function<Answer(Call)> handler) {
    rpc::Procedure procedure;
    procedure.path = std::move(path);
    procedure.kind = Kind::kMutation;
    procedure.input = any();
    procedure.handler = std::move(handler);
    table_.add(std::move(procedure));
  }

 private:
  rpc::ProcedureTable& table_;
};

Answer echo(Call, Input input) {
  std::string kind = "undefined";
  if (input) {
    kind = input->is_null()     ? "null"
           : input->is_string() ? "string"
           : input->is_number() ? "number"
           : input->is_bool()   ? "boolean"
                                : "object";
  }
  Json out = Json::object();
  if (input) out.set("input", *std::move(input));
  out.set("kind", std::move(kind));
  co_return value(out);
}

Answer slow(Call call, Input input) {
  const double ms = input->find("ms")->as_number();
  const std::stop_callback aborted(call.stop, [] { log("ABORTED slow"); });
  co_await sleep_for(milliseconds(static_cast<int>(ms)), call.stop);
  log(call.stop.stop_requested() ? "slow done aborted=true" : "slow done aborted=false");
  co_return value(Json::object({{"slept", *input->find("ms")}}));
}

Items stream() {
  co_yield untracked(Json::object({{"n", 1}}));
  co_await sleep_for(milliseconds(50));
  co_yield untracked(Json::object({{"n", 2}}));
  co_await sleep_for(milliseconds(50));
  co_yield untracked(3);
  co_return Text("\"done\"");
}

Items stream_with_error() {
  co_yield untracked(1);
  co_await sleep_for(milliseconds(20));
  co_return fail(Code::kConflict, "mid-stream");
}

Items count(double from, double to, milliseconds pause, std::stop_token stop) {
  const std::stop_callback aborted(stop, [] { log("count ABORT"); });
  for (double i = from; i < to;) {
    ++i;
    Json n(static_cast<std::int64_t>(i));
    co_yield tracked(n.dump(), Json::object({{"n", n}}));
    if (!co_await sleep_for(pause, stop)) break;
  }
  log("count end");
  co_return Text();
}

Items plain(double to, milliseconds pause, std::stop_token stop) {
  for (int i = 1; i <= to; ++i) {
    co_yield untracked(Json::object({{"n", i}}));
    if (!co_await sleep_for(pause, stop)) break;
  }
  co_return Text("\"ret\"");
}

Items mixed() {
  co_yield untracked("a");
  co_yield tracked("1", "b");
  co_yield untracked("c");
  co_yield tracked("2", "d");
  co_yield untracked(nullptr);
  co_yield untracked("multi\nline");
  co_return Text();
}

Items undefined_items() {
  co_yield Item{std::nullopt, std::nullopt};
  co_yield Item{"u", std::nullopt};
  co_return Text();
}

Items one(Item item) {
  co_yield std::move(item);
  co_return Text();
}

Items failing(Error error) {
  co_yield untracked("first");
  co_await sleep_for(milliseconds(10));
  co_return fail(std::move(error));
}

Items forever(std::stop_token stop) {
  struct Finally {
    ~Finally() { log("forever finally"); }
  };
  const Finally finally;
  const std::stop_callback aborted(stop, [] { log("forever ABORT"); });
  for (int i = 1; !stop.stop_requested(); ++i) {
    co_yield tracked(std::to_string(i), i);
    co_await sleep_for(milliseconds(30), stop);
  }
  co_return Text();
}

Items idle(std::stop_token stop) {
  co_yield untracked("start");
  while (co_await sleep_for(std::chrono::hours(1), stop)) continue;
  co_return Text();
}

Items observed() {
  co_yield untracked(1);
  co_yield untracked(2);
  co_await sleep_for(milliseconds(20));
  co_return Text();
}

Answer upload(Call call) {
  if (!call.input.form) co_return fail(Code::kBadRequest, "Input not instance of FormData");
  Json entries = Json::array();
  for (const auto& field : *call.input.form) {
    Json entry = Json::array();
    entry.push_back(field.name);
    if (field.filename) {
      entry.push_back(Json::object({{"file", *field.filename},
                                    {"type", field.content_type},
                                    {"size", std::uint64_t{field.value.size()}},
                                    {"text", field.value}}));
    } else {
      entry.push_back(field.value);
    }
    entries.push_back(std::move(entry));
  }
  co_return value(entries);
}

Answer octet(Call call) {
  if (!call.input.bytes) {
    co_return fail(Code::kBadRequest,
                   "Parsed input was expected to be a ReadableStream but was: object");
  }
  const std::string& bytes = *call.input.bytes;
  Json first = Json::array();
  for (const char byte : bytes.substr(0, 4)) first.push_back(int{static_cast<unsigned char>(byte)});
  co_return value(
      Json::object({{"bytes", std::uint64_t{bytes.size()}}, {"first", std::move(first)}}));
}

Answer fail_as_asked(Call, Input input) {
  co_return fail(asked_for(*input, "msg "));
}

void add_values(Router& router) {
  router.constant("noInput", [] { return value(Json::object({{"ok", true}})); });
  router.constant("undef", [] { return nothing(); });
  router.constant("nul", [] { return value(nullptr); });
  router.constant("zero", [] { return value(0); });
  router.constant("empty", [] { return value(""); });
  router.constant("date", []() -> Result<Reply> {
    return fail(Code::kInternalServerError, "Do not know how to serialize a BigInt");
  });
  router.constant("dateJson", [] {
    return text(R"({"d":"2024-01-02T03:04:05.678Z","m":{},"nan":null,"arr":[null,1]})");
  });
  router.constant("unicode", [] { return value("héllo — 日本語 🎉 \xE2\x80\xA8"); });
  router.constant("crash",
                  []() -> Result<Reply> { return fail(Code::kInternalServerError, "boom"); });
  router.constant("crashStr",
                  []() -> Result<Reply> { return fail(Code::kInternalServerError, "a string"); });
  router.constant("badOut", []() -> Result<Reply> {
    return fail(Code::kInternalServerError, "Output validation failed");
  });
  router.constant("stream", []() -> Result<Reply> { return stream(); });
  router.constant("streamErr", []() -> Result<Reply> { return stream_with_error(); });
}

void add_queries(Router& router) {
  router.add("hello", Kind::kQuery, optional(object().field("name", string())),
             [](Call, Input input) -> Answer {
               const std::string name(input ? input->string_or("name", "") : "world");
               co_return value("hello " + name);
             });
  router.add("greet", Kind::kQuery,
             object().field("name", string().min(2)).field("age", optional(integer())),
             [](Call, Input input) -> Answer {
               Json out =
                   Json::object({{"greeting", "hi " + std::string(input->string_or("name", ""))}});
               if (const Json* age = input->find("age")) out.set("age", *age);
               co_return value(out);
             });
  router.add("echo", Kind::kQuery, any(), echo);
  router.add("dateIn", Kind::kQuery, object().field("when", any()),
             [](Call, Input input) -> Answer {
               Json out = Json::object({{"isDate", false}});
               if (const Json* when = input->find("when")) out.set("v", *when);
               co_return value(out);
             });
  router.add("fail", Kind::kQuery, object().field("code", one_of(code_names())), fail_as_asked);
  router.add("slow", Kind::kQuery, object().field("ms", number()), slow);
  router.add("whoami", Kind::kQuery, Schema(), [](Call call, Input) -> Answer {
    co_return value(static_cast<const Context&>(*call.context).value());
  });
  router.add("post.byId", Kind::kQuery, object().field("id", number()),
             [](Call, Input input) -> Answer {
               const Json& id = *input->find("id");
               co_return value(Json::object({{"id", id}, {"title", "Post " + id.dump()}}));
             });
}

void add_mutations(Router& router) {
  router.add("echoMut", Kind::kMutation, any(), echo);
  router.add("undefMut", Kind::kMutation, Schema(),
             [](Call, Input) -> Answer { co_return nothing(); });
  router.add("failMut", Kind::kMutation, object().field("code", one_of(code_names())),
             fail_as_asked);
  router.add("post.create", Kind::kMutation, object().field("title", string()),
             [](Call, Input input) -> Answer {
               Json post = Json::object({{"id", 1}});
               for (auto& [key, member] : input->as_object()) post.set(key, std::move(member));
               co_return value(post);
             });
  router.add("post.admin.del", Kind::kMutation, number(),
             [](Call, Input input) -> Answer { co_return value(*input); });
  router.raw("upload", upload);
  router.raw("octet", octet);
}

void add_subscriptions(Router& router) {
  const auto constant = [&](std::string path, std::function<Items(std::stop_token)> make) {
    router.add(
        std::move(path), Kind::kSubscription, Schema(),
        [make = std::move(make)](Call call, Input) -> Answer { co_return Reply(make(call.stop)); });
  };
  router.add("sub.count", Kind::kSubscription,
             object()
                 .field("to", number())
                 .field("ms", optional(number()))
                 .field("lastEventId", string().nullish()),
             [](Call call, Input input) -> Answer {
               const std::string last(input->string_or("lastEventId", ""));
               log(("count start lastEventId=" + last).c_str());
               co_return Reply(count(std::strtod(last.c_str(), nullptr),
                                     input->find("to")->as_number(), pause_of(*input), call.stop));
             });
  router.add("sub.plain", Kind::kSubscription,
             object().field("to", number()).field("ms", optional(number())),
             [](Call call, Input input) -> Answer {
               co_return Reply(plain(input->find("to")->as_number(), pause_of(*input), call.stop));
             });
  router.add("sub.mixed", Kind::kSubscription, any(),
             [](Call, Input) -> Answer { co_return Reply(mixed()); });
  router.add(
      "sub.fail", Kind::kSubscription, object().field("code", one_of(code_names())),
      [](Call, Input input) -> Answer { co_return Reply(failing(asked_for(*input, "sub "))); });
  router.add("sub.failNow", Kind::kSubscription, object().field("code", one_of(code_names())),
             [](Call, Input input) -> Answer { co_return fail(asked_for(*input, "subnow ")); });
  constant("sub.undef", [](auto) { return undefined_items(); });
  constant("sub.noinput", [](auto) { return one(untracked(Json::object({{"input", "none"}}))); });
  constant("sub.forever", [](auto stop) { return forever(std::move(stop)); });
  constant("sub.idle", [](auto stop) { return idle(std::move(stop)); });
  constant("sub.obs", [](auto) { return observed(); });
  constant("sub.date", [](auto) {
    return one(tracked("x", Json::object({{"d", "1970-01-01T00:00:00.000Z"}})));
  });
  router.add("sub.notiter", Kind::kSubscription, Schema(),
             [](Call, Input) -> Answer { co_return value("nope"); });
}

}  // namespace

Task<Result<std::shared_ptr<const rpc::Context>>> create_context(const RequestInfo& request_info) {
  const auto& params = request_info.connection_params;
  if (params && params->string_or("token", "") == "bad") {
    co_return fail(Code::kUnauthorized, "bad token");
  }
  if (request_info.headers.find("x-fail-ctx") != nullptr) {
    co_return fail(Code::kUnauthorized, "ctx fail");
  }
  const auto* authorization = request_info.headers.find("authorization");
  Json calls = Json::array();
  for (const auto& path : request_info.paths) calls.push_back(path);
  co_return std::make_shared<const Context>(Json::object({
      {"connectionParams", params.value_or(Json())},
      {"auth", authorization == nullptr ? Json() : Json(*authorization)},
      {"calls", std::move(calls)},
      {"isBatch", request_info.is_batch},
      {"type", request_info.kind ? rpc::kind_name(*request_info.kind) : "unknown"},
      {"accept", request_info.accept.empty() ? Json() : Json(request_info.accept)},
  }));
}

void add_procedures(rpc::ProcedureTable& table) {
  Router router(table);
  add_values(router);
  add_queries(router);
  add_mutations(router);
  add_subscriptions(router);
}

}  // namespace synap::trpc::fixture
