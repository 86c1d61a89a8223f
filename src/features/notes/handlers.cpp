#include "features/notes/handlers.h"

#include "base/clock.h"
#include "features/command.h"
#include "features/notes/events.h"
#include "features/notes/note_text.h"
#include "features/notes/versions.h"
#include "workers/step.h"

namespace synap::features::notes {
namespace {

using events::Event;
using workers::Outcome;
using workers::Step;

// Where the text of the change is: put by the command already, or put here, once and for all under
// a name of its own.
Task<Result<NoteFile>> store(content::ContentStore& store, const Event& event, const NoteText& text,
                             bool is_first) {
  if (text.file) co_return *text.file;
  const auto note = event.aggregate_id->to_string();
  auto key = is_first || !event.request_id
                 ? content::ContentKey::make(event.user_id, kEntityType, note, kExtension)
                 : content::ContentKey::make_version(event.user_id, kEntityType, note,
                                                     event.request_id->to_string(), kExtension);
  if (!key) co_return fail(key.error());
  auto stored = co_await store.put(*key, text.content.value_or(""));
  if (!stored) co_return fail(stored.error());
  co_return NoteFile{stored->path, stored->size, stored->checksum};
}

std::string preview_for(const NoteText& text) {
  return text.content ? preview_of(*text.content) : text.preview.value_or("");
}

// The row's version, in the transaction of the caller; 0 without a row that is shown.
std::int64_t present_version(db::Tx& tx, const Event& event) {
  auto rows = tx.query("SELECT version FROM notes_data WHERE id = $1 AND user_id = $2",
                       event.aggregate_id, event.user_id);
  return rows.next() ? rows.integer(0) : 0;
}

class NoteCreationHandler final : public workers::EventHandler {
 public:
  explicit NoteCreationHandler(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return kNoteCreationRequested.name; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto data = data_of(event, kNoteCreationRequested);
    if (!data) co_return Outcome::failed_for_good(data.error());
    const NoteCreationRequested& requested = **data;

    auto file = co_await step.run<NoteFile>(
        "upload-to-storage", [&] { return store(rooms_.content, event, requested.text, true); });
    if (!file) co_return Outcome::failed(file.error());

    auto completed = rooms_.types.make(kNoteCreationCompleted,
                                       {.entity_id = event.aggregate_id->to_string(),
                                        .title = requested.title,
                                        .tags = requested.tags,
                                        .preview = preview_for(requested.text),
                                        .file = std::move(*file),
                                        .at = to_iso8601(event.timestamp),
                                        .source = std::string(source_name(event.source))},
                                       caused_by(event, step.run_id()));
    if (!completed) co_return Outcome::failed_for_good(completed.error());
    co_return co_await step.finish(
        "publish-completion", [&](db::Tx& tx) { rooms_.log.append(tx, {.events = {*completed}}); });
  }

 private:
  const Rooms& rooms_;
};

class NoteUpdateHandler final : public workers::EventHandler {
 public:
  explicit NoteUpdateHandler(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return kNoteUpdateRequested.name; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto data = data_of(event, kNoteUpdateRequested);
    if (!data) co_return Outcome::failed_for_good(data.error());
    const NoteUpdateRequested& requested = **data;

    std::optional<NoteFile> file;
    if (requested.text) {
      auto stored = co_await step.run<NoteFile>("upload-to-storage", [&] {
        return store(rooms_.content, event, *requested.text, false);
      });
      if (!stored) co_return Outcome::failed(stored.error());
      file = std::move(*stored);
    }

    // The changes of a note are carried out one after another, so its version stays until this one
    // is; should it not, the transaction below finds out, and this is tried again.
    auto version =
        co_await rooms_.database.read([&](db::Tx& tx) { return present_version(tx, event); });
    if (!version) co_return Outcome::failed(version.error());
    if (*version == 0) co_return Outcome::failed_for_good(no_note());
    NoteUpdateCompleted change{.entity_id = event.aggregate_id->to_string(),
                               .title = requested.title,
                               .tags = requested.tags,
                               .file = std::move(file),
                               .version = *version + 1,
                               .at = to_iso8601(event.timestamp),
                               .source = std::string(source_name(event.source))};
    if (requested.text) change.preview = preview_for(*requested.text);
    auto completed =
        rooms_.types.make(kNoteUpdateCompleted, std::move(change), caused_by(event, step.run_id()));
    if (!completed) co_return Outcome::failed_for_good(completed.error());
    co_return co_await step.finish("publish-completion", [&](db::Tx& tx) {
      if (present_version(tx, event) != *version) {
        return tx.abort({Code::kServiceUnavailable, "The note changed meanwhile", nullptr});
      }
      rooms_.log.append(tx, {.events = {*completed}});
    });
  }

 private:
  static Error no_note() {
    return {Code::kNotFound, "The note is not there: it was deleted, or never created", nullptr};
  }
  const Rooms& rooms_;
};

class NoteDeletionHandler final : public workers::EventHandler {
 public:
  explicit NoteDeletionHandler(const Rooms& rooms) : rooms_(rooms) {}
  std::string_view event_type() const override { return kNoteDeletionRequested.name; }

  Task<Outcome> handle(const Event& event, Step& step) override {
    auto completed = rooms_.types.make(
        kNoteDeletionCompleted,
        {.entity_id = event.aggregate_id->to_string(), .at = to_iso8601(event.timestamp)},
        caused_by(event, step.run_id()));
    if (!completed) co_return Outcome::failed_for_good(completed.error());
    co_return co_await step.finish(
        "publish-completion", [&](db::Tx& tx) { rooms_.log.append(tx, {.events = {*completed}}); });
  }

 private:
  const Rooms& rooms_;
};

}  // namespace

void add_handlers(const Rooms& rooms) {
  const workers::WorkerPool::FunctionOptions options{.in_aggregate_order = true, .fulfills = true};
  rooms.workers.add("notes.create", std::make_unique<NoteCreationHandler>(rooms), options);
  rooms.workers.add("notes.update", std::make_unique<NoteUpdateHandler>(rooms), options);
  rooms.workers.add("notes.delete", std::make_unique<NoteDeletionHandler>(rooms), options);
}

}  // namespace synap::features::notes
