#include "note_requests.h"

#include <fmt/format.h>
#include <unistd.h>

#include <random>

namespace synap::bench {
namespace {

constexpr std::size_t kNumberWidth = 9;

std::string make_content(std::size_t size) {
  // The run's number keeps notes of two runs on one pod apart.
  std::random_device device;
  // In JSON the line end is two characters, in the note it is one byte.
  std::string content =
      fmt::format("Note {:0{}} of run {:08x}\\n", 0, kNumberWidth, static_cast<unsigned>(device()));
  constexpr std::string_view kFiller =
      "An event is an immutable fact; whoever replays the facts in order gets the same world. ";
  const std::size_t json_size = size + 1;
  while (content.size() < json_size) content += kFiller;
  content.resize(json_size);
  return content;
}

}  // namespace

NoteRequests::NoteRequests(const Address& address, std::string_view token,
                           const RequestShape& shape, std::size_t content_size) {
  const std::size_t text_at = shape.body.find(kTextMark);
  std::string body = shape.body;
  body.replace(text_at, kTextMark.size(), make_content(content_size));
  request_ = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n",
                         shape.path, address.host_header);
  if (!token.empty()) request_ += fmt::format("Authorization: Bearer {}\r\n", token);
  request_ += fmt::format("Content-Length: {}\r\n\r\n", body.size());
  number_at_ = request_.size() + text_at + std::string_view("Note ").size();
  request_ += body;
}

std::string_view NoteRequests::make(std::size_t index) {
  for (std::size_t i = 0; i < kNumberWidth; ++i, index /= 10)
    request_[number_at_ + kNumberWidth - 1 - i] = static_cast<char>('0' + index % 10);
  return request_;
}

Acceptance read_acceptance(simdjson::dom::parser& parser, const std::string& body) {
  simdjson::dom::element data;
  if (parser.parse(body)["result"]["data"].get(data) != simdjson::SUCCESS) return {};
  Acceptance acceptance;
  if (data["requestId"].get(acceptance.request_id) != simdjson::SUCCESS) return {};
  if (data["entityId"].get(acceptance.entity_id) != simdjson::SUCCESS) return {};
  return acceptance;
}

}  // namespace synap::bench
