// EventReader: the events of a stream of server-sent events that comes in chunks over HTTP/1.1.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

namespace synap::bench {

/// Bytes go in as they are read; each event's data comes out once it is whole.
class EventReader {
 public:
  /// Tells `hear` the data of each event that these bytes make whole. False: it is no such stream.
  template <class F>
  bool read(std::string_view bytes, F hear) {
    bytes_.append(bytes);
    if (!has_head_ && !read_head()) return !is_broken_;
    read_chunks();
    std::size_t from = 0;
    for (;;) {
      const auto end = text_.find("\n\n", from);
      if (end == std::string::npos) break;
      const auto event = std::string_view(text_).substr(from, end - from);
      const auto data = event.find("data: ");
      if (data != std::string_view::npos) {
        const auto line = event.substr(data + 6);
        hear(line.substr(0, line.find('\n')));
      }
      from = end + 2;
    }
    text_.erase(0, from);
    return !is_broken_;
  }

 private:
  bool read_head() {
    const auto end = bytes_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const auto head = std::string_view(bytes_).substr(0, end);
    is_broken_ = !head.starts_with("HTTP/1.1 200") ||
                 head.find("transfer-encoding: chunked") == std::string_view::npos;
    bytes_.erase(0, end + 4);
    has_head_ = true;
    return !is_broken_;
  }
  void read_chunks() {
    std::size_t at = 0;
    while (at < bytes_.size()) {
      const auto line = bytes_.find("\r\n", at);
      if (line == std::string::npos) break;
      std::size_t size = 0;
      std::from_chars(bytes_.data() + at, bytes_.data() + line, size, 16);
      if (bytes_.size() < line + 2 + size + 2) break;
      text_.append(bytes_, line + 2, size);
      at = line + 2 + size + 2;
    }
    bytes_.erase(0, at);
  }

  std::string bytes_;
  std::string text_;
  bool has_head_ = false;
  bool is_broken_ = false;
};

}  // namespace synap::bench
