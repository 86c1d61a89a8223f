#include "synap/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tuple>

#include "base/text.h"

namespace synap::cli {
namespace {

bool outlives_readers = false;  // set before a command begins

}  // namespace

int exit_code_of(Code code) {
  switch (code) {
    case Code::kParseError:
    case Code::kBadRequest:
      return kExitUsage;
    case Code::kNotFound:
      return kExitNotFound;
    case Code::kUnauthorized:
    case Code::kForbidden:
      return kExitDenied;
    case Code::kConflict:
      return kExitConflict;
    default:
      return kExitFailure;
  }
}

void outlive_readers() {
  outlives_readers = true;
}

void print(std::string_view text) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (is_written && std::fflush(stdout) == 0) return;
  // Whoever closes a pipe has enough; a full disk is said.
  if (errno == EPIPE && outlives_readers) return;
  if (errno == EPIPE) std::_Exit(kExitOk);
  tell(fmt::format("stdout cannot be written: {}", std::strerror(errno)));
  std::_Exit(kExitFailure);
}

void print_line(std::string_view line) {
  print(fmt::format("{}\n", line));
}

// Beyond ASCII there is nothing in JSON but what stands in its texts; and all that is hostile is of
// at most 16 bits.
std::string json_text(std::string text, int file) {
  if (::isatty(file) == 0) return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto c = first_code_point(rest);
    if (c.value < 0x7f || !is_hostile(c.value)) {
      out += rest.substr(0, c.bytes);
    } else {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c.value));
    }
    rest.remove_prefix(c.bytes);
  }
  return out;
}

void print_json(const Json& value) {
  print_line(json_text(value.dump()));
}

void print_folded(std::string_view heading, std::span<const std::string> lines) {
  constexpr std::size_t kShownMax = 10;
  if (lines.empty()) return;
  print_line(fmt::format("{}:", heading));
  const auto shown = lines.size() > kShownMax + 1 ? kShownMax : lines.size();
  for (const auto& line : lines.first(shown)) print_line("  " + printable(line));
  if (shown < lines.size())
    print_line(fmt::format("  … and {} more; --json has all", lines.size() - shown));
}

void print_error_text(std::string_view text) {
  // Where nobody can be told, nobody can be told of that either: what is done goes on.
  std::ignore = std::fwrite(text.data(), 1, text.size(), stderr);
}

void tell(std::string_view sentence) {
  print_error_text(fmt::format("synap: {}\n", printable(sentence)));
}

Json json_of(const Error& error) {
  Json json = Json::object({{"code", info(error.code).name}, {"message", error.message}});
  if (error.details != nullptr && error.details->is_object()) {
    for (const auto& [key, value] : error.details->as_object()) json.set(key, value);
  }
  return json;
}

int report(const Error& error, bool is_json) {
  if (is_json) {
    const auto text = Json::object({{"error", json_of(error)}}).dump();
    print_error_text(json_text(text, STDERR_FILENO) + "\n");
  } else {
    tell(error.message);
  }
  return exit_code_of(error.code);
}

int report_usage(std::string_view sentence, bool is_json) {
  return report(Error{Code::kBadRequest, std::string(sentence)}, is_json);
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = first_code_point(text);
    out += !c.is_valid || is_hostile(c.value) ? "?" : text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
  }
  return out;
}

}  // namespace synap::cli
