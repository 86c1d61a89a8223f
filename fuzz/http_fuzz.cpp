// Feeds the request parser bytes, whole and in pieces. It must not crash, must not take what two
// readers could understand differently, and must not care how the bytes were cut.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/request_parser.h"

namespace {

using synap::net::Request;
using synap::net::RequestParser;
using State = RequestParser::State;

constexpr RequestParser::Limits kLimits{.header_bytes_max = 512, .body_bytes_max = 256};

struct Outcome {
  std::optional<Request> request;
  std::size_t taken = 0;
};

// The next length to cut, from a sequence that the input's first bytes begin.
class Cuts {
 public:
  explicit Cuts(std::uint32_t seed) : state_(seed | 1) {}
  std::size_t next() {
    state_ = state_ * 1664525 + 1013904223;
    return 1 + (state_ >> 24) % 17;
  }

 private:
  std::uint32_t state_;
};

void check_accepted(const RequestParser& parser, const Request& request) {
  int lengths = 0;
  int encodings = 0;
  int hosts = 0;
  std::size_t head_bytes = 0;
  for (const auto& [name, value] : request.headers) {
    synap::net::Headers one{{name, value}};
    if (one.find("content-length") != nullptr) ++lengths;
    if (one.find("transfer-encoding") != nullptr) ++encodings;
    if (one.find("host") != nullptr) ++hosts;
    head_bytes += name.size() + value.size();
    SYNAP_CHECK(name.find_first_of("\r\n: ") == std::string::npos);
    SYNAP_CHECK(value.find_first_of("\r\n") == std::string::npos);
  }
  SYNAP_CHECK(lengths == 0 || encodings == 0, "a body of two lengths");
  SYNAP_CHECK(encodings <= 1);
  SYNAP_CHECK(encodings == 0 || !parser.is_http_1_0());
  SYNAP_CHECK(hosts == 1 || (hosts == 0 && parser.is_http_1_0()));
  SYNAP_CHECK(head_bytes <= kLimits.header_bytes_max);
  SYNAP_CHECK(request.body.size() <= kLimits.body_bytes_max);
  SYNAP_CHECK(lengths + encodings > 0 || request.body.empty());
  SYNAP_CHECK(request.path.starts_with('/') || request.path == "*");
  SYNAP_CHECK(request.path.find('?') == std::string::npos);
  SYNAP_CHECK(request.target.find_first_of("\r\n ") == std::string::npos);
}

template <class NextLength>
Outcome parse(std::string_view bytes, NextLength next_length) {
  RequestParser parser(kLimits);
  std::string pending;
  Outcome outcome;
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, next_length());
    bytes.remove_prefix(piece.size());
    pending += piece;
    // Once for the head and once for the body.
    for (int i = 0; i < 2; ++i) {
      const auto before = parser.state();
      const auto taken = parser.put(pending);
      SYNAP_CHECK(taken <= pending.size());
      outcome.taken += taken;
      pending.erase(0, taken);
      if (before == State::kBody || parser.state() != State::kBody) break;
    }
    // What a client can make the server keep is bounded.
    if (parser.state() == State::kFailed) {
      const int status = parser.failure().status;
      SYNAP_CHECK(status == 400 || status == 413 || status == 431);
      return outcome;
    }
    if (parser.state() == State::kDone) {
      const bool is_1_0 = parser.is_http_1_0();
      outcome.request = parser.take();
      check_accepted(parser, *outcome.request);
      SYNAP_CHECK(parser.is_http_1_0() == is_1_0);
      return outcome;
    }
    SYNAP_CHECK(pending.size() <= kLimits.header_bytes_max + piece.size());
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::uint32_t seed = data[0] | data[1] << 8 | data[2] << 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 4, size - 4);
  const auto whole = parse(bytes, [&] { return bytes.size(); });
  Cuts cuts(seed);
  const auto pieces = parse(bytes, [&] { return cuts.next(); });
  SYNAP_CHECK(whole.request.has_value() == pieces.request.has_value());
  if (whole.request) {
    SYNAP_CHECK(whole.taken == pieces.taken);
    SYNAP_CHECK(whole.request->target == pieces.request->target);
    SYNAP_CHECK(whole.request->body == pieces.request->body);
    SYNAP_CHECK(whole.request->headers.size() == pieces.request->headers.size());
  }
  return 0;
}
