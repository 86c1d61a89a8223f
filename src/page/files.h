// The files of the page, compiled in.
#pragma once

#include <span>
#include <string_view>

namespace synap::page {

/// For as long as the program.
struct File {
  std::string_view name;  // "app-1a2b.js"
  std::string_view type;  // of its content: "text/javascript; charset=utf-8"
  std::string_view etag;  // of its bytes, with its quotes
  bool is_kept = false;   // its name says what is in it: whoever has it need not ask again
  std::string_view plain;
  std::string_view gzip;    // empty where it is not smaller
  std::string_view brotli;  // the same
};

/// What ui/ was built to; empty in a program that was built without (SYNAP_UI).
std::span<const File> files();

}  // namespace synap::page
