// CHECK: a fact that only a programmer's mistake can make false. Always on, in every build. Never
// used on anything a caller, a file or a network peer can influence: those are Errors (status.h).
#pragma once

#include <string_view>

namespace synap {

/// Prints the failed condition and its place to standard error and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view note);

}  // namespace synap

#define SYNAP_CHECK(condition, ...)                                                           \
  do {                                                                                        \
    if (!(condition)) [[unlikely]] {                                                          \
      ::synap::check_failed(__FILE__, __LINE__, #condition, ::std::string_view{__VA_ARGS__}); \
    }                                                                                         \
  } while (false)
