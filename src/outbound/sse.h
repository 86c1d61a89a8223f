// SseReader: the events of a text/event-stream (WHATWG HTML, 9.2), from its bytes as they come.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace synap::outbound {

struct SseEvent {
  std::string name;  // "message" if the stream gives none
  std::string data;
};

class SseReader {
 public:
  void add(std::string_view bytes);
  /// The next whole event, if there is one.
  std::optional<SseEvent> next();
  /// The id to resume with: the last one the stream gave, over all events so far.
  const std::string& last_id() const { return last_id_; }
  /// Of an event that has begun and not ended: for whoever bounds what one may have.
  std::size_t bytes_kept() const { return bytes_.size() - at_ + data_.size(); }

 private:
  std::optional<std::string> next_line();

  std::string bytes_;
  std::size_t at_ = 0;          // what lies before is read
  bool skips_newline_ = false;  // the line before ended with CR, so an LF belongs to it
  std::string name_;
  std::string data_;
  bool has_data_ = false;
  std::string id_;
  std::string last_id_;
};

}  // namespace synap::outbound
