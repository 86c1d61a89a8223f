#include "outbound/sse.h"

#include <utility>

namespace synap::outbound {

void SseReader::add(std::string_view bytes) {
  bytes_.erase(0, std::exchange(at_, 0));
  bytes_ += bytes;
}

std::optional<std::string> SseReader::next_line() {
  if (skips_newline_ && at_ < bytes_.size()) {
    if (bytes_[at_] == '\n') ++at_;
    skips_newline_ = false;
  }
  const auto end = bytes_.find_first_of("\r\n", at_);
  if (end == std::string::npos) return std::nullopt;
  auto line = bytes_.substr(at_, end - at_);
  at_ = end + 1;
  skips_newline_ = bytes_[end] == '\r';
  return line;
}

std::optional<SseEvent> SseReader::next() {
  while (auto line = next_line()) {
    if (line->empty()) {
      last_id_ = id_;
      SseEvent event{name_.empty() ? "message" : std::move(name_), std::move(data_)};
      name_.clear();
      data_.clear();
      if (!std::exchange(has_data_, false)) continue;
      return event;
    }
    const auto colon = line->find(':');
    const std::string_view field = std::string_view(*line).substr(0, colon);
    std::string_view value;
    if (colon != std::string::npos) value = std::string_view(*line).substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") name_ = value;
    // The standard leaves out an id that no header could send back.
    if (field == "id" && !value.contains('\0')) id_ = value;
    if (field == "data") {
      if (std::exchange(has_data_, true)) data_ += '\n';
      data_ += value;
    }
  }
  return std::nullopt;
}

}  // namespace synap::outbound
