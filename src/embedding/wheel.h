// Wheel: the files in a zip that is in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::embedding {

class Wheel {
 public:
  static constexpr std::size_t kFilesMax = 10000;

  /// `bytes` are used as long as this is. kBadRequest: they are no zip, or have too many files.
  static Result<Wheel> open(std::string_view bytes);
  ~Wheel();
  Wheel(Wheel&&) noexcept;
  Wheel& operator=(Wheel&&) noexcept;

  const std::vector<std::string>& names() const { return names_; }
  /// The file of a name; nothing: there is none. kBadRequest: it is longer than `bytes_max`,
  /// damaged or encrypted. What the zip says of its length is believed only so far.
  Result<std::optional<std::string>> read(const std::string& name, std::size_t bytes_max) const;

 private:
  struct Zip;
  explicit Wheel(std::unique_ptr<Zip> zip);
  std::unique_ptr<Zip> zip_;
  std::vector<std::string> names_;
};

}  // namespace synap::embedding
