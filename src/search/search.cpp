#include "search/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/crypto.h"
#include "base/first_of.h"
#include "base/log.h"

namespace synap::search {
namespace {

// Of the tables of an index; one of another is not read.
constexpr int kLayout = 1;
constexpr std::chrono::milliseconds kPatienceMin(500);
constexpr std::chrono::milliseconds kPatienceMax(60'000);

std::string layout_prefix() {
  return fmt::format("index-{}-", kLayout);
}

bool is_damage(const Error& error) {
  return error.fault == Fault::kDamaged;
}

// The indexes in a directory, by path.
std::vector<std::string> indexes_in(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("index-") && name.ends_with(".db")) paths.push_back(entry.path().string());
  }
  return paths;
}

}  // namespace

void remove_index(const std::string& path) {
  std::error_code failed;
  for (const auto* behind : {"-shm", "-wal", ""}) std::filesystem::remove(path + behind, failed);
}

Search::Search(const Rooms& rooms, std::string directory)
    : rooms_(rooms),
      directory_(std::move(directory)),
      executor_(rooms.world.make_executor("search", ThreadPriority::kBackground)) {}

Search::~Search() {
  stop();
}

void Search::add(Kind kind) {
  kinds_.push_back(std::move(kind));
}

std::vector<std::string> Search::fields() const {
  std::vector<std::string> fields = {"tag", "type"};
  for (const auto& kind : kinds_) {
    for (const auto& field : kind.fields) {
      if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
    }
  }
  return fields;
}

void Search::start() {
  background_.begin(run());
}

void Search::stop() {
  background_.stop();
}

std::string Search::version() const {
  auto all = analysis::version();
  for (const auto& kind : kinds_) all += fmt::format("\n{}\n{}", kind.name, kind.version);
  return to_hex(sha256(all)).substr(0, 12);
}

std::string Search::path_of(std::string_view version) const {
  return fmt::format("{}/{}{}.db", directory_, layout_prefix(), version);
}

Task<void> Search::run() {
  auto patience = kPatienceMin;
  while (!background_.is_stopping()) {
    const auto before = indexed_.value();
    auto done = co_await follow();
    if (background_.is_stopping()) break;
    if (indexed_.value() > before) patience = kPatienceMin;
    const auto error = done ? Error{} : done.error();
    say(error);
    // A damaged one is removed when it is opened again; all else may pass by itself.
    write_log_bounded(Same::kLine, LogLevel::kWarn, "search",
                      is_damage(error) ? "the search index is damaged: it is made again"
                                       : "the search index cannot be written now: {error}",
                      {{"error", error.message}});
    co_await rooms_.world.sleep_for(patience, background_.token());
    patience = std::min(patience * 2, kPatienceMax);
  }
  publish(nullptr, 0);
  current_.reset();
  former_.reset();
}

// From the opening of the files to their next failure.
Task<Result<>> Search::follow() {
  std::error_code failed;
  std::filesystem::create_directories(directory_, failed);
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all, failed);
  const auto path = path_of(version());
  current_.reset();
  former_.reset();
  auto opened = co_await open(path, false);
  if (!opened) co_return fail(opened.error());
  current_ = std::move(*opened);
  current_position_ = current_->checkpoint().position;
  if (!current_->checkpoint().is_complete) former_ = co_await open_former(path);
  if (former_ != nullptr) {
    former_position_ = former_->checkpoint().position;
    publish(former_, former_position_);
  } else {
    retire_former();
    publish(current_, current_position_);
  }
  say(std::nullopt);
  indexed_.raise(current_position_);
  const auto damages = damages_.value();
  Indexer indexer(rooms_, kinds_);
  Result<> result;
  co_await first_of(
      background_.token(),
      [&](std::stop_token over) { return damages_.wait_past(damages, std::move(over)); },
      [&](std::stop_token over) -> Task<bool> {
        result = co_await keep_current(indexer, std::move(over));
        co_return !result.has_value();
      });
  if (result && damages_.value() > damages) {
    publish(nullptr, 0);
    current_.reset();
    former_.reset();
    // Whoever has read it has found that it is; so no part of it is trusted.
    for (const auto& one : indexes_in(directory_)) remove_index(one);
    co_return fail(
        Error{Code::kInternalServerError, "It was found to be damaged", nullptr, Fault::kDamaged});
  }
  if (!result && is_damage(result.error())) {
    publish(nullptr, 0);
    current_.reset();
    remove_index(path);
  }
  co_return result;
}

Task<Result<std::unique_ptr<Index>>> Search::open(const std::string& path, bool is_remade) {
  auto opened = Index::open(path, rooms_.world);
  Result<> ready = opened ? co_await (*opened)->load() : Result<>(fail(opened.error()));
  bool is_usable = ready.has_value();
  if (is_usable) {
    Indexer indexer(rooms_, kinds_);
    auto of_this_log = co_await indexer.is_of_this_log((*opened)->checkpoint());
    if (!of_this_log) co_return fail(of_this_log.error());
    is_usable = *of_this_log;
    if (!is_usable) {
      write_log(LogLevel::kInfo, "search", "the search index is of another log: it is made again");
    }
  } else if (!is_damage(ready.error()) || is_remade) {
    co_return fail(ready.error());
  } else {
    write_log(LogLevel::kWarn, "search", "the search index is damaged: it is made again");
  }
  if (is_usable) co_return std::move(*opened);
  if (opened) opened->reset();
  remove_index(path);
  if (is_remade) co_return fail(Code::kServiceUnavailable, "A new search index cannot be used");
  co_return co_await open(path, true);
}

// One of an earlier description that was complete; others are removed.
Task<std::unique_ptr<Index>> Search::open_former(const std::string& current) {
  std::unique_ptr<Index> former;
  for (const auto& path : indexes_in(directory_)) {
    if (path == current) continue;
    const auto name = std::filesystem::path(path).filename().string();
    if (former == nullptr && name.starts_with(layout_prefix())) {
      auto opened = Index::open(path, rooms_.world);
      const bool is_loaded = opened && (co_await (*opened)->load()).has_value();
      if (is_loaded && (*opened)->checkpoint().is_complete) {
        Indexer indexer(rooms_, kinds_);
        const auto of_this_log = co_await indexer.is_of_this_log((*opened)->checkpoint());
        if (of_this_log && *of_this_log) {
          former = std::move(*opened);
          continue;
        }
      }
    }
    remove_index(path);
  }
  co_return former;
}

void Search::retire_former() {
  former_.reset();
  const auto current = path_of(version());
  for (const auto& path : indexes_in(directory_)) {
    if (path != current) remove_index(path);
  }
}

// What was deleted must not be found any more, also while the new index is filled.
Task<Result<>> Search::keep_former(Indexer& indexer) {
  auto step = co_await indexer.forget(*former_, former_position_);
  if (!step) co_return fail(step.error());
  former_position_ = step->position;
  co_return Result<>{};
}

Task<Result<>> Search::keep_current(Indexer& indexer, std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (former_ != nullptr) {
      if (auto done = co_await keep_former(indexer); !done) {
        // The new one serves, however far it is.
        publish(current_, current_position_);
        retire_former();
      }
    }
    auto step = co_await indexer.fill(*current_, current_position_);
    if (!step) co_return fail(step.error());
    current_position_ = step->position;
    if (former_ == nullptr) {
      position_ = step->position;
    } else if (step->is_at_end) {
      publish(current_, current_position_);
      retire_former();
    } else {
      std::lock_guard lock(mutex_);
      next_position_ = current_position_;
    }
    indexed_.raise(current_position_);
    if (step->is_at_end) co_await rooms_.log.end().wait_past(current_position_, stop);
  }
  co_return Result<>{};
}

void Search::publish(std::shared_ptr<Index> index, std::int64_t position) {
  std::shared_ptr<Index> before;  // closed behind the lock, if nobody reads from it
  std::lock_guard lock(mutex_);
  before = std::exchange(serving_, std::move(index));
  position_ = position;
  next_position_.reset();
}

std::shared_ptr<Index> Search::serving() const {
  std::lock_guard lock(mutex_);
  return serving_;
}

void Search::say(const std::optional<Error>& error) {
  std::lock_guard lock(mutex_);
  error_ = error ? error->message : "";
}

Error Search::unavailable() const {
  std::lock_guard lock(mutex_);
  return {Code::kServiceUnavailable,
          error_.empty() ? "The search index is being opened; try again in a moment"
                         : fmt::format("The search index cannot be read now: {}", error_),
          nullptr};
}

Error Search::read_failed(Error error) {
  if (!is_damage(error)) return error;
  damages_.raise(damages_.value() + 1);
  return {Code::kServiceUnavailable,
          "The search index is damaged; it is being made again from the log", nullptr};
}

std::int64_t Search::lag() const {
  return std::max<std::int64_t>(rooms_.log.end().value() - position_.load(), 0);
}

Task<Result<Found>> Search::find(std::string user_id, Ask ask) {
  const auto index = serving();
  if (index == nullptr) co_return fail(unavailable());
  auto found =
      co_await index->database().read([&](db::Tx& tx) { return search::find(tx, user_id, ask); });
  if (!found) co_return fail(read_failed(found.error()));
  co_return found;
}

Task<Result<std::vector<Suggestion>>> Search::suggest(std::string user_id, std::string beginning,
                                                      int limit) {
  const auto index = serving();
  if (index == nullptr) co_return fail(unavailable());
  auto found = co_await index->database().read(
      [&](db::Tx& tx) { return search::suggest(tx, user_id, beginning, limit); });
  if (!found) co_return fail(read_failed(found.error()));
  co_return found;
}

Task<Result<Status>> Search::status(std::string user_id) {
  Status status;
  status.end = rooms_.log.end().value();
  const auto index = serving();
  {
    std::lock_guard lock(mutex_);
    status.error = error_;
    status.next_position = next_position_;
    status.position = std::min(position_.load(), status.end);
  }
  if (index == nullptr) co_return status;
  auto counted =
      co_await index->database().read([&](db::Tx& tx) { return count_documents(tx, user_id); });
  if (!counted) co_return fail(read_failed(counted.error()));
  status.documents = *counted;
  co_return status;
}

}  // namespace synap::search
