// Feeds the URL decoder bytes. What they accept is UTF-8, no longer than what was given, and
// comes back the same when it is encoded and decoded again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synap;
  using namespace synap::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto decoded = percent_decode(text)) {
    SYNAP_CHECK(is_valid_utf8(*decoded));
    SYNAP_CHECK(decoded->size() <= text.size());
    SYNAP_CHECK(percent_decode(percent_encode(*decoded)) == *decoded);
  }
  return 0;
}
