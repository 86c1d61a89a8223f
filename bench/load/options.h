#pragma once

#include <string>
#include <string_view>

#include "address.h"
#include "note_requests.h"

namespace synap::bench {

enum class Mode { kCreate, kFlood, kPaced };

struct Options {
  Mode mode = Mode::kCreate;
  Address address;
  std::string token;
  std::size_t connections = 64;
  std::size_t notes = 5000;
  std::size_t content_size = 1024;
  RequestShape shape;
  double rate_per_second = 20;
  double duration_seconds = 5;
  double warmup_seconds = 1;
  double timeout_seconds = 60;
  bool writes_json = false;
  bool wants_help = false;
};

// Throws std::invalid_argument with a sentence for the user.
Options parse_options(int count, char** arguments);

extern const std::string_view kUsage;

}  // namespace synap::bench
