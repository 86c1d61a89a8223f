// It reads by procedures, writes by rules, and has a language model say two sentences at the top
// where there is one.
#include "features/digest/digest.h"

#include <fmt/format.h>

#include "agents/agents.h"
#include "agents/conversation.h"
#include "agents/data_marks.h"
#include "base/clock.h"
#include "models/models.h"

namespace synap::features::digest {
namespace {

using agents::Node;
using agents::Update;

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
constexpr std::int64_t kRead = 50;
constexpr std::size_t kTitleBytes = 200;

struct Digest {
  std::int64_t at = 0;
  std::vector<std::string> due;  // lines of Markdown
  std::vector<std::string> open;
  std::vector<std::string> notes;
  std::string words;
  std::string note_id;
};
const ObjectSchema<Digest>& describe(Type<Digest>) {
  static const auto schema = object<Digest>("DigestState")
                                 .field_or("at", &Digest::at, integer(), 0)
                                 .field_or("due", &Digest::due, array(string()), {})
                                 .field_or("open", &Digest::open, array(string()), {})
                                 .field_or("notes", &Digest::notes, array(string()), {})
                                 .field_or("words", &Digest::words, string(), "")
                                 .field_or("noteId", &Digest::note_id, string(), "");
  return schema;
}

std::string day_of(std::int64_t unix_ms) {
  return to_iso8601(unix_ms).substr(0, 10);
}

// A title as a line of a list: what would be Markdown in it, or another line, is not.
std::string line_of(std::string_view title) {
  std::string line = "- ";
  for (const char one : agents::shortened(title, kTitleBytes)) {
    if (one == '\n' || one == '\r') {
      line.push_back(' ');
      continue;
    }
    if (one == '[' || one == ']' || one == '*' || one == '`' || one == '<') line.push_back('\\');
    line.push_back(one);
  }
  return line;
}

const Json::Array& items_of(const Json& list, std::string_view name) {
  static const Json::Array kNone;
  const Json* items = list.find(name);
  return items != nullptr && items->is_array() ? items->as_array() : kNone;
}

Task<Result<Update>> read_tasks(Node& node, Digest state) {
  auto tasks =
      co_await node.use("tasks", "tasks.list",
                        Json::object({{"status", "open"}, {"sort", "dueDate"}, {"limit", kRead}}));
  if (!tasks) co_return fail(tasks.error());
  Json due = Json::array();
  Json open = Json::array();
  const auto tomorrow = day_of(state.at + kDayMs);
  for (const auto& task : items_of(*tasks, "tasks")) {
    const auto day = std::string(task.string_or("dueDate", "")).substr(0, 10);
    auto line = line_of(task.string_or("title", ""));
    if (!day.empty()) line += fmt::format(" ({})", day);
    (!day.empty() && day <= tomorrow ? due : open).push_back(std::move(line));
  }
  co_return Json::object({{"due", std::move(due)}, {"open", std::move(open)}});
}

Task<Result<Update>> read_notes(Node& node, Digest state) {
  auto notes = co_await node.use("notes", "notes.list", Json::object({{"limit", kRead}}));
  if (!notes) co_return fail(notes.error());
  Json lines = Json::array();
  const auto since = to_iso8601(state.at - kDayMs);
  for (const auto& note : items_of(*notes, "notes")) {
    const Json* tags = note.find("tags");
    const bool is_digest = tags != nullptr && tags->dump().find("\"digest\"") != std::string::npos;
    if (note.string_or("createdAt", "") < since || is_digest) continue;
    lines.push_back(line_of(note.string_or("title", "")));
  }
  co_return Json::object({{"notes", std::move(lines)}});
}

std::string section(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = fmt::format("\n## {}\n\n", title);
  for (const auto& line : lines) text += line + "\n";
  return text;
}

std::string body_of(const Digest& state) {
  auto text = section("Due", state.due) + section("Open", state.open) +
              section("Written since yesterday", state.notes);
  return text.empty() ? "\nThere is nothing to do, and nothing new.\n" : text;
}

Task<Result<Update>> say(Node& node, Digest state) {
  if (node.context().models.options().chat.empty()) co_return Json::object();
  models::Ask ask;
  ask.messages = {
      agents::message("system", fmt::format("Say in two sentences what matters most in this digest "
                                            "of a person's day. Make nothing up.\n{}",
                                            agents::kDataRule)),
      agents::message("user", agents::as_data("digest", day_of(state.at), body_of(state)))};
  auto answer = co_await node.ask("model", std::move(ask));
  // The digest is worth having without it.
  if (!answer) co_return Json::object();
  co_return Json::object({{"words", agents::shortened(answer->text, 2'000)}});
}

Task<Result<Update>> write(Node& node, Digest state) {
  auto content = fmt::format("# Digest of {}\n", day_of(state.at));
  if (!state.words.empty()) content += "\n" + state.words + "\n";
  content += body_of(state);
  auto note = co_await node.use(
      "note", "notes.create",
      Json::object({{"content", content}, {"tags", Json::array().push_back("digest")}}));
  if (!note) co_return fail(note.error());
  co_return Json::object({{"noteId", note->string_or("entityId", "")}});
}

struct DigestInput {};
const ObjectSchema<DigestInput>& describe(Type<DigestInput>) {
  static const auto schema = object<DigestInput>("DigestInput");
  return schema;
}

}  // namespace

void add(const Rooms& rooms) {
  agents::Graph<Digest> graph("digest");
  graph.node("tasks", read_tasks).node("notes", read_notes).node("say", say).node("write", write);
  graph.edge(agents::kStart, "tasks").edge(agents::kStart, "notes");
  graph.edge("tasks", "say").edge("notes", "say").edge("say", "write");
  graph.edge("write", agents::kEnd);
  rooms.agents->add(
      {.name = "digest",
       .summary =
           "Writes a note of what is due, what is open and what was written since yesterday.",
       .input = schema_of<DigestInput>(),
       .graph = graph.share(),
       .begin = [](const Json&, std::int64_t at) { return Json::object({{"at", at}}); },
       .end = [](const Json& state) { return Json::object({{"noteId", *state.find("noteId")}}); },
       .tools = {"tasks.list", "notes.list", "notes.create"},
       .begins_by = agents::Beginning{.schedule = "0 7 * * *",
                                      .input = [](const events::Event&) -> std::optional<Json> {
                                        return Json::object();
                                      }}});
}

}  // namespace synap::features::digest
