#include "agents/tools.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agents/data_marks.h"
#include "base/check.h"
#include "base/text.h"
#include "schema/export.h"

namespace synap::agents {

const ObjectSchema<ToolDone>& describe(Type<ToolDone>) {
  static const auto schema = object<ToolDone>("AgentToolDone")
                                 .field("id", &ToolDone::id)
                                 .field("name", &ToolDone::name)
                                 .field("ok", &ToolDone::is_ok)
                                 .field("text", &ToolDone::text)
                                 .field_or("sources", &ToolDone::sources, array(string()), {});
  return schema;
}

namespace {

constexpr const char* kSources = "sources";
constexpr const char* kReason = "reason";

bool takes_field(const Schema& input, std::string_view name) {
  for (const auto& field : input.node().fields) {
    if (field.name == name) return true;
  }
  return false;
}

Json sources_schema() {
  return Json::object(
      {{"type", "array"},
       {"items", Json::object({{"type", "string"}})},
       {"description",
        "The ids of the passages and results of tools that this rests on. Absent: it rests on the "
        "message alone."}});
}

Json reason_schema() {
  return Json::object(
      {{"type", "string"},
       {"description", "In one sentence: why you ask for this. It is kept with the change."}});
}

// Takes the reason out of the arguments. What is none, or too long, is no reason to do nothing: it
// is cut.
std::string take_reason(Json& input) {
  if (!input.is_object()) return {};
  auto& members = input.as_object();
  const auto said = std::ranges::find(members, kReason, &Json::Member::first);
  if (said == members.end()) return {};
  const auto value = std::move(said->second);
  members.erase(said);
  if (!value.is_string()) return {};
  return shortened(value.as_string(), Tools::kReasonMax);
}

// Takes the sources out of the arguments. The error is a sentence for the model.
Result<std::vector<std::string>> take_sources(Json& input, const Reading& reading) {
  std::vector<std::string> sources;
  if (!input.is_object()) return sources;
  auto& members = input.as_object();
  const auto said = std::ranges::find(members, kSources, &Json::Member::first);
  if (said == members.end()) return sources;
  const auto list = std::move(said->second);
  members.erase(said);
  if (list.is_null()) return sources;
  const bool is_list = list.is_array() && list.as_array().size() <= Tools::kSourcesMax &&
                       std::ranges::all_of(list.as_array(), &Json::is_string);
  if (!is_list) {
    return fail(Code::kBadRequest,
                fmt::format("sources: a list of ids, at most {}", Tools::kSourcesMax));
  }
  for (const auto& one : list.as_array()) {
    const auto& id = one.as_string();
    if (std::ranges::find(reading.ids, id) == reading.ids.end()) {
      const auto why = reading.ids.size() < Reading::kIdsMax
                           ? "is nothing that this run has read"
                           : "is none of the first 1,000 things that this run has read";
      return fail(Code::kBadRequest, fmt::format("sources: {} {}", shortened(id, 100), why));
    }
    sources.push_back(id);
  }
  return sources;
}

// Tells the model that nothing has come of the call yet.
std::string with_note(std::string answer) {
  auto json = parse_json(answer);
  if (!json || json->string_or("status", "") != "proposed") return answer;
  json->set("note",
            "Nothing is done yet: this is a proposal, which a person must accept. Say so to the "
            "person; do not try again.");
  return json->dump();
}

}  // namespace

std::string tool_name(std::string_view path) {
  std::string name(path);
  std::ranges::replace(name, '.', '_');
  return name;
}

void Tools::check(const rpc::ProcedureTable& table, const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    const auto* procedure = table.find(path);
    SYNAP_CHECK(procedure != nullptr, path);
    SYNAP_CHECK(procedure->kind != rpc::Kind::kSubscription, path);
    SYNAP_CHECK(procedure->meta.access == rpc::Access::kCaller, path);
    SYNAP_CHECK(procedure->meta.effects != rpc::Effects::kDestroys, path);
    // A crash may come between what it did and that it is known.
    const bool is_repeatable =
        procedure->meta.effects != rpc::Effects::kAppends || procedure->meta.keeps_idempotency_keys;
    SYNAP_CHECK(is_repeatable, path);
    // Whoever adds it says whether it is a way out (rpc::Reach).
    const bool is_reach_said = procedure->meta.reach != rpc::Reach::kUnsaid;
    SYNAP_CHECK(is_reach_said, path);
    // That is the name by which a model says what a call rests on.
    const bool has_sources = takes_field(procedure->input, kSources);
    SYNAP_CHECK(!has_sources, path);
  }
}

bool Tools::is_allowed(const rpc::Procedure& procedure) const {
  return actor_->scopes.allow(rpc::scope_of(procedure)) ||
         (procedure.meta.may_be_proposed &&
          actor_->scopes.allow(rpc::proposing_scope_of(procedure)));
}

std::vector<models::Tool> Tools::offered() const {
  std::vector<models::Tool> tools;
  for (const auto& path : paths_) {
    const auto* procedure = table_.find(path);
    if (procedure == nullptr || !is_allowed(*procedure)) continue;
    models::Tool tool{.name = tool_name(path), .description = procedure->meta.summary};
    if (!procedure->meta.docs.empty()) tool.description += " " + procedure->meta.docs;
    tool.parameters = rpc::takes_input(*procedure)
                          ? to_json_schema(procedure->input)
                          : Json::object({{"type", "object"}, {"properties", Json::object()}});
    Json* properties = tool.parameters.find("properties");
    if (takes_sources(*procedure) && properties != nullptr) {
      properties->set(kSources, sources_schema());
      if (!takes_field(procedure->input, kReason)) properties->set(kReason, reason_schema());
    }
    tools.push_back(std::move(tool));
  }
  return tools;
}

const rpc::Procedure* Tools::find(std::string_view tool) const {
  for (const auto& path : paths_) {
    if (tool_name(path) == tool || path == tool) return table_.find(path);
  }
  return nullptr;
}

bool Tools::takes_sources(const rpc::Procedure& procedure) const {
  return guard_ != Guard::kOff && procedure.kind == rpc::Kind::kMutation;
}

bool Tools::needs_approval(const rpc::Procedure& procedure, const Reading& reading) const {
  // What is told to others is never taken back, so that no trust is enough for it.
  if (procedure.meta.reach == rpc::Reach::kOutward) {
    return guard_ != Guard::kOff && reading.is_tainted;
  }
  switch (guard_) {
    case Guard::kOff:
      return false;
    case Guard::kOn:
      return reading.is_tainted;
    case Guard::kTrusting:
      return reading.is_tainted && reading.hears_others;
  }
  return true;
}

// A run may go on for long after whoever began it has stopped to trust what it reads.
Task<Result<bool>> Tools::needs_approval_now(const rpc::Procedure& procedure,
                                             const Reading& reading) const {
  if (needs_approval(procedure, reading)) co_return true;
  const bool is_by_trust =
      guard_ == Guard::kTrusting && reading.is_tainted && procedure.kind == rpc::Kind::kMutation;
  if (!is_by_trust) co_return false;
  if (!trust_) co_return true;
  auto is_trusted = co_await trust_();
  if (!is_trusted) co_return fail(is_trusted.error());
  co_return !*is_trusted;
}

bool Tools::reads(std::string_view path) const {
  const auto* procedure = table_.find(path);
  return procedure != nullptr && procedure->kind == rpc::Kind::kQuery;
}

// A question to others tells them something, too, and cannot be proposed.
Result<> Tools::may_reach(const rpc::Procedure& procedure, const Reading& reading) const {
  const bool is_proposed = procedure.kind == rpc::Kind::kMutation && procedure.meta.may_be_proposed;
  if (procedure.meta.reach != rpc::Reach::kOutward || is_proposed ||
      !needs_approval(procedure, reading)) {
    return {};
  }
  return fail(Code::kForbidden,
              fmt::format("{} reaches others than the pod, and what the agent has read is not told "
                          "to them without a person's approval",
                          procedure.path));
}

std::shared_ptr<api::CallContext> Tools::context_for(const rpc::Procedure& procedure,
                                                     std::string key,
                                                     const Reading& reading) const {
  auto context = std::make_shared<api::CallContext>(authority_);
  context->actor = actor_;
  const bool is_mutation = procedure.kind == rpc::Kind::kMutation;
  if (is_mutation && procedure.meta.keeps_idempotency_keys) {
    context->idempotency_key = std::move(key);
  }
  if (is_mutation) context->caused_by = cause_;
  // What a model has made up is told to it, rather than passed over.
  context->refuses_unknown_keys = true;
  context->is_tainted = reading.is_tainted;
  return context;
}

Task<Result<std::string>> Tools::invoke(const rpc::Procedure& procedure, Json input,
                                        std::shared_ptr<api::CallContext> context) {
  rpc::Call call{.context = context};
  if (rpc::takes_input(procedure)) call.input.json = std::move(input);
  auto reply = co_await rpc::invoke(procedure, std::move(call));
  if (!reply) co_return fail(reply.error());
  auto* text = std::get_if<rpc::Text>(&*reply);
  if (text == nullptr) co_return fail(Code::kMethodNotSupported, "It answers with a stream");
  co_return text->value_or("null");
}

Task<Result<ToolDone>> Tools::call(models::ToolCall asked, std::string key,
                                   const Reading& reading) const {
  ToolDone done{.id = asked.id, .name = asked.name};
  const auto* procedure = find(asked.name);
  if (procedure == nullptr || !is_allowed(*procedure)) {
    std::vector<std::string> names;
    for (const auto& tool : offered()) names.push_back(tool.name);
    done.text = fmt::format("There is no tool {}. These are: {}.", shortened(asked.name, 100),
                            fmt::join(names, ", "));
    co_return done;
  }
  done.name = procedure->path;
  if (!asked.input) {
    done.text = fmt::format("Nothing was done: the arguments are no JSON object: {}",
                            asked.error.value_or("there are none"));
    co_return done;
  }
  if (takes_sources(*procedure)) {
    auto sources = take_sources(*asked.input, reading);
    if (!sources) {
      done.text = fmt::format("Nothing was done: {}", sources.error().message);
      co_return done;
    }
    done.sources = std::move(*sources);
  }
  auto context = context_for(*procedure, std::move(key), reading);
  if (takes_sources(*procedure) && !takes_field(procedure->input, kReason)) {
    context->reason = take_reason(*asked.input);
  }
  auto waits = co_await needs_approval_now(*procedure, reading);
  if (!waits) co_return fail(waits.error());
  context->needs_approval = *waits;
  if (auto may = may_reach(*procedure, reading); !may) {
    done.text = fmt::format("Nothing was done: {}", may.error().message);
    co_return done;
  }
  if (context->needs_approval) {
    const auto said = std::exchange(
        context->reason, fmt::format("The agent {} asked for it after it had read what was stored",
                                     actor_->recorded.id));
    // Its words may be those of what it has read: whoever decides sees whose they are.
    if (!said.empty()) context->reason += ". It says: " + said;
  }
  auto text = co_await invoke(*procedure, std::move(*asked.input), std::move(context));
  if (text) {
    done.is_ok = true;
    const bool is_mutation = procedure->kind == rpc::Kind::kMutation;
    done.text = shortened(is_mutation ? with_note(std::move(*text)) : *text, kTextMax);
    co_return done;
  }
  if (text.error().is_retriable()) co_return fail(text.error());
  done.text = shortened(fmt::format("Nothing was done: {}", text.error().message), kTextMax);
  co_return done;
}

Task<Result<Json>> Tools::call(std::string_view path, Json input, std::string key,
                               const Reading& reading) const {
  const auto* procedure = find(path);
  SYNAP_CHECK(procedure != nullptr, path);
  if (auto may = may_reach(*procedure, reading); !may) co_return fail(may.error());
  auto context = context_for(*procedure, std::move(key), reading);
  // What the code of a graph does is done, but what it sends to others may have been read.
  context->needs_approval =
      procedure->meta.reach == rpc::Reach::kOutward && needs_approval(*procedure, reading);
  auto text = co_await invoke(*procedure, std::move(input), std::move(context));
  if (!text) co_return fail(text.error());
  co_return parse_json(*text);
}

}  // namespace synap::agents
