// capture.thought: a thought is made a thing: a note, a task, or a thing or an event of a type of
// the user's own. The agent *capture* decides by rules (rules.h, own_types.h), without any model,
// and acts as itself. Where there is a model and the rules see no sure task, it is asked whether
// the thought is of a type of the user's.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "agents/agents.h"
#include "agents/conversation.h"
#include "agents/data_marks.h"
#include "features/agents/running.h"
#include "features/capture/capture.h"
#include "features/capture/own_types.h"
#include "features/capture/rules.h"
#include "features/entities/entities.h"
#include "features/procedures.h"
#include "schema/json_validator.h"

namespace synap::features::capture {
namespace {

using agents::Node;
using agents::Update;
using api::Session;

constexpr std::size_t kThoughtMax = 20'000;
// From here on rules are as sure that it is a task as they need to be to ask nobody else.
constexpr double kSureFrom = 0.75;
// What a model says with less confidence is not done.
constexpr double kModelFrom = 0.6;
// That are told to a model: types, and bytes of their schemas.
// It is a thought that somebody has just put down: rules know something at once.
constexpr std::chrono::seconds kModelTime(60);
constexpr std::size_t kTypesTold = 8;
constexpr std::size_t kSchemasTold = 12 * 1024;
constexpr std::size_t kReasonBytes = 300;

struct Capture {
  std::string text;
  std::int64_t at = 0;
  std::string kind;
  double confidence = 0;
  std::vector<std::string> reasons;
  Json fields;
  std::string entity_id;
  std::string proposal_id;
};
const ObjectSchema<Capture>& describe(Type<Capture>) {
  static const auto schema =
      object<Capture>("CaptureState")
          .field("text", &Capture::text, string().min(1).max(kThoughtMax))
          .field_or("at", &Capture::at, integer(), 0)
          .field_or("kind", &Capture::kind, string(), "", "note, task, or a type of one's own.")
          .field_or("confidence", &Capture::confidence, number().min(0).max(1), 0)
          .field_or("reasons", &Capture::reasons, array(string()), {})
          .field_or("fields", &Capture::fields, record(any()), Json::object(),
                    "Of the task, or the event's data.")
          .field_or("entityId", &Capture::entity_id, string(), "")
          .field_or("proposalId", &Capture::proposal_id, string(), "",
                    "Of what waits for somebody to accept it; empty: it is done.");
  return schema;
}

Json list_of(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}

// The only field that an event of the type must have, with the value in the kind that it wants.
std::optional<Json> data_of_value(const Json& schema, const Capture& state,
                                  const std::string& value, std::vector<std::string>& reasons) {
  const Json* required = schema.find("required");
  const Json* properties = schema.find("properties");
  if (required == nullptr || !required->is_array() || required->as_array().size() != 1 ||
      properties == nullptr || !required->as_array().front().is_string() || value.empty()) {
    return std::nullopt;
  }
  const auto& name = required->as_array().front().as_string();
  const Json* property = properties->find(name);
  auto one = property != nullptr ? value_in(*property, value, state.at, reasons) : std::nullopt;
  if (!one) return std::nullopt;
  auto data = Json::object({{name, *std::move(one)}});
  const auto compiled = JsonValidator::compile(schema, "schema");
  return compiled && compiled->validate(data, "data") ? std::optional(std::move(data))
                                                      : std::nullopt;
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// The names of the user's types of events of a noun, as "x.weight.recorded".
Task<Result<std::vector<std::string>>> event_types_of(Node& node, const std::string& noun) {
  std::vector<std::string> names;
  auto types = co_await node.use("types", "eventTypes.list", Json::object());
  // Whoever may not read types has none that are meant.
  if (!types && types.error().code != Code::kForbidden) co_return fail(types.error());
  const Json* all = types ? types->find("types") : nullptr;
  for (const auto& one : all != nullptr ? all->as_array() : Json::Array{}) {
    const auto name = one.string_or("name", "");
    if (name.starts_with(fmt::format("x.{}.", noun))) names.emplace_back(name);
  }
  co_return names;
}

// What the thought is, if its label is the noun of types that the user has registered, and it fits
// one of them. Where it is none `reasons` say why.
Task<Result<std::optional<Update>>> of_own_type(Node& node, const Capture& state,
                                                std::vector<std::string>& reasons) {
  const auto label = labelled(state.text);
  if (!label) co_return std::nullopt;
  const auto names = co_await event_types_of(node, label->label);
  if (!names) co_return fail(names.error());
  if (names->empty()) co_return std::nullopt;
  if (names->size() > kTypesTold) {
    reasons.push_back(fmt::format("It begins with \"{}:\", and you have registered {} types of it",
                                  label->label, names->size()));
    co_return std::nullopt;
  }
  std::vector<std::string> fitting;
  std::vector<std::string> said;
  Json fields;
  for (std::size_t i = 0; i < names->size(); ++i) {
    auto type = co_await node.use(i == 0 ? "type" : fmt::format("type {}", i), "eventTypes.get",
                                  Json::object({{"name", (*names)[i]}}));
    if (!type) co_return fail(type.error());
    const Json* schema = type->find("schema");
    std::vector<std::string> of_value;
    auto data =
        schema != nullptr ? data_of_value(*schema, state, label->value, of_value) : std::nullopt;
    if (!data) continue;
    fitting.push_back((*names)[i]);
    fields = *std::move(data);
    said = std::move(of_value);
  }
  if (fitting.size() != 1) {
    reasons.push_back(
        fitting.empty()
            ? fmt::format("It begins with \"{}:\", but is nothing that {} takes in one field",
                          label->label, joined(*names))
            : fmt::format("It begins with \"{}:\", and {} take it", label->label, joined(fitting)));
    co_return std::nullopt;
  }
  said.insert(said.begin(), fmt::format("It begins with \"{}:\", and you have registered {}",
                                        label->label, fitting.front()));
  co_return Json::object({{"kind", fitting.front()},
                          {"confidence", 0.95},
                          {"reasons", list_of(said)},
                          {"fields", std::move(fields)}});
}

// The names of the user's types of things. Whoever may not read them has none that are meant.
Task<Result<std::vector<std::string>>> own_types(Node& node) {
  auto types = co_await node.use("entity types", "entityTypes.list", Json::object());
  std::vector<std::string> names;
  if (!types && types.error().code != Code::kForbidden) co_return fail(types.error());
  const Json* all = types ? types->find("types") : nullptr;
  for (const auto& one : all != nullptr ? all->as_array() : Json::Array{}) {
    names.emplace_back(one.string_or("name", ""));
  }
  co_return names;
}

Task<Result<OwnType>> own_type(Node& node, std::string what, std::string name) {
  auto type = co_await node.use(what, "entityTypes.get", Json::object({{"name", name}}));
  if (!type) co_return fail(type.error());
  Json* schema = type->find("schema");
  co_return OwnType{std::move(name), schema != nullptr ? std::move(*schema) : Json::object(),
                    std::string(type->string_or("title", ""))};
}

// A thing of a type whose name the thought begins with. Where it cannot be one `reasons` say why.
Task<Result<std::optional<Update>>> of_named_type(Node& node, const Capture& state,
                                                  const std::vector<std::string>& types,
                                                  std::vector<std::string>& reasons) {
  const auto named = named_type(state.text, types);
  if (!named) co_return std::nullopt;
  auto type = co_await own_type(node, "entity type", named->type);
  if (!type) co_return fail(type.error());
  auto filled = fill(*type, named->rest, state.at);
  if (!filled.problem.empty()) {
    reasons.push_back(fmt::format("It begins with \"{}\", but is no {}: {}", named->said,
                                  named->type, filled.problem));
    co_return std::nullopt;
  }
  filled.reasons.insert(
      filled.reasons.begin(),
      fmt::format("It begins with \"{}\", and you have defined {}", named->said, named->type));
  co_return Json::object({{"kind", named->type},
                          {"confidence", 0.95},
                          {"reasons", list_of(filled.reasons)},
                          {"fields", std::move(filled.data)}});
}

models::Ask question_of_types(const Capture& state, const std::vector<OwnType>& types) {
  Json names = Json::array().push_back("none");
  std::string schemas;
  for (const auto& type : types) {
    names.push_back(type.name);
    schemas += fmt::format("{}: {}\n", type.name, type.schema.dump());
  }
  models::Ask ask;
  ask.messages = {
      agents::message(
          "system",
          fmt::format("Somebody has written down a thought. Say whether it is a thing of one of "
                      "their own types, of which you are told the JSON Schemas, or none: most "
                      "are. The data are what the thought says of it, as the schema has it, and "
                      "nothing that it does not say. The confidence is from 0 to 1, the reason a "
                      "sentence.\n{}",
                      agents::kDataRule)),
      agents::message("user", agents::as_data("thought", "", state.text) + "\n" +
                                  agents::as_data("types", "", schemas))};
  auto properties = Json::object({{"type", Json::object({{"enum", std::move(names)}})},
                                  {"confidence", Json::object({{"type", "number"}})},
                                  {"reason", Json::object({{"type", "string"}})},
                                  {"data", Json::object({{"type", "object"}})}});
  Json required = Json::array();
  for (const auto& [name, schema] : properties.as_object()) required.push_back(name);
  ask.time_max = kModelTime;
  ask.output_schema = Json::object({{"type", "object"},
                                    {"required", std::move(required)},
                                    {"properties", std::move(properties)}});
  return ask;
}

// Those of which a model is told, and how many it is not: the ones that the thought has a word of
// first.
Task<Result<std::vector<OwnType>>> types_to_tell(Node& node, const Capture& state,
                                                 std::vector<std::string> names) {
  const auto is_said = [&](const std::string& name) { return says_name(state.text, name); };
  std::ranges::partition(names, is_said);
  std::vector<OwnType> told;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < std::min(names.size(), kTypesTold); ++i) {
    auto type = co_await own_type(node, fmt::format("entity type {}", i), names[i]);
    if (!type) co_return fail(type.error());
    bytes += json_bytes(type->schema);
    if (bytes > kSchemasTold) break;
    told.push_back(*std::move(type));
  }
  co_return told;
}

// What a model says that it is. Where that is none of the types `reasons` say why.
Task<Result<std::optional<Update>>> of_type_by_model(Node& node, const Capture& state,
                                                     std::vector<std::string> names,
                                                     std::vector<std::string>& reasons) {
  const auto count = names.size();
  auto types = co_await types_to_tell(node, state, std::move(names));
  if (!types) co_return fail(types.error());
  if (types->size() < count) {
    reasons.push_back(fmt::format("The model was told {} of your {} types", types->size(), count));
  }
  if (types->empty()) co_return std::nullopt;
  auto answer = co_await node.ask("model", question_of_types(state, *types));
  if (!answer) {
    reasons.push_back(agents::shortened(
        "No model has said whether it is of a type of yours: " + answer.error().message,
        kReasonBytes));
    co_return std::nullopt;
  }
  Json output = answer->output.value_or(Json::object());
  const auto kind = std::string(output.string_or("type", ""));
  const auto reason = agents::shortened(output.string_or("reason", ""), kReasonBytes);
  const Json* confidence = output.find("confidence");
  const auto sure = confidence != nullptr && confidence->is_number()
                        ? std::clamp(confidence->as_number(), 0.0, 1.0)
                        : 0.0;
  Json* data = output.find("data");
  const bool is_one = std::ranges::find(*types, kind, &OwnType::name) != types->end();
  if (!is_one || data == nullptr || !data->is_object() || sure < kModelFrom) {
    if (is_one) reasons.push_back(fmt::format("A model is not sure that it is {}", kind));
    co_return std::nullopt;
  }
  reasons.push_back(fmt::format("A model says that it is {}: {}", kind, reason));
  co_return Json::object({{"kind", kind},
                          {"confidence", sure},
                          {"reasons", list_of(reasons)},
                          {"fields", std::move(*data)}});
}

Task<Result<Update>> classify(Node& node, Capture state) {
  std::vector<std::string> reasons;
  auto own = co_await of_own_type(node, state, reasons);
  if (!own) co_return fail(own.error());
  if (*own) co_return std::move(**own);
  auto types = co_await own_types(node);
  if (!types) co_return fail(types.error());
  own = co_await of_named_type(node, state, *types, reasons);
  if (!own) co_return fail(own.error());
  if (*own) co_return std::move(**own);
  auto verdict = judge(state.text, state.at);
  // It names a type of the user's, and it does not fit: that is no order to be carried out, even
  // where the name is the word of one ("book: ", "call: ").
  if (!reasons.empty() && verdict.kind == "task" && !verdict.is_marked) {
    verdict = {};
    verdict.kind = "note";
    verdict.confidence = kSureFrom;
  }
  const bool is_sure = verdict.kind == "task" && verdict.confidence >= kSureFrom;
  const bool has_model = !node.context().models.options().chat.empty();
  if (has_model && !types->empty() && !is_sure) {
    own = co_await of_type_by_model(node, state, *std::move(types), reasons);
    if (!own) co_return fail(own.error());
    if (*own) co_return std::move(**own);
  }
  verdict.reasons.insert(verdict.reasons.begin(), reasons.begin(), reasons.end());
  Json fields = Json::object();
  if (verdict.kind == "task") {
    fields.set("title", verdict.title);
    if (verdict.title.size() < state.text.size()) fields.set("description", state.text);
    if (verdict.due_date) fields.set("dueDate", *verdict.due_date);
    if (verdict.priority) fields.set("priority", *verdict.priority);
  }
  co_return Json::object({{"kind", verdict.kind},
                          {"confidence", verdict.confidence},
                          {"reasons", list_of(verdict.reasons)},
                          {"fields", std::move(fields)}});
}

Task<Result<Update>> file(Node& node, Capture state) {
  std::string path = "notes.create";
  Json input = Json::object({{"content", state.text}});
  if (state.kind == "task") {
    path = "tasks.create";
    input = state.fields;
  } else if (entities::is_type_name(state.kind)) {
    path = "entities.create";
    input = Json::object({{"type", state.kind}, {"data", state.fields}});
  } else if (state.kind != "note") {
    path = "events.publish";
    input = Json::object({{"type", state.kind}, {"data", state.fields}});
  }
  auto made = co_await node.use("file", path, std::move(input));
  const bool is_refused =
      !made && (made.error().code == Code::kBadRequest || made.error().code == Code::kForbidden);
  if (is_refused && state.kind != "note") {
    // What it seemed to be does not take it, or not from this key: nothing of the thought is lost.
    auto reasons = state.reasons;
    reasons.push_back(fmt::format("{} does not take it: {}", state.kind, made.error().message));
    auto note =
        co_await node.use("file as note", "notes.create", Json::object({{"content", state.text}}));
    // Where the key may file nothing it is said of what the thought is.
    if (!note && note.error().code == Code::kForbidden) co_return fail(made.error());
    if (!note) co_return fail(note.error());
    co_return Json::object({{"kind", "note"},
                            {"confidence", 1 - state.confidence},
                            {"reasons", list_of(reasons)},
                            {"entityId", note->string_or("entityId", "")},
                            {"proposalId", note->string_or("proposalId", "")}});
  }
  if (!made) co_return fail(made.error());
  auto id = made->string_or("entityId", "");
  if (id.empty()) id = made->string_or("eventId", "");
  co_return Json::object({{"entityId", id}, {"proposalId", made->string_or("proposalId", "")}});
}

struct Thought {
  std::string text;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<Thought>& describe(Type<Thought>) {
  static const auto schema =
      object<Thought>("Thought")
          .field("text", &Thought::text, string().min(1).max(kThoughtMax), "Whatever it is.")
          .field("idempotencyKey", &Thought::idempotency_key, string().min(1).max(200),
                 "A repeat with the same key captures nothing again.");
  return schema;
}

struct CaptureInput {
  std::string text;
};
const ObjectSchema<CaptureInput>& describe(Type<CaptureInput>) {
  static const auto schema =
      object<CaptureInput>("CaptureInput")
          .field("text", &CaptureInput::text, string().min(1).max(kThoughtMax), "The thought.");
  return schema;
}

Task<Result<Accepted>> thought(const Rooms& rooms, Session session, Thought input) {
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  Json asked = Json::object({{"text", input.text}});
  co_return co_await agent_runs::start(rooms, session, *rooms.agents->find("capture"),
                                       std::move(asked), *std::move(key), std::move(input.text));
}

}  // namespace

void add(const Rooms& rooms) {
  agents::Graph<Capture> graph("capture");
  graph.node("classify", classify).node("file", file);
  graph.edge(agents::kStart, "classify").edge("classify", "file").edge("file", agents::kEnd);
  rooms.agents->add(
      {.name = "capture",
       .summary = "Makes a thought a note, a task, or a thing or an event of a type of one's own.",
       .input = schema_of<CaptureInput>(),
       .graph = graph.share(),
       .begin =
           [](const Json& input, std::int64_t at) {
             return Json::object({{"text", *input.find("text")}, {"at", at}});
           },
       .end =
           [](const Json& state) {
             Json output = Json::object();
             for (const auto* name : {"kind", "entityId", "confidence", "reasons"}) {
               output.set(name, *state.find(name));
             }
             const auto proposal = state.string_or("proposalId", "");
             if (!proposal.empty()) output.set("proposalId", proposal);
             return output;
           },
       .tools = {"notes.create", "tasks.create", "events.publish", "eventTypes.list",
                 "eventTypes.get", "entities.create", "entityTypes.list", "entityTypes.get"},
       .passes_on = true});
  add_mutation(
      rooms, "capture.thought",
      {.summary = "Make a thought a note, a task, or a thing or an event of a type of your own.",
       .docs =
           "Rules decide, no language model is needed; where they are not sure it is a note. "
           "What begins with the name of a type of entities, as \"book: Dune by Frank Herbert\" "
           "for x.book, is one; where a language model is set and no rule is sure, it is asked "
           "whether the thought is of such a type. "
           "agents.get of the entityId tells what it became, how sure that is, and why. Days "
           "such as tomorrow are of UTC. What begins with the noun of a type that you have "
           "registered, as \"weight: 82\" for x.weight.recorded, is an event of that type if it "
           "needs one field only, and all of what is said is a value of it. What is not all in "
           "the fields of a type is none of it: a note loses nothing.",
       .effects = rpc::Effects::kAppends,
       .examples = {{R"({"text":"buy milk tomorrow"})", ""}},
       .keeps_idempotency_keys = true,
       .appends = {std::string(agents::kRunRequested.name)}},
      thought);
}

}  // namespace synap::features::capture
