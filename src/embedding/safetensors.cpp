#include "embedding/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace synap::embedding {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little endian");

constexpr std::size_t kSizeBytes = 8;
constexpr std::size_t kNameShown = 100;  // of a name, in an error

std::unexpected<Error> refuse(std::string message) {
  return fail(Code::kBadRequest, std::move(message));
}

std::optional<std::int64_t> bytes_of_type(std::string_view type) {
  if (type == "F64" || type == "I64" || type == "U64") return 8;
  if (type == "F32" || type == "I32" || type == "U32") return 4;
  if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 2;
  if (type == "I8" || type == "U8" || type == "BOOL" || type == "F8_E4M3" || type == "F8_E5M2") {
    return 1;
  }
  return std::nullopt;
}

// The whole numbers of an array, none of them below zero.
std::optional<std::vector<std::int64_t>> numbers_of(const Json* json, std::size_t count_max) {
  if (json == nullptr || !json->is_array() || json->as_array().size() > count_max) return {};
  std::vector<std::int64_t> numbers;
  for (const auto& one : json->as_array()) {
    if (!one.is_integer() || one.as_integer() < 0) return {};
    numbers.push_back(one.as_integer());
  }
  return numbers;
}

// How many bytes a tensor takes; nothing: more than a file can have.
std::optional<std::int64_t> bytes_of(std::int64_t value_bytes,
                                     const std::vector<std::int64_t>& shape) {
  std::int64_t bytes = value_bytes;
  for (const auto count : shape) {
    if (__builtin_mul_overflow(bytes, count, &bytes)) return {};
  }
  return bytes;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace

Result<Safetensors> Safetensors::read(std::string_view bytes) {
  std::uint64_t size = 0;
  if (bytes.size() < kSizeBytes) return refuse("the file is too short for safetensors");
  std::memcpy(&size, bytes.data(), kSizeBytes);
  if (size > kHeaderBytesMax || size > bytes.size() - kSizeBytes) {
    return refuse(fmt::format("the file is no safetensors: its header would have {} bytes", size));
  }
  const auto data = bytes.substr(kSizeBytes + size);
  auto header = parse_json(bytes.substr(kSizeBytes, size), {.depth_max = 4});
  if (!header || !header->is_object()) {
    return refuse("the file is no safetensors: its header is no JSON object");
  }
  if (header->as_object().size() > kTensorsMax) {
    return refuse(fmt::format("the file has more than {} tensors", kTensorsMax));
  }
  Safetensors made;
  made.bytes_ = data.size();
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  for (const auto& [name, entry] : header->as_object()) {
    if (name == "__metadata__") continue;
    const auto shown = shortened(name, kNameShown);
    const auto value_bytes = bytes_of_type(entry.string_or("dtype", ""));
    const auto shape = numbers_of(entry.find("shape"), kDimensionsMax);
    const auto range = numbers_of(entry.find("data_offsets"), 2);
    if (!value_bytes || !shape || !range || range->size() != 2) {
      return refuse(fmt::format("the tensor {} has no known type, shape and place", shown));
    }
    const auto [begin, end] = std::pair((*range)[0], (*range)[1]);
    if (begin > end || static_cast<std::uint64_t>(end) > data.size()) {
      return refuse(fmt::format("the tensor {} lies at bytes {} to {} of {}", shown, begin, end,
                                data.size()));
    }
    if (bytes_of(*value_bytes, *shape) != end - begin) {
      return refuse(fmt::format("the tensor {} has {} bytes, which are not those of its shape {}",
                                shown, end - begin, shape_text(*shape)));
    }
    ranges.emplace_back(begin, end);
    made.tensors_[name] = {
        std::string(entry.string_or("dtype", "")), *shape,
        data.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin))};
  }
  std::ranges::sort(ranges);
  std::int64_t at = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != at) return refuse("the tensors of the file do not lie one behind another");
    at = end;
  }
  if (static_cast<std::uint64_t>(at) != data.size()) {
    return refuse("the file has bytes that belong to no tensor");
  }
  return made;
}

const std::vector<std::int64_t>* Safetensors::shape_of(const std::string& name) const {
  const auto at = tensors_.find(name);
  return at == tensors_.end() ? nullptr : &at->second.shape;
}

Result<std::vector<float>> Safetensors::floats(const std::string& name,
                                               const std::vector<std::int64_t>& shape) const {
  const auto at = tensors_.find(name);
  if (at == tensors_.end()) return refuse(fmt::format("the model has no tensor {}", name));
  const auto& tensor = at->second;
  if (tensor.type != "F32") {
    return refuse(
        fmt::format("the tensor {} is of type {}, where F32 is taken", name, tensor.type));
  }
  if (tensor.shape != shape) {
    return refuse(fmt::format("the tensor {} has the shape {}, where {} is meant", name,
                              shape_text(tensor.shape), shape_text(shape)));
  }
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) {
    return refuse(fmt::format("a value of the tensor {} is no finite number", name));
  }
  return values;
}

}  // namespace synap::embedding
