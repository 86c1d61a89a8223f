// Of a program that is built without the page.
#include "page/files.h"

namespace synap::page {

std::span<const File> files() {
  return {};
}

}  // namespace synap::page
