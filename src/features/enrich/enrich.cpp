// Where there is a language model it is asked for a summary, for tags, and which of the things that
// search finds near the note it is related to; where there is none, the user's own tags are taken
// whose words are in the note, and that is all. What people have given a note stays: tags and
// relations are added, and the summary is a property of its own, where there is none.
#include "features/enrich/enrich.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "agents/agents.h"
#include "agents/conversation.h"
#include "agents/data_marks.h"
#include "features/enrich/relating.h"
#include "models/models.h"

namespace synap::features::enrich {
namespace {

using agents::Node;
using agents::Update;

constexpr std::size_t kTextBytes = 24'000;  // of a note that a model is shown
constexpr std::size_t kTagsAdded = 5;
constexpr std::size_t kTagsKnown = 100;
constexpr std::size_t kSummaryBytes = 2'000;
constexpr const char* kEnriched = "Enriched";
constexpr const char* kNothing = "There was nothing to add";

struct Enriched {
  std::string note_id;
  std::int64_t version = 0;
  std::string title;
  std::string text;
  std::vector<std::string> tags;   // that it has
  std::vector<std::string> known;  // that the user has anywhere
  Json properties;
  std::vector<NearThing> near;
  std::vector<std::string> added;
  std::string summary;
  std::vector<Link> links;
  std::int64_t links_refused = 0;
  std::string outcome;
};
const ObjectSchema<Enriched>& describe(Type<Enriched>) {
  static const auto schema =
      object<Enriched>("EnrichState")
          .field("noteId", &Enriched::note_id, string().uuid())
          .field_or("version", &Enriched::version, integer(), 0)
          .field_or("title", &Enriched::title, string(), "")
          .field_or("text", &Enriched::text, string(), "")
          .field_or("tags", &Enriched::tags, array(string()), {})
          .field_or("known", &Enriched::known, array(string()), {})
          .field_or("properties", &Enriched::properties, record(any()), Json::object())
          .field_or("near", &Enriched::near, array(schema_of<NearThing>()), {})
          .field_or("added", &Enriched::added, array(string()), {})
          .field_or("summary", &Enriched::summary, string(), "")
          .field_or("links", &Enriched::links, array(schema_of<Link>()), {})
          .field_or("linksRefused", &Enriched::links_refused, integer(), 0)
          .field_or("outcome", &Enriched::outcome, string(), "");
  return schema;
}

Json list_of(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}
template <class T>
Json list_of(const std::vector<T>& values) {
  std::string text;
  encode(text, values);
  return parse_json(text).value_or(Json::array());
}
std::vector<std::string> texts_of(const Json* list) {
  std::vector<std::string> texts;
  if (list == nullptr || !list->is_array()) return texts;
  for (const auto& one : list->as_array()) {
    if (one.is_string()) texts.push_back(one.as_string());
  }
  return texts;
}

Task<Result<Update>> read(Node& node, Enriched state) {
  auto note = co_await node.use("note", "notes.get", Json::object({{"id", state.note_id}}));
  if (!note && note.error().code == Code::kNotFound) {
    co_return Json::object({{"outcome", "The note is gone"}});
  }
  if (!note) co_return fail(note.error());
  Json update =
      Json::object({{"title", note->string_or("title", "")},
                    {"text", agents::shortened(note->string_or("content", ""), kTextBytes)},
                    {"tags", list_of(texts_of(note->find("tags")))}});
  if (const Json* version = note->find("version")) update.set("version", *version);
  if (const Json* properties = note->find("properties")) update.set("properties", *properties);
  auto tags = co_await node.use("tags", "tags.list", Json::object());
  std::vector<std::string> known;
  const Json* all = tags ? tags->find("tags") : nullptr;
  for (const auto& one : all != nullptr ? all->as_array() : Json::Array{}) {
    if (known.size() < kTagsKnown) known.emplace_back(one.string_or("tag", ""));
  }
  update.set("known", list_of(known));
  co_return update;
}

bool has_model(Node& node) {
  return !node.context().models.options().chat.empty();
}

Task<Result<Update>> look_around(Node& node, Enriched state) {
  if (!state.outcome.empty() || state.text.empty() || !has_model(node)) co_return Json::object();
  auto near = co_await find_near(node, state.note_id, state.title + "\n" + state.text);
  if (!near) co_return fail(near.error());
  co_return Json::object({{"near", list_of(*near)}});
}

std::string lower(std::string_view text) {
  std::string small(text);
  std::ranges::transform(small, small.begin(),
                         [](unsigned char one) { return static_cast<char>(std::tolower(one)); });
  return small;
}

bool is_word(char one) {
  const auto byte = static_cast<unsigned char>(one);
  return std::isalnum(byte) != 0 || byte >= 0x80;
}

// Whether the words of the tag are in the text, by themselves.
bool says(const std::string& text, std::string_view tag) {
  const auto word = lower(tag);
  if (word.size() < 3) return false;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool is_whole =
        (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
    if (is_whole) return true;
  }
  return false;
}

std::vector<std::string> without(const std::vector<std::string>& tags,
                                 const std::vector<std::string>& there) {
  std::vector<std::string> rest;
  for (const auto& one : tags) {
    constexpr std::size_t kTagBytes = 60;
    const bool is_new =
        std::ranges::none_of(there, [&](const auto& other) { return lower(other) == lower(one); });
    if (is_new && !one.empty() && one.size() <= kTagBytes && rest.size() < kTagsAdded) {
      rest.push_back(one);
    }
  }
  return rest;
}

Json answer_schema() {
  return *parse_json(fmt::format(R"({{"type":"object","additionalProperties":false,
    "required":["summary","tags","links"],"properties":{{"summary":{{"type":"string"}},
    "tags":{{"type":"array","items":{{"type":"string"}}}},"links":{}}}}})",
                                 links_schema()));
}

Task<Result<Update>> think(Node& node, Enriched state) {
  if (!state.outcome.empty() || state.text.empty()) co_return Json::object();
  if (!has_model(node)) {
    const auto text = lower(state.title + "\n" + state.text);
    std::vector<std::string> said;
    for (const auto& tag : state.known) {
      if (says(text, tag)) said.push_back(tag);
    }
    co_return Json::object({{"added", list_of(without(said, state.tags))}});
  }
  models::Ask ask;
  std::string known;
  for (const auto& tag : state.known) known += (known.empty() ? "" : ", ") + tag;
  ask.messages = {
      agents::message("system",
                      fmt::format("Summarise the note in one to three sentences, in its own "
                                  "language, and give it at most {} tags of one or two words: of "
                                  "those that are there already where they fit. {}\n{}",
                                  kTagsAdded, rule_of_links(), agents::kDataRule)),
      agents::message(
          "user", agents::as_data("note", state.note_id, state.title + "\n" + state.text) + "\n" +
                      agents::as_data("tags", "all", known) + as_data(state.near))};
  ask.output_schema = answer_schema();
  auto answer = co_await node.ask("model", std::move(ask));
  if (!answer) co_return fail(answer.error());
  const Json output = answer->output.value_or(Json::object());
  const auto links = read_links(output, state.near);
  co_return Json::object(
      {{"summary", agents::shortened(output.string_or("summary", ""), kSummaryBytes)},
       {"links", list_of(links.wanted)},
       {"linksRefused", links.refused},
       {"added", list_of(without(texts_of(output.find("tags")), state.tags))}});
}

Task<Result<Update>> write(Node& node, Enriched state) {
  if (!state.outcome.empty()) co_return Json::object();
  const bool has_summary = !state.summary.empty() && state.properties.find("summary") == nullptr;
  if (state.added.empty() && !has_summary) {
    co_return Json::object({{"outcome", kNothing}});
  }
  Json change = Json::object({{"id", state.note_id}, {"expectedVersion", state.version}});
  if (!state.added.empty()) {
    auto tags = state.tags;
    tags.insert(tags.end(), state.added.begin(), state.added.end());
    change.set("tags", list_of(tags));
  }
  if (has_summary) {
    auto properties = state.properties;
    change.set("properties", std::move(properties.set("summary", state.summary)));
  }
  auto written = co_await node.use("write", "notes.update", std::move(change));
  if (written) co_return Json::object({{"outcome", kEnriched}});
  // Who has changed it meanwhile knows better.
  if (written.error().code != Code::kConflict && written.error().code != Code::kNotFound) {
    co_return fail(written.error());
  }
  co_return Json::object({{"outcome", written.error().message},
                          {"added", Json::array()},
                          {"summary", ""},
                          {"links", Json::array()}});
}

Task<Result<Update>> relate(Node& node, Enriched state) {
  auto made = co_await make_links(node, state.note_id, std::move(state.links));
  if (!made) co_return fail(made.error());
  Json update = Json::object({{"links", list_of(*made)}});
  if (!made->empty()) update.set("outcome", kEnriched);
  co_return update;
}

struct EnrichInput {
  std::string note_id;
};
const ObjectSchema<EnrichInput>& describe(Type<EnrichInput>) {
  static const auto schema =
      object<EnrichInput>("EnrichInput").field("noteId", &EnrichInput::note_id, string().uuid());
  return schema;
}

Json output_of(const Json& state) {
  Json output = Json::object();
  for (const auto* name : {"noteId", "outcome", "added", "summary", "links", "linksRefused"}) {
    output.set(name, *state.find(name));
  }
  return output;
}

}  // namespace

void add(const Rooms& rooms) {
  agents::Graph<Enriched> graph("enrich");
  graph.node("read", read).node("look around", look_around).node("think", think);
  graph.node("write", write).node("relate", relate);
  graph.edge(agents::kStart, "read").edge("read", "look around").edge("look around", "think");
  graph.edge("think", "write").edge("write", "relate").edge("relate", agents::kEnd);
  rooms.agents->add(
      {.name = "enrich",
       .summary = "Gives a note tags and, by a language model, a summary (properties.summary) and "
                  "relations to what is near it.",
       .input = schema_of<EnrichInput>(),
       .graph = graph.share(),
       .begin = [](const Json& input, std::int64_t) { return input; },
       .end = output_of,
       .tools = {"notes.get", "notes.update", "tags.list", "search.query", "relations.neighbours",
                 "relations.create"},
       .begins_by =
           agents::Beginning{.event = "note.creation.completed",
                             .input = [](const events::Event& event) -> std::optional<Json> {
                               if (!event.aggregate_id) return std::nullopt;
                               return Json::object({{"noteId", event.aggregate_id->to_string()}});
                             },
                             .hears_agents = false}});
}

}  // namespace synap::features::enrich
