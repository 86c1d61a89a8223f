#include "simulation/callers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"

namespace synap::simulation {
namespace {

const std::vector<std::string> kUsers = {"ann", "bob", "eve"};

content::ContentKey key_of(const std::string& path) {
  return *content::ContentKey::parse(path);
}

Uuid id_of(const Json& answer, std::string_view field) {
  const Json* id = answer.find(field);
  return id != nullptr && id->is_string() ? Uuid::parse(id->as_string()).value_or(Uuid{}) : Uuid{};
}

std::int64_t version_of(const Json& answer) {
  const Json* version = answer.find("version");
  return version != nullptr && version->is_integer() ? version->as_integer() : -1;
}

}  // namespace

Callers::~Callers() {
  SYNAP_CHECK(calls_.empty(), "calls are dropped while their pod is there");
}

void Callers::use(Pod& pod) {
  pod_ = &pod;
  failed_syncs_at_start_ = machine_.sqlite.failed_syncs();
}

std::string Callers::any_user() {
  return kUsers[below(kUsers.size())];
}

// Mostly short; long ones fill the log of changes.
std::string Callers::some_text() {
  const auto size = is_one_in(50) ? below(40'000) : below(200);
  return std::string(size, static_cast<char>('a' + below(26)));
}

template <class T>
bool Callers::hears(std::string_view what, const Result<T>& answer) {
  if (!is_alive()) return false;
  trace_.add(what);
  trace_.add(answer ? "ok" : std::to_string(static_cast<int>(answer.error().code)));
  return true;
}

template <class T>
bool Callers::hears_of_write(std::string_view what, const Result<T>& answer, const Before& before) {
  if (!hears(what, answer)) return false;
  ledger_.require(!answer || before.failed_syncs == failed_syncs_at_start_,
                  "a write was taken after a sync had failed");
  return true;
}

bool Callers::is_refusal(const Error& error, const Before& before) const {
  if (error.code != Code::kServiceUnavailable) return error.code != Code::kInternalServerError;
  return before.failed_syncs == machine_.sqlite.failed_syncs();
}

const std::pair<const Uuid, KnownThing>* Callers::any_of(const std::map<Uuid, KnownThing>& known) {
  if (known.empty()) return nullptr;
  return &*std::next(known.begin(), static_cast<std::ptrdiff_t>(below(known.size())));
}

void Callers::call() {
  using Kind = Task<void> (*)(Callers&);
  struct Choice {
    std::uint64_t weight;
    Kind make;
  };
  static constexpr Choice kChoices[] = {
      {20, [](Callers& self) { return self.append_things(); }},
      {2, [](Callers& self) { return self.append_again(); }},
      {5, [](Callers& self) { return self.create_note(); }},
      {4, [](Callers& self) { return self.update_note(); }},
      {8, [](Callers& self) { return self.read_log(); }},
      {3, [](Callers& self) { return self.read_stream(); }},
      {6, [](Callers& self) { return self.create("task"); }},
      {2, [](Callers& self) { return self.create("project"); }},
      {10, [](Callers& self) { return self.change("task"); }},
      {2, [](Callers& self) { return self.change("project"); }},
      {8, [](Callers& self) { return self.get("task"); }},
      {2, [](Callers& self) { return self.list("task"); }},
      {10, [](Callers& self) { return self.put_file(); }},
      {8, [](Callers& self) { return self.get_file(); }},
      {3, [](Callers& self) { return self.remove_file(); }},
      {1, [](Callers& self) { return self.rebuild(); }},
      {1, [](Callers& self) { return self.verify(); }},
      {1, [](Callers& self) { return self.check_chain(); }},
  };
  std::uint64_t all = 0;
  for (const auto& choice : kChoices) all += choice.weight;
  auto chosen = below(all);
  const Choice* choice = kChoices;
  while (chosen >= choice->weight) chosen -= (choice++)->weight;
  ++begun_;
  auto call = std::make_unique<Call>();
  auto body = [](Call& own, Task<void> task) -> Task<void> {
    co_await std::move(task);
    own.has_ended = true;
  };
  call->task = body(*call, choice->make(*this));
  calls_.push_back(std::move(call));
  auto& task = calls_.back()->task;
  machine_.world.on(*pod_->executor, [&] { task.start(); });
}

void Callers::sweep() {
  std::erase_if(calls_, [](const auto& call) { return call->has_ended; });
}

void Callers::abandon_one() {
  if (calls_.empty()) return;
  const auto chosen = calls_.begin() + static_cast<std::ptrdiff_t>(below(calls_.size()));
  machine_.world.on(*pod_->executor, [&] { calls_.erase(chosen); });
}

void Callers::drop() {
  if (calls_.empty()) return;
  machine_.world.on(*pod_->executor, [&] { calls_.clear(); });
}

// The log.

Task<Result<events::Appended>> Callers::append(events::Append append) {
  const auto batch = ledger_.begin_batch(append.events);
  const auto start = before();
  auto appended = co_await pod_->log->append(std::move(append));
  if (!hears_of_write("append", appended, start)) {
    co_return fail(Code::kClientClosedRequest, "nobody is there");
  }
  if (appended) {
    ledger_.answer_batch(batch, *appended);
    trace_.add(std::to_string(appended->events.front()->position));
    trace_.add(appended->events.front()->id.raw());
  } else if (is_refusal(appended.error(), start)) {
    ledger_.refuse_batch(batch);
  }
  co_return appended;
}

void Callers::choose_key(events::Append& append, std::string& name) {
  if (!is_one_in(4)) return;
  const auto& user = append.events.front().draft().user_id;
  const auto key = fmt::format("k{}", below(30));
  name = user + "/" + key;
  append.idempotency = {key, sha256(is_one_in(5) ? "another" : "the usual"),
                        fmt::format("\"{}\"", append.events.front().id().to_string())};
}

void Callers::check_key(const std::string& name, const Sha256& fingerprint,
                        const events::Appended& appended) {
  auto& key = ledger_.keys[name];
  const auto first = appended.events.front()->position;
  if (key.first_position == 0) {
    key = {fingerprint, appended.answer, first};
    return;
  }
  ledger_.require(appended.is_repeat, "an idempotency key was used twice");
  ledger_.require(key.fingerprint == fingerprint, "a key was answered for another command");
  ledger_.require(key.answer == appended.answer && key.first_position == first,
                  "a repeat was answered otherwise than the first");
}

Task<void> Callers::append_things() {
  auto user = any_user();
  const auto* old = is_one_in(3) ? nullptr : any_of(ledger_.things);
  const bool is_anothers = old != nullptr && is_one_in(20) && old->second.user != user;
  if (old != nullptr && !is_anothers) user = old->second.user;
  const auto id = old != nullptr ? old->first : machine_.world.new_id();
  const auto log_version = old != nullptr ? old->second.log_version : 0;
  const bool is_given = is_one_in(8);
  const bool is_unfoldable = is_one_in(15);
  events::Append asked;
  for (auto left = is_one_in(4) ? 1 + below(5) : 1; left > 0; --left) {
    events::Envelope envelope{.user_id = user, .aggregate_id = id, .aggregate_type = "thing"};
    if (is_given) envelope.id = machine_.world.new_id();
    asked.events.push_back(
        *pod_->types.make(kThing, Thing{is_unfoldable && left == 1 ? -1 : log_version, some_text()},
                          std::move(envelope)));
  }
  const bool is_expected = is_one_in(3);
  const bool must_conflict = is_expected && is_one_in(4);
  if (is_expected) asked.expectations = {{id, log_version + (must_conflict ? 1'000 : 0)}};
  std::string key;
  choose_key(asked, key);
  const auto fingerprint = asked.idempotency ? asked.idempotency->fingerprint : Sha256{};
  const auto known_key = ledger_.keys.find(key);
  const bool is_known_repeat =
      known_key != ledger_.keys.end() && known_key->second.fingerprint == fingerprint;
  const bool may_be_repeat = !key.empty();
  const auto appended = co_await append(std::move(asked));
  if (!is_alive()) co_return;
  if (!appended) {
    ledger_.require(!is_known_repeat || appended.error().code == Code::kServiceUnavailable,
                    "a repeat was refused: " + appended.error().message);
    co_return;
  }
  if (!key.empty()) check_key(key, fingerprint, *appended);
  if (appended->is_repeat) {
    ledger_.require(may_be_repeat, "what was asked for first is called a repeat");
    co_return;
  }
  ledger_.require(!is_unfoldable, "an append that cannot be folded was taken");
  ledger_.require(!is_anothers, "an append to another user's aggregate was taken");
  ledger_.require(!must_conflict, "an append was taken against its expectation");
  const auto& first = *appended->events.front();
  ledger_.require(!is_expected || first.aggregate_version == log_version + 1,
                  "an expected version was not the actual one");
  auto& thing = ledger_.things[id];
  thing.user = user;
  thing.log_version = std::max(thing.log_version, appended->events.back()->aggregate_version);
  if (is_given && appended->events.size() == 1) {
    ledger_.given.push_back({first.id, id, user, first.position});
  }
}

Task<void> Callers::append_again() {
  if (ledger_.given.empty()) co_return;
  const auto given = ledger_.given[below(ledger_.given.size())];
  events::Envelope envelope{.user_id = given.user, .id = given.id, .aggregate_id = given.aggregate};
  const auto event = pod_->types.make(kThing, Thing{1, "again"}, std::move(envelope));
  const auto start = before();
  const auto appended = co_await pod_->log->append({.events = {*event}});
  if (!hears_of_write("again", appended, start) || !appended) co_return;
  ledger_.require(appended->is_repeat && appended->events.front()->position == given.position,
                  "an event was appended twice");
}

Task<void> Callers::read_log() {
  const auto tenancy =
      is_one_in(2) ? events::Tenancy::whole_pod() : events::Tenancy::of_user(any_user());
  const auto end = ledger_.end();
  events::Filter filter{
      .after = static_cast<std::int64_t>(below(static_cast<std::uint64_t>(end) + 1)),
      .limit = 1 + static_cast<int>(below(50))};
  if (is_one_in(4)) filter.types = {std::string(kThing.name)};
  const auto page = co_await pod_->log->read(tenancy, filter);
  if (hears("read", page) && page) ledger_.check_page(tenancy, filter, *page, end);
}

Task<void> Callers::read_stream() {
  const auto* thing = any_of(ledger_.things);
  if (thing == nullptr) co_return;
  const auto id = thing->first;
  const auto known = thing->second;
  const auto user = any_user();
  const auto stream =
      co_await pod_->log->read_stream(events::Tenancy::of_user(user), id, 1, 10'000);
  if (!hears("stream", stream) || !stream) co_return;
  ledger_.require(user == known.user || stream->empty(), "another user's stream was shown");
  for (std::size_t i = 0; i < stream->size(); ++i) {
    ledger_.require((*stream)[i]->aggregate_version == static_cast<std::int64_t>(i) + 1,
                    "a stream has a gap");
    ledger_.saw(*(*stream)[i]);
  }
}

Task<void> Callers::check_chain() {
  std::int64_t after = 0;
  for (bool is_at_end = false; !is_at_end;) {
    const auto verified = co_await pod_->log->verify(after, 200);
    if (!hears("chain", verified) || !verified) co_return;
    if (verified->first_broken) {
      co_return ledger_.violate(fmt::format("the chain is broken at {}: {}",
                                            verified->first_broken->position,
                                            verified->first_broken->what));
    }
    ledger_.require(verified->is_at_end || verified->next_after > after, "verifying stands still");
    after = verified->next_after;
    is_at_end = verified->is_at_end || !ledger_.violation().empty();
  }
}

// Notes: what their commands and workers append, with the files that it names.

namespace {

const events::EventType<Json> kNoteCreationRequested{"note.creation.requested"};
const events::EventType<Json> kNoteCreationCompleted{"note.creation.completed"};
const events::EventType<Json> kNoteUpdateRequested{"note.update.requested"};
const events::EventType<Json> kNoteUpdateCompleted{"note.update.completed"};

Json file_of(const std::string& path, const std::string& bytes) {
  return Json::object({{"name", path},
                       {"size", static_cast<std::int64_t>(bytes.size())},
                       {"checksum", to_hex(sha256(bytes))}});
}

}  // namespace

Task<void> Callers::create_note() {
  const auto user = any_user();
  const auto id = machine_.world.new_id();
  const auto path = content::ContentKey::make(user, "note", id.to_string(), "md")->path();
  if (auto put = co_await put_known(path); !put) co_return;
  const auto bytes = bytes_of(path, ledger_.files[path].generation);
  const auto text = Json::object({{"file", file_of(path, bytes)}, {"preview", ""}});
  const auto envelope = [&] {
    return events::Envelope{.user_id = user,
                            .aggregate_id = id,
                            .aggregate_type = "note",
                            .request_id = machine_.world.new_id()};
  };
  const auto tags = Json::array().push_back(fmt::format("t{}", below(5)));
  events::Append asked;
  asked.events.push_back(*pod_->types.make(
      kNoteCreationRequested, Json::object({{"text", text}, {"title", "a note"}, {"tags", tags}}),
      envelope()));
  asked.events.push_back(
      *pod_->types.make(kNoteCreationCompleted,
                        Json::object({{"entityId", id.to_string()},
                                      {"title", "a note"},
                                      {"tags", tags},
                                      {"preview", ""},
                                      {"file", file_of(path, bytes)},
                                      {"version", 1},
                                      {"at", to_iso8601(machine_.world.unix_ms())},
                                      {"source", "api"}}),
                        envelope()));
  const auto appended = co_await append(std::move(asked));
  if (appended) ledger_.notes[id] = {.user = user, .version = 1, .log_version = 2};
}

Task<void> Callers::update_note() {
  const auto* note = any_of(ledger_.notes);
  if (note == nullptr) co_return;
  const auto id = note->first;
  const auto known = note->second;
  const auto request = machine_.world.new_id();
  const auto path = content::ContentKey::make_version(known.user, "note", id.to_string(),
                                                      request.to_string(), "md")
                        ->path();
  if (auto put = co_await put_known(path); !put) co_return;
  const auto bytes = bytes_of(path, ledger_.files[path].generation);
  const auto text = Json::object({{"file", file_of(path, bytes)}, {"preview", ""}});
  const events::Envelope envelope{
      .user_id = known.user, .aggregate_id = id, .aggregate_type = "note", .request_id = request};
  auto requested = Json::object({{"text", text}});
  auto completed = Json::object({{"entityId", id.to_string()},
                                 {"preview", ""},
                                 {"file", file_of(path, bytes)},
                                 {"version", known.version + 1},
                                 {"at", to_iso8601(machine_.world.unix_ms())},
                                 {"source", "api"}});
  if (is_one_in(2)) {
    const auto tags = Json::array().push_back(fmt::format("t{}", below(5)));
    for (auto* data : {&requested, &completed}) data->set("tags", tags);
  }
  events::Append asked;
  asked.expectations = {{id, known.log_version}};
  asked.events.push_back(*pod_->types.make(kNoteUpdateRequested, std::move(requested), envelope));
  asked.events.push_back(*pod_->types.make(kNoteUpdateCompleted, std::move(completed), envelope));
  const auto appended = co_await append(std::move(asked));
  if (!appended) co_return;
  auto& now = ledger_.notes[id];
  ledger_.require(now.log_version == known.log_version, "two updates were decided on one version");
  now.version = known.version + 1;
  now.log_version = known.log_version + 2;
}

// Tasks and projects, by their procedures.

Task<void> Callers::create(std::string noun) {
  const auto user = any_user();
  Json input = Json::object({{"title", "x" + some_text().substr(0, 200)}});
  const auto* project = noun == "task" && is_one_in(3) ? any_of(ledger_.projects) : nullptr;
  const bool is_anothers = project != nullptr && project->second.user != user;
  if (project != nullptr) input.set("projectId", project->first.to_string());
  const auto start = before();
  const auto answer = co_await pod_->call(noun + "s.create", user, std::move(input));
  if (!hears_of_write("create", answer, start) || !answer) co_return;
  ledger_.require(!is_anothers, "a task was put into another user's project");
  const auto id = id_of(*answer, "entityId");
  ledger_.require(version_of(*answer) == 1 && !this->known(noun).contains(id),
                  "a thing was made twice");
  this->known(noun)[id] = {.user = user, .version = 1};
}

Task<void> Callers::change(std::string noun) {
  const auto* chosen = any_of(known(noun));
  if (chosen == nullptr) co_return;
  const auto id = chosen->first;
  auto& thing = known(noun)[id];  // a map's element stays where it is
  const auto then = thing;
  const auto user = is_one_in(20) ? any_user() : thing.user;
  Json input = Json::object({{"id", id.to_string()}});
  if (is_one_in(4)) input.set("expectedVersion", then.version);
  std::string action = "update";
  if (is_one_in(10)) {
    action = "delete";
    if (user == then.user) thing.is_asked_to_go = true;
  } else if (is_one_in(3)) {
    action = is_one_in(2) ? "complete" : "reopen";
  } else {
    input.set("title", "x" + some_text().substr(0, 200));
  }
  const auto start = before();
  const auto answer = co_await pod_->call(noun + "s." + action, user, std::move(input));
  if (!hears_of_write(action, answer, start) || !answer) co_return;
  ledger_.require(user == then.user, "another user's thing was changed");
  ledger_.require(!then.is_deleted, "what was deleted was changed");
  const auto version = version_of(*answer);
  trace_.add(std::to_string(version));
  if (action == "delete") {
    thing.is_deleted = true;
  } else {
    ledger_.require(version > thing.version, "two changes have one version");
    thing.version = std::max(thing.version, version);
  }
}

Task<void> Callers::get(std::string noun) {
  const auto* chosen = any_of(known(noun));
  if (chosen == nullptr) co_return;
  const auto id = chosen->first;
  const auto then = chosen->second;
  const auto user = is_one_in(5) ? any_user() : then.user;
  const auto answer =
      co_await pod_->call(noun + "s.get", user, Json::object({{"id", id.to_string()}}));
  if (!hears("get", answer)) co_return;
  if (answer) {
    ledger_.require(user == then.user, "another user's thing was shown");
    ledger_.require(!then.is_deleted, "what was deleted was shown");
    ledger_.require(version_of(*answer) >= then.version, "an older version was shown");
  } else if (answer.error().code == Code::kNotFound) {
    ledger_.require(user != then.user || known(noun)[id].is_asked_to_go, "a thing is gone");
  }
}

Task<void> Callers::list(std::string noun) {
  const auto user = any_user();
  const auto answer = co_await pod_->call(noun + "s.list", user, Json::object());
  if (!hears("list", answer) || !answer) co_return;
  const Json* items = answer->find("items");
  if (items == nullptr) items = answer->find(noun + "s");
  if (!ledger_.require(items != nullptr, "a list has no items: " + answer->dump())) co_return;
  for (const auto& item : items->as_array()) {
    const auto found = known(noun).find(id_of(item, "id"));
    if (found == known(noun).end()) continue;  // whoever made it was not answered
    ledger_.require(found->second.user == user, "a list shows another user's thing");
  }
}

// Content.

// The bytes of a file that has a place in the ledger. kClientClosedRequest: nobody is there.
Task<Result<>> Callers::put_known(std::string path) {
  auto& file = ledger_.files[path];
  file.is_busy = true;
  const bool was_there = file.state == KnownFile::State::kThere;
  if (!was_there) {
    ++file.generation;
    file.state = KnownFile::State::kUnsure;
  }
  auto bytes = bytes_of(path, file.generation);
  const auto checksum = to_hex(sha256(bytes));
  Result<content::Stored> stored = fail(Code::kInternalServerError, "");
  if (is_one_in(4)) {
    const auto halves = [](std::string whole) -> content::Chunks {
      const auto half = whole.size() / 2;
      co_yield whole.substr(0, half);
      co_yield whole.substr(half);
      co_return Result<>{};
    };
    stored = co_await pod_->content->put(key_of(path), halves(std::move(bytes)));
  } else {
    stored = co_await pod_->content->put(key_of(path), std::move(bytes));
  }
  if (!hears("put " + path, stored)) co_return fail(Code::kClientClosedRequest, "nobody is there");
  file.is_busy = false;
  if (!stored) co_return fail(stored.error());
  ledger_.require(stored->checksum == checksum, "a put has stored other bytes");
  file.state = KnownFile::State::kThere;
  co_return Result<>{};
}

Task<void> Callers::put_file() {
  const auto path = fmt::format("{}/file{}/f{}.bin", any_user(), below(10), below(8));
  if (ledger_.files[path].is_busy) co_return;
  std::ignore = co_await put_known(path);
}

Task<void> Callers::get_file() {
  if (ledger_.files.empty()) co_return;
  const auto chosen =
      std::next(ledger_.files.begin(), static_cast<std::ptrdiff_t>(below(ledger_.files.size())));
  if (!chosen->second.is_busy) co_await check_file(chosen->first);
}

Task<void> Callers::check_file(std::string path) {
  const auto then = ledger_.files[path];
  const auto bytes = co_await pod_->content->get(key_of(path));
  const auto& now = ledger_.files[path];
  const bool is_same = now.state == then.state && now.generation == then.generation;
  if (!hears("file " + path, bytes) || now.is_busy || !is_same) co_return;
  const bool is_gone = !bytes && bytes.error().code == Code::kNotFound;
  if (then.state == KnownFile::State::kAbsent) {
    ledger_.require(!bytes, "a removed file is there: " + path);
  } else if (then.state == KnownFile::State::kThere) {
    ledger_.require(!is_gone, "a file is gone: " + path);
    ledger_.require(!bytes || *bytes == bytes_of(path, then.generation),
                    "a file has other bytes: " + path);
  }
}

Task<void> Callers::remove_file() {
  const auto path = fmt::format("{}/file{}/f{}.bin", any_user(), below(10), below(8));
  auto& file = ledger_.files[path];
  if (file.is_busy) co_return;
  file.is_busy = true;
  file.state = KnownFile::State::kUnsure;
  const auto removed = co_await pod_->content->remove(key_of(path));
  if (!hears("remove " + path, removed)) co_return;
  file.is_busy = false;
  if (removed) file.state = KnownFile::State::kAbsent;
}

// Read models.

Task<void> Callers::rebuild() {
  const auto& names = pod_->projection_names();
  const auto begun = co_await pod_->projections->rebuild(names[below(names.size())]);
  hears("rebuild", begun);
}

Task<void> Callers::verify() {
  const auto& names = pod_->projection_names();
  const auto name = names[below(names.size())];
  const auto found = co_await pod_->projections->verify(name);
  if (!hears("verify", found) || !found) co_return;
  ledger_.require(found->is_equal(),
                  fmt::format("{} is not what the log says: {}", name, found->first_difference));
}

}  // namespace synap::simulation
