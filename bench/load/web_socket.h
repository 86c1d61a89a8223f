#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "byte_stream.h"

namespace synap::bench {

// A WebSocket client (RFC 6455) as small as tRPC needs it: text messages, fragments, ping and
// close; no extensions. The handshake's Sec-WebSocket-Accept is not checked, because nobody is in
// between.
class WebSocket : public ByteStream {
 public:
  struct Handler {
    std::function<void()> on_open;
    std::function<void(std::string_view)> on_text;
    std::function<void(std::string_view why)> on_lost;
  };

  WebSocket(EventLoop& loop, const Address& address, Handler handler)
      : ByteStream(loop, address), handler_(std::move(handler)) {}

  // Asks the server to upgrade. Throws std::system_error when nobody listens.
  void connect_to_path(std::string_view path_and_query);
  void send_text(std::string_view text);

 protected:
  std::size_t on_bytes(std::string_view bytes) override;
  void on_closed() override;

 private:
  std::size_t read_handshake(std::string_view bytes);
  std::size_t read_frame(std::string_view bytes);
  void on_frame(unsigned char opcode, bool is_final, std::string_view payload);
  void send_frame(unsigned char opcode, std::string_view payload);
  void lose(std::string_view why);

  Handler handler_;
  bool is_upgraded_ = false;
  std::string message_;  // The fragments so far.
};

}  // namespace synap::bench
