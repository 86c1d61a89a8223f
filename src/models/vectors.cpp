#include "models/vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "models/decoder.h"

namespace synap::models {
namespace {

using embedding::Vector;
using Vectors = std::vector<Vector>;

Error no_vectors(std::string what) {
  return {Code::kBadGateway, std::move(what)};
}

Result<Vector> read_vector(const Json& item, std::size_t dimension) {
  const auto* numbers = item.find("embedding");
  if (numbers == nullptr || !numbers->is_array()) {
    return fail(no_vectors("an answer without a list of numbers"));
  }
  const auto& all = numbers->as_array();
  if (all.size() != dimension) {
    return fail(no_vectors(fmt::format(
        "a vector of {} numbers, and the settings say dimension = {}", all.size(), dimension)));
  }
  Vector vector;
  vector.reserve(dimension);
  double squares = 0;
  for (const auto& number : all) {
    const double value = number.is_number() ? number.as_number() : NAN;
    if (!std::isfinite(value) || std::abs(value) > 1e18) {
      return fail(no_vectors("a vector in which something is no finite number"));
    }
    squares += value * value;
    vector.push_back(static_cast<float>(value));
  }
  const double length = std::sqrt(squares);
  if (length < 1e-12) return fail(no_vectors("a vector of zeros"));
  for (auto& value : vector) value = static_cast<float>(static_cast<double>(value) / length);
  return vector;
}

// JSON has no NaN; some servers write it all the same, and then all of it is none.
bool has_nan(std::string_view body) {
  return body.contains("NaN") || body.contains("nan") || body.contains("Infinity");
}

}  // namespace

Result<Vectors> read_vectors(const std::string& body, std::size_t count, std::size_t dimension,
                             Usage& usage, std::string& answered_by) {
  auto json = parse_json(body);
  if (!json) {
    return fail(no_vectors(has_nan(body.substr(0, 1 << 20))
                               ? std::string("a vector in which something is no finite number")
                               : fmt::format("no JSON: {}", json.error().message)));
  }
  const auto tokens = count_of(json->find("usage"), "prompt_tokens");
  if (tokens > 0) usage = {.input = tokens};
  answered_by = model_name(text_at(*json, "model"));
  const auto* data = json->find("data");
  if (data == nullptr || !data->is_array()) return fail(no_vectors("an answer without data"));
  if (data->as_array().size() != count) {
    return fail(no_vectors(fmt::format("{} vectors for {} texts", data->as_array().size(), count)));
  }
  Vectors vectors(count);
  for (std::size_t at = 0; at < count; ++at) {
    const auto& item = data->as_array()[at];
    const auto* index = item.find("index");
    const auto place = index != nullptr && index->is_integer()
                           ? static_cast<std::uint64_t>(index->as_integer())
                           : at;
    if (place >= count || !vectors[place].empty()) {
      return fail(no_vectors("vectors whose order cannot be told"));
    }
    auto vector = read_vector(item, dimension);
    if (!vector) return fail(vector.error());
    vectors[place] = std::move(*vector);
  }
  return vectors;
}

}  // namespace synap::models
