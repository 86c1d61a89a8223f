#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "address.h"

namespace synap::bench {

// Where kTextMark stands in a body, the text of the note goes.
inline constexpr std::string_view kTextMark = "{text}";

// What is posted, and where: by default what a pod takes.
struct RequestShape {
  std::string path = "/trpc/notes.create";
  std::string body = R"({"content":"{text}"})";  // kTextMark once, within a JSON string
};

// Writes requests that create notes. Every note is different, so a content-addressed store cannot
// keep one for all; every request has the same length, so the bytes are written once and only
// numbers change.
class NoteRequests {
 public:
  NoteRequests(const Address& address, std::string_view token, const RequestShape& shape,
               std::size_t content_size);

  // Valid until the next call.
  std::string_view make(std::size_t index);

 private:
  std::string request_;
  std::size_t number_at_ = 0;
};

// What a successful notes.create answers.
struct Acceptance {
  std::string_view request_id;
  std::string_view entity_id;
};

// Reads {"result":{"data":{requestId, entityId}}}. Both views are empty when that is not what it
// says.
Acceptance read_acceptance(simdjson::dom::parser& parser, const std::string& body);

}  // namespace synap::bench
