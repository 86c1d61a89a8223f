#include "db/postgres/refusal.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "base/timer.h"

namespace synap::db::postgres {
namespace {

// No such database, no such role or wrong password, no entry that lets it in, no right to connect.
constexpr std::array<std::string_view, 4> kLasting = {"3D000", "28P01", "28000", "42501"};

}  // namespace

// What a server says is in its own language, and libpq gives its code of a connection that is not
// made only instead of the text.
bool is_refused_for_good(const std::string& url, std::chrono::milliseconds time_max) {
  const std::array<const char*, 3> names = {"dbname", "application_name", nullptr};
  const std::array<const char*, 3> values = {url.c_str(), "synap", nullptr};
  constexpr int kUrlIsExpanded = 1;
  const std::unique_ptr<PGconn, decltype(&PQfinish)> made(
      PQconnectStartParams(names.data(), values.data(), kUrlIsExpanded), &PQfinish);
  if (made == nullptr) return false;
  PQsetErrorVerbosity(made.get(), PQERRORS_SQLSTATE);
  const auto end = SteadyClock::now() + time_max;
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_FAILED;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now());
    if (state == PGRES_POLLING_OK || left.count() <= 0) return false;
    pollfd socket{.fd = PQsocket(made.get()),
                  .events = static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                  .revents = 0};
    if (socket.fd < 0) break;
    if (::poll(&socket, 1, static_cast<int>(left.count())) <= 0) return false;
    state = PQconnectPoll(made.get());
  }
  std::string_view said = PQerrorMessage(made.get());
  while (said.ends_with('\n')) said.remove_suffix(1);
  return std::ranges::any_of(kLasting, [&](auto code) { return said.ends_with(code); });
}

}  // namespace synap::db::postgres
