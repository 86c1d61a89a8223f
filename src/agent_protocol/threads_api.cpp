#include "agent_protocol/threads_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent_protocol/turned.h"
#include "net/url.h"
#include "rest/parameters.h"
#include "rest/problem.h"
#include "schema/schema.h"

namespace synap::agent_protocol {
namespace {

constexpr const char* kNoRuns =
    "Graphs run where their programs are, and the pod keeps their threads: call the graph there, "
    "with SynapSaver as its checkpointer (docs/langgraph.md), or have an event call it";
constexpr const char* kNoUpdates =
    "Only the graph knows how a value is added to its state: call its update_state() (updateState) "
    "with SynapSaver as its checkpointer";

/// A call as it has been understood.
struct Asked {
  Json input = Json::object();
  /// Which fields are answered, of each thread or state; empty: all.
  std::vector<std::string> select;
  bool wants_nothing = false;
};

struct Given {
  const net::Request& request;
  std::vector<std::string> names;  // of the path, decoded
  World& world;
};

struct Route {
  std::string_view method;
  std::string_view path;       // "{}": a name
  std::string_view procedure;  // empty: there is none
  Result<Asked> (*ask)(const Given&) = nullptr;
  /// What is answered of the procedure's answer; null: nothing (204).
  Json (*answer)(Json, const Asked&) = nullptr;
  const char* instead = nullptr;  // where there is no procedure
};

// --- What is answered --------------------------------------------------------------------------

struct Renamed {
  std::string_view here;
  std::string_view there;
};
constexpr Renamed kThreadFields[] = {
    {"thread_id", "threadId"},   {"created_at", "createdAt"},
    {"updated_at", "updatedAt"}, {"state_updated_at", "stateUpdatedAt"},
    {"metadata", "metadata"},    {"status", "status"},
    {"values", "values"},        {"interrupts", "interrupts"}};

bool is_selected(const std::vector<std::string>& select, std::string_view field) {
  return select.empty() || std::ranges::find(select, field) != select.end();
}

Json thread_of(const Json& stored, const std::vector<std::string>& select) {
  Json thread = Json::object();
  for (const auto& [here, there] : kThreadFields) {
    if (!is_selected(select, here)) continue;
    const auto* value = stored.find(there);
    thread.set(here, value != nullptr ? *value : Json(nullptr));
  }
  return thread;
}

Json one_thread(Json answer, const Asked&) {
  return thread_of(answer, {});
}

Json all_of(const Json& answer, std::string_view name, const Asked& asked,
            Json (*shown)(const Json&, const std::vector<std::string>&)) {
  Json list = Json::array();
  if (const auto* all = answer.find(name)) {
    for (const auto& one : all->as_array()) list.push_back(shown(one, asked.select));
  }
  return list;
}

Json threads(Json answer, const Asked& asked) {
  return all_of(answer, "threads", asked, thread_of);
}

Json member(const Json& object, std::string_view name) {
  const auto* value = object.find(name);
  return value != nullptr ? *value : Json(nullptr);
}

Json number_of(Json answer, const Asked&) {
  return member(answer, "count");
}

Json pruned(Json answer, const Asked&) {
  return Json::object({{"pruned_count", member(answer, "threads")}});
}

Json checkpoint_of(const Json& state, Json id) {
  return Json::object({{"thread_id", member(state, "threadId")},
                       {"checkpoint_ns", member(state, "checkpointNs")},
                       {"checkpoint_id", std::move(id)},
                       {"checkpoint_map", nullptr}});
}

Json task_of(const Json& task) {
  Json told = Json::object();
  for (const auto name : {"id", "name", "error", "interrupts", "result"}) {
    told.set(name, member(task, name));
  }
  told.set("checkpoint", nullptr);
  told.set("state", nullptr);
  return told;
}

// "values.messages" is that one value.
Json selected_values(const Json& values, const std::vector<std::string>& select) {
  constexpr std::string_view kOne = "values.";
  if (is_selected(select, "values") || !values.is_object()) return values;
  Json some = Json::object();
  for (const auto& field : select) {
    if (!field.starts_with(kOne)) continue;
    const auto key = std::string_view(field).substr(kOne.size());
    if (const auto* value = values.find(key)) some.set(key, *value);
  }
  return some;
}

Json state_of(const Json& state, const std::vector<std::string>& select) {
  const auto parent = member(state, "parentCheckpointId");
  Json tasks = Json::array();
  for (const auto& task : member(state, "tasks").as_array()) tasks.push_back(task_of(task));
  Json whole = Json::object(
      {{"values", selected_values(member(state, "values"), select)},
       {"next", member(state, "next")},
       {"tasks", std::move(tasks)},
       {"metadata", member(state, "metadata")},
       {"created_at", member(state, "createdAt")},
       {"checkpoint", checkpoint_of(state, member(state, "checkpointId"))},
       {"parent_checkpoint", parent.is_null() ? Json(nullptr) : checkpoint_of(state, parent)},
       {"interrupts", member(state, "interrupts")}});
  if (select.empty()) return whole;
  Json some = Json::object();
  for (auto& [name, value] : whole.as_object()) {
    const bool has_a_value = name == "values" && std::ranges::any_of(select, [](const auto& field) {
                               return field.starts_with("values.");
                             });
    if (has_a_value || is_selected(select, name)) some.set(name, std::move(value));
  }
  return some;
}

Json one_state(Json answer, const Asked& asked) {
  return state_of(answer, asked.select);
}

Json states(Json answer, const Asked& asked) {
  return all_of(answer, "states", asked, state_of);
}

// --- What is asked -----------------------------------------------------------------------------

/// The members of a body: each is taken once, and what is left is refused, as where a procedure is
/// called.
class Body {
 public:
  static Result<Body> of(const net::Request& request) {
    // The SDKs send none where there is nothing to say, or null.
    if (request.body.empty() || request.body == "null") return Body(Json::object());
    auto object = object_in(request);
    if (!object) return fail(object.error());
    return Body(*std::move(object));
  }

  /// Nothing where it is not there, or null.
  std::optional<Json> take(std::string_view name) {
    Json* found = members_.find(name);
    if (found == nullptr || found->is_null()) return std::nullopt;
    return std::exchange(*found, Json(nullptr));
  }
  /// Into the input of a procedure, under another name.
  void move(std::string_view name, Json& input, std::string_view there) {
    if (auto value = take(name)) input.set(there, *std::move(value));
  }
  /// What must not be there.
  Result<> refuse(std::string_view name, std::string_view why) {
    if (!take(name)) return {};
    return fail(Code::kBadRequest, fmt::format("{}: {}", name, why));
  }
  Result<> end() const {
    for (const auto& [name, value] : members_.as_object()) {
      if (value.is_null()) continue;
      return fail(Code::kBadRequest, fmt::format("{}: there is no such member here", name));
    }
    return {};
  }

 private:
  explicit Body(Json members) : members_(std::move(members)) {}
  Json members_;
};

constexpr const char* kNoTtl =
    "a thread does not end by itself at a time of its own; the pod's --threads-retention takes "
    "away those that nobody uses. Leave it out";

Result<std::vector<std::string>> texts_of(std::string_view name, const std::optional<Json>& given) {
  std::vector<std::string> texts;
  if (!given) return texts;
  const auto wrong = [&] {
    return fail(Code::kBadRequest, fmt::format("{}: expected a list of texts", name));
  };
  if (!given->is_array()) return wrong();
  for (const auto& one : given->as_array()) {
    if (!one.is_string()) return wrong();
    texts.push_back(one.as_string());
  }
  return texts;
}

// "config" and "context" are of runs, which are not here.
constexpr std::string_view kThreadSelection[] = {
    "thread_id", "created_at", "updated_at", "state_updated_at", "metadata",
    "status",    "values",     "interrupts", "config",           "context"};
constexpr std::string_view kStateFields[] = {
    "values",     "next",       "tasks",      "metadata",
    "created_at", "checkpoint", "interrupts", "parent_checkpoint"};

Error no_field(const std::string& field) {
  return {Code::kBadRequest, fmt::format("select: there is no field {}", Json(field).dump())};
}
Result<> check_thread_fields(const std::vector<std::string>& select) {
  for (const auto& field : select) {
    if (std::ranges::find(kThreadSelection, field) == std::end(kThreadSelection)) {
      return fail(no_field(field));
    }
  }
  return {};
}
// Of a state one value may be named, too: "values.messages".
Result<> check_state_fields(const std::vector<std::string>& select) {
  for (const auto& field : select) {
    const bool is_one = std::ranges::find(kStateFields, field) != std::end(kStateFields);
    if (!is_one && !field.starts_with("values.")) return fail(no_field(field));
  }
  return {};
}

Result<Asked> ask_create(const Given& given) {
  auto body = Body::of(given.request);
  if (!body) return fail(body.error());
  if (auto fine = body->refuse("ttl", kNoTtl); !fine) return fail(fine.error());
  if (auto fine = body->refuse("supersteps",
                               "only a graph can apply them; copy a thread with "
                               "/threads/{id}/copy");
      !fine) {
    return fail(fine.error());
  }
  Asked asked;
  asked.input.set("threadId", body->take("thread_id").value_or(given.world.new_id().to_string()));
  body->move("metadata", asked.input, "metadata");
  body->move("if_exists", asked.input, "ifExists");
  if (auto fine = body->end(); !fine) return fail(fine.error());
  return asked;
}

struct ThreadQuery {
  std::optional<std::string> include;
};
const ObjectSchema<ThreadQuery>& describe(Type<ThreadQuery>) {
  static const auto schema =
      object<ThreadQuery>("ThreadQuery").field("include", &ThreadQuery::include, string());
  return schema;
}

template <class T>
Result<T> query_of(const net::Request& request) {
  auto given = rest::read_parameters(schema_of<T>(), request.query);
  if (!given) return fail(given.error());
  return decode<T>(std::move(*given));
}

Result<Asked> ask_name(const Given& given) {
  return Asked{.input = Json::object({{"threadId", given.names[0]}})};
}

Result<Asked> ask_get(const Given& given) {
  // include=ttl: threads have none.
  if (auto query = query_of<ThreadQuery>(given.request); !query) return fail(query.error());
  return ask_name(given);
}

Result<Asked> ask_update(const Given& given) {
  auto body = Body::of(given.request);
  if (!body) return fail(body.error());
  if (auto fine = body->refuse("ttl", kNoTtl); !fine) return fail(fine.error());
  for (const auto* of_state : {"values", "messages"}) {
    if (auto fine = body->refuse(of_state, kNoUpdates); !fine) return fail(fine.error());
  }
  Asked asked;
  asked.input.set("threadId", given.names[0]);
  asked.input.set("metadata", body->take("metadata").value_or(Json::object()));
  if (auto fine = body->end(); !fine) return fail(fine.error());
  const auto* prefer = given.request.headers.find("prefer");
  asked.wants_nothing = prefer != nullptr && *prefer == "return=minimal";
  return asked;
}

Result<Asked> ask_copy(const Given& given) {
  auto body = Body::of(given.request);
  if (!body) return fail(body.error());
  if (auto fine = body->end(); !fine) return fail(fine.error());
  return Asked{.input = Json::object({{"sourceThreadId", given.names[0]},
                                      {"targetThreadId", given.world.new_id().to_string()}})};
}

void move_filter(Body& body, Json& input) {
  body.move("metadata", input, "metadata");
  body.move("values", input, "values");
  body.move("ids", input, "ids");
  body.move("status", input, "status");
}

Result<Asked> ask_search(const Given& given) {
  auto body = Body::of(given.request);
  if (!body) return fail(body.error());
  if (auto fine = body->refuse("extract", "select \"values\", and take what you want of them");
      !fine) {
    return fail(fine.error());
  }
  Asked asked;
  move_filter(*body, asked.input);
  body->move("limit", asked.input, "limit");
  body->move("offset", asked.input, "offset");
  body->move("sort_order", asked.input, "sortOrder");
  if (auto sort = body->take("sort_by")) {
    const auto known = std::ranges::find_if(
        kThreadFields, [&](const Renamed& one) { return *sort == Json(one.here); });
    if (known != std::end(kThreadFields)) sort = Json(known->there);
    asked.input.set("sortBy", *std::move(sort));
  }
  auto select = texts_of("select", body->take("select"));
  if (!select) return fail(select.error());
  if (auto fine = check_thread_fields(*select); !fine) return fail(fine.error());
  asked.select = *std::move(select);
  asked.input.set("withValues",
                  is_selected(asked.select, "values") || is_selected(asked.select, "interrupts"));
  if (auto fine = body->end(); !fine) return fail(fine.error());
  return asked;
}

Result<Asked> ask_count(const Given& given) {
  auto body = Body::of(given.request);
  if (!body) return fail(body.error());
  Asked asked;
  move_filter(*body, asked.input);
  if (auto fine = body->end(); !fine) return fail(fine.error());
  return asked;
}

Result<Asked> ask_prune(const Given& given) {
  auto body = Body::of(given.request);
  if (!body) return fail(body.error());
  Asked asked;
  body->move("thread_ids", asked.input, "threadIds");
  asked.input.set("strategy", body->take("strategy").value_or(Json("delete")));
  if (auto fine = body->end(); !fine) return fail(fine.error());
  return asked;
}

constexpr const char* kNoSubgraphs =
    "subgraphs: a checkpoint does not say which of a subgraph's belongs to it. Ask with a "
    "checkpoint that has its checkpoint_ns";

struct StateQuery {
  std::optional<std::string> subgraphs;
  std::vector<std::string> select;
};
const ObjectSchema<StateQuery>& describe(Type<StateQuery>) {
  static const auto schema =
      object<StateQuery>("StateQuery")
          .field("subgraphs", &StateQuery::subgraphs, string())
          .field_or("select", &StateQuery::select, array(string()), std::vector<std::string>{});
  return schema;
}

bool is_yes(const Json& value) {
  return value == Json(true) || value == Json("true") || value == Json("True");
}

Result<Asked> ask_state(const Given& given) {
  auto query = query_of<StateQuery>(given.request);
  if (!query) return fail(query.error());
  if (is_yes(query->subgraphs.value_or("false"))) return fail(Code::kBadRequest, kNoSubgraphs);
  if (auto fine = check_state_fields(query->select); !fine) return fail(fine.error());
  Asked asked{.input = Json::object({{"threadId", given.names[0]}})};
  if (given.names.size() > 1) asked.input.set("checkpointId", given.names[1]);
  asked.select = std::move(query->select);
  return asked;
}

/// Of {thread_id?, checkpoint_ns?, checkpoint_id?, checkpoint_map?}, as it is, as a config of a
/// runnable ({configurable}), or as an id alone.
Result<> place_of(std::optional<Json> given, Json& input, std::string_view id_member) {
  if (!given) return {};
  if (given->is_string()) {
    input.set(id_member, *std::move(given));
    return {};
  }
  if (Json* configurable = given->find("configurable")) given = Json(std::move(*configurable));
  if (!given->is_object()) {
    return fail(Code::kBadRequest, "A checkpoint is an object with its checkpoint_id");
  }
  for (const auto& [name, there] : {std::pair{"checkpoint_ns", std::string_view("checkpointNs")},
                                    std::pair{"checkpoint_id", id_member}}) {
    const Json* value = given->find(name);
    if (value != nullptr && !value->is_null()) input.set(there, *value);
  }
  return {};
}

Result<Asked> ask_state_at(const Given& given) {
  auto body = Body::of(given.request);
  if (!body) return fail(body.error());
  if (is_yes(body->take("subgraphs").value_or(Json(false)))) {
    return fail(Code::kBadRequest, kNoSubgraphs);
  }
  Asked asked{.input = Json::object({{"threadId", given.names[0]}})};
  if (auto fine = place_of(body->take("checkpoint"), asked.input, "checkpointId"); !fine) {
    return fail(fine.error());
  }
  auto select = texts_of("select", body->take("select"));
  if (!select) return fail(select.error());
  if (auto fine = check_state_fields(*select); !fine) return fail(fine.error());
  asked.select = *std::move(select);
  if (auto fine = body->end(); !fine) return fail(fine.error());
  return asked;
}

Result<Asked> ask_history(const Given& given) {
  auto body = Body::of(given.request);
  if (!body) return fail(body.error());
  Asked asked{.input = Json::object({{"threadId", given.names[0]}})};
  body->move("limit", asked.input, "limit");
  body->move("metadata", asked.input, "metadata");
  // Of its checkpoint the namespace is meant; `before` has one, too.
  Json place = Json::object();
  for (const auto name : {"before", "checkpoint"}) {
    if (auto fine = place_of(body->take(name), place, name); !fine) return fail(fine.error());
  }
  for (const auto name : {"before", "checkpointNs"}) {
    if (Json* value = place.find(name)) asked.input.set(name, std::move(*value));
  }
  auto select = texts_of("select", body->take("select"));
  if (!select) return fail(select.error());
  if (auto fine = check_state_fields(*select); !fine) return fail(fine.error());
  asked.select = *std::move(select);
  if (auto fine = body->end(); !fine) return fail(fine.error());
  return asked;
}

struct HistoryQuery {
  std::optional<std::int64_t> limit;
  std::optional<std::string> before;
};
const ObjectSchema<HistoryQuery>& describe(Type<HistoryQuery>) {
  static const auto schema = object<HistoryQuery>("HistoryQuery")
                                 .field("limit", &HistoryQuery::limit, integer())
                                 .field("before", &HistoryQuery::before, string());
  return schema;
}

Result<Asked> ask_history_by_url(const Given& given) {
  auto query = query_of<HistoryQuery>(given.request);
  if (!query) return fail(query.error());
  Asked asked{.input = Json::object({{"threadId", given.names[0]}})};
  if (query->limit) asked.input.set("limit", *query->limit);
  if (query->before) asked.input.set("before", *query->before);
  return asked;
}

// --- Which is which ----------------------------------------------------------------------------

// What is said itself goes before what a name may be: a checkpoint is not called "checkpoint".
constexpr Route kRoutes[] = {
    {"POST", "/threads", "graphThreads.create", ask_create, one_thread},
    {"POST", "/threads/search", "graphThreads.search", ask_search, threads},
    {"POST", "/threads/count", "graphThreads.count", ask_count, number_of},
    {"POST", "/threads/prune", "checkpoints.prune", ask_prune, pruned},
    {"GET", "/threads/{}", "graphThreads.get", ask_get, one_thread},
    {"PATCH", "/threads/{}", "graphThreads.update", ask_update, one_thread},
    {"DELETE", "/threads/{}", "checkpoints.deleteThread", ask_name},
    {"POST", "/threads/{}/copy", "graphThreads.copy", ask_copy, one_thread},
    {"GET", "/threads/{}/state", "graphThreads.state", ask_state, one_state},
    {"POST", "/threads/{}/state", "", nullptr, nullptr, kNoUpdates},
    {"PATCH", "/threads/{}/state", "", nullptr, nullptr, kNoUpdates},
    {"POST", "/threads/{}/state/checkpoint", "graphThreads.state", ask_state_at, one_state},
    {"GET", "/threads/{}/state/{}", "graphThreads.state", ask_state, one_state},
    {"POST", "/threads/{}/history", "graphThreads.history", ask_history, states},
    {"GET", "/threads/{}/history", "graphThreads.history", ask_history_by_url, states},
};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at + 1), path.size());
    segments.push_back(path.substr(at + 1, end - at - 1));
    at = end;
  }
  return segments;
}

/// The names in a path that is as `pattern` says; nothing: it is not.
std::optional<std::vector<std::string_view>> names_in(std::string_view path,
                                                      std::string_view pattern) {
  const auto given = segments_of(path);
  const auto wanted = segments_of(pattern);
  if (given.size() != wanted.size()) return std::nullopt;
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (wanted[i] == "{}" && !given[i].empty()) {
      names.push_back(given[i]);
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return names;
}

struct Found {
  const Route* route = nullptr;
  std::vector<std::string> names;
};

// Nothing, and why: there is no such path, or it is called by others.
Found find(const net::Request& head, net::Response& refusal) {
  std::string allowed;
  for (const auto& route : kRoutes) {
    const auto names = names_in(head.path, route.path);
    if (!names) continue;
    if (route.method != head.method) {
      allowed.append(allowed.empty() ? "" : ", ").append(route.method);
      continue;
    }
    if (route.procedure.empty()) {
      refusal = rest::problem_response({Code::kNotImplemented, route.instead});
      return {};
    }
    Found found{&route, {}};
    for (const auto name : *names) {
      auto decoded = net::percent_decode(name);
      if (!decoded) {
        refusal = rest::problem_response(decoded.error());
        return {};
      }
      found.names.push_back(*std::move(decoded));
    }
    return found;
  }
  if (!allowed.empty()) {
    refusal = wrong_method(head, allowed);
  } else if (head.path.ends_with('/') || head.path.find("//") != head.path.npos) {
    refusal = rest::problem_response({Code::kNotFound, "A thread has a name: /threads/{id}"});
  } else {
    // /threads/{id}/runs, /threads/{id}/stream and what is below them.
    refusal = rest::problem_response({Code::kNotImplemented, kNoRuns});
  }
  return {};
}

net::Response turned_back(net::Response response, const Route& route, const Asked& asked) {
  if (response.status != 200) return response;
  if (route.answer == nullptr || asked.wants_nothing) return nothing();
  auto answer = parse_json(response.body.view());
  if (!answer) return rest::problem_response({Code::kInternalServerError, answer.error().message});
  if (const auto* is_cut = answer->find("isCut"); is_cut != nullptr && *is_cut == Json(true)) {
    response.headers.add("x-synap-is-cut", "true");
  }
  response.body = route.answer(*std::move(answer), asked).dump();
  return response;
}

}  // namespace

ThreadsApi::ThreadsApi(std::shared_ptr<net::Handler> rest, World& world)
    : rest_(std::move(rest)), world_(world) {}

Task<net::Admission> ThreadsApi::admit(const net::Request& head) {
  net::Admission admission;
  net::Response refusal;
  const auto found = find(head, refusal);
  if (found.route == nullptr) {
    admission.answer = std::move(refusal);
    co_return admission;
  }
  const auto call = turned(head, found.route->procedure);
  co_return co_await rest_->admit(call);
}

Task<net::Response> ThreadsApi::serve(const net::Request& request) {
  net::Response refusal;
  auto found = find(request, refusal);
  if (found.route == nullptr) co_return refusal;
  auto asked = found.route->ask({request, std::move(found.names), world_});
  if (!asked) co_return rest::problem_response(asked.error());
  auto call = turned(request, found.route->procedure);
  call.body = asked->input.dump();
  co_return turned_back(co_await rest_->serve(call), *found.route, *asked);
}

std::optional<net::Response> ThreadsApi::refuse_upgrade(const net::Request& request) {
  return rest_->refuse_upgrade(request);
}

Task<void> ThreadsApi::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

net::Response ThreadsApi::refusal(const Error& error) {
  return rest::problem_response(error);
}

Task<net::Admission> NotServed::admit(const net::Request& head) {
  net::Admission admission;
  admission.answer = co_await serve(head);
  co_return admission;
}

Task<net::Response> NotServed::serve(const net::Request&) {
  co_return rest::problem_response({Code::kNotImplemented, kNoRuns});
}

std::optional<net::Response> NotServed::refuse_upgrade(const net::Request&) {
  return rest::problem_response({Code::kNotImplemented, kNoRuns});
}

Task<void> NotServed::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

net::Response NotServed::refusal(const Error& error) {
  return rest::problem_response(error);
}

}  // namespace synap::agent_protocol
