// What an S3 server answers: any text is a value or an error.
#include <cstdint>

#include "base/check.h"
#include "content/s3/answers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synap::content;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto error = parse_s3_error(text);
  SYNAP_CHECK(error.code.size() <= 64 && error.region.size() <= 64);
  SYNAP_CHECK(error.code.find_first_of("\r\n\"<") == std::string::npos);
  if (const auto listing = parse_s3_listing(text)) {
    for (const auto& object : listing->objects) SYNAP_CHECK(object.name.size() <= size);
  }
  if (const auto upload = parse_s3_upload(text)) SYNAP_CHECK(!upload->empty());
  is_s3_completion(text);
  return 0;
}
