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

WatchedNumber::WatchedNumber(Options options)
    : options_(std::move(options)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  SYNAP_CHECK(wake_ >= 0, "an eventfd is to be had");
  thread_ =
      options_.world.start_thread("db watch", ThreadPriority::kNormal, [this] { return turn(); });
}

WatchedNumber::~WatchedNumber() {
  is_closing_ = true;
  tell();
  thread_.reset();
  if (handle_ != nullptr) PQfinish(handle_);
  ::close(wake_);
}

void WatchedNumber::tell() {
  const std::uint64_t one = 1;
  std::ignore = ::write(wake_, &one, sizeof one);
}

bool WatchedNumber::connect() {
  if (handle_ != nullptr && PQstatus(handle_) == CONNECTION_OK) return true;
  if (handle_ != nullptr) PQfinish(handle_);
  const std::array<const char*, 4> names = {"dbname", "connect_timeout", "application_name",
                                            nullptr};
  const std::array<const char*, 4> values = {options_.url.c_str(), "5", "synap watch", nullptr};
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
  const int ready =
      ::poll(waited.data(), waited.size(), static_cast<int>(options_.look_every.count()));
  if (is_closing_) return false;
  std::uint64_t told = 0;
  const bool is_told = ::read(wake_, &told, sizeof told) == sizeof told;
  if (!is_connected) return true;
  bool heard = false;
  if (options_.is_pooled) {
    // Whose it was cannot be told from here.
    const auto is_time = real_world().now() >= looked_at_ + options_.look_every;
    heard = (is_time || ready == 0) && look();
  } else {
    if (is_told) execute("NOTIFY " + options_.channel);
    heard = handle_ != nullptr && has_heard();
    if (heard || ready == 0) look();
  }
  if (heard && options_.others_have_told) options_.others_have_told();
  return true;
}

}  // namespace synap::db::postgres
