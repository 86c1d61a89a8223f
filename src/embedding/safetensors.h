// Safetensors: a file of named tensors, as sentence models are published in. What is in it comes
// from strangers: every number is checked before it is used.
//
//   file    = size (u64, little endian) header data
//   header  = JSON of `size` bytes: {name: {"dtype", "shape", "data_offsets": [begin, end]}, ...},
//             and "__metadata__", which is passed over
//   data    = the tensors, one behind another without a hole
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::embedding {

class Safetensors {
 public:
  static constexpr std::size_t kHeaderBytesMax = 16 << 20;
  static constexpr std::size_t kTensorsMax = 10000;
  static constexpr std::size_t kDimensionsMax = 8;

  /// `bytes` are used as long as this is. kBadRequest: they are no such file, with what is wrong:
  /// a header that is too long or no JSON of this kind, a tensor that is not where it says it is,
  /// not as long as its shape, or one over another.
  static Result<Safetensors> read(std::string_view bytes);

  /// The values of a tensor of type F32. kBadRequest: there is none of the name, it is of another
  /// type or shape, or a value is no finite number.
  Result<std::vector<float>> floats(const std::string& name,
                                    const std::vector<std::int64_t>& shape) const;
  /// Its shape, or nullptr.
  const std::vector<std::int64_t>* shape_of(const std::string& name) const;
  std::size_t bytes() const { return bytes_; }  // of all tensors

 private:
  struct Tensor {
    std::string type;
    std::vector<std::int64_t> shape;
    std::string_view bytes;
  };
  std::map<std::string, Tensor> tensors_;
  std::size_t bytes_ = 0;
};

}  // namespace synap::embedding
