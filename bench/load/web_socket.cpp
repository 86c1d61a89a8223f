#include "web_socket.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace synap::bench {
namespace {

enum Opcode : unsigned char {
  kContinuation = 0x0,
  kText = 0x1,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

constexpr unsigned char kFinal = 0x80;
constexpr unsigned char kMasked = 0x80;
constexpr std::size_t kPayloadSizeMax = 16 << 20;

// Big-endian, as the length in a frame is.
std::size_t read_number(std::string_view bytes) {
  std::size_t number = 0;
  for (const char byte : bytes) number = (number << 8) | static_cast<unsigned char>(byte);
  return number;
}

void append_number(std::string& bytes, std::size_t number, int width) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>((number >> shift) & 0xFF));
}

}  // namespace

void WebSocket::connect_to_path(std::string_view path_and_query) {
  is_upgraded_ = false;
  message_.clear();
  open();
  write(fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: c3luYXAtYmVuY2gtbG9hZA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
      path_and_query, address().host_header));
}

void WebSocket::send_text(std::string_view text) {
  send_frame(kText, text);
}

std::size_t WebSocket::on_bytes(std::string_view bytes) {
  return is_upgraded_ ? read_frame(bytes) : read_handshake(bytes);
}

void WebSocket::on_closed() {
  handler_.on_lost("the server closed the WebSocket");
}

std::size_t WebSocket::read_handshake(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  if (!bytes.starts_with("HTTP/1.1 101")) {
    lose("the server refused the WebSocket upgrade");
    return 0;
  }
  is_upgraded_ = true;
  handler_.on_open();
  return end + 4;
}

//   frame = FIN|opcode, MASK|length7, [length16 | length64], payload      (a server never masks)
std::size_t WebSocket::read_frame(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  std::size_t head = 2;
  std::size_t length = second & 0x7F;
  const std::size_t wide = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (wide > 0) {
    if (bytes.size() < head + wide) return 0;
    length = read_number(bytes.substr(head, wide));
    head += wide;
  }
  if ((second & kMasked) != 0 || length > kPayloadSizeMax) {
    lose("the server sent a frame that no server may send");
    return 0;
  }
  if (bytes.size() < head + length) return 0;
  on_frame(first & 0x0F, (first & kFinal) != 0, bytes.substr(head, length));
  return head + length;
}

void WebSocket::on_frame(unsigned char opcode, bool is_final, std::string_view payload) {
  if (opcode == kPing) return send_frame(kPong, payload);
  if (opcode == kPong) return;
  if (opcode == kClose) return lose("the server closed the WebSocket");
  if (opcode == kText && is_final) return handler_.on_text(payload);
  message_.append(payload);
  if (!is_final) return;
  const std::string whole = std::move(message_);
  message_.clear();
  handler_.on_text(whole);
}

void WebSocket::send_frame(unsigned char opcode, std::string_view payload) {
  // Masks protect proxies from hostile pages. There is no proxy here, so a fixed one will do.
  constexpr std::array<unsigned char, 4> kMask{0x37, 0xfa, 0x21, 0x3d};
  std::string frame;
  frame.push_back(static_cast<char>(kFinal | opcode));
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(kMasked | payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    frame.push_back(static_cast<char>(kMasked | 126));
    append_number(frame, payload.size(), 2);
  } else {
    frame.push_back(static_cast<char>(kMasked | 127));
    append_number(frame, payload.size(), 8);
  }
  for (const unsigned char byte : kMask) frame.push_back(static_cast<char>(byte));
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame.push_back(static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kMask[i % 4]));
  write(frame);
}

void WebSocket::lose(std::string_view why) {
  close_now();
  handler_.on_lost(why);
}

}  // namespace synap::bench
