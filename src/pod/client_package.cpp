#include "pod/client_package.h"

#include <string>

#include "base/crypto.h"

namespace synap::pod {
namespace {

// As numbers, not by .incbin or #embed: a compiler cache must see that they have changed.
constexpr unsigned char kBytes[] = {
#include "client_package.inc"
};

}  // namespace

page::File client_package() {
  const std::string_view bytes(reinterpret_cast<const char*>(kBytes), sizeof kBytes);
  static const std::string tag = '"' + to_hex(sha256(bytes)).substr(0, 32) + '"';
  return {.name = "synap-client.tgz", .type = "application/gzip", .etag = tag, .plain = bytes};
}

}  // namespace synap::pod
