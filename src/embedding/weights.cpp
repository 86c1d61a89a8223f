#include "embedding/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>
#include <string>

#include "vectors/dots.h"
#include "vectors/quantise.h"

namespace synap::embedding {
namespace {

using vectors::row_bytes;

// A section of the memory, as it is met on the way through.
struct Section {
  enum class Kind : std::uint8_t { kFloats, kMatrix };
  Kind kind;
  const float** floats;  // kFloats: where the pointer to it is kept
  Matrix* matrix;        // kMatrix
  std::size_t rows;
  std::size_t columns;
};

// Goes through all sections of `weights`, in their order in memory. There is no other list of it.
template <class Use>
void each_section(Weights& weights, Use use) {
  const auto& shape = weights.shape;
  const auto d = shape.dimension;
  const auto floats = [&](const float*& to, std::size_t rows, std::size_t columns) {
    use(Section{Section::Kind::kFloats, &to, nullptr, rows, columns});
  };
  const auto matrix = [&](Matrix& to, std::size_t rows, std::size_t columns) {
    use(Section{Section::Kind::kMatrix, nullptr, &to, rows, columns});
  };
  const auto norm = [&](Norm& to) {
    floats(to.weight, 1, d);
    floats(to.bias, 1, d);
  };
  const auto linear = [&](Linear& to, std::size_t out, std::size_t in) {
    matrix(to.weight, out, in);
    floats(to.bias, 1, out);
  };
  matrix(weights.words, shape.vocabulary, d);
  floats(weights.positions, shape.positions, d);
  floats(weights.type, 1, d);
  norm(weights.norm);
  weights.layers.resize(shape.layers);
  for (auto& layer : weights.layers) {
    linear(layer.query, d, d);
    linear(layer.key, d, d);
    linear(layer.value, d, d);
    linear(layer.seen, d, d);
    norm(layer.seen_norm);
    linear(layer.inner, shape.inner, d);
    linear(layer.outer, d, shape.inner);
    norm(layer.outer_norm);
  }
}

constexpr std::size_t kSectionsMax = 1000;  // of the largest shape

std::size_t aligned(std::size_t bytes) {
  return (bytes + Weights::kAlignment - 1) / Weights::kAlignment * Weights::kAlignment;
}

// Puts every section behind the one before, from `memory` on; gives the end.
std::size_t place(Weights& weights, const std::byte* memory) {
  std::size_t at = 0;
  const auto take = [&](std::size_t bytes) {
    const std::byte* begin = memory == nullptr ? nullptr : memory + at;
    at += aligned(bytes);
    return begin;
  };
  const auto take_floats = [&](std::size_t count) {
    return reinterpret_cast<const float*>(take(count * sizeof(float)));
  };
  each_section(weights, [&](const Section& section) {
    if (section.kind == Section::Kind::kFloats) {
      *section.floats = take_floats(section.rows * section.columns);
      return;
    }
    Matrix& matrix = *section.matrix;
    matrix = {.rows = section.rows, .columns = section.columns};
    if (weights.precision == Precision::kFloats) {
      matrix.floats = take_floats(section.rows * section.columns);
    } else {
      matrix.bytes =
          reinterpret_cast<const std::int8_t*>(take(section.rows * row_bytes(section.columns)));
      matrix.scales = take_floats(section.rows);
      matrix.sums = take_floats(section.rows);
    }
  });
  return at;
}

// The sections' names in a published model, in the order of each_section.
std::vector<std::string> names_of(const Shape& shape) {
  std::vector<std::string> names{
      "embeddings.word_embeddings.weight",
      "embeddings.position_embeddings.weight",
      "embeddings.token_type_embeddings.weight",
      "embeddings.LayerNorm.weight",
      "embeddings.LayerNorm.bias",
  };
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (const auto* part : {"attention.self.query", "attention.self.key", "attention.self.value",
                             "attention.output.dense", "attention.output.LayerNorm",
                             "intermediate.dense", "output.dense", "output.LayerNorm"}) {
      for (const auto* end : {"weight", "bias"}) {
        names.push_back(fmt::format("encoder.layer.{}.{}.{}", layer, part, end));
      }
    }
  }
  return names;
}

float* writable(const float* floats) {
  return const_cast<float*>(floats);
}

}  // namespace

std::size_t Weights::size(const Shape& shape, Precision precision) {
  Weights weights;
  weights.shape = shape;
  weights.precision = precision;
  return place(weights, nullptr);
}

Weights Weights::at(const std::byte* memory, const Shape& shape, Precision precision,
                    std::shared_ptr<const void> owner) {
  Weights weights;
  weights.shape = shape;
  weights.precision = precision;
  weights.owner = std::move(owner);
  place(weights, memory);
  return weights;
}

Result<Weights> Weights::from_safetensors(const Safetensors& file, const Shape& shape) {
  // Before memory is taken for what only config.json speaks of.
  if (size(shape, Precision::kFloats) / 2 > file.bytes() + kAlignment * kSectionsMax) {
    return fail(Code::kBadRequest, "the file of the tensors is smaller than config.json says");
  }
  auto memory = std::make_shared<std::vector<std::byte>>(size(shape, Precision::kFloats));
  auto weights = at(memory->data(), shape, Precision::kFloats, memory);
  const auto names = names_of(shape);
  // Some are published with the name of the whole model before.
  const std::string prefix = file.shape_of(names.front()) == nullptr ? "bert." : "";
  std::size_t i = 0;
  Result<> read;
  each_section(weights, [&](const Section& section) {
    const auto& name = names[i++];
    if (!read) return;
    const auto* begin =
        section.kind == Section::Kind::kFloats ? *section.floats : section.matrix->floats;
    // A text that stands alone is of the first of the types, of which there are one or more.
    const bool is_type = section.floats == &weights.type;
    const auto* found = file.shape_of(prefix + name);
    std::vector<std::int64_t> wanted;
    if (is_type && found != nullptr && !found->empty() && found->front() > 0) {
      wanted.push_back(found->front());
    } else if (is_type || section.rows > 1) {
      wanted.push_back(static_cast<std::int64_t>(section.rows));
    }
    wanted.push_back(static_cast<std::int64_t>(section.columns));
    auto values = file.floats(prefix + name, wanted);
    if (!values) {
      read = fail(values.error());
      return;
    }
    std::copy_n(values->begin(), section.rows * section.columns, writable(begin));
  });
  if (!read) return fail(read.error());
  return weights;
}

void Weights::quantise(const Weights& from, std::byte* memory) {
  auto floats = from;
  auto to = at(memory, from.shape, Precision::kBytes, nullptr);
  std::vector<Section> sections;
  each_section(floats, [&](const Section& section) { sections.push_back(section); });
  std::size_t i = 0;
  each_section(to, [&](const Section& section) {
    const Section& source = sections[i++];
    if (section.kind == Section::Kind::kFloats) {
      std::copy_n(*source.floats, section.rows * section.columns, writable(*section.floats));
      return;
    }
    const auto stride = row_bytes(section.columns);
    auto* bytes = const_cast<std::int8_t*>(section.matrix->bytes);
    for (std::size_t row = 0; row < section.rows; ++row) {
      const float scale = vectors::quantise(
          {source.matrix->floats + row * section.columns, section.columns}, bytes + row * stride);
      const auto sum = std::accumulate(bytes + row * stride, bytes + (row + 1) * stride, 0);
      writable(section.matrix->scales)[row] = scale;
      writable(section.matrix->sums)[row] = scale * static_cast<float>(sum);
    }
  });
}

Result<> Weights::check_finite() const {
  auto copy = *this;
  bool is_good = true;
  const auto look = [&](const float* floats, std::size_t count) {
    is_good = is_good &&
              std::all_of(floats, floats + count, [](float value) { return std::isfinite(value); });
  };
  each_section(copy, [&](const Section& section) {
    if (section.kind == Section::Kind::kFloats) {
      look(*section.floats, section.rows * section.columns);
    } else if (precision == Precision::kBytes) {
      look(section.matrix->scales, section.rows);
      look(section.matrix->sums, section.rows);
    } else {
      look(section.matrix->floats, section.rows * section.columns);
    }
  });
  if (!is_good) return fail(Code::kBadRequest, "a number of the model is not finite");
  return {};
}

}  // namespace synap::embedding
