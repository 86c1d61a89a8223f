// Any bytes: parsing never crashes, agrees with our own scanner about what JSON is, and what was
// parsed once is written and read again without a change.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "base/json_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synap;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto fault = find_json_fault(text);
  const auto json = parse_json(text);
  if (!json) {
    const bool is_too_deep = json.error().message.starts_with("JSON is nested deeper");
    SYNAP_CHECK(fault.has_value() || is_too_deep, text);
    SYNAP_CHECK(!fault || fault->at <= size, text);
    return 0;
  }
  SYNAP_CHECK(!fault, text);
  const auto written = json->dump();
  const auto again = parse_json(written);
  SYNAP_CHECK(again.has_value(), written);
  SYNAP_CHECK(again->dump() == written, written);
  const auto pretty = parse_json(json->dump_pretty());
  SYNAP_CHECK(pretty.has_value() && *pretty == *again, written);
  return 0;
}
