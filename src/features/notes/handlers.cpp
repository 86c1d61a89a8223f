#include "features/notes/handlers.h"

#include "features/command.h"
#include "features/notes/events.h"
#include "features/notes/note_table.h"
#include "workers/step.h"

namespace synap::features::notes {
namespace {

using workers::Outcome;
using workers::Step;

// A step's result: where the text is now, and how it begins if the event does not say so.
struct StoredText {
  std::string path;
  std::int64_t size = 0;
  std::string checksum;
  std::optional<std::string> preview;

  content::Stored file() const { return {path, size, checksum}; }
};
const ObjectSchema<StoredText>& describe(Type<StoredText>) {
  static const auto schema = object<StoredText>("StoredText")
                                 .field("path", &StoredText::path)
                                 .field("size", &StoredText::size)
                                 .field("checksum", &StoredText::checksum)
                                 .field("preview", &StoredText::preview);
  return schema;
}

template <class Data>
Result<Data> data_of(const events::Event& event) {
  auto json = parse_json(event.data);
  if (!json) return fail(json.error());
  return decode<Data>(std::move(*json));
}

Task<Result<StoredText>> store(content::ContentStore& store, const events::Event& event,
                               const Text& text) {
  std::string bytes;
  if (text.content) {
    bytes = *text.content;
  } else {
    auto from = content::ContentKey::parse(text.content_path.value_or(""));
    if (!from) co_return fail(from.error());
    auto read = co_await store.get(*from);
    if (!read) co_return fail(read.error());
    bytes = std::move(*read);
  }
  auto key =
      content::ContentKey::make(event.user_id, "note", event.aggregate_id->to_string(), "md");
  if (!key) co_return fail(key.error());
  std::optional<std::string> preview;
  if (!text.content) preview = preview_of(bytes);
  auto stored = co_await store.put(*key, std::move(bytes));
  if (!stored) co_return fail(stored.error());
  co_return StoredText{stored->path, stored->size, stored->checksum, std::move(preview)};
}

std::string preview_for(const Text& text, const StoredText& stored) {
  return text.content ? preview_of(*text.content) : stored.preview.value_or("");
}

class NoteCreationHandler final : public workers::EventHandler {
 public:
  explicit NoteCreationHandler(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return kNoteCreationRequested.name; }

  Task<Outcome> handle(const events::Event& event, Step& step) override {
    auto data = data_of<NoteCreationRequested>(event);
    if (!data) co_return Outcome::failed_for_good(data.error());

    auto text = co_await step.run<StoredText>(
        "upload-to-storage", [&] { return store(rooms_.content, event, data->text); });
    if (!text) co_return Outcome::failed(text.error());

    auto completed = rooms_.types.make(kNoteCreationCompleted,
                                       {.entity_id = event.aggregate_id->to_string(),
                                        .title = data->title,
                                        .file_path = text->path,
                                        .file_size = text->size,
                                        .checksum = text->checksum},
                                       caused_by(event));
    if (!completed) co_return Outcome::failed_for_good(completed.error());
    co_return co_await step.finish("create-entity-projection", [&](db::Tx& tx) {
      fold_created(tx, event, *data, preview_for(data->text, *text), text->file());
      rooms_.log.append(tx, {.events = {*completed}});
    });
  }

 private:
  const Rooms& rooms_;
};

class NoteUpdateHandler final : public workers::EventHandler {
 public:
  explicit NoteUpdateHandler(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return kNoteUpdateRequested.name; }

  Task<Outcome> handle(const events::Event& event, Step& step) override {
    auto data = data_of<NoteUpdateRequested>(event);
    if (!data) co_return Outcome::failed_for_good(data.error());

    std::optional<StoredText> text;
    if (data->text) {
      auto stored = co_await step.run<StoredText>(
          "upload-to-storage", [&] { return store(rooms_.content, event, *data->text); });
      if (!stored) co_return Outcome::failed(stored.error());
      text = std::move(*stored);
    }

    co_return co_await step.finish("update-entity-projection", [&](db::Tx& tx) {
      std::optional<std::string> preview;
      std::optional<content::Stored> file;
      if (text) preview = preview_for(*data->text, *text);
      if (text) file = text->file();
      const auto version = fold_updated(tx, event, *data, preview, file);
      if (!version) {
        return tx.abort(
            {Code::kNotFound, "The note is not there: it was deleted, or never created", nullptr});
      }
      auto completed = rooms_.types.make(
          kNoteUpdateCompleted, {event.aggregate_id->to_string(), *version}, caused_by(event));
      if (!completed) return tx.abort(completed.error());
      rooms_.log.append(tx, {.events = {std::move(*completed)}});
    });
  }

 private:
  const Rooms& rooms_;
};

class NoteDeletionHandler final : public workers::EventHandler {
 public:
  explicit NoteDeletionHandler(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return kNoteDeletionRequested.name; }

  Task<Outcome> handle(const events::Event& event, Step& step) override {
    auto completed = rooms_.types.make(kNoteDeletionCompleted, {event.aggregate_id->to_string()},
                                       caused_by(event));
    if (!completed) co_return Outcome::failed_for_good(completed.error());
    co_return co_await step.finish("delete-entity-projection", [&](db::Tx& tx) {
      fold_deleted(tx, event);
      rooms_.log.append(tx, {.events = {*completed}});
    });
  }

 private:
  const Rooms& rooms_;
};

}  // namespace

void add_handlers(const Rooms& rooms) {
  rooms.workers.add("notes.create", std::make_unique<NoteCreationHandler>(rooms),
                    {.in_aggregate_order = true});
  rooms.workers.add("notes.update", std::make_unique<NoteUpdateHandler>(rooms),
                    {.in_aggregate_order = true});
  rooms.workers.add("notes.delete", std::make_unique<NoteDeletionHandler>(rooms),
                    {.in_aggregate_order = true});
}

}  // namespace synap::features::notes
