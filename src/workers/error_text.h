// How much of an error's message is kept, and told of the run that it ends.
#pragma once

#include <cstddef>

namespace synap::workers {

/// An event holds it, however long what was thrown.
inline constexpr std::size_t kErrorMessageBytesMax = 16 << 10;

}  // namespace synap::workers
