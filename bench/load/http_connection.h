#pragma once

#include <string_view>

#include "byte_stream.h"
#include "http_answer.h"

namespace synap::bench {

class HttpConnection;

// Who sends requests and hears of their answers.
class HttpCaller {
 public:
  virtual ~HttpCaller() = default;
  virtual void on_answer(HttpConnection& connection, const HttpAnswer& answer) = 0;
  // The request in flight got no answer. The connection is closed.
  virtual void on_broken(HttpConnection& connection) = 0;
};

// A keep-alive connection with at most one request in flight: no pipelining, as browsers do.
class HttpConnection : public ByteStream {
 public:
  HttpConnection(EventLoop& loop, const Address& address, HttpCaller& caller)
      : ByteStream(loop, address), caller_(caller) {}

  bool is_busy() const { return is_busy_; }
  // The request whose answer is awaited; the caller numbers them.
  std::size_t request_index() const { return request_index_; }
  Nanoseconds started_at() const { return started_at_; }

  // Sends a whole request; opens the connection when it is closed.
  void send(std::string_view request, std::size_t request_index);

 protected:
  std::size_t on_bytes(std::string_view bytes) override;
  void on_closed() override;

 private:
  HttpCaller& caller_;
  bool is_busy_ = false;
  std::size_t request_index_ = 0;
  Nanoseconds started_at_ = 0;
};

}  // namespace synap::bench
