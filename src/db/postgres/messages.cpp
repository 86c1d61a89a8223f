#include "db/postgres/messages.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "db/postgres/bounded_answer.h"

namespace synap::db::postgres {
namespace {

constexpr std::chrono::milliseconds kLookEvery(1'000);
// Of one statement.
constexpr std::size_t kMessagesMax = 32;

}  // namespace

Messages::Messages(Options options)
    : options_(std::move(options)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  SYNAP_CHECK(wake_ >= 0, "an eventfd is to be had");
  thread_ = options_.world.start_thread("db messages", ThreadPriority::kNormal,
                                        [this] { return turn(); });
}

Messages::~Messages() {
  is_closing_ = true;
  const std::uint64_t one = 1;
  std::ignore = ::write(wake_, &one, sizeof one);
  thread_.reset();
  if (handle_ != nullptr) PQfinish(handle_);
  ::close(wake_);
}

bool Messages::send(std::string channel, std::string message) {
  SYNAP_CHECK(message.size() <= kBytesMax, "one message takes so much");
  if (!is_connected_) return false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_bytes_ + message.size() > kWaitingBytesMax) return false;
    waiting_bytes_ += message.size();
    waiting_.push_back({std::move(channel), std::move(message)});
  }
  const std::uint64_t one = 1;
  std::ignore = ::write(wake_, &one, sizeof one);
  return true;
}

bool Messages::connect() {
  if (handle_ != nullptr && PQstatus(handle_) == CONNECTION_OK) return true;
  is_connected_ = false;
  if (handle_ != nullptr) PQfinish(handle_);
  // A server that is gone without a word would hold up the thread for as long as TCP does.
  const std::array<const char*, 5> names = {"dbname", "connect_timeout", "tcp_user_timeout",
                                            "application_name", nullptr};
  const std::array<const char*, 5> values = {options_.url.c_str(), "5", "10000", "synap messages",
                                             nullptr};
  constexpr int kUrlIsExpanded = 1;
  handle_ = PQconnectdbParams(names.data(), values.data(), kUrlIsExpanded);
  if (handle_ == nullptr || PQstatus(handle_) != CONNECTION_OK) return false;
  PQsetNoticeProcessor(handle_, [](void*, const char*) {}, nullptr);
  std::string listen = "SET statement_timeout = 5000";
  for (const auto& channel : options_.channels) listen += "; LISTEN " + channel;
  is_connected_ = execute(listen);
  if (!is_connected_ && handle_ != nullptr) PQfinish(std::exchange(handle_, nullptr));
  return is_connected_;
}

bool Messages::execute(const std::string& sql) {
  if (PQsendQuery(handle_, sql.c_str()) == 0) return false;
  const auto said = bounded_answer(handle_, is_closing_);
  return said != nullptr && PQresultStatus(said.get()) == PGRES_COMMAND_OK;
}

// What a statement was refused for is not sent again: whoever misses it asks for it.
void Messages::send_waiting() {
  std::vector<Message> messages;
  {
    const std::lock_guard lock(mutex_);
    messages = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
  }
  for (std::size_t at = 0; at < messages.size(); at += kMessagesMax) {
    const auto some = std::span(messages).subspan(at, std::min(kMessagesMax, messages.size() - at));
    std::string sql = "SELECT ";
    std::vector<const char*> values;
    for (const auto& message : some) {
      if (!values.empty()) sql += ", ";
      sql += fmt::format("pg_notify(${}, ${})", values.size() + 1, values.size() + 2);
      values.push_back(message.channel.c_str());
      values.push_back(message.text.c_str());
    }
    const auto said = PQsendQueryParams(handle_, sql.c_str(), static_cast<int>(values.size()),
                                        nullptr, values.data(), nullptr, nullptr, 0) != 0
                          ? bounded_answer(handle_, is_closing_)
                          : nullptr;
    if (said != nullptr && PQresultStatus(said.get()) == PGRES_TUPLES_OK) continue;
    if (is_closing_) return;
    if (handle_ == nullptr) is_connected_ = false;
    const std::string why = handle_ != nullptr ? PQerrorMessage(handle_) : "no answer in time";
    write_log_bounded(Same::kMessage, LogLevel::kWarn, "db",
                      "messages to other nodes were not sent: {error}", {{"error", why}});
    if (handle_ == nullptr || PQstatus(handle_) != CONNECTION_OK) return;
  }
}

void Messages::hear_all() {
  PQconsumeInput(handle_);
  while (PGnotify* told = PQnotifies(handle_)) {
    if (told->be_pid != PQbackendPID(handle_)) options_.hear(told->extra);
    PQfreemem(told);
  }
}

bool Messages::turn() {
  const bool is_connected = connect();
  std::array<pollfd, 2> waited = {pollfd{wake_, POLLIN, 0},
                                  pollfd{is_connected ? PQsocket(handle_) : -1, POLLIN, 0}};
  ::poll(waited.data(), waited.size(), static_cast<int>(kLookEvery.count()));
  if (is_closing_) return false;
  std::uint64_t told = 0;
  std::ignore = ::read(wake_, &told, sizeof told);
  if (!is_connected) return true;
  send_waiting();
  if (handle_ != nullptr) hear_all();
  return !is_closing_;
}

}  // namespace synap::db::postgres
