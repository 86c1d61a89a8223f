#include "http_connection.h"

#include <stdexcept>

namespace synap::bench {

void HttpConnection::send(std::string_view request, std::size_t request_index) {
  started_at_ = now();
  if (!is_open()) open();
  is_busy_ = true;
  request_index_ = request_index;
  write(request);
}

std::size_t HttpConnection::on_bytes(std::string_view bytes) {
  std::optional<HttpAnswer> answer;
  try {
    answer = parse_answer(bytes);
  } catch (const std::runtime_error&) {
    close_now();
    on_closed();
    return 0;
  }
  if (!answer) return 0;
  if (answer->status / 100 == 1) return answer->size;
  is_busy_ = false;
  if (!answer->keeps_alive) close_now();
  const std::size_t size = answer->size;
  caller_.on_answer(*this, *answer);
  return size;
}

void HttpConnection::on_closed() {
  // A server may close a connection that is idle; only an unanswered request is a failure.
  if (!is_busy_) return;
  is_busy_ = false;
  caller_.on_broken(*this);
}

}  // namespace synap::bench
