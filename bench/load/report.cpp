#include "report.h"

#include <fmt/format.h>

namespace synap::bench {
namespace {

std::string to_text(double value) {
  const bool is_whole = value == static_cast<double>(static_cast<long long>(value));
  return is_whole ? fmt::format("{:.0f}", value) : fmt::format("{:.3f}", value);
}

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped.push_back('\\');
    escaped.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  return escaped;
}

}  // namespace

void Report::fail(std::string_view why) {
  if (!failure_.empty()) failure_ += "; ";
  failure_ += why;
}

std::string Report::to_table() const {
  std::string table = fmt::format("{}\n", mode_);
  for (const auto& [name, value] : figures_)
    table += fmt::format("  {:<24} {:>14}\n", name, to_text(value));
  if (has_failed()) table += fmt::format("  FAILED: {}\n", failure_);
  return table;
}

std::string Report::to_json() const {
  std::string json = fmt::format(R"({{"mode":"{}","ok":{})", mode_, !has_failed());
  for (const auto& [name, value] : figures_)
    json += fmt::format(R"(,"{}":{})", name, to_text(value));
  if (has_failed()) json += fmt::format(R"(,"failure":"{}")", escape(failure_));
  return json + "}\n";
}

}  // namespace synap::bench
