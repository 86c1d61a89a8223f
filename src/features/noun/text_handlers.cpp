// What the workers do when a change of a thing with a text was asked for: store the text, and
// append what became of it.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "events/trace.h"
#include "features/noun/noun_parts.h"
#include "workers/step.h"

namespace synap::features {
namespace {

using events::Event;
using events::EventType;
using workers::Outcome;
using workers::Step;

// What the text of a change says.
struct Beginning {
  std::string preview;
  std::optional<Json> read;  // absent: nobody goes by it (TextOptions::consequences)
  std::optional<Json> tags;  // absent: none are looked for; an array
};
const ObjectSchema<Beginning>& describe(Type<Beginning>) {
  static const auto schema = object<Beginning>("TextBeginning")
                                 .field("preview", &Beginning::preview)
                                 .field("read", &Beginning::read, any())
                                 .field("tags", &Beginning::tags, any());
  return schema;
}

// A shared beginning: which noun, and of which type the events are.
class TextHandler : public workers::EventHandler {
 public:
  TextHandler(std::shared_ptr<NounParts> parts, std::string_view action)
      : parts_(std::move(parts)),
        requested_(parts_->type(action, "requested")),
        completed_(parts_->type(action, "completed")) {}
  std::string_view event_type() const override { return requested_; }

 protected:
  const NounParts& parts() const { return *parts_; }

  // Where the text of the change is: put by the command already, or put here, once and for all
  // under a name of its own.
  Task<Result<StoredText>> store(const Event& event, const Json& text, bool is_first) {
    if (const Json* file = text.find("file")) co_return decode<StoredText>(*file);
    auto key =
        text_key(event.user_id, parts().options.name, *event.aggregate_id,
                 is_first ? std::nullopt : event.request_id, parts().options.text->extension);
    if (!key) co_return fail(key.error());
    co_return co_await put_text(parts().rooms.content, std::move(*key),
                                std::string(text.string_or("content", "")));
  }

  // The text that there is, with a tag or links of it renamed; as it was: its file.
  Task<Result<StoredText>> store_present(const Event& event, const Json& asked, StoredText file) {
    const std::string tag(asked.string_or("tag", ""));
    const bool has_tag = !tag.empty() && parts().has_text_tags();
    if (!has_tag && asked.find("links") == nullptr) co_return file;
    auto text = co_await text_in(parts().rooms, file);
    if (!text) co_return fail(text.error());
    auto renamed = has_tag ? with_tag_renamed(*text, tag, std::string(asked.string_or("to", "")))
                           : with_links_renamed(*text, asked);
    if (renamed == *text) co_return file;
    auto key = text_key(event.user_id, parts().options.name, *event.aggregate_id, event.request_id,
                        parts().options.text->extension);
    if (!key) co_return fail(key.error());
    co_return co_await put_text(parts().rooms.content, std::move(*key), std::move(renamed));
  }

  // In the order of the data's schema; the fields of what was asked for are some more.
  static Json beginning(const Event& event, std::size_t fields = 0) {
    constexpr std::size_t kOwn = 6;  // those that are added here
    Json data = Json::object();
    data.as_object().reserve(kOwn + fields);
    data.as_object().emplace_back("entityId", event.aggregate_id->to_string());
    return data;
  }
  static void add_fields(Json& data, const Json& requested) {
    for (const auto& [name, value] : requested.as_object()) {
      if (name == "text" || name == kGiven || name == kOwnTags) continue;
      data.as_object().emplace_back(name, value);
    }
  }
  static void add_text(Json& data, const Beginning& beginning, const StoredText& file) {
    data.as_object().emplace_back("preview", beginning.preview);
    data.as_object().emplace_back("file", file_json(file));
  }
  static void add_origin(Json& data, const Event& event, std::int64_t version) {
    data.as_object().emplace_back("version", version);
    data.as_object().emplace_back("at", to_iso8601(event.timestamp));
    data.as_object().emplace_back("source", events::source_name(event.source));
  }
  Result<events::NewEvent> completion(const Event& event, const Step& step, Json data) const {
    auto envelope = caused_by(event, step.run_id());
    if (parts().takes_imports() && !event.metadata.empty()) {
      const auto asked = parse_json(event.metadata);
      // Which import it is of. Why it was asked for, the request says.
      if (const Json* batch = asked ? asked->find(kBatch) : nullptr) {
        envelope.metadata = Json::object({{std::string(kBatch), *batch}}).dump();
        events::set_trace_of_run(envelope, event, step.run_id());
      }
    }
    return parts().rooms.types.make(EventType<Json>{completed_}, std::move(data),
                                    std::move(envelope));
  }
  using Change = TextOptions::Change;
  Task<Result<Beginning>> read(Step& step, const Json& text, const StoredText& file,
                               std::string name = "read-beginning") {
    if (const Json* content = text.find("content")) {
      const auto& beginning = content->as_string();
      co_return Beginning{preview_of(beginning), said_by(beginning), tags_of(beginning)};
    }
    const Json* preview = text.find("preview");
    if (preview != nullptr && bytes_read() == 0) co_return Beginning{preview->as_string(), {}, {}};
    co_return co_await step.run<Beginning>(std::move(name), [&] { return read_file(file); });
  }
  // What it has in place of the tags that it had, and where they come from now.
  void renew_tags(Json& data, const Json& requested, const TagSources& before,
                  std::optional<Json::Array> of_text) const {
    const Json* asked = data.find(parts().options.tags->field);
    const Json* own = requested.find(kOwnTags);
    TagSources now{.given = before.given,
                   .of_text = of_text ? *std::move(of_text) : before.of_text};
    if (asked != nullptr && asked->is_array()) now.given = given_tags(asked->as_array(), before);
    if (own != nullptr && own->is_array()) now.given = own->as_array();
    give_renamed(requested, now);
    const bool has_any = !now.of_text.empty() || !before.of_text.empty();
    const bool is_said = asked != nullptr || own != nullptr;
    const bool is_other = now.given != before.given || now.of_text != before.of_text;
    if (own != nullptr || (has_any && (is_said || is_other))) set_tags(parts(), data, now);
  }
  Change change_of(const Event& event, const Json& said, std::optional<Json> found) const {
    Change change{.user_id = event.user_id, .id = *event.aggregate_id, .read = std::move(found)};
    if (const auto& wanted = parts().options.text->consequences) {
      for (const auto& name : wanted->fields) {
        if (const Json* value = said.find(name)) change.fields.set(name, *value);
      }
    }
    return change;
  }
  // The completion, and what follows from it.
  void append(db::Tx& tx, const Event& event, const Step& step, const events::NewEvent& completed,
              const Change& change) const {
    const auto& wanted = parts().options.text->consequences;
    const auto following =
        wanted ? wanted->decide(tx, change) : std::vector<TextOptions::Consequence>();
    parts().rooms.log.append(tx, {.events = {completed}});
    for (const auto& [type, data] : following) {
      auto envelope = caused_by(event, step.run_id());
      envelope.causation_id = completed.id();
      auto next = parts().rooms.types.make(type, data.dump(), std::move(envelope));
      if (!next) return tx.abort(next.error());
      parts().rooms.log.append(tx, {.events = {*std::move(next)}});
    }
  }
  Task<Outcome> publish(Step& step, const Event& event, const events::NewEvent& completed,
                        Change change) {
    co_return co_await step.finish("publish-completion",
                                   [&](db::Tx& tx) { append(tx, event, step, completed, change); });
  }

 private:
  static bool has_tag(const Json::Array& tags, const std::string& tag) {
    return std::ranges::find(tags, Json(tag)) != tags.end();
  }
  // A tag of the text that was to be renamed to what it could not be there is given.
  static void give_renamed(const Json& requested, TagSources& now) {
    const Json* text = requested.find("text");
    const Json* present = text != nullptr ? text->find(kPresentText) : nullptr;
    const std::string to(present != nullptr ? present->string_or("to", "") : "");
    if (!to.empty() && !has_tag(now.of_text, to) && !has_tag(now.given, to)) {
      now.given.push_back(to);
    }
  }
  // A mark of Markdown beside it may make another tag of it, or none, and others may change with
  // it. Where anything but that one would be another, it becomes a word.
  std::string with_tag_renamed(const std::string& text, const std::string& tag,
                               const std::string& to) const {
    const auto& tags = *parts().options.text->tags;
    auto renamed = tags.renamed(text, tag, to);
    if (to.empty() || renamed == text) return renamed;
    std::set<std::string> wanted;
    for (auto& one : tags.read(std::string_view(text).substr(0, tags.bytes_max))) {
      wanted.insert(one == tag ? to : std::move(one));
    }
    std::set<std::string> got;
    for (auto& one : tags.read(std::string_view(renamed).substr(0, tags.bytes_max))) {
      got.insert(std::move(one));
    }
    // Of a long text another part is looked at then.
    const bool is_whole = std::max(text.size(), renamed.size()) < tags.bytes_max;
    if (is_whole ? got == wanted : got.contains(to)) return renamed;
    return tags.renamed(text, tag, "");
  }
  std::string with_links_renamed(const std::string& text, const Json& asked) const {
    const auto& wanted = parts().options.text->consequences;
    if (!wanted || !wanted->renamed) return text;
    std::vector<std::string> names;
    for (const auto& name : asked.find("links")->as_array()) names.push_back(name.as_string());
    return wanted->renamed(text, names, asked.string_or("newTarget", ""));
  }
  std::size_t bytes_read() const {
    const auto& text = *parts().options.text;
    return std::max(text.consequences ? text.consequences->bytes_max : 0,
                    parts().has_text_tags() ? text.tags->bytes_max : 0);
  }
  std::optional<Json> said_by(std::string_view text) const {
    const auto& wanted = parts().options.text->consequences;
    if (!wanted) return std::nullopt;
    return wanted->read(text.substr(0, wanted->bytes_max));
  }
  std::optional<Json> tags_of(std::string_view text) const {
    if (!parts().has_text_tags()) return std::nullopt;
    return Json(tags_in_text(parts(), text));
  }
  Task<Result<Beginning>> read_file(const StoredText& file) {
    auto key = content::ContentKey::parse(file.name);
    if (!key) co_return fail(key.error());
    auto beginning = co_await parts().rooms.content.get(
        *key, {.length = static_cast<std::int64_t>(bytes_read())});
    if (!beginning) co_return fail(beginning.error());
    co_return Beginning{preview_of(*beginning), said_by(*beginning), tags_of(*beginning)};
  }

  std::shared_ptr<NounParts> parts_;
  std::string requested_;
  std::string completed_;
};

class CreationHandler final : public TextHandler {
 public:
  using TextHandler::TextHandler;

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto requested = data_of(event, EventType<Json>{event.type});
    if (!requested) co_return Outcome::failed_for_good(requested.error());
    const Json* text = (*requested)->find("text");
    if (text == nullptr) co_return Outcome::failed_for_good({Code::kBadRequest, "It has no text"});
    auto file = co_await step.run<StoredText>("upload-to-storage",
                                              [&] { return store(event, *text, true); });
    if (!file) co_return Outcome::failed(file.error());
    auto said = co_await read(step, *text, *file);
    if (!said) co_return Outcome::failed(said.error());

    Json data = beginning(event, (*requested)->as_object().size());
    add_fields(data, **requested);
    if (said->tags) renew_tags(data, **requested, {}, said->tags->as_array());
    if (const Json* given = (*requested)->find(kGiven)) data.set(kGiven, *given);
    add_text(data, *said, *file);
    add_origin(data, event, 1);
    auto change = change_of(event, data, std::move(said->read));
    change.is_creation = true;
    auto completed = completion(event, step, std::move(data));
    if (!completed) co_return Outcome::failed_for_good(completed.error());
    co_return co_await publish(step, event, *completed, std::move(change));
  }
};

class UpdateHandler final : public TextHandler {
 public:
  using TextHandler::TextHandler;

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto requested = data_of(event, EventType<Json>{event.type});
    if (!requested) co_return Outcome::failed_for_good(requested.error());
    const Json* text = (*requested)->find("text");
    // The changes of a thing are carried out one after another, so its version stays until this one
    // is; should it not, the transaction below finds out, and this is tried again.
    auto present =
        co_await parts().rooms.database.read([&](db::Tx& tx) { return present_of(tx, event); });
    if (!present) co_return Outcome::failed(present.error());
    if (present->version == 0) co_return Outcome::failed_for_good(not_there());

    Json data = beginning(event, (*requested)->as_object().size());
    add_fields(data, **requested);
    Beginning said;
    if (text != nullptr) {
      const Json* same = text->find(kPresentText);
      // Of the present text what was made of it before is another's where it has changed since.
      const auto name = same != nullptr ? fmt::format("rename-in-{}", present->version)
                                        : std::string("upload-to-storage");
      auto file = co_await step.run<StoredText>(name, [&] {
        return same != nullptr ? store_present(event, *same, present->file)
                               : store(event, *text, false);
      });
      if (!file) co_return Outcome::failed(file.error());
      auto read_now = same != nullptr ? co_await read(step, *text, *file,
                                                      fmt::format("read-{}", present->version))
                                      : co_await read(step, *text, *file);
      if (!read_now) co_return Outcome::failed(read_now.error());
      said = *std::move(read_now);
      add_text(data, said, *file);
    }
    if (parts().has_text_tags()) {
      renew_tags(data, **requested, tag_sources(parts(), present->state),
                 said.tags ? std::optional(said.tags->as_array()) : std::nullopt);
    }
    if (parts().has_derived()) renew_derived(data, **requested, *present);
    add_origin(data, event, present->version + 1);
    auto change = change_of(event, data, std::move(said.read));
    const Json* asked = text != nullptr ? text->find(kPresentText) : nullptr;
    if (asked != nullptr && asked->find("links") != nullptr) change.renamed = *asked;
    auto completed = completion(event, step, std::move(data));
    if (!completed) co_return Outcome::failed_for_good(completed.error());
    co_return co_await step.finish("publish-completion", [&](db::Tx& tx) {
      if (present_of(tx, event).version != present->version) {
        return tx.abort({Code::kServiceUnavailable, "It changed meanwhile", nullptr});
      }
      append(tx, event, step, *completed, change);
    });
  }

 private:
  // What the row says, in the transaction of the caller: version 0 without a row that is shown.
  struct Present {
    std::int64_t version = 0;
    Json state = Json::object();
    std::string preview;
    StoredText file;
  };
  Present present_of(db::Tx& tx, const Event& event) const {
    auto rows = tx.query("SELECT version, data, preview, file_path, file_size, checksum FROM " +
                             parts().options.plural + "_data WHERE id = $1 AND user_id = $2",
                         event.aggregate_id, event.user_id);
    Present present;
    if (!rows.next()) return present;
    present.version = rows.integer(0);
    auto state = stored_state(parts(), rows.view(1));
    // What is made of it goes into the log, where it would stay.
    if (!state && present.version > 0) {
      tx.abort(damaged_row(parts(), event.aggregate_id.value_or(Uuid{})));
    }
    present.state = std::move(state).value_or(Json::object());
    present.preview = rows.text(2);
    present.file = {rows.text(3), rows.integer(4), rows.text(5)};
    return present;
  }

  static bool has_item(const Json& list, const std::string& name) {
    return std::ranges::find(list.as_array(), Json(name)) != list.as_array().end();
  }

  // Whether a field still follows from the text is known only now that the updates before this one
  // are carried out. How a text begins is in `data` by now, and is what such fields follow from.
  void renew_derived(Json& data, const Json& requested, const Present& present) const {
    const Json* kept = present.state.find(kGiven);
    const Json before = kept != nullptr ? *kept : Json::array();
    Json given = before;
    const Json* following = requested.find(kFollowing);
    for (const auto& [name, from] : parts().options.text->derived) {
      if (following != nullptr && has_item(*following, name)) {
        const Json* preview = data.find("preview");
        data.set(name, from(preview != nullptr ? preview->as_string() : present.preview));
        std::erase(given.as_array(), Json(name));
        continue;
      }
      const Json* value = present.state.find(name);
      const bool is_named = has_item(before, name);
      if (requested.find(name) != nullptr) {
        if (!is_named) given.push_back(name);
      } else if (!is_named && value != nullptr && *value == from(present.preview)) {
        if (const Json* preview = data.find("preview")) data.set(name, from(preview->as_string()));
      }
    }
    if (const Json* restored = requested.find(kGiven)) given = *restored;
    if (given != before) data.set(kGiven, std::move(given));
  }
  Error not_there() const {
    return {Code::kNotFound,
            "The " + parts().options.name + " is not there: it was deleted, or never created",
            nullptr};
  }
};

class DeletionHandler final : public TextHandler {
 public:
  using TextHandler::TextHandler;

  Task<Outcome> handle(const Event& event, Step& step) override {
    Json data = beginning(event);
    data.as_object().emplace_back("at", to_iso8601(event.timestamp));
    auto completed = completion(event, step, std::move(data));
    if (!completed) co_return Outcome::failed_for_good(completed.error());
    Change change{.user_id = event.user_id, .id = *event.aggregate_id, .is_deletion = true};
    co_return co_await publish(step, event, *completed, std::move(change));
  }
};

}  // namespace

void add_text_handlers(const std::shared_ptr<NounParts>& parts) {
  const auto add = [&]<class Handler>(std::type_identity<Handler>, const char* procedure,
                                      const char* action) {
    std::vector<std::string> appends = {parts->type(action, "completed")};
    if (const auto& others = parts->options.text->consequences) {
      appends.insert(appends.end(), others->types.begin(), others->types.end());
    }
    parts->rooms.workers.add(
        parts->options.plural + procedure, std::make_unique<Handler>(parts, action),
        {.in_aggregate_order = true, .fulfills = true, .appends = std::move(appends)});
  };
  add(std::type_identity<CreationHandler>{}, ".create", "creation");
  add(std::type_identity<UpdateHandler>{}, ".update", "update");
  add(std::type_identity<DeletionHandler>{}, ".delete", "deletion");
}

}  // namespace synap::features
