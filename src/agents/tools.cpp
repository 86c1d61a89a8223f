#include "agents/tools.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agents/data_marks.h"
#include "agents/procedure_search.h"
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
                                 .field_or("sources", &ToolDone::sources, array(string()), {})
                                 .field_or("mayQuote", &ToolDone::may_quote, boolean(), false);
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

// A crash may come between what it did and that it is known.
bool is_repeatable(const rpc::Procedure& procedure) {
  return procedure.meta.effects != rpc::Effects::kAppends || procedure.meta.keeps_idempotency_keys;
}

// Of what procedures_find tells: with their input so many, and bytes in all, which leaves a margin
// to Tools::kTextMax.
constexpr std::size_t kToldWhole = 4;
constexpr std::size_t kFoundMax = 14 * 1024;
Json text_schema(const char* description) {
  return Json::object({{"type", "string"}, {"description", description}});
}
Json words_schema() {
  return text_schema(
      "Words of what is to be done, in English, as \"rename tag\", or a name. Absent: all, "
      "without their input.");
}
Json name_schema() {
  return text_schema("As tags.rename.");
}
Json input_schema() {
  return Json::object({{"type", "object"}, {"description", "As the procedure takes it."}});
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

// What the schema of the input says of it: it was looked at before anything that is stored.
bool is_about_input(const Error& error) {
  return error.code == Code::kBadRequest && error.details != nullptr &&
         error.details->find("issues") != nullptr;
}

}  // namespace

std::string tool_name(std::string_view path) {
  std::string name(path);
  std::ranges::replace(name, '.', '_');
  return name;
}

void Tools::check(const rpc::ProcedureTable& table, const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    if (path == kAll) continue;
    const auto* procedure = table.find(path);
    SYNAP_CHECK(procedure != nullptr, path);
    SYNAP_CHECK(procedure->kind != rpc::Kind::kSubscription, path);
    SYNAP_CHECK(procedure->meta.access == rpc::Access::kCaller, path);
    SYNAP_CHECK(procedure->meta.effects != rpc::Effects::kDestroys, path);
    SYNAP_CHECK(is_repeatable(*procedure), path);
    // Whoever adds it says whether it is a way out (rpc::Reach).
    const bool is_reach_said = procedure->meta.reach != rpc::Reach::kUnsaid;
    SYNAP_CHECK(is_reach_said, path);
    // That is the name by which a model says what a call rests on.
    const bool has_sources = takes_field(procedure->input, kSources);
    SYNAP_CHECK(!has_sources, path);
  }
}

bool Tools::is_of_all(const rpc::Procedure& procedure) {
  const auto& meta = procedure.meta;
  return procedure.kind != rpc::Kind::kSubscription && meta.access == rpc::Access::kCaller &&
         meta.reach != rpc::Reach::kUnsaid && is_repeatable(procedure) &&
         (meta.effects != rpc::Effects::kDestroys || meta.may_be_proposed) &&
         !takes_field(procedure.input, kSources);
}

bool Tools::has_all() const {
  return std::ranges::find(paths_, kAll) != paths_.end();
}

std::vector<const rpc::Procedure*> Tools::allowed_of_all() const {
  std::vector<const rpc::Procedure*> found;
  for (const auto* procedure : has_all() ? table_.all() : std::vector<const rpc::Procedure*>()) {
    if (is_of_all(*procedure) && is_allowed(*procedure)) found.push_back(procedure);
  }
  return found;
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
    tool.parameters = parameters_of(*procedure);
    tools.push_back(std::move(tool));
  }
  if (allowed_of_all().empty()) return tools;
  tools.push_back(
      {.name = std::string(kFind),
       .description = "What else can be done in this pod than by the other tools: names of "
                      "procedures, what they do, and the input of those that fit best.",
       .parameters = Json::object(
           {{"type", "object"}, {"properties", Json::object({{"q", words_schema()}})}})});
  auto properties = Json::object({{"name", name_schema()}, {"input", input_schema()}});
  if (guard_ != Guard::kOff) {
    properties.set(kSources, sources_schema()).set(kReason, reason_schema());
  }
  Json parameters = Json::object({{"type", "object"}});
  parameters.set("properties", std::move(properties));
  parameters.set("required", Json::array().push_back("name").push_back("input"));
  tools.push_back({.name = std::string(kCall),
                   .description = fmt::format("Calls a procedure that {} has told.", kFind),
                   .parameters = std::move(parameters)});
  return tools;
}

Json Tools::parameters_of(const rpc::Procedure& procedure) const {
  auto parameters = rpc::takes_input(procedure)
                        ? to_json_schema(procedure.input)
                        : Json::object({{"type", "object"}, {"properties", Json::object()}});
  Json* properties = parameters.find("properties");
  if (takes_sources(procedure) && properties != nullptr) {
    properties->set(kSources, sources_schema());
    if (!takes_field(procedure.input, kReason)) properties->set(kReason, reason_schema());
  }
  return parameters;
}

std::string Tools::found(const Json& input) const {
  const auto query = input.string_or("q", "");
  const auto fitting = best_fitting(allowed_of_all(), query);
  Json all = Json::array();
  std::size_t bytes = 0;
  std::int64_t left_out = 0;
  for (const auto* procedure : fitting) {
    Json one = Json::object({{"name", procedure->path}, {"does", procedure->meta.summary}});
    one.set("effects", rpc::effects_name(procedure->meta.effects));
    const bool is_told_whole = !query.empty() && all.as_array().size() < kToldWhole;
    if (is_told_whole && !procedure->meta.docs.empty()) one.set("more", procedure->meta.docs);
    if (is_told_whole) one.set("input", parameters_of(*procedure));
    auto size = json_bytes(one);
    if (bytes + size > kFoundMax && is_told_whole) {
      one = Json::object({{"name", procedure->path}, {"does", procedure->meta.summary}});
      size = json_bytes(one);
    }
    if (bytes + size > kFoundMax) {
      ++left_out;
      continue;
    }
    bytes += size;
    all.push_back(std::move(one));
  }
  Json answer = Json::object({{"procedures", std::move(all)}});
  if (left_out > 0) answer.set("leftOut", left_out);
  return answer.dump();
}

models::ToolCall Tools::unwrapped(models::ToolCall asked) const {
  if (asked.name != kCall || !has_all() || !asked.input || !asked.input->is_object()) return asked;
  const auto name = std::string(asked.input->string_or("name", ""));
  auto* input = asked.input->find("input");
  const auto* procedure = find(name);
  const bool is_known = std::ranges::all_of(asked.input->as_object(), [](const auto& member) {
    return member.first == "name" || member.first == "input" || member.first == kSources ||
           member.first == kReason;
  });
  if (name.empty() || input == nullptr || !input->is_object() || !is_known) return asked;
  Json own = std::move(*input);
  for (const auto* said : {kSources, kReason}) {
    auto* value = asked.input->find(said);
    if (value == nullptr || own.find(said) != nullptr) continue;
    if (procedure != nullptr && takes_sources(*procedure)) own.set(said, std::move(*value));
  }
  asked.name = procedure != nullptr ? procedure->path : name;
  asked.arguments = own.dump();
  asked.input = std::move(own);
  return asked;
}

const rpc::Procedure* Tools::find(std::string_view tool) const {
  for (const auto& path : paths_) {
    if (path != kAll && (tool_name(path) == tool || path == tool)) return table_.find(path);
  }
  if (!has_all()) return nullptr;
  const auto* procedure = table_.find(tool);
  return procedure != nullptr && is_of_all(*procedure) ? procedure : nullptr;
}

std::string Tools::sentence_of_none(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& tool : offered()) names.push_back(tool.name);
  return fmt::format("There is no tool {}. These are: {}.", shortened(std::string(name), 100),
                     fmt::join(names, ", "));
}

bool Tools::takes_sources(const rpc::Procedure& procedure) const {
  return guard_ != Guard::kOff && procedure.kind == rpc::Kind::kMutation;
}

bool Tools::needs_approval(const rpc::Procedure& procedure, const Reading& reading) const {
  if (procedure.meta.effects == rpc::Effects::kDestroys) return true;
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
  const bool is_of_table = has_all() && (asked.name == kFind || asked.name == kCall);
  const auto* procedure = is_of_table ? nullptr : find(asked.name);
  if (!is_of_table && (procedure == nullptr || !is_allowed(*procedure))) {
    done.text = sentence_of_none(asked.name);
    co_return done;
  }
  if (procedure != nullptr) done.name = procedure->path;
  if (!asked.input) {
    done.text = fmt::format("Nothing was done: the arguments are no JSON object: {}",
                            asked.error.value_or("there are none"));
    co_return done;
  }
  if (procedure == nullptr) {
    done.is_ok = asked.name == kFind;
    done.text = done.is_ok ? found(*asked.input)
                           : fmt::format(
                                 "Nothing was done: {} takes name, which {} tells, and "
                                 "input, an object: the procedure's own input",
                                 kCall, kFind);
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
    const auto* after = reading.is_tainted ? " after it had read what was stored" : "";
    const auto said = std::exchange(
        context->reason, fmt::format("The agent {} asked for it{}", actor_->recorded.id, after));
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
  done.may_quote = !is_about_input(text.error());
  co_return done;
}

Task<Result<Json>> Tools::call(std::string_view path, Json input, std::string key,
                               const Reading& reading) const {
  const auto* procedure = find(path);
  const bool is_made_for = std::ranges::find(paths_, path) != paths_.end();
  SYNAP_CHECK(procedure != nullptr && is_made_for, path);
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
