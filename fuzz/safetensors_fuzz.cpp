// Any bytes as the files that models are published in: refused with a sentence, or read within
// their bounds.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "embedding/safetensors.h"
#include "embedding/wheel.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synap;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto file = embedding::Safetensors::read(bytes)) {
    SYNAP_CHECK(file->bytes() <= size, "tensors are in the file");
    for (const auto* name : {"a", "weight"}) {
      const auto* shape = file->shape_of(name);
      if (shape != nullptr) std::ignore = file->floats(name, *shape);
    }
  }
  constexpr std::size_t kBytesMax = 64 << 10;
  if (const auto wheel = embedding::Wheel::open(bytes)) {
    for (const auto& name : wheel->names()) {
      const auto file = wheel->read(name, kBytesMax);
      SYNAP_CHECK(!file || !*file || (**file).size() <= kBytesMax, name);
    }
  }
  return 0;
}
