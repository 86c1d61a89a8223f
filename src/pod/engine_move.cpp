#include "pod/engine_move.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>

#include "base/crypto.h"
#include "base/executor.h"
#include "base/uuid.h"
#include "db/table_copy.h"
#include "events/stored_log.h"
#include "pod/data_directory.h"
#include "pod/features.h"
#include "pod/store.h"

namespace synap::pod {
namespace {

constexpr int kPage = 500;
constexpr int kVerified = 5'000;
constexpr std::chrono::seconds kBetweenWords{2};

// What is not copied: what each engine keeps of itself, and what follows from the log.
constexpr std::array<std::string_view, 6> kNotCopied = {"migrations",           "projections",
                                                        "projection_leftovers", "readiness",
                                                        "engine_move",          "job_processes"};

constexpr std::string_view kArrives = "arrives";
constexpr std::string_view kLeft = "left";

std::unexpected<Error> refused(std::string sentence) {
  return fail(Code::kPreconditionFailed, std::move(sentence));
}

std::unexpected<Error> damaged(std::string sentence) {
  Error error{Code::kInternalServerError, std::move(sentence), nullptr};
  error.fault = Fault::kDamaged;
  return std::unexpected(std::move(error));
}

bool exists(const std::string& path) {
  std::error_code failed;
  return std::filesystem::exists(std::filesystem::symlink_status(path, failed));
}

Result<> rename_synced(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return fail(Code::kServiceUnavailable,
                fmt::format("{} cannot be renamed: {}", from, std::strerror(errno)));
  }
  const auto directory = std::filesystem::path(to).parent_path().string();
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (is_synced) return {};
  return fail(Code::kServiceUnavailable, fmt::format("{} cannot be synced", directory));
}

std::optional<std::string> state_of(db::Tx& tx) {
  auto rows = tx.query("SELECT state FROM engine_move");
  return rows.next() ? std::optional(rows.text(0)) : std::nullopt;
}

void set_state(db::Tx& tx, std::string_view state) {
  tx.run("DELETE FROM engine_move");
  if (!state.empty()) tx.run("INSERT INTO engine_move(one, state) VALUES (1, $1)", state);
}

/// One of the two databases.
struct Side {
  std::string url = {};
  std::string file = {};  // where there is no url
  std::string name = {};  // for people
  std::unique_ptr<db::Engine> database = nullptr;
  std::unique_ptr<events::StoredLog> log = nullptr;
};

class Mover {
 public:
  explicit Mover(const EngineMoveOptions& options);

  /// An earlier call may have been broken off while it handed over: then it is as if it had not
  /// begun to, or, true, as if it had come to its end.
  Result<bool> take_up();
  Result<> copy();
  Result<> check();
  Result<> hand_over();
  const MovedEngine& moved() const { return moved_; }

 private:
  Result<bool> take_up_to_server();
  Result<bool> take_up_to_file();
  Result<> open();
  Result<> open_side(Side& side);
  Result<> begin();
  Result<> copy_log();
  Result<> copy_answers();
  Result<> copy_tables();
  Result<> copy_table(const db::CopiedTable& table);
  Result<std::vector<db::CopiedTable>> tables();
  void close();
  void tell(std::string_view what, std::int64_t done);

  template <class F>
  using Answer = Result<std::invoke_result_t<F&, db::Tx&>>;
  template <class F>
  Answer<F> read(Side& side, F closure) {
    const auto task = [](db::Database& database, F& asked) -> Task<Answer<F>> {
      co_return co_await database.read_at_start(asked);
    };
    return sync_wait(executor_, task(*side.database, closure));
  }
  template <class F>
  Answer<F> write(Side& side, F closure) {
    const auto task = [](db::Database& database, F& asked) -> Task<Answer<F>> {
      co_return co_await database.write(asked);
    };
    return sync_wait(executor_, task(*side.database, closure));
  }

  const EngineMoveOptions& options_;
  ThreadExecutor executor_{"move"};
  std::unique_ptr<DataDirectory> directory_;
  const std::string file_ = options_.pod.data + "/synap.db";
  const std::string part_ = file_ + ".part";  // while it is copied to
  const std::string left_ = file_ + ".left";  // when it was copied from
  const std::string pod_id_ = options_.pod.data + "/pod.id";
  Side from_;
  Side to_;
  events::Head head_;  // of the log that is copied
  MovedEngine moved_;
  std::chrono::steady_clock::time_point last_word_ = std::chrono::steady_clock::now();
};

Mover::Mover(const EngineMoveOptions& options) : options_(options) {
  const auto path = options.is_to_server ? file_ : part_;
  Side file{.file = path, .name = path};
  Side server{.url = options.url, .name = "the database on the server"};
  from_ = std::move(options.is_to_server ? file : server);
  to_ = std::move(options.is_to_server ? server : file);
}

void Mover::tell(std::string_view what, std::int64_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_word_ < kBetweenWords) return;
  last_word_ = now;
  if (options_.tell) options_.tell(fmt::format("{} {}", done, what));
}

Result<> Mover::copy() {
  for (auto step :
       {&Mover::open, &Mover::begin, &Mover::copy_log, &Mover::copy_answers, &Mover::copy_tables}) {
    if (auto done = (this->*step)(); !done) return done;
  }
  return {};
}

Result<bool> Mover::take_up() {
  auto is_there = options_.is_to_server ? take_up_to_server() : take_up_to_file();
  close();
  return is_there;
}

Result<bool> Mover::take_up_to_server() {
  if (exists(file_)) return false;
  if (auto opened = open_side(to_); !opened) return fail(opened.error());
  const auto known = read(to_, [](db::Tx& tx) {
    auto rows = tx.query("SELECT id FROM pod_identity");
    const auto id = rows.next() ? rows.uuid(0).value_or(Uuid{}).to_string() : std::string();
    return std::pair(id, state_of(tx));
  });
  if (!known) return fail(known.error());
  const auto& [id, state] = *known;
  if (!state) return !id.empty() && id == DataDirectory::first_line(pod_id_);
  if (*state != kArrives || !exists(left_)) return false;
  ::unlink(pod_id_.c_str());
  if (auto back = rename_synced(left_, file_); !back) return fail(back.error());
  return false;
}

Result<bool> Mover::take_up_to_file() {
  if (!exists(file_) && !exists(part_)) return false;
  if (auto opened = open_side(from_); !opened) return fail(opened.error());
  const auto state = read(from_, state_of);
  if (!state) return fail(state.error());
  if (*state != kLeft) return false;
  if (!exists(file_)) {
    if (auto stays = write(from_, [](db::Tx& tx) { set_state(tx, ""); }); !stays) {
      return fail(stays.error());
    }
    return false;
  }
  to_.file = to_.name = file_;
  if (auto opened = open_side(to_); !opened) return fail(opened.error());
  const auto first_link = [&](Side& side) {
    return read(side, [&](db::Tx& tx) {
      const auto first = side.log->read(tx, 0, 1);
      return first.empty() ? std::string() : first.front().link;
    });
  };
  const auto here = first_link(to_);
  const auto there = first_link(from_);
  if (!here || !there) return fail(!here ? here.error() : there.error());
  if (*here != *there) return false;
  ::unlink(pod_id_.c_str());
  return true;
}

Result<> Mover::open_side(Side& side) {
  if (side.database != nullptr) return {};
  auto opened = open_database(
      {.url = side.url, .file = side.file, .log_part_events = options_.pod.log_part_events},
      migrations_behind_log(), retired_migrations());
  if (!opened) return fail(opened.error());
  side.database = std::move(*opened);
  side.log = side.url.empty() ? events::sqlite::stored_log() : events::postgres::stored_log();
  return {};
}

Result<> Mover::open() {
  const auto place = options_.is_to_server ? DatabasePlace::kHere : DatabasePlace::kOnServer;
  const auto& data = options_.pod.data;
  if (auto there = DataDirectory::check_holds_pod(data, place); !there) return there;
  if (options_.is_to_server && !exists(file_)) {
    return refused(
        fmt::format("There is no synap.db in {}: the database of this pod is elsewhere "
                    "already",
                    data));
  }
  auto opened = DataDirectory::open(data, place);
  if (!opened) return fail(opened.error());
  directory_ = std::move(*opened);
  if (auto source = open_side(from_); !source) return source;
  return open_side(to_);
}

// Where it is copied to is empty, or has a part of this very log.
Result<> Mover::begin() {
  auto source = read(from_, [&](db::Tx& tx) { return from_.log->end(tx); });
  if (!source) return fail(source.error());
  head_ = *source;
  if (head_.position == 0) return refused(fmt::format("There are no events in {}", from_.name));
  auto state = read(to_, state_of);
  if (!state) return fail(state.error());
  const auto there = read(to_, [&](db::Tx& tx) { return to_.log->end(tx); });
  if (!there) return fail(there.error());
  // A file that is copied to has a name of its own.
  if (options_.is_to_server && *state != kArrives && there->position > 0) {
    return fail(Code::kConflict,
                fmt::format("There is a pod in {} already, or one that left it. Name an empty "
                            "database",
                            to_.name));
  }
  if (there->position > 0) {
    const auto same =
        read(from_, [&](db::Tx& tx) { return from_.log->read(tx, there->position - 1, 1); });
    if (!same) return fail(same.error());
    if (same->empty() ||
        same->front().link != std::string_view(reinterpret_cast<const char*>(there->link.data()),
                                               there->link.size())) {
      return fail(Code::kConflict, fmt::format("{} has a part of another pod, which was not "
                                               "brought to an end. Name an empty database",
                                               to_.name));
    }
  }
  if (!options_.is_to_server) return {};
  return write(to_, [](db::Tx& tx) { set_state(tx, kArrives); });
}

Result<> Mover::copy_log() {
  for (;;) {
    const auto at = read(to_, [&](db::Tx& tx) { return to_.log->end(tx).position; });
    if (!at) return fail(at.error());
    const auto page = read(from_, [&](db::Tx& tx) { return from_.log->read(tx, *at, kPage); });
    if (!page) return fail(page.error());
    if (page->empty()) return {};
    auto written = write(to_, [&](db::Tx& tx) { to_.log->write(tx, *page); });
    if (!written) {
      auto error = written.error();
      error.message = fmt::format("The events {} to {} cannot be stored: {}",
                                  page->front().position, page->back().position, error.message);
      return fail(std::move(error));
    }
    tell(fmt::format("of {} events", head_.position), page->back().position);
  }
}

Result<> Mover::copy_answers() {
  std::optional<events::StoredAnswer> last;
  for (std::int64_t count = 0;;) {
    const auto page = read(from_, [&](db::Tx& tx) {
      return from_.log->read_answers(tx, last ? &*last : nullptr, kPage);
    });
    if (!page) return fail(page.error());
    if (page->empty()) return {};
    auto written = write(to_, [&](db::Tx& tx) { to_.log->write_answers(tx, *page); });
    if (!written) return written;
    last = page->back();
    count += static_cast<std::int64_t>(page->size());
    tell("answers that were remembered", count);
  }
}

// Those that the migrations have made, which are the same in both: read models are made when a pod
// starts, so there are none where it is copied to.
Result<std::vector<db::CopiedTable>> Mover::tables() {
  auto& embedded = options_.is_to_server ? from_ : to_;
  auto described = read(embedded, [](db::Tx& tx) { return db::tables_of_embedded(tx); });
  if (!described) return fail(described.error());
  const auto there = read(to_, [](db::Tx& tx) {
    std::set<std::string> names;
    auto rows = tx.query("SELECT name FROM sqlite_master WHERE type = 'table'");
    while (rows.next()) names.insert(rows.text(0));
    return names;
  });
  if (!there) return fail(there.error());
  std::set<std::string> others(kNotCopied.begin(), kNotCopied.end());
  for (const auto& side : {&from_, &to_}) {
    for (auto& name : side->log->tables()) others.insert(std::move(name));
  }
  std::erase_if(*described, [&](const auto& table) {
    return others.contains(table.name) || !there->contains(table.name);
  });
  return described;
}

Result<> Mover::copy_tables() {
  const auto all = tables();
  if (!all) return fail(all.error());
  for (const auto& table : *all) {
    if (auto copied = copy_table(table); !copied) return copied;
  }
  return {};
}

Result<> Mover::copy_table(const db::CopiedTable& table) {
  const auto count = [&](Side& side) {
    return read(side, [&](db::Tx& tx) { return db::count_rows(tx, table); });
  };
  // Of an earlier call, or what its migration has put there.
  auto cleared = write(to_, [&](db::Tx& tx) { tx.run(fmt::format("DELETE FROM {}", table.name)); });
  if (!cleared) return cleared;
  std::optional<db::Row> after;
  for (;;) {
    const auto page =
        read(from_, [&](db::Tx& tx) { return db::read_rows(tx, table, after, kPage); });
    if (!page) return fail(page.error());
    if (page->empty()) break;
    auto written = write(to_, [&](db::Tx& tx) { db::insert_rows(tx, table, *page); });
    if (!written) return written;
    after = db::key_of(table, page->back());
    moved_.rows += static_cast<std::int64_t>(page->size());
    tell("rows of other tables", moved_.rows);
  }
  const auto was = count(from_);
  const auto is = count(to_);
  if (!was || !is) return fail(!was ? was.error() : is.error());
  if (*was == *is) return {};
  return damaged(fmt::format("{} has {} rows, and its copy {}", table.name, *was, *is));
}

void Mover::close() {
  for (auto* side : {&from_, &to_}) side->database.reset();
}

// The whole chain, as the program reads it where it is now.
Result<> Mover::check() {
  close();
  auto store = open_store(
      {.url = to_.url, .file = to_.file, .log_part_events = options_.pod.log_part_events},
      migrations_behind_log(), retired_migrations());
  if (!store) return fail(store.error());
  const auto head = sync_wait(executor_, store->log->head());
  if (!head) return fail(head.error());
  const bool is_copied = head_.position > 0;
  if (is_copied && (head->position != head_.position || head->link != head_.link)) {
    return damaged("The copy of the log does not end as the log does");
  }
  moved_.events = head->position;
  moved_.head = to_hex(head->link);
  for (std::int64_t after = 0; after < head->position;) {
    const auto part = sync_wait(executor_, store->log->verify(after, kVerified));
    if (!part) return fail(part.error());
    if (part->first_broken) {
      return damaged(
          fmt::format("Event {} of the copy is not as it was recorded: {}. `synap log "
                      "verify` says whether it was before",
                      part->first_broken->position, part->first_broken->what));
    }
    after = part->next_after;
    tell(fmt::format("of {} events are verified", head->position), after);
  }
  store->close();
  return {};
}

// Each line may be the last one: until the first, the pod starts where it was; until the last, it
// starts nowhere, and the next call goes on.
Result<> Mover::hand_over() {
  for (auto* side : {&from_, &to_}) {
    if (auto opened = open_side(*side); !opened) return opened;
  }
  if (!options_.is_to_server) {
    if (auto left = write(from_, [](db::Tx& tx) { set_state(tx, kLeft); }); !left) return left;
    close();
    if (auto renamed = rename_synced(part_, file_); !renamed) return renamed;
    ::unlink(pod_id_.c_str());
    directory_.reset();
    return {};
  }
  const auto new_id = Uuid::v7();
  const auto id = write(to_, [&](db::Tx& tx) {
    tx.run("INSERT INTO pod_identity(one, id) VALUES (1, $1) ON CONFLICT (one) DO NOTHING", new_id);
    auto rows = tx.query("SELECT id FROM pod_identity");
    return rows.next() ? rows.uuid(0).value_or(new_id) : new_id;
  });
  if (!id) return fail(id.error());
  from_.database.reset();
  if (auto renamed = rename_synced(file_, left_); !renamed) return renamed;
  if (auto told = directory_->write_secret(pod_id_, id->to_string() + "\n"); !told) return told;
  if (auto here = write(to_, [](db::Tx& tx) { set_state(tx, ""); }); !here) return here;
  close();
  directory_.reset();
  return {};
}

}  // namespace

std::vector<db::Database::Migration> engine_move_migrations() {
  return {{"pod.4", R"(
-- Of a database that a pod is being copied to ('arrives') or has left ('left').
CREATE TABLE engine_move(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  state TEXT NOT NULL
) STRICT;
)"}};
}

Task<Result<>> check_not_moved(db::Database& database) {
  const auto state = co_await database.read(state_of);
  if (!state) co_return fail(state.error());
  if (!*state) co_return Result<>{};
  if (**state == kLeft) {
    co_return refused(
        "The pod has left this database: `synap migrate-engine` has copied it into its data "
        "directory. Leave `database` out");
  }
  co_return refused(
      "A pod is being copied into this database, and not all of it is here: call `synap "
      "migrate-engine` again, as it was called before");
}

Result<MovedEngine> move_engine(const EngineMoveOptions& options) {
  auto here = options.pod;
  auto there = options.pod;
  here.database = options.is_to_server ? "" : options.url;
  there.database = options.is_to_server ? options.url : "";
  Mover mover(options);
  const auto is_there = mover.take_up();
  if (!is_there) return fail(is_there.error());
  if (*is_there) {
    if (auto checked = mover.check(); !checked) return fail(checked.error());
    auto moved = mover.moved();
    moved.was_there = true;
    return moved;
  }
  const auto before = Pod::read_models(here);
  if (!before) return fail(before.error());
  for (auto step : {&Mover::copy, &Mover::check, &Mover::hand_over}) {
    if (auto done = (mover.*step)(); !done) return fail(done.error());
  }
  const auto after = Pod::read_models(there);
  if (!after) return fail(after.error());
  auto moved = mover.moved();
  for (const auto& [name, digest] : *before) {
    const auto made = after->find(name);
    if (made == after->end() || made->second != digest) moved.different.push_back(name);
  }
  moved.projections = static_cast<std::int64_t>(before->size());
  return moved;
}

}  // namespace synap::pod
