#include "db/postgres/bounded_answer.h"

#include <libpq-fe.h>
#include <poll.h>

#include <chrono>
#include <utility>

#include "base/world.h"

namespace synap::db::postgres {
namespace {

constexpr std::chrono::milliseconds kAnswerMax(5'000);
// So often it is looked whether this is to end.
constexpr std::chrono::milliseconds kEndMax(50);

}  // namespace

void ClearResult::operator()(pg_result* result) const {
  PQclear(result);
}

Answer bounded_answer(pg_conn*& handle, const std::atomic<bool>& is_closing) {
  const auto end = real_world().now() + kAnswerMax;
  Answer last;
  for (;;) {
    while (PQisBusy(handle) != 0) {
      if (is_closing || real_world().now() >= end) {
        PQfinish(std::exchange(handle, nullptr));
        return nullptr;
      }
      pollfd waited{PQsocket(handle), POLLIN, 0};
      ::poll(&waited, 1, static_cast<int>(kEndMax.count()));
      if (PQconsumeInput(handle) == 0) break;
    }
    PGresult* one = PQgetResult(handle);
    if (one == nullptr) return last;
    last.reset(one);
  }
}

}  // namespace synap::db::postgres
