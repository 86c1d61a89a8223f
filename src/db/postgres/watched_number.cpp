#include "db/postgres/watched_number.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "db/postgres/bounded_answer.h"

namespace synap::db::postgres {
namespace {

// What the eventfd adds up: how often it was told, and how often it is to be checked.
constexpr std::uint64_t kTold = 1;
constexpr std::uint64_t kToCheck = std::uint64_t{1} << 32;

constexpr std::chrono::milliseconds kConnectEvery(1'000);

}  // namespace

WatchedNumber::WatchedNumber(Options options)
    : options_(std::move(options)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  SYNAP_CHECK(wake_ >= 0, "an eventfd is to be had");
  thread_ =
      options_.world.start_thread("db watch", ThreadPriority::kNormal, [this] { return turn(); });
}

WatchedNumber::~WatchedNumber() {
  is_closing_ = true;
  wake(kToCheck);
  thread_.reset();
  if (handle_ != nullptr) PQfinish(handle_);
  ::close(wake_);
}

void WatchedNumber::wake(std::uint64_t why) {
  std::ignore = ::write(wake_, &why, sizeof why);
}

void WatchedNumber::tell() {
  wake(kTold);
}

void WatchedNumber::check() {
  wake(kToCheck);
}

bool WatchedNumber::connect() {
  if (handle_ != nullptr && PQstatus(handle_) == CONNECTION_OK) return true;
  if (handle_ != nullptr) PQfinish(handle_);
  // It may hear nothing for days, and is to find then that the way has been cut off.
  const std::array<const char*, 6> names = {
      "dbname",          "connect_timeout",     "application_name",
      "keepalives_idle", "keepalives_interval", nullptr};
  const std::array<const char*, 6> values = {
      options_.url.c_str(), "5", "synap watch", "20", "5", nullptr};
  constexpr int kUrlIsExpanded = 1;
  handle_ = PQconnectdbParams(names.data(), values.data(), kUrlIsExpanded);
  if (handle_ == nullptr || PQstatus(handle_) != CONNECTION_OK) return false;
  PQsetNoticeProcessor(handle_, [](void*, const char*) {}, nullptr);
  if (options_.is_pooled) return true;
  return execute("SET statement_timeout = 5000") && execute("LISTEN " + options_.channel);
}

bool WatchedNumber::execute(const std::string& sql) {
  if (PQsendQuery(handle_, sql.c_str()) == 0) return false;
  const auto answer = bounded_answer(handle_, is_closing_);
  return answer != nullptr && PQresultStatus(answer.get()) == PGRES_COMMAND_OK;
}

// True: it is another.
bool WatchedNumber::look() {
  looked_at_ = real_world().now();
  if (PQsendQuery(handle_, options_.question.c_str()) == 0) return false;
  const auto answer = bounded_answer(handle_, is_closing_);
  if (answer == nullptr || PQresultStatus(answer.get()) != PGRES_TUPLES_OK ||
      PQntuples(answer.get()) != 1) {
    return false;
  }
  std::int64_t number = 0;
  const std::string_view text(PQgetvalue(answer.get(), 0, 0));
  std::from_chars(text.data(), text.data() + text.size(), number);
  options_.is_now(number);
  return std::exchange(seen_, number) != number;
}

// Of others: who has raised the number knows it.
bool WatchedNumber::has_heard() {
  PQconsumeInput(handle_);
  bool has_heard = false;
  while (PGnotify* told = PQnotifies(handle_)) {
    has_heard = has_heard || told->be_pid != PQbackendPID(handle_);
    PQfreemem(told);
  }
  return has_heard;
}

// One wait and what follows from it. What the readers and the writer see of a database that is away
// is told by them; here it is only looked for again, and nothing is lost: the next look sees all.
bool WatchedNumber::turn() {
  const bool was_connected = handle_ != nullptr && PQstatus(handle_) == CONNECTION_OK;
  const bool is_connected = connect();
  // What others told before it listened it has not heard.
  if (is_connected && !was_connected) {
    look();
    if (options_.others_have_told) options_.others_have_told();
  }
  std::array<pollfd, 2> waited = {pollfd{wake_, POLLIN, 0},
                                  pollfd{is_connected ? PQsocket(handle_) : -1, POLLIN, 0}};
  constexpr std::chrono::milliseconds kForEver(-1);
  const auto most = options_.look_every.value_or(is_connected ? kForEver : kConnectEvery);
  const int ready = ::poll(waited.data(), waited.size(), static_cast<int>(most.count()));
  if (is_closing_) return false;
  std::uint64_t woken = 0;
  std::ignore = ::read(wake_, &woken, sizeof woken);
  const bool is_told = woken % kToCheck != 0;
  const bool is_to_check = woken >= kToCheck;
  if (!is_connected) return true;
  bool heard = false;
  if (options_.is_pooled) {
    // Whose it was cannot be told from here.
    const auto is_time =
        options_.look_every && real_world().now() >= looked_at_ + *options_.look_every;
    heard = (is_time || ready == 0) && look();
  } else {
    if (is_told) execute("NOTIFY " + options_.channel);
    heard = handle_ != nullptr && has_heard();
    if (heard || ready == 0 || is_to_check) look();
  }
  if (heard && options_.others_have_told) options_.others_have_told();
  return true;
}

}  // namespace synap::db::postgres
