// A model so small that a test makes it: 2 layers, 16 values a vector. Its numbers are by chance,
// so what it says means nothing, but it is computed like any other. Included by tests only.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "embedding/shape.h"

namespace synap::embedding::test {

inline const std::string kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\ncat\nsat\non\nmat\n##s\ndog\nbites\na\nb\nc\n,\n.\n";

inline Shape shape() {
  return {.vocabulary = 17, .positions = 24, .dimension = 16, .layers = 2, .heads = 4, .inner = 40};
}

inline Json config() {
  const auto s = shape();
  return Json::object({{"model_type", "bert"},
                       {"hidden_act", "gelu"},
                       {"vocab_size", s.vocabulary},
                       {"max_position_embeddings", s.positions},
                       {"hidden_size", s.dimension},
                       {"num_hidden_layers", s.layers},
                       {"num_attention_heads", s.heads},
                       {"intermediate_size", s.inner},
                       {"layer_norm_eps", 1e-12}});
}

struct Tensor {
  std::vector<std::size_t> shape;
  std::vector<float> values;
};
using Tensors = std::map<std::string, Tensor>;

inline Tensors tensors() {
  const auto s = shape();
  const auto d = s.dimension;
  Tensors all;
  std::mt19937 random(42);
  std::normal_distribution<float> any;
  const auto add = [&](const std::string& name, std::vector<std::size_t> dimensions, float mean,
                       float spread) {
    std::size_t count = 1;
    for (const auto one : dimensions) count *= one;
    std::vector<float> values(count);
    for (auto& value : values) value = mean + spread * any(random);
    all[name] = {std::move(dimensions), std::move(values)};
  };
  const auto norm = [&](const std::string& name) {
    add(name + ".weight", {d}, 1, 0.1F);
    add(name + ".bias", {d}, 0, 0.1F);
  };
  const auto linear = [&](const std::string& name, std::size_t out, std::size_t in) {
    add(name + ".weight", {out, in}, 0, 0.3F);
    add(name + ".bias", {out}, 0, 0.1F);
  };
  add("embeddings.word_embeddings.weight", {s.vocabulary, d}, 0, 1);
  add("embeddings.position_embeddings.weight", {s.positions, d}, 0, 0.3F);
  add("embeddings.token_type_embeddings.weight", {2, d}, 0, 0.3F);
  norm("embeddings.LayerNorm");
  for (std::size_t i = 0; i < s.layers; ++i) {
    const auto at = fmt::format("encoder.layer.{}.", i);
    for (const auto* part : {"attention.self.query", "attention.self.key", "attention.self.value",
                             "attention.output.dense"}) {
      linear(at + part, d, d);
    }
    norm(at + "attention.output.LayerNorm");
    linear(at + "intermediate.dense", s.inner, d);
    linear(at + "output.dense", d, s.inner);
    norm(at + "output.LayerNorm");
  }
  return all;
}

inline std::string file_of(std::string_view header, std::string_view data) {
  const std::uint64_t size = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + std::string(header) + std::string(data);
}

inline std::string safetensors(const Tensors& all) {
  Json header = Json::object({{"__metadata__", Json::object({{"format", "pt"}})}});
  std::string data;
  for (const auto& [name, tensor] : all) {
    Json dimensions = Json::array();
    for (const auto one : tensor.shape) dimensions.push_back(one);
    const auto begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.values.data()),
                tensor.values.size() * sizeof(float));
    Json range = Json::array();
    range.push_back(begin);
    range.push_back(data.size());
    header.set(name,
               Json::object({{"dtype", "F32"}, {"shape", dimensions}, {"data_offsets", range}}));
  }
  return file_of(header.dump(), data);
}

}  // namespace synap::embedding::test
