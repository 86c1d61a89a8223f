#include "pod/client_package.h"

namespace synap::pod {
namespace {

// As numbers, not by .incbin or #embed: a compiler cache must see that they have changed.
constexpr unsigned char kBytes[] = {
#include "client_package.inc"
};

}  // namespace

std::string_view client_package() {
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}

}  // namespace synap::pod
